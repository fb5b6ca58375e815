"""A sample of the indexed articles of a period: which they are hangs on their ids alone, so it is the same each time.

Ids are hashes, so those that begin low are as good a sample as any, and Elasticsearch finds them by a range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch.pages import Pages
from presswatch.adapters.elasticsearch.query import Query
from presswatch.history import FIELDS, indexed, period_query
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLES, index

_DIGITS = 12
"""Hex digits of an id that are compared: finer than any sample needs."""


class Sample:
    """About `size` articles of a period, or all if they are no more. Iterate as often as needed.

    Args:
        client, es, since, until: as for `history.Search`.
        size: articles wanted.

    Attributes:
        total: articles of the period.
        whole: whether the sample is all of them.

    Raises:
        RetryableError: Elasticsearch is away, or too busy for too long.
        FatalError: it refuses us, or the index is missing.
    """

    def __init__(
        self, client: Elasticsearch, es: ElasticsearchSettings, since: int | None, until: int | None, size: int
    ) -> None:
        self._client = client
        self._index = index(es, ARTICLES)
        self.total = indexed(client, es, since, until)
        self.whole = self.total <= size
        self._filters = period_query(since, until)
        if not self.whole:
            self._filters.append({"range": {"id": {"lt": id_bound(size, self.total)}}})

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Yield the articles, newest first, with the fields that rules look at."""
        query: Query = {"bool": {"filter": self._filters}}
        yield from Pages(self._client, self._index, [query], FIELDS)

    def __str__(self) -> str:
        return f"all {self.total:,} articles" if self.whole else f"a sample of {self.total:,} articles"


def id_bound(size: int, total: int) -> str:
    """Return the hex digits below which, of `total` evenly spread ids, about `size` lie."""
    return f"{size * 16**_DIGITS // total:0{_DIGITS}x}"
