"""How much of the indexed stream topics can judge at all: by language, with patterns, with learned words, with neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch.client import checked, translated
from presswatch.core.packs import Pack
from presswatch.history import period_query
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLES, index

MOST_LANGUAGES = 500
"""Language tags that are counted; a stream has a hundred."""

UNKNOWN = "unknown"
"""Stands for articles without a language."""

BOTH, PATTERNS, LEARNED, NEITHER = "patterns + model", "patterns", "model", "neither"


class Line(NamedTuple):
    """A language of the stream: how many articles, and by topic what there is to judge them with."""

    lang: str
    articles: int
    means: Mapping[str, str]


def counted(
    client: Elasticsearch, es: ElasticsearchSettings, since: int | None, until: int | None = None
) -> dict[str, int]:
    """Return how many articles of a period are in each language (primary subtag).

    Raises:
        RetryableError: Elasticsearch is away.
        FatalError: it refuses us, or the index is missing.
    """
    terms = {"field": "lang", "size": MOST_LANGUAGES, "missing": UNKNOWN}
    with translated():
        answer = client.search(
            index=index(es, ARTICLES),
            size=0,
            query={"bool": {"filter": period_query(since, until)}},
            aggs={"langs": {"terms": terms}},
        )
    found: dict[str, int] = {}
    for bucket in checked(answer.body)["aggregations"]["langs"]["buckets"]:
        primary = str(bucket["key"]).replace("_", "-").partition("-")[0].lower()
        found[primary] = found.get(primary, 0) + int(bucket["doc_count"])
    return found


def coverage(packs: Sequence[Pack], langs: Mapping[str, int]) -> list[Line]:
    """Return what there is for each language of a stream, the most frequent first."""
    return [
        Line(lang, number, {pack.topic: means(pack, lang) for pack in packs})
        for lang, number in sorted(langs.items(), key=lambda item: (-item[1], item[0]))
    ]


def means(pack: Pack, lang: str) -> str:
    """Return by what a pack can judge articles of a language."""
    learned = pack.learned is not None and lang in pack.learned.languages
    if lang in pack.with_patterns:
        return BOTH if learned else PATTERNS
    return LEARNED if learned else NEITHER


def shares(lines: Iterable[Line], topic: str) -> dict[str, float]:
    """Return the share of the articles, 0 to 1, that each means stands for."""
    totals = dict.fromkeys((BOTH, PATTERNS, LEARNED, NEITHER), 0)
    for line in lines:
        totals[line.means[topic]] += line.articles
    whole = sum(totals.values())
    return {name: number / whole if whole else 0.0 for name, number in totals.items()}
