"""Counts what queries find, without reading it: in all, and by the values of a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from presswatch.adapters.elasticsearch.client import checked, translated
from presswatch.adapters.elasticsearch.pages import too_large
from presswatch.adapters.elasticsearch.query import Query

MAX_VALUES = 1000
"""Values of a field that are told, the most frequent ones."""

BATCH = 100
"""Queries that are counted in one request."""


def by_value(client: Elasticsearch, index: str, queries: Sequence[Query], field: str) -> dict[str, int]:
    """Return how many of the documents that a query finds have each value of a field.

    Args:
        queries: the query, and ever wider ones to ask instead where the server finds it too large.

    Raises:
        RetryableError: Elasticsearch is away or busy.
        FatalError: it refuses us, or the index is missing.
    """
    aggregations = {"values": {"terms": {"field": field, "size": MAX_VALUES}}}
    with translated():
        for at, query in enumerate(queries, start=1):
            try:
                answer = _ask(client, index, query, aggregations)
            except ApiError as error:
                if at < len(queries) and too_large(error):
                    continue
                raise
            return {bucket["key"]: bucket["doc_count"] for bucket in answer["values"]["buckets"]}
    raise AssertionError("no query")


def counts(client: Elasticsearch, index: str, within: Query, queries: Sequence[Query]) -> list[int]:
    """Return how many documents each of many small queries finds among those that `within` finds.

    Raises:
        RetryableError, FatalError: as for `by_value`.
    """
    found: list[int] = []
    with translated():
        for first in range(0, len(queries), BATCH):
            filters = {str(number): query for number, query in enumerate(queries[first : first + BATCH])}
            answer = _ask(client, index, within, {"each": {"filters": {"filters": filters}}})
            found += [answer["each"]["buckets"][name]["doc_count"] for name in filters]
    return found


def _ask(client: Elasticsearch, index: str, query: Query, aggregations: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = client.search(
        index=index, query=query, aggregations=aggregations, size=0, track_total_hits=False,
        allow_partial_search_results=False,
    ).body  # fmt: skip
    aggregated: Mapping[str, Any] = checked(answer)["aggregations"]
    return aggregated
