"""The compacted topic `forgotten` as its readers see it: a set of article ids that grows, and seldom shrinks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import structlog
from kafka.errors import KafkaError

from presswatch.control.topic import consumer
from presswatch.core.errors import BadMessageError, RetryableError
from presswatch.core.messages import Forgotten
from presswatch.settings import KafkaSettings
from presswatch.topology import FORGOTTEN

log = structlog.get_logger(__name__)

_POLL_MS = 200
_SILENCE = 150
"""Polls in a row without a record before the end, before Kafka is taken for gone: half a minute."""

AGAIN_S = 60.0
"""After so long an article is to be erased once more: what was on its way to Elasticsearch has arrived."""


class ForgottenArticles:
    """The articles that are to be forgotten now. Thread-safe. Use it as a context manager.

    On construction the topic is read to its end. `clock` tells seconds.

    Raises:
        RetryableError: Kafka is away, or there is no such topic yet.
        ConfigError: Kafka refuses us.
    """

    def __init__(self, kafka: KafkaSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._kafka = kafka
        self._clock = clock
        self.articles: dict[str, Forgotten] = {}
        self._new: list[str] = []
        self._again: deque[tuple[float, list[str]]] = deque()
        self._lock = threading.Lock()
        self._reader: Any
        self._reader, partition = consumer(kafka, FORGOTTEN)
        try:
            end = self._reader.end_offsets([partition])[partition]
            silent = 0
            while self._reader.position(partition) < end:
                silent = 0 if self._poll(_POLL_MS) else silent + 1
                if silent > _SILENCE:
                    raise RetryableError(f"Kafka at {kafka.bootstrap} does not send what it has of {FORGOTTEN}")
        except KafkaError as error:
            self.close()
            raise RetryableError(f"Kafka at {kafka.bootstrap}: {error!r}") from error
        except RetryableError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def __contains__(self, article: object) -> bool:
        return article in self.articles

    def renew(self) -> None:
        """Take in what has been added since, without waiting. If Kafka is away, it is taken in later."""
        try:
            with self._lock:
                self._poll(0)
        except KafkaError as error:
            log.warning("cannot look for articles to forget", why=repr(error))

    def take_new(self) -> list[str]:
        """Return the articles that were added since the last call (at the first: all), for their erasure.

        Each comes once more when `AGAIN_S` have passed: a write of it that was on its way may have come after its erasure.
        """
        with self._lock:
            new, self._new = self._new, []
        now = self._clock()
        due: list[str] = []
        while self._again and self._again[0][0] <= now:
            due += self._again.popleft()[1]
        if new:
            self._again.append((now + AGAIN_S, new))
        return [article for article in dict.fromkeys((*due, *new)) if article in self.articles]

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._reader.close(autocommit=False, timeout_ms=1000)

    def _poll(self, timeout_ms: int) -> bool:
        found = self._reader.poll(timeout_ms=timeout_ms)
        for records in found.values():
            for record in records:
                self._take((record.key or b"").decode("utf-8", "replace"), record.value)
        return bool(found)

    def _take(self, article: str, value: bytes | None) -> None:
        if value is None:
            self.articles.pop(article, None)
            return
        try:
            self.articles[article] = Forgotten.decode(value)
        except BadMessageError as error:
            # Whoever wrote it wanted something forgotten: better an article too few than one too many.
            log.error(  # noqa: TRY400 (the trace tells nothing more)
                "a record of the topic forgotten cannot be read; its article is held back",
                article=article,
                why=str(error),
            )
            self.articles[article] = Forgotten(id=article or "?", asked=0, because="unreadable record", by="unknown")
        self._new.append(article)
