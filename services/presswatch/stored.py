"""One article as it stands in Elasticsearch, by its id or its address, also by one that it came under besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch.client import checked, translated
from presswatch.core.article import id_of
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLE_IDS, ARTICLES, index


def identify(client: Elasticsearch, es: ElasticsearchSettings, written: str) -> str:
    """Return the id of the article that somebody means by an id or an address.

    One that came under several ids or addresses is found by each of them. What Elasticsearch does not know is taken as it is written.

    Raises:
        RetryableError: Elasticsearch is away.
        FatalError: it refuses us.
    """
    identity = id_of(written)
    if _is_known(client, es, identity):
        return identity
    merged = _id_by(client, es, ARTICLE_IDS, {"term": {"aliases": identity}})
    if merged or identity == written:
        return merged or identity
    return _id_by(client, es, ARTICLES, {"term": {"url": written}}) or identity


def stored(
    client: Elasticsearch, es: ElasticsearchSettings, written: str, fields: Sequence[str]
) -> Mapping[str, Any] | None:
    """Return fields of the article that somebody means by an id or an address (see `identify`); None if it is not there.

    Raises:
        RetryableError: Elasticsearch is away.
        FatalError: it refuses us.
    """
    query = {"ids": {"values": [identify(client, es, written)]}}
    with translated():
        answer = client.search(
            index=index(es, ARTICLES), query=query, size=1, source_includes=list(fields), ignore_unavailable=True,
            allow_no_indices=True,
        ).body  # fmt: skip
    hits = checked(answer)["hits"]["hits"]
    return {"id": hits[0]["_id"], **hits[0]["_source"]} if hits else None


def _is_known(client: Elasticsearch, es: ElasticsearchSettings, identity: str) -> bool:
    with translated():
        found = client.options(ignore_status=404).get(index=index(es, ARTICLE_IDS), id=identity, source=False)
    return bool(found.body.get("found"))


def _id_by(client: Elasticsearch, es: ElasticsearchSettings, name: str, query: Mapping[str, Any]) -> str | None:
    with translated():
        answer = client.search(
            index=index(es, name), query=query, size=1, source=False, ignore_unavailable=True, allow_no_indices=True
        ).body
    return next((str(hit["_id"]) for hit in checked(answer)["hits"]["hits"]), None)
