"""History: which of the articles in Elasticsearch rules match, newest first, as the stream would have found them.

Elasticsearch proposes (`adapters.elasticsearch.query`), the matcher decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from elasticsearch import Elasticsearch

from presswatch import matching
from presswatch.adapters.elasticsearch.client import checked, translated
from presswatch.adapters.elasticsearch.pages import Pages
from presswatch.adapters.elasticsearch.query import Query, superset
from presswatch.core.errors import BadMessageError
from presswatch.core.rules.match import Expression, Match
from presswatch.core.rules.model import Or
from presswatch.core.rules.shadow import VERSION
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLES, index

FIELDS = (
    "@timestamp", "id", "title", "text", "url", "domain", "source", "country", "author", "lang", "published", "fetched",
    "topic", "tags", "unsupported", "generation",
)  # fmt: skip
"""What is read of each article: what rules look at, and what a reader is shown."""


class Found(NamedTuple):
    """An article as it is stored, and what of the expressions matches it."""

    article: Mapping[str, Any]
    matches: list[Match]


class Search:
    """The articles that at least one of some expressions matches. Iterate over it once.

    Articles that were indexed with other tokens than ours (`tok_version`) cannot be asked for by words: all of those in
    the period are read and matched.

    Args:
        client: Elasticsearch.
        es: where the articles are.
        expressions: one or more.
        since: milliseconds since 1970, in the time that readers go by (`@timestamp`: published, else fetched); None
            for all.
        until: the end, exclusive.

    Attributes:
        candidates: articles read so far, those that nothing matched among them.
        outdated: articles of the period with other tokens than ours; known once the iteration has begun.
        unreadable: id and reason of each article that is no article of ours: a value in it has the wrong type.
    """

    def __init__(
        self,
        client: Elasticsearch,
        es: ElasticsearchSettings,
        expressions: Sequence[Expression],
        since: int | None = None,
        until: int | None = None,
    ) -> None:
        self._client = client
        self._index = index(es, ARTICLES)
        self._expressions = expressions
        self._period = period_query(since, until)
        self.candidates = 0
        self.outdated = 0
        self.unreadable: list[tuple[str, str]] = []

    def __iter__(self) -> Iterator[Found]:
        """Yield what matches, newest first, while it is being read.

        Raises:
            RetryableError: Elasticsearch is away, or too busy for too long.
            FatalError: it refuses us, or the index is missing.
        """
        self.outdated = self._count_outdated()
        matcher = matching.matcher(self._expressions)
        for article in Pages(self._client, self._index, self.queries(), FIELDS):
            self.candidates += 1
            try:
                matches = matcher.match(matching.document(article))
            except BadMessageError as error:
                self.unreadable.append((str(article.get("id")), error.detail))
                continue
            if matches:
                yield Found(article, matches)

    def queries(self) -> list[Query]:
        """Return the query that finds all candidates, and ever wider ones."""
        nodes = [expression.node for expression in self._expressions]
        wanted = superset(nodes[0] if len(nodes) == 1 else Or(tuple(nodes)))
        return [self._within(query) for query in wanted]

    def _within(self, query: Query) -> Query:
        if self.outdated:
            current: Query = {"bool": {"filter": [_CURRENT, query]}}
            query = {"bool": {"should": [current, _OUTDATED], "minimum_should_match": 1}}
        return {"bool": {"filter": [*self._period, query]}}

    def _count_outdated(self) -> int:
        with translated():
            answer = self._client.count(index=self._index, query={"bool": {"filter": [*self._period, _OUTDATED]}})
        return int(checked(answer.body)["count"])


_CURRENT: Query = {"term": {"tok_version": VERSION}}
_OUTDATED: Query = {"bool": {"must_not": [_CURRENT]}}


def indexed(client: Elasticsearch, es: ElasticsearchSettings, since: int | None, until: int | None) -> int:
    """Return how many articles of a period are indexed.

    Raises:
        RetryableError, FatalError: as for `Search`.
    """
    with translated():
        answer = client.count(index=index(es, ARTICLES), query={"bool": {"filter": period_query(since, until)}})
    return int(checked(answer.body)["count"])


def period_query(since: int | None, until: int | None) -> list[Query]:
    """Return the filters that leave the articles of a period, by the time that readers go by."""
    bounds = {name: str(value) for name, value in (("gte", since), ("lt", until)) if value is not None}
    return [{"range": {"@timestamp": {**bounds, "format": "epoch_millis"}}}] if bounds else []
