"""Decide: matches in, notifications out. The thinking is `core.alerts`; here are only the ways in and out."""

from __future__ import annotations

from collections.abc import Container, Sequence
from logging import DEBUG, INFO

import structlog

from presswatch import latency, metrics
from presswatch.adapters.kafka import DeadLetters, Outgoing, Publisher, Record
from presswatch.alerter.ledger import Ledger
from presswatch.core.alerts import decide, looked_up
from presswatch.core.canary import is_canary
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import MatchEvent
from presswatch.runtime import now_ms
from presswatch.settings import KafkaSettings
from presswatch.topology import NOTIFICATIONS, topic

log = structlog.get_logger(__name__)


class Decider:
    """Handles one batch of match events.

    Whoever delivers claims in the ledger, so that a repeat here costs nothing. What is noted here is only what a
    withdrawal says about events that come after it.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        publisher: Publisher,
        dead: DeadLetters,
        ledger: Ledger,
        forgotten: Container[str] = (),
    ) -> None:
        self._topic = topic(kafka, NOTIFICATIONS)
        self._publisher = publisher
        self._dead = dead
        self._ledger = ledger
        self._forgotten = forgotten

    def handle(self, records: Sequence[Record]) -> None:
        """Decide on each match and publish what is to be sent; returns when Kafka has all of it."""
        self._dead.breaker.saw(len(records))
        events: list[tuple[Record, MatchEvent]] = []
        letters: list[tuple[Record, BadMessageError]] = []
        for record in records:
            try:
                events.append((record, MatchEvent.decode(record.value)))
            except BadMessageError as error:
                letters.append((record, error))
        known = self._ledger.known(
            (self._ledger.index_of(event), identity)
            for _, event in events
            if not is_canary(event.rule.id)  # the ledger knows none, and one that comes twice harms nobody
            for identity in looked_up(event)
        )
        now = now_ms()
        decisions = decide((event for _, event in events), known, now, self._forgotten)
        outgoing: list[Outgoing] = []
        origin: dict[int, Record] = {}
        for (record, event), decided in zip(events, decisions.of, strict=True):
            for each in decided:
                if not is_canary(event.rule.id):
                    metrics.ALERT_DECISIONS.labels(each.decision, each.reason).inc()
                log.log(
                    DEBUG if is_canary(event.rule.id) else INFO,
                    "alert decided", article=event.article.id, rule=event.rule.id, receiver=each.receiver,
                    decision=each.decision, reason=each.reason,
                )  # fmt: skip
                if each.notification is not None:
                    message = Outgoing(self._topic, each.receiver.encode(), each.notification.encode())
                    outgoing.append(message)
                    origin[id(message)] = record
        letters += [(origin[id(message)], refusal) for message, refusal in self._publisher.publish(outgoing)]
        self._dead.send_all(letters)
        # After what came before them is published: a batch that is repeated must come to the same.
        self._ledger.note_withdrawals((note for note in decisions.notes if not is_canary(note.rule.id)), now)
        for _, event in events:
            metrics.RECORDS.labels("decide", "canary" if is_canary(event.rule.id) else "ok").inc()
            if event.kind == "matched":
                latency.observe("decide", event.article, now)
