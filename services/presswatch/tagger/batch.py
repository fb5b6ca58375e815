"""Deals with one batch: every record ends as a tagged article or as a dead letter that Kafka has acknowledged.

Passing troubles are waited out, within bounds; what remains is fatal, and then nothing of the batch may be acked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import structlog

from presswatch import metrics
from presswatch.adapters.kafka import Backoff, Breaker, Record, count_retried
from presswatch.core.errors import BadMessageError, FatalError, RetryableError
from presswatch.runtime import Health
from presswatch.tagger.service import Tagging

log = structlog.get_logger(__name__)

RETRY_LIMIT_S = 60.0
"""A batch that Kafka has not taken in this time ends the process. Longer than a broker's restart or change of leader."""


class Outlet(Protocol):
    """The port to articles.tagged."""

    async def send(self, key: bytes, value: bytes) -> None:
        """Send one record and wait until the brokers have it.

        Raises:
            BadMessageError: no broker will ever take it.
            RetryableError: the outcome is unknown; send it again.
            FatalError: we may not write there.
        """


class Grave(Protocol):
    """The port to the dead letters (`presswatch.adapters.kafka.DeadLetters`)."""

    breaker: Breaker

    def send(self, record: Record, error: BadMessageError) -> None:
        """Publish one dead letter and wait until the brokers have it; blocks."""


class BatchWorker:
    """Tags batches of records and sends what comes of them.

    Args:
        outlet: takes the tagged articles.
        grave: takes the dead letters; called from one thread of our own, because it blocks.
        health: its part ``output`` is not ready while Kafka takes nothing.
        retry_limit_s: seconds after which a batch that could not be finished is fatal.
        backoff: makes the waits between attempts.
    """

    def __init__(
        self,
        tagging: Tagging,
        outlet: Outlet,
        grave: Grave,
        health: Health,
        *,
        retry_limit_s: float = RETRY_LIMIT_S,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._tagging = tagging
        self._outlet = outlet
        self._grave = grave
        self._health = health
        self._retry_limit_s = retry_limit_s
        self._backoff = backoff
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dead-letters")

    async def handle(self, records: Sequence[Record]) -> None:
        """Deal with a batch; returns when every effect is confirmed.

        Raises:
            FatalError: the batch could not be finished; ack none of it.
        """
        # No lock: the thread of the dead letters works only while a batch is in hand, that is, not now.
        self._grave.breaker.saw(len(records))
        count_retried("tagger", records)
        deadline = time.monotonic() + self._retry_limit_s
        with metrics.BATCH_SECONDS.labels("tagger").time():
            try:
                async with asyncio.TaskGroup() as tasks:
                    for record in records:
                        tasks.create_task(self._one(record, deadline))
                        # Tagging holds the loop; so what is tagged is on its way before the next one is tagged.
                        await asyncio.sleep(0)
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from errors
        self._health.ready("output")

    async def _one(self, record: Record, deadline: float) -> None:
        try:
            tagged = self._tagging.process(record.value)
            await self._until_confirmed(lambda: self._outlet.send(tagged.key, tagged.value), deadline)
        except BadMessageError as error:
            reason = error
            await self._until_confirmed(lambda: self._bury(record, reason), deadline)
            metrics.RECORDS.labels("tagger", "dead").inc()
        else:
            self._tagging.count(tagged.article)

    async def _bury(self, record: Record, error: BadMessageError) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._grave.send, record, error)

    async def _until_confirmed(self, send: Callable[[], Awaitable[None]], deadline: float) -> None:
        backoff = self._backoff()
        while True:
            try:
                await send()
            except RetryableError as error:
                wait_s = backoff.next()
                if time.monotonic() + wait_s > deadline:
                    raise FatalError(
                        f"Kafka has not taken a batch within {self._retry_limit_s:g} s: {error}"
                    ) from error
                metrics.RETRIES.labels("tagger", type(error.__cause__ or error).__name__).inc()
                self._health.not_ready(str(error), "output")
                await asyncio.sleep(wait_s)
            else:
                return
