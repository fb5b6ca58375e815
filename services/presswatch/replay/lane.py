"""The bulk lane: articles go into articles.raw in small portions, and only while live articles do not wait.

There is no second topic: what is sent stands in the one queue, so the lane sends no more than the stages behind it get done.
A live article then waits for one portion at most. docs/decisions/ tells why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from presswatch.adapters.kafka import Outgoing, Publisher, persist
from presswatch.adapters.kafkalog import Log
from presswatch.core.errors import FatalError
from presswatch.core.messages import RawArticle
from presswatch.runtime import Health, StopSignal
from presswatch.settings import KafkaSettings
from presswatch.topology import RAW, TAGGED, Stage, topic

PORTION = 100
"""Articles sent at once: about a tenth of a second of work for a tagger."""

LOOK_EVERY_S = 0.2

_BEHIND: tuple[tuple[Stage, str], ...] = (("tagger", RAW), ("indexer", TAGGED))
"""The stages that a live article passes before it can be found, with the topics they read."""


class Lane:
    """Sends articles as slowly as it takes.

    Args:
        kafka: where to.
        log: asked for how much waits.
        publisher: sends.
        max_lag: records that may wait before the tagger and the indexer together while another portion is sent.
        rate: articles a second at most; None for no limit but the lag.
        stop: ends the waiting.
        clock: seconds.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        log: Log,
        publisher: Publisher,
        stop: StopSignal,
        max_lag: int,
        rate: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._raw = topic(kafka, RAW)
        self._log = log
        self._publisher = publisher
        self._stop = stop
        self._max_lag = max_lag
        self._rate = rate
        self._clock = clock
        self._free_at = clock()
        self.waiting = False
        """Whether live articles are waited for now."""
        self.waited_s = 0.0
        """Seconds spent so in all."""

    def lag(self) -> int:
        """Return how many records wait before the tagger and the indexer."""
        return sum(
            max(0, span.end - max(committed.get(partition, 0), span.begin))
            for stage, name in _BEHIND
            for committed in (self._log.committed(stage, name),)
            for partition, span in self._log.spans(name).items()
        )

    def send(self, articles: Sequence[RawArticle]) -> bool:
        """Send a portion once it may go, and return when Kafka has it; False if a stop was asked for before.

        Raises:
            FatalError: Kafka will never take one of them.
        """
        if not self._turn(len(articles)):
            return False
        records = [Outgoing(self._raw, article.id.encode(), article.encode()) for article in articles]

        def publish() -> None:
            refused = self._publisher.publish(records)
            if refused:
                first, error = refused[0]
                raise FatalError(f"Kafka does not take article {(first.key or b'').decode()} any more: {error}")

        return self._persist(publish)

    def _turn(self, articles: int) -> bool:
        begun = self._clock()
        while self._persist(self._look) and self.waiting and not self._stop.wait(LOOK_EVERY_S):
            pass
        self.waited_s += self._clock() - begun
        if self._rate is not None:
            self._stop.wait(max(0.0, self._free_at - self._clock()))
            self._free_at = max(self._free_at, self._clock()) + articles / self._rate
        return not self._stop.is_set()

    def _look(self) -> None:
        self.waiting = self.lag() > self._max_lag

    def _persist(self, action: Callable[[], None]) -> bool:
        return persist(action, stage="ingest", health=Health(), stop=self._stop)
