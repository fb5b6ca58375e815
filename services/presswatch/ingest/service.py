"""The process: all sources side by side, each read, delivered and marked in turn, once or for ever.

One event loop fetches and waits; reading and delivering run in worker threads. On a stop what is in hand is delivered
and marked, everything else is left for the next start.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog

from presswatch.adapters.kafka import DeadLetters, NoBreaker, Publisher, persist
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import Origin
from presswatch.forgetting.log import ForgottenArticles
from presswatch.ingest import canaries
from presswatch.ingest.addresses import shown
from presswatch.ingest.clock import FetchClock
from presswatch.ingest.delivery import STAGE, Delivery, GaveUpError, Patience, StoppedError, Tally
from presswatch.ingest.fetch import Answer, Fetcher, FetchError
from presswatch.ingest.inputs import Input
from presswatch.ingest.jsonl import Context, source
from presswatch.ingest.polling import FeedPoller, read_feed_file
from presswatch.ingest.state import FeedState, State
from presswatch.runtime import Health, StopSignal, now_ms
from presswatch.settings import Settings

log = structlog.get_logger(__name__)

WORKERS = 8
LOOK_S = 0.5
"""Seconds between two looks at files that may have grown."""

BEAT_S = 5.0
STEP_LIMIT_S = 60.0
"""A step of a worker that takes longer hangs, unless it waits for Kafka, which beats by itself."""

DELIVERY_TIMEOUT_S = 30.0

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Options:
    """How to read.

    Attributes:
        watch: go on for ever: poll feeds, follow files.
        again: read all from the start, whatever the state says.
        origin: live or backfill.
        patience_s: seconds without an answer from Kafka after which to give up; None waits for ever.
        breaker: stop when many records are bad.
    """

    watch: bool
    again: bool = False
    origin: Origin = "live"
    patience_s: float | None = None
    breaker: bool = True


def run(settings: Settings, inputs: Sequence[Input], options: Options, health: Health, stop: StopSignal) -> Tally:
    """Read the inputs and return what became of them; with `watch`, only after a stop.

    Raises:
        GaveUpError: Kafka did not answer for longer than `patience_s`.
        FatalError: see `DeadLetters.send` and `Publisher.publish`.
        ConfigError: the state file cannot be used.
    """
    patience = Patience(stop, options.patience_s)
    tally = Tally()
    with ExitStack() as opened, State(settings.ingest.state) as state:
        publishers: list[Publisher] = []
        forgotten: list[ForgottenArticles] = []

        def connect() -> None:
            if not publishers:
                publisher = Publisher(settings.kafka, delivery_timeout_s=DELIVERY_TIMEOUT_S)
                publishers.append(opened.enter_context(closing(publisher)))
            forgotten.append(opened.enter_context(ForgottenArticles(settings.kafka)))

        if not persist(connect, stage=STAGE, health=health, stop=patience):
            if patience.exhausted():
                raise GaveUpError(f"Kafka at {settings.kafka.bootstrap} does not answer; nothing was read")
            return tally
        publisher = publishers[0]
        patience.renew()
        try:
            dead_letters = DeadLetters(settings.kafka, STAGE, publisher, None if options.breaker else NoBreaker())
            delivery = Delivery(settings, publisher, dead_letters, health, patience, tally, forgotten[0])
            context = Context(delivery, state, FetchClock(), tally, options.origin)
            asyncio.run(_Run(settings, inputs, options, context, health, stop).all())
        except BaseExceptionGroup as group:
            raise _first(group) from group
    return tally


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of tasks that failed together; the others failed because of it or alike."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Run:
    """One run of the event loop."""

    def __init__(
        self,
        settings: Settings,
        inputs: Sequence[Input],
        options: Options,
        context: Context,
        health: Health,
        stop: StopSignal,
    ) -> None:
        self._settings = settings
        self._options = options
        self._context = context
        self._health = health
        self._stop = stop
        self._stopped = asyncio.Event()
        self._poller = FeedPoller(context, settings.ingest.interval_s, again=options.again)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="ingest")
        self._steps: dict[int, float] = {}
        self._told: set[str] = set()
        self._feeds = [item for item in inputs if item.kind in ("feed", "feed_file")]
        self._lines = [item for item in inputs if item.kind in ("jsonl", "stdin")]

    async def all(self) -> None:
        """Run every source, until all have ended or a stop."""
        loop = asyncio.get_running_loop()
        over = threading.Event()
        threading.Thread(target=self._hear_stop, args=(loop, over), name="stop", daemon=True).start()
        beat = asyncio.create_task(self._beat())
        try:
            async with Fetcher(self._settings.ingest) as fetcher, asyncio.TaskGroup() as tasks:
                for item in self._feeds:
                    tasks.create_task(self._feed(item, fetcher))
                tasks.create_task(self._read_lines())
                if self._options.watch:
                    tasks.create_task(self._wait_for_stop())
                    tasks.create_task(self._send_canaries())
        finally:
            over.set()
            beat.cancel()
            self._pool.shutdown(wait=True)

    def _file_failed(self, text: str) -> None:
        """Keep what failed for the summary of a run that ends; one that stays tries again, and says it once."""
        if not self._options.watch:
            self._context.tally.faults.append(text)
        elif text not in self._told:
            self._told.add(text)
            log.warning("file failed, trying on", why=text)

    def _hear_stop(self, loop: asyncio.AbstractEventLoop, over: threading.Event) -> None:
        while not over.is_set():
            if self._stop.wait(0.2):
                loop.call_soon_threadsafe(self._stopped.set)
                return

    async def _wait_for_stop(self) -> None:
        await self._stopped.wait()

    async def _beat(self) -> None:
        while True:
            oldest = min(list(self._steps.values()), default=time.monotonic())
            if time.monotonic() - oldest < STEP_LIMIT_S:
                self._health.beat()
            await asyncio.sleep(BEAT_S)

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until a stop."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._stopped.wait()
        except TimeoutError:
            return

    async def _in_worker(self, action: Callable[[], _T]) -> _T:
        def timed() -> _T:
            with self._step():
                return action()

        here = contextvars.copy_context()  # what the log lines of this process carry
        return await asyncio.get_running_loop().run_in_executor(self._pool, here.run, timed)

    @contextmanager
    def _step(self) -> Iterator[None]:
        key = threading.get_ident()
        self._steps[key] = time.monotonic()
        try:
            yield
        finally:
            del self._steps[key]

    async def _feed(self, item: Input, fetcher: Fetcher) -> None:
        known = self._poller.state(item.place)
        try:
            if not self._options.watch:
                await self._poll(item, known, fetcher)
                return
            while not self._stopped.is_set():
                await self._pause((known.due_ms - now_ms()) / 1000)
                if not self._stopped.is_set():
                    known = await self._poll(item, known, fetcher)
        except StoppedError:
            log.info("stopped before Kafka had it all, will be read again", feed=shown(item.place))

    async def _poll(self, item: Input, known: FeedState, fetcher: Fetcher) -> FeedState:
        etag, last_modified = self._poller.validators(known)
        try:
            answer = await self._fetch(item, etag, last_modified, fetcher)
            if answer is None:
                return known
            conditional = bool(etag or last_modified)
            return await self._in_worker(lambda: self._poller.take(item.place, known, answer, conditional=conditional))
        except (FetchError, BadMessageError) as error:
            failure = error
            if not self._options.watch:  # else the poller's log and metrics tell, and it is tried again
                self._context.tally.faults.append(f"{shown(item.place)}: {getattr(error, 'detail', error)}")
            return await self._in_worker(lambda: self._poller.failed(item.place, known, failure))

    async def _fetch(self, item: Input, etag: str | None, last_modified: str | None, fetcher: Fetcher) -> Answer | None:
        """Fetch, unless a stop comes first: then None, since nothing is in hand yet."""
        if item.kind == "feed_file":
            return await self._in_worker(lambda: read_feed_file(item.place))
        fetching = asyncio.create_task(fetcher.get(item.place, etag, last_modified))
        stopping = asyncio.create_task(self._wait_for_stop())
        try:
            await asyncio.wait((fetching, stopping), return_when=asyncio.FIRST_COMPLETED)
            return fetching.result() if fetching.done() else None
        finally:
            stopping.cancel()
            fetching.cancel()

    async def _send_canaries(self) -> None:
        interval_s = self._settings.canary.interval_s
        try:
            while interval_s and not self._stopped.is_set():
                await self._in_worker(lambda: canaries.send(self._context.delivery))
                await self._pause(interval_s)
        except StoppedError:
            log.info("stopped before Kafka had the canary")

    async def _read_lines(self) -> None:
        """Read files in the order given (a later one may correct an earlier one), then follow them all."""
        options = self._options
        sources = [source(item.place, self._context, follow=options.watch, again=options.again) for item in self._lines]
        waiting = list(zip(self._lines, sources, strict=True))
        try:
            while waiting and not self._stopped.is_set():
                moved = False
                for item, reader in list(waiting):
                    step = "moved"
                    while step == "moved" and not self._stopped.is_set():
                        try:
                            step = await self._in_worker(reader.step)
                        except OSError as error:
                            self._file_failed(f"{item.place}: cannot be read: {error.strerror}")
                            step = "idle" if options.watch else "ended"
                        moved = moved or step == "moved"
                    if step == "ended":
                        waiting.remove((item, reader))
                if not moved and waiting:
                    await self._pause(LOOK_S)
        except StoppedError:
            log.info("stopped before Kafka had it all, will be read again")
        finally:
            for reader in sources:
                reader.close()


def summary(tally: Tally, seconds: float, *, stopped: bool) -> str:
    """Return what became of a run, in one line and one more for each source that failed."""
    parts = [f"{tally.published:,} published", f"{tally.dead:,} dead-lettered"]
    for count, what in (
        (tally.known, "known already"),
        (tally.empty, "without title and text"),
        (tally.forgotten, "to be forgotten, not taken in"),
        (tally.blank, "blank"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    if tally.faults:
        parts.append(f"{len(tally.faults):,} failed")
    line = f"{', '.join(parts)} in {seconds:.1f} s"
    if stopped:
        line += "; stopped before the end, the same command goes on from there"
    return "\n".join([*(f"failed: {fault}" for fault in tally.faults), line])
