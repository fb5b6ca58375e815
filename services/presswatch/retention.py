"""Retention: deletes the indices of months that need not be kept any longer, and the identities of their articles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch import checked, translated
from presswatch.core.errors import RetryableError
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ALERTS, ARTICLE_IDS, ARTICLES, REVISIONS, index

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
            for identities in _identities(client, index(es, ARTICLE_IDS), index_.name):
                answer = client.bulk(
                    operations=[{"delete": {"_index": where, "_id": id_}} for where, id_ in identities]
                )
                if answer["errors"]:
                    failed = next(
                        item["delete"] for item in answer["items"] if item["delete"]["status"] not in {200, 404}
                    )
                    raise RetryableError(f"Elasticsearch did not delete {failed['_id']}: {failed['error']['reason']}")
        client.indices.delete(index=index_.name, ignore_unavailable=True)


def _identities(client: Elasticsearch, ids: str, name: str) -> Iterator[list[tuple[str, str]]]:
    while True:
        client.indices.refresh(index=ids)
        answer: Any = client.search(index=ids, query={"term": {"index": name}}, size=AT_ONCE, source=False).body
        checked(answer)
        hits = answer["hits"]["hits"]
        if not hits:
            return
        yield [(hit["_index"], hit["_id"]) for hit in hits]


def _month(now: int, before: int) -> str:
    """Return the month so many before that of a time, such as 2026.11."""
    at = datetime.fromtimestamp(now / 1000, UTC)
    months = at.year * 12 + at.month - 1 - before
    return f"{months // 12:04d}.{months % 12 + 1:02d}"
