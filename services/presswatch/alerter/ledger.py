"""The ledger of notifications, in the alerts indices: each is claimed before it is sent, and marked after.

A notification lives in the month in which its article was first seen, so that it is found again by id alone
however old it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from elasticsearch import ConflictError, Elasticsearch

from presswatch.adapters.elasticsearch import ensure_monthly_index, translated
from presswatch.adapters.elasticsearch.client import meaning
from presswatch.core.alerts import alert_of, note_of
from presswatch.core.messages import MatchEvent, Notification
from presswatch.forgetting.erase import BLANK
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ALERTS, index, write_alias

State = Literal["sending", "sent", "recorded", "failed", "withdrawn"]
"""Of a notification; `withdrawn` is the state of a note that a rule stopped matching before anybody was alerted."""

NOTE_RECEIVER = "record:withdrawn"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger knows of one notification."""

    state: State
    claimed: int
    claimed_by: str
    attempts: int


class Ledger:
    """Reads and writes of the ledger.

    Raises (every method):
        RetryableError: Elasticsearch cannot be reached or asks to wait.
        FatalError: it refuses us, or the alerts indices are not set up.
    """

    def __init__(self, client: Elasticsearch, es: ElasticsearchSettings) -> None:
        self._client = client
        self._es = es

    def index_of(self, event: MatchEvent) -> str:
        """Return the index that keeps notifications about this article: the month is that of the article's index."""
        return f"{index(self._es, ALERTS)}-{event.article.index[-7:]}"

    def known(self, wanted: Iterable[tuple[str, str]]) -> dict[str, int]:
        """Return which of these (index, id of notification or note) the ledger has, with the seq of the wording each is about.

        Realtime: no refresh needed.
        """
        docs = [{"_index": where, "_id": identity} for where, identity in dict.fromkeys(wanted)]
        if not docs:
            return {}
        with translated():
            answer = self._client.mget(docs=docs, source_includes=["seq"])
        for doc in answer["docs"]:
            error = doc.get("error")
            if error and error["type"] != "index_not_found_exception":  # a month's index is made on first need
                raise meaning(503, error["type"], error["reason"])
        return {doc["_id"]: doc["_source"]["seq"] for doc in answer["docs"] if doc.get("found")}

    def note_withdrawals(self, events: Iterable[MatchEvent], now: int) -> None:
        """Note that rules stopped matching articles before anybody was alerted; a later note stays."""
        for event in events:
            where = self.index_of(event)
            ensure_monthly_index(self._client, where)
            with suppress(ConflictError), translated():
                self._client.index(
                    index=write_alias(where), id=note_of(event), document=note_document(event, now),
                    version=event.article.seq, version_type="external_gte", require_alias=True,
                )  # fmt: skip

    def claim(self, notification: Notification, channel: str, owner: str, now: int) -> Entry | None:
        """Enter a notification as about to be sent.

        Returns:
            None if the claim is ours; else the entry that was there first.
        """
        return self._create(notification, channel, "sending", owner, now)

    def record(self, notification: Notification, owner: str, now: int) -> Entry | None:
        """Enter a notification that is not sent anywhere; returns the entry that was there first, if any."""
        return self._create(notification, "", "recorded", owner, now)

    def retake(self, notification: Notification, entry: Entry, owner: str, now: int) -> None:
        """Take over a claim whose owner is gone."""
        self._update(notification, {"claimed": now, "claimed_by": owner, "attempts": entry.attempts + 1})

    def mark_sent(self, notification: Notification, channel: str | None, ts: str | None, now: int) -> None:
        """Enter that Slack has it."""
        fields = {
            "state": "sent",
            "sent": now,
            "message_ts": ts,
            "latency_ms": now - notification.match.article.fetched,
        }
        self._update(notification, fields | ({"channel": channel} if channel else {}))

    def mark_forgotten(self, notification: Notification) -> None:
        """Enter that it was not sent since its article must not be kept, and keep nothing of what the article said."""
        self._update(notification, {"state": "failed", **BLANK})

    def mark_failed(self, notification: Notification, reason: str) -> None:
        """Enter that it went to the dead letters."""
        self._update(notification, {"state": "failed", "reason": reason})

    def _create(self, notification: Notification, channel: str, state: State, owner: str, now: int) -> Entry | None:
        where = self.index_of(notification.match)
        ensure_monthly_index(self._client, where)
        document = entry_document(notification, channel, state, owner, now)
        try:
            with translated():
                self._client.create(index=write_alias(where), id=notification.id, document=document, require_alias=True)
        except ConflictError:
            with translated():
                found: Mapping[str, Any] = self._client.get(index=where, id=notification.id)["_source"]
            return Entry(found["state"], found["claimed"], found["claimed_by"], found["attempts"])
        return None

    def _update(self, notification: Notification, fields: dict[str, Any]) -> None:
        with translated():
            self._client.update(
                index=write_alias(self.index_of(notification.match)),
                id=notification.id,
                doc=fields,
                require_alias=True,
                retry_on_conflict=3,
            )


def entry_document(notification: Notification, channel: str, state: State, owner: str, now: int) -> dict[str, Any]:
    """Return the document of a notification, also what Kibana shows of it."""
    match, article = notification.match, notification.match.article
    return {
        "@timestamp": notification.decided,
        "alert": notification.alert,
        "notification": notification.id,
        "receiver": notification.receiver,
        "channel": channel,
        "state": state,
        "label": notification.label,
        "attempts": 1,
        "claimed": now,
        "claimed_by": owner,
        "decided": notification.decided,
        "rule": match.rule.id,
        "rule_name": match.rule.name,
        "rule_version": match.rule.version,
        "severity": match.rule.severity,
        "article": article.id,
        "seq": article.seq,
        "kind": match.kind,
        "title": article.title,
        "url": article.url,
        "source": article.source,
        "lang": article.lang,
        "topic": [tag.topic for tag in article.tags],
        "published": article.published,
        "fetched": article.fetched,
        "receipt": [entry.model_dump(exclude_none=True) for entry in match.receipt],
    }


def note_document(event: MatchEvent, now: int) -> dict[str, Any]:
    """Return the document that notes a withdrawal. It quotes nothing: no one was alerted."""
    return {
        "@timestamp": event.matched,
        "alert": alert_of(event),
        "receiver": NOTE_RECEIVER,
        "state": "withdrawn",
        "attempts": 1,
        "claimed": now,
        "decided": now,
        "rule": event.rule.id,
        "rule_name": event.rule.name,
        "rule_version": event.rule.version,
        "article": event.article.id,
        "seq": event.article.seq,
        "kind": event.kind,
    }
