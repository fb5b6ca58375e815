"""Retention: deletes the indices of months that need not be kept any longer, and the identities of their articles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch import checked, translated
from presswatch.core.errors import RetryableError
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ALERTS, ARTICLE_IDS, ARTICLES, CANARIES, REVISIONS, index

AT_ONCE = 2000
"""Identities deleted by one request."""


@dataclass(frozen=True, slots=True)
class Expired:
    """An index of a month that need not be kept."""

    name: str
    family: str
    documents: int


def expired(client: Elasticsearch, es: ElasticsearchSettings, now: int) -> list[Expired]:
    """Return the indices of months before those that are kept, oldest first.

    Args:
        es: `keep_months` of articles and revisions, `keep_alert_months` of alerts: so many months besides the present
            one; None keeps all.
        now: milliseconds since 1970.

    Raises:
        RetryableError, FatalError: as `translated`.
    """
    found: list[Expired] = []
    for family, months in ((ARTICLES, es.keep_months), (REVISIONS, es.keep_months), (ALERTS, es.keep_alert_months)):
        if months is None:
            continue
        pattern = re.compile(re.escape(index(es, family)) + r"-(\d{4}\.\d{2})")
        first_kept = _month(now, months)
        with translated():
            names = client.indices.get_settings(index=f"{index(es, family)}-2*", allow_no_indices=True).body
            for name in sorted(names):
                month = pattern.fullmatch(name)
                if month and month[1] < first_kept:
                    found.append(Expired(name, family, int(client.count(index=name)["count"])))
    return sorted(found, key=lambda one: (one.name[-7:], one.name))


def delete(client: Elasticsearch, es: ElasticsearchSettings, index_: Expired) -> None:
    """Delete an index; of articles, first the identities that lead to it, so that none leads nowhere.

    Raises:
        RetryableError, FatalError: as `translated`; doing it again goes on where it stopped.
    """
    with translated():
        if index_.family == ARTICLES:
            for identities in _found(client, index(es, ARTICLE_IDS), {"term": {"index": index_.name}}):
                _delete_documents(client, identities)
        client.indices.delete(index=index_.name, ignore_unavailable=True)


def delete_canaries(client: Elasticsearch, es: ElasticsearchSettings, before: int) -> int:
    """Delete the canaries that were sent before then (milliseconds since 1970), with their identities; return how many.

    Raises:
        RetryableError, FatalError: as `translated`.
    """
    deleted, ids = 0, index(es, ARTICLE_IDS)
    with translated():
        for canaries in _found(client, index(es, CANARIES), {"range": {"fetched": {"lt": before}}}):
            # First the identities: a document without one is found again, an identity without a document is not.
            _delete_documents(client, [*((ids, id_) for _, id_ in canaries), *canaries])
            deleted += len(canaries)
    return deleted


def _found(client: Elasticsearch, name: str, query: dict[str, Any]) -> Iterator[list[tuple[str, str]]]:
    """Yield (index, id) of the documents that a query finds, until it finds none: delete them in between."""
    while True:
        client.indices.refresh(index=name)
        answer: Any = client.search(index=name, query=query, size=AT_ONCE, source=False).body
        checked(answer)
        hits = answer["hits"]["hits"]
        if not hits:
            return
        yield [(hit["_index"], hit["_id"]) for hit in hits]


def _delete_documents(client: Elasticsearch, documents: Iterable[tuple[str, str]]) -> None:
    answer = client.bulk(operations=[{"delete": {"_index": where, "_id": id_}} for where, id_ in documents])
    failed = [item["delete"] for item in answer["items"] if item["delete"]["status"] not in {200, 404}]
    if failed:
        raise RetryableError(f"Elasticsearch did not delete {failed[0]['_id']}: {failed[0]['error']['reason']}")


def _month(now: int, before: int) -> str:
    """Return the month so many before that of a time, such as 2026.11."""
    at = datetime.fromtimestamp(now / 1000, UTC)
    months = at.year * 12 + at.month - 1 - before
    return f"{months // 12:04d}.{months % 12 + 1:02d}"
