"""Follows a control topic in a thread of its own, and hands over each whole set, ready for use.

What is slow (reading, parsing, building) happens here; the service's own thread only takes what is ready. A set that is
not whole, or cannot be read, is refused: the one in force stays, /readyz says why, a metric and the log as well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import structlog
from kafka.errors import KafkaError

from presswatch import metrics
from presswatch.adapters.kafka import persist
from presswatch.control.topic import consumer
from presswatch.core.control import BrokenSetError, Log, ObjectSet
from presswatch.runtime import Health, StopSignal, now_ms
from presswatch.settings import KafkaSettings
from presswatch.topology import Stage

log = structlog.get_logger(__name__)

POLL_MS = 200
CHECK_S = 5.0
"""Between two questions to Kafka where the topic ends: so we notice that Kafka is away, and how old our state is."""

SLICE_S = 0.01
PAUSE_S = 0.001
"""After a slice of work the follower pauses, so that articles flow on while thousands of objects are read."""


class Update(Protocol):
    """A set made ready by a builder."""

    @property
    def generation(self) -> int:
        """As in `core.control.ObjectSet`."""

    @property
    def applied(self) -> int:
        """As in `core.control.ObjectSet`."""

    def replacing(self, earlier: Any) -> Any:
        """Return what to take instead of an earlier update that nobody took."""


U = TypeVar("U", bound=Update)
Builder = Callable[[ObjectSet, Callable[[], None]], U]
"""Makes a set ready. It calls its second argument after each small piece of work, and raises `BrokenSetError`."""


class _StoppedError(Exception):
    pass


class Follower(Generic[U]):
    """Follows one control topic. Use it as a context manager; it stops at the end.

    Args:
        kafka: which cluster and prefix.
        name: control topic without prefix.
        stage: names the metrics.
        build: makes a set ready, in the follower's thread.
        health: is told under `part`.
    """

    def __init__(
        self, kafka: KafkaSettings, name: str, stage: Stage, build: Builder[U], health: Health, part: str
    ) -> None:
        self._kafka, self._name, self._stage, self._build = kafka, name, stage, build
        self._health, self._part = health, part
        self._labels = {"stage": stage, "topic": name}
        self._stop = StopSignal()
        self._lock = threading.Lock()
        self._ready: U | None = None
        self._in_force: ObjectSet | None = None
        self._first = True
        self._failed: BaseException | None = None
        self._refused = ""
        self._slice = 0.0
        self._thread = threading.Thread(target=self._run, name=f"follow {name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(5)

    # -- for the service's own thread

    def take(self) -> U | None:
        """Return the latest set that nobody took yet, or None; the caller puts it into force at once.

        Raises:
            FatalError, ConfigError: the topic cannot be followed any more.
        """
        if self._failed is not None:
            raise self._failed
        with self._lock:
            update, self._ready = self._ready, None
        if update is not None:
            metrics.CONTROL_GENERATION.labels(**self._labels).set(update.generation)
            if not self._first:
                metrics.CONTROL_ROLLOUT.labels(**self._labels).observe(max(0, now_ms() - update.applied) / 1000)
            self._first = False
        return update

    def wait_first(self, stop: StopSignal, beat: Callable[[], None]) -> U | None:
        """Wait until the topic has been read to its end and what it holds is ready; None if a stop was asked for.

        Raises:
            FatalError, ConfigError: see `take`.
        """
        while not stop.is_set():
            if (update := self.take()) is not None:
                return update
            beat()
            stop.wait(0.02)
        return None

    # -- the follower's thread

    def _run(self) -> None:
        connected: list[Any] = []
        try:
            if persist(
                lambda: connected.append(consumer(self._kafka, self._name)),
                stage=self._stage,
                health=self._health,
                stop=self._stop,
                part=self._part,
            ):
                self._health.not_ready(f"reading {self._name}", self._part)
                self._follow(*connected[0])
        except _StoppedError:
            pass
        except BaseException as error:  # noqa: BLE001 (handed to the service's own thread, which ends by it)
            self._failed = error
        finally:
            for reader, _ in connected:
                reader.close(autocommit=False, timeout_ms=1000)

    def _follow(self, reader: Any, partition: Any) -> None:
        record_log, changed, checked, caught_up = Log(), True, 0.0, False
        while not self._stop.is_set():
            self._health.beat(self._part)
            try:
                for record in reader.poll(timeout_ms=POLL_MS).get(partition, ()):
                    record_log.take(record.key, record.value)
                    changed = True
                    self._pace()
                now = time.monotonic()
                if now - checked > CHECK_S or not caught_up:
                    end = reader.end_offsets([partition], timeout_ms=5000)[partition]
                    caught_up = self._observe(max(0, end - reader.position(partition, timeout_ms=1000)))
                    checked = now
            except KafkaError as error:
                self._health.not_ready(f"Kafka: {error!r}", self._part)
                metrics.RETRIES.labels(self._stage, type(error).__name__).inc()
                caught_up = False
                self._stop.wait(1.0)
                continue
            if record_log.strays:
                log.warning("records that are no objects", topic=self._name, keys=record_log.strays[:5])
                record_log.strays.clear()
            if not caught_up:
                continue
            if changed:
                self._look(record_log)
                changed = False
            if not self._refused:
                self._health.ready(self._part)

    def _observe(self, lag: int) -> bool:
        metrics.CONTROL_LAG.labels(**self._labels).set(lag)
        if lag == 0:
            metrics.CONTROL_FOLLOWED.labels(**self._labels).set(now_ms() / 1000)
        return lag == 0

    def _look(self, record_log: Log) -> None:
        """Make ready what the topic holds now, unless it is what is in force already."""
        try:
            found = record_log.current()
            if found != self._in_force:
                self._make_ready(found)
        except BrokenSetError as error:
            self._refuse(error)
        else:
            if self._refused:
                log.info("the set is whole again", topic=self._name, generation=found.generation)
            self._refused = ""
            metrics.CONTROL_BROKEN.labels(**self._labels).set(0)

    def _make_ready(self, found: ObjectSet) -> None:
        before = self._in_force
        if before is not None and found.generation < before.generation:
            log.warning("generation went back", topic=self._name, before=before.generation, now=found.generation)
        try:
            update = self._build(found, self._pace)
        except (BrokenSetError, _StoppedError):
            raise
        except Exception as error:
            # A defect of ours that one object brings to light must not stop all articles.
            log.exception("set cannot be made ready", topic=self._name, generation=found.generation)
            detail = f"generation {found.generation} cannot be made ready: {type(error).__name__}: {error}"
            raise BrokenSetError("build_failed", detail) from error
        with self._lock:
            self._ready = update if self._ready is None else update.replacing(self._ready)
        self._in_force = found
        log.info(
            "set is ready", topic=self._name, generation=found.generation, objects=len(found.objects), by=found.applied_by
        )  # fmt: skip

    def _refuse(self, error: BrokenSetError) -> None:
        stays = "nothing is in force yet" if self._in_force is None else f"generation {self._in_force.generation} stays"
        why = f"{self._name}: {error}; {stays} until a whole set is applied"
        self._health.not_ready(why, self._part)
        metrics.CONTROL_BROKEN.labels(**self._labels).set(1)
        if self._refused != why:
            metrics.CONTROL_REFUSED.labels(**self._labels, reason=error.reason).inc()
            log.error("set refused", topic=self._name, reason=error.reason, why=why)
            self._refused = why

    def _pace(self) -> None:
        """Call it after each small piece of work: gives way to other threads, hears a stop, tells that we live."""
        now = time.monotonic()
        if now - self._slice < SLICE_S:
            return
        self._health.beat(self._part)
        # Before the first set no article flows.
        if self._stop.wait(0 if self._in_force is None else PAUSE_S):
            raise _StoppedError
        self._slice = time.monotonic()
