"""Learns from Elasticsearch what warnings about rules need to know of the stream (`core.rules.streamlints`).

Wildcards and scripts are counted in a sample that is read; languages and metadata values by Elasticsearch, over all articles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from elasticsearch import Elasticsearch

from presswatch import matching
from presswatch.adapters.elasticsearch.query import superset
from presswatch.adapters.elasticsearch.tally import by_value, counts
from presswatch.core.errors import BadMessageError
from presswatch.core.rules.model import Meta, Node, Or
from presswatch.core.rules.streamlints import StreamFacts, Value, Widths, narrowed, patterns_of, values_of, words_of
from presswatch.core.text import fold_value
from presswatch.history import period_query
from presswatch.sample import Sample
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLES, index


def learn(
    client: Elasticsearch,
    es: ElasticsearchSettings,
    rules: Iterable[Node],
    since: int | None,
    until: int | None,
    size: int,
) -> StreamFacts:
    """Return what is to be known of the stream for some rules.

    Args:
        client, es, since, until: as for `history.Search`.
        rules: their trees.
        size: articles of the sample, about.

    Raises:
        RetryableError: Elasticsearch is away, or too busy for too long.
        FatalError: it refuses us, or the index is missing.
    """
    nodes = list(rules)
    widths = Widths({pattern for node in nodes for leaf in words_of(node) for pattern in patterns_of(leaf)})
    for article in Sample(client, es, since, until, size):
        try:
            widths.add(matching.document(article))
        except BadMessageError:
            continue  # `presswatch search` and `rules cost` name such articles
    articles, period = index(es, ARTICLES), period_query(since, until)
    everything = {"bool": {"filter": period}}
    found = {}
    for node in nodes:
        words = tuple(words_of(node))
        if words and not narrowed(node):
            asked = [
                {"bool": {"filter": [*period, query]}} for query in superset(Or(words) if len(words) > 1 else words[0])
            ]
            found[node] = _primary(by_value(client, articles, asked, "lang"))
    values = list(dict.fromkeys(value for node in nodes for value in values_of(node)))
    numbers = counts(client, articles, everything, [superset(_leaf(value))[0] for value in values])
    unseen = {name for (name, _, _), number in zip(values, numbers, strict=True) if not number}
    return StreamFacts(
        read=widths.read,
        widths=widths.widths(),
        scripts=widths.scripts(),
        carried=_primary(by_value(client, articles, [everything], "lang")),
        found=found,
        values=dict(zip(values, numbers, strict=True)),
        known={name: [fold_value(each) for each in by_value(client, articles, [everything], name)] for name in unseen},
    )  # fmt: skip


def _leaf(value: Value) -> Meta:
    name, text, prefix = value
    return Meta(name, text, prefix, "")


def _primary(by_lang: Mapping[str, int]) -> dict[str, int]:
    """Add up the articles of a language's varieties: en-GB and en-US are en."""
    found: Counter[str] = Counter()
    for lang, number in by_lang.items():
        found[fold_value(lang).replace("_", "-").split("-")[0]] += number
    return dict(found)
