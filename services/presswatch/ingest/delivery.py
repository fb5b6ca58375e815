"""Articles on their way to Kafka: sent, confirmed, counted; what cannot be an article goes to the dead letters.

`deliver` returns when Kafka has everything. Only then may the caller mark its source as read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

import structlog

from presswatch import language, latency, metrics
from presswatch.adapters.kafka import DeadLetters, Outgoing, Publisher, Record, persist
from presswatch.core.errors import BadMessageError, RetryableError
from presswatch.core.messages import RawArticle
from presswatch.runtime import Health, StopSignal, now_ms
from presswatch.settings import Settings
from presswatch.topology import RAW, topic

log = structlog.get_logger(__name__)

STAGE: Literal["ingest"] = "ingest"
Kind = Literal["jsonl", "feed", "canary"]

_T = TypeVar("_T")
_GAVE_UP = (
    "Kafka does not answer; what it has not confirmed is not marked as read, so the same command goes on from there"
)


class HeldBack(Protocol):
    """Articles that are not to be sent (`presswatch.forgetting.log.ForgottenArticles`)."""

    def renew(self) -> None:
        """Take in what has been added since."""

    def __contains__(self, article: object, /) -> bool:
        """Whether the article of this id is one of them."""


class StoppedError(Exception):
    """A stop was asked for before Kafka had everything: mark nothing."""


class GaveUpError(RetryableError):
    """Kafka did not answer for as long as this run may wait."""


class Patience(StopSignal):
    """A stop that also comes by itself when nothing has succeeded for too long.

    Args:
        stop: the process's own.
        limit_s: seconds; None waits for ever.
    """

    def __init__(self, stop: StopSignal, limit_s: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._stop = stop
        self._limit_s = limit_s
        self._clock = clock
        self._since = clock()

    def renew(self) -> None:
        """Say that something succeeded."""
        self._since = self._clock()

    def _left(self) -> float:
        return float("inf") if self._limit_s is None else self._since + self._limit_s - self._clock()

    def exhausted(self) -> bool:
        """Return whether patience, and not a signal, is what ends the waiting."""
        return not self._stop.is_set() and self._left() <= 0

    def is_set(self) -> bool:
        """Return whether a stop was asked for or patience is at its end."""
        return self._stop.is_set() or self._left() <= 0

    def wait(self, seconds: float) -> bool:
        """Wait, but not beyond the end of patience; return as `is_set`."""
        self._stop.wait(max(0.0, min(seconds, self._left())))
        return self.is_set()


@dataclass(slots=True)
class Tally:
    """What became of what was read. `faults` are sentences for a person, one for each source that failed."""

    published: int = 0
    dead: int = 0
    blank: int = 0
    known: int = 0
    empty: int = 0
    forgotten: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something that is no article: the record to keep, and why."""

    record: Record
    error: BadMessageError


class Delivery:
    """The way to Kafka, shared by all sources of the process. Thread-safe.

    Args:
        settings: topic names and size limit.
        publisher: sends and confirms.
        dead_letters: of the stage ingest.
        health: told when Kafka keeps us waiting.
        stop: ends the waiting.
        tally: counts what was delivered.
        forgotten: articles that are not sent.
    """

    def __init__(
        self,
        settings: Settings,
        publisher: Publisher,
        dead_letters: DeadLetters,
        health: Health,
        stop: Patience,
        tally: Tally,
        forgotten: HeldBack,
    ) -> None:
        self._topic = topic(settings.kafka, RAW)
        self._limit = settings.ingest.max_article_bytes
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._health = health
        self._stop = stop
        self._tally = tally
        self._forgotten = forgotten
        self._lock = threading.Lock()

    def deliver(self, kind: Kind, articles: Sequence[tuple[RawArticle, Record]], rejected: Sequence[Rejected]) -> None:
        """Publish articles (each with the record that it was made of) and dead letters, and wait for Kafka to have them.

        Raises:
            StoppedError: asked to stop before that.
            GaveUpError: patience came to its end before that.
            FatalError: as `DeadLetters.send`.
        """
        sent: dict[bytes, tuple[RawArticle, Record]] = {}
        outgoing: list[Outgoing] = []
        refused = list(rejected)
        for article, record in self._wanted(articles):
            value = article.encode()
            if len(value) > self._limit:
                refused.append(Rejected(record, _too_large(len(value), self._limit)))
                continue
            sent[value] = (article, record)
            outgoing.append(Outgoing(self._topic, article.id.encode(), value))
        if outgoing:
            for unsent, error in self._persist(lambda: self._publisher.publish(outgoing)):
                _, record = sent.pop(unsent.value or b"")
                refused.append(Rejected(record, error))
        self._count(kind, [article for article, _ in sent.values()])
        with self._lock:
            self._dead_letters.breaker.saw(len(articles) + len(rejected))
            for item in refused:
                self._persist(lambda item=item: self._dead_letters.send(item.record, item.error))  # type: ignore[misc]
                metrics.RECORDS.labels(STAGE, "dead").inc()
                self._tally.dead += 1

    def _wanted(self, articles: Sequence[tuple[RawArticle, Record]]) -> list[tuple[RawArticle, Record]]:
        """Leave out what is to be forgotten."""
        with self._lock:
            self._forgotten.renew()
            wanted = [(article, record) for article, record in articles if article.id not in self._forgotten]
            left_out = len(articles) - len(wanted)
            self._tally.forgotten += left_out
            for article, _ in articles:
                if article.id in self._forgotten:
                    log.debug("article not sent: it is to be forgotten", article=article.id)
        metrics.RECORDS.labels(STAGE, "forgotten").inc(left_out)
        return wanted

    def _persist(self, action: Callable[[], _T]) -> _T:
        results: list[_T] = []
        self._stop.renew()
        if not persist(lambda: results.append(action()), stage=STAGE, health=self._health, stop=self._stop):
            raise GaveUpError(_GAVE_UP) if self._stop.exhausted() else StoppedError
        return results[0]

    def _count(self, kind: Kind, articles: Sequence[RawArticle]) -> None:
        now = now_ms()
        for article in articles:
            log.debug("article published", article=article.id, source=article.source)
            latency.observe(STAGE, article, now)
        if kind == "canary":
            metrics.RECORDS.labels(STAGE, "canary").inc(len(articles))
            return
        with self._lock:
            self._tally.published += len(articles)
        metrics.RECORDS.labels(STAGE, "published").inc(len(articles))
        for article in articles:
            metrics.ARTICLES_INGESTED.labels(kind, language.label(article.lang)).inc()


def _too_large(size: int, limit: int) -> BadMessageError:
    return BadMessageError("too_large", f"the article takes {size:,} bytes; ingest.max_article_bytes is {limit:,}")
