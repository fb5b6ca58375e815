"""Reads everything that a query finds, at one point in time, page by page, however much it is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from presswatch.adapters.elasticsearch.client import BusyError, UnavailableError, checked, translated
from presswatch.adapters.elasticsearch.query import Query
from presswatch.core.errors import FatalError, RetryableError

NEWEST_FIRST: list[dict[str, str]] = [{"@timestamp": "desc"}, {"id": "asc"}]
"""A total order, so that the place reached holds for another point in time and another query too."""

KEEP_ALIVE = "5m"
"""Between two pages. Whoever reads more slowly than that goes on at a new point in time."""

FIRST_PAGE = 50
MAX_PAGE = 1000
PAGE_CHARACTERS = 4_000_000
"""Text aimed at per page: articles of a megabyte must not come by the hundred."""

PATIENCE = 5
"""Attempts for one page, 0.2 to 3.2 s apart, when the server is too busy or a shard is away."""

_TOO_LARGE = ("too_many_clauses", "too_many_nested_clauses", "expanded to too many terms", "nested depth of the query")


class Pages:
    """The documents that a query finds, newest first.

    Args:
        index: index or alias.
        queries: the query, and ever wider ones to go on with where the server finds it too large.
        fields: what of each document is wanted.
        after: begin behind this place: the values of `NEWEST_FIRST`.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        queries: Sequence[Query],
        fields: Sequence[str],
        after: Sequence[Any] | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client = client
        self._index = index
        self._queries = list(queries)
        self._fields = list(fields)
        self._after = list(after) if after is not None else None
        self._sleep = sleep
        self._point: str | None = None
        self._size = FIRST_PAGE

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Yield the `_source` of each document.

        Raises:
            RetryableError: the server is away, or stayed busy.
            FatalError: it refuses us, or there is no such index.
        """
        after = self._after
        try:
            while hits := self._page(after):
                after = hits[-1]["sort"][: len(NEWEST_FIRST)]
                self._adapt(hits)
                for hit in hits:
                    yield hit["_source"]
        finally:
            self._close()

    def _page(self, after: list[Any] | None) -> Sequence[Mapping[str, Any]]:
        attempt = 0
        while True:
            try:
                return self._search(after)
            except _TooLargeError as error:
                if len(self._queries) == 1:
                    raise FatalError(f"Elasticsearch finds the query too large: {error}") from error
                del self._queries[0]
            except _PointLostError:
                self._point = None
            except (BusyError, UnavailableError):
                attempt += 1
                if attempt == PATIENCE:
                    raise
                self._size = max(1, self._size // 4)
                self._sleep(0.2 * 2 ** (attempt - 1))

    def _search(self, after: list[Any] | None) -> Sequence[Mapping[str, Any]]:
        with translated():
            if self._point is None:
                self._point = self._client.open_point_in_time(index=self._index, keep_alive=KEEP_ALIVE)["id"]
            try:
                answer = self._client.search(
                    pit={"id": self._point, "keep_alive": KEEP_ALIVE},
                    query=self._queries[0],
                    sort=NEWEST_FIRST,
                    search_after=after,
                    size=self._size,
                    source_includes=self._fields,
                    track_total_hits=False,
                    allow_partial_search_results=False,
                ).body
            except ApiError as error:
                why = str(error.body)
                if too_large(error):
                    raise _TooLargeError(why[:300]) from error
                if "search_context_missing_exception" in why:
                    raise _PointLostError from error
                raise
        checked(answer)
        self._point = answer.get("pit_id", self._point)
        hits: Sequence[Mapping[str, Any]] = answer["hits"]["hits"]
        return hits

    def _adapt(self, hits: Sequence[Mapping[str, Any]]) -> None:
        read = sum(len(value) for hit in hits for value in hit["_source"].values() if isinstance(value, str))
        fitting = len(hits) * PAGE_CHARACTERS // max(1, read)
        self._size = max(1, min(MAX_PAGE, 4 * self._size, fitting))

    def _close(self) -> None:
        if self._point is not None:
            # it expires by itself; that the server is away has been told by the page that was not read
            with contextlib.suppress(RetryableError, FatalError), translated():
                self._client.close_point_in_time(id=self._point)


def too_large(error: ApiError) -> bool:
    """Tell whether the server refused a query because it has too many clauses, or a prefix stands for too many words."""
    why = str(error.body)
    return any(sign in why for sign in _TOO_LARGE)


class _TooLargeError(Exception):
    """The server takes no query of that many clauses, or a prefix in it stands for too many words."""


class _PointLostError(Exception):
    """The point in time has expired, or the node that held it is gone."""
