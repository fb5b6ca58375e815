"""Decide: matches in, notifications out. The thinking is `core.alerts`; here are only the ways in and out."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from presswatch import metrics
from presswatch.adapters.kafka import DeadLetters, Outgoing, Publisher, Record
from presswatch.alerter.ledger import Ledger
from presswatch.core.alerts import candidates, decide
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import MatchEvent
from presswatch.runtime import now_ms
from presswatch.settings import KafkaSettings
from presswatch.topology import NOTIFICATIONS, topic

log = structlog.get_logger(__name__)


class Decider:
    """Handles one batch of match events.

    The ledger is read, never written: whoever delivers claims there, so that a repeat here costs nothing.
    """

    def __init__(self, kafka: KafkaSettings, publisher: Publisher, dead: DeadLetters, ledger: Ledger) -> None:
        self._topic = topic(kafka, NOTIFICATIONS)
        self._publisher = publisher
        self._dead = dead
        self._ledger = ledger

    def handle(self, records: Sequence[Record]) -> None:
        """Decide on each match and publish what is to be sent; returns when Kafka has all of it."""
        self._dead.breaker.saw(len(records))
        events: list[tuple[Record, MatchEvent]] = []
        for record in records:
            try:
                events.append((record, MatchEvent.decode(record.value)))
            except BadMessageError as error:
                self._dead.send(record, error)
                metrics.RECORDS.labels("decide", "dead").inc()
        known = self._ledger.known(
            (self._ledger.index_of(event), identity) for _, event in events for identity in candidates(event)
        )
        now = now_ms()
        outgoing: list[Outgoing] = []
        origin: dict[int, Record] = {}
        for record, event in events:
            for decided in decide(event, known.__contains__, now):
                metrics.ALERT_DECISIONS.labels(decided.decision, decided.reason).inc()
                log.info(
                    "alert decided", article=event.article.id, rule=event.rule.id, receiver=decided.receiver,
                    decision=decided.decision, reason=decided.reason,
                )  # fmt: skip
                if decided.notification is not None:
                    # A second match of the same batch must see the first.
                    known.add(decided.notification.id)
                    message = Outgoing(self._topic, decided.receiver.encode(), decided.notification.encode())
                    outgoing.append(message)
                    origin[id(message)] = record
        for message, refusal in self._publisher.publish(outgoing):
            self._dead.send(origin[id(message)], refusal)
        metrics.RECORDS.labels("decide", "ok").inc(len(events))
        for _, event in events:
            if event.kind == "matched" and event.article.origin == "live":
                metrics.LATENCY.labels("decide").observe(max(0, now - event.article.fetched) / 1000)
