"""One article as it stands in Elasticsearch, by its id or its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch.client import checked, translated
from presswatch.core.article import id_of
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLE_IDS, ARTICLES, index


def stored(
    client: Elasticsearch, es: ElasticsearchSettings, written: str, fields: Sequence[str]
) -> Mapping[str, Any] | None:
    """Return fields of the article that somebody means by an id or an address; None if it is not there.

    An article that came under several ids or addresses is found by each of them.

    Raises:
        RetryableError: Elasticsearch is away.
        FatalError: it refuses us.
    """
    identity = id_of(written)
    found = _find(client, es, ARTICLES, {"ids": {"values": [identity]}}, fields)
    if not found:
        merged = _find(client, es, ARTICLE_IDS, {"term": {"aliases": identity}}, ())
        ways = [{"ids": {"values": [hit["_id"] for hit in merged]}}, {"term": {"url": written}}]
        found = _find(client, es, ARTICLES, {"bool": {"should": ways, "minimum_should_match": 1}}, fields)
    return {"id": found[0]["_id"], **found[0]["_source"]} if found else None


def _find(
    client: Elasticsearch, es: ElasticsearchSettings, name: str, query: Mapping[str, Any], fields: Sequence[str]
) -> list[Mapping[str, Any]]:
    with translated():
        answer = client.search(
            index=index(es, name), query=query, size=1, source_includes=list(fields), source=bool(fields),
            ignore_unavailable=True, allow_no_indices=True,
        ).body  # fmt: skip
    return list(checked(answer)["hits"]["hits"])
