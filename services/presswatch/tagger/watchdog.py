"""Ends the process when it can be seen to hang, so that its supervisor starts it again.

Two cases: a stop that does not come to an end, and records that wait while Kafka answers and nothing of them is committed.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection
from typing import TypeVar

import structlog
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import AuthorizationError, KafkaError, SaslAuthenticationFailedError

from presswatch import metrics
from presswatch.adapters.kafka import connection
from presswatch.core.errors import FatalError, RetryableError
from presswatch.runtime import EXIT_FATAL, Health, show_open_breaker
from presswatch.settings import KafkaSettings

log = structlog.get_logger(__name__)

_T = TypeVar("_T")

STOP_LIMIT_S = 20.0
"""Seconds for a clean stop. faust can hang for ever when the broker is down."""

STALL_LIMIT_S = 90.0
"""Seconds in which something must be committed while records wait. Longer than a batch may take with its retries."""

LOOK_EVERY_S = 5.0


def die(why: str) -> None:
    """End the process at once, with nothing more acked or committed, and say why."""
    log.critical("stopped: going on would lose data", why=why)
    show_open_breaker()
    logging.shutdown()
    os._exit(EXIT_FATAL)


def limit_stop(seconds: float = STOP_LIMIT_S, die: Callable[[str], None] = die) -> threading.Timer:
    """Call `die` if the process is still there after so many seconds, unless the timer is cancelled."""
    timer = threading.Timer(seconds, die, [f"did not stop within {seconds:g} s; what was in hand will be repeated"])
    timer.daemon = True
    timer.start()
    return timer


class Group:
    """Our consumer group as the brokers see it, asked from outside of it."""

    def __init__(self, kafka: KafkaSettings, group: str, source: str) -> None:
        self._kafka = kafka
        self._group = group
        self._source = source
        self._admin: KafkaAdminClient | None = None

    def require_topics(self, names: Collection[str]) -> None:
        """Return when Kafka answers and all these topics exist.

        Raises:
            RetryableError: Kafka cannot be reached or a topic is missing; the text says which.
            FatalError: Kafka refuses us.
        """
        for found in self._ask(lambda admin: admin.describe_topics(list(names))):
            if found["error_code"] or not found["partitions"]:
                raise RetryableError(f"there is no topic {found['name']!r} yet: run `presswatch setup`")

    def waiting(self) -> dict[int, tuple[int, int]]:
        """Return for each partition of the source the committed offset (or where the log begins) and the log's end."""
        return self._ask(self._waiting)

    def close(self) -> None:
        """Close the connection."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def _waiting(self, admin: KafkaAdminClient) -> dict[int, tuple[int, int]]:
        (described,) = admin.describe_topics([self._source])
        partitions = [TopicPartition(self._source, part["partition_index"]) for part in described["partitions"]]
        ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        begins = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
        committed = admin.list_group_offsets({self._group: partitions})[self._group]
        known = {partition: committed[partition].offset for partition in partitions if partition in committed}
        return {
            partition.partition: (max(known.get(partition, -1), begins[partition].offset), ends[partition].offset)
            for partition in partitions
        }

    def _ask(self, question: Callable[[KafkaAdminClient], _T]) -> _T:
        try:
            if self._admin is None:
                self._admin = KafkaAdminClient(
                    **connection(self._kafka), request_timeout_ms=10_000, bootstrap_timeout_ms=5_000
                )
            return question(self._admin)
        except (AuthorizationError, SaslAuthenticationFailedError) as error:
            raise FatalError(f"Kafka refuses us: {error!r}") from error
        except KafkaError as error:
            raise RetryableError(f"Kafka at {self._kafka.bootstrap} cannot be reached: {error!r}") from error


class Stall:
    """Decides from what is seen whether the consumer hangs. Pure but for its clock."""

    def __init__(self, limit_s: float = STALL_LIMIT_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._since = clock()
        self._last: dict[int, int] = {}

    def excuse(self) -> None:
        """Begin to count anew: Kafka cannot be reached, so nobody can commit."""
        self._since = self._clock()

    def saw(self, assigned: Collection[int] | None, waiting: dict[int, tuple[int, int]]) -> str | None:
        """Look at one answer of `Group.waiting` and return what is wrong, or None.

        Args:
            assigned: our partitions; None while we have not joined the group.
        """
        ours = {partition: waiting[partition] for partition in assigned or () if partition in waiting}
        committed = {partition: done for partition, (done, _) in ours.items()}
        lag = sum(end - done for done, end in ours.values())
        if assigned is not None and (lag == 0 or committed != self._last):
            self.excuse()
        self._last = committed
        if self._clock() - self._since < self._limit_s:
            return None
        if assigned is None:
            return (
                f"not in the consumer group for {self._limit_s:g} s although Kafka answers; "
                "each replica needs a name of its own (setting instance)"
            )
        return f"{lag} records wait and none was committed for {self._limit_s:g} s although Kafka answers"


class ProgressWatch:
    """A thread that sets the lag and the readiness of part ``input``, and ends the process when the consumer hangs."""

    def __init__(self, group: Group, health: Health, die: Callable[[str], None] = die) -> None:
        self._group = group
        self._health = health
        self._die = die
        self._stall = Stall()
        self._assigned: frozenset[int] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def assigned(self, partitions: Collection[int] | None) -> None:
        """Say which partitions are ours, or with None that we are joining."""
        self._assigned = None if partitions is None else frozenset(partitions)
        if partitions is None:
            self._health.not_ready("joining the consumer group", "input")
        else:
            self._health.ready("input")

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """End the watch."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            assigned = self._assigned
            try:
                waiting = self._group.waiting()
            except RetryableError as error:
                self._stall.excuse()
                self._health.not_ready(str(error), "input")
                log.warning("cannot look at the consumer group", why=str(error))
            except Exception as error:
                log.exception("the watch over the consumer group broke")
                self._die(f"the watch over the consumer group broke: {error!r}")
                return
            else:
                metrics.LAG.labels("tagger").set(
                    sum(end - done for partition, (done, end) in waiting.items() if partition in (assigned or ()))
                )
                wrong = self._stall.saw(assigned, waiting)
                if wrong:
                    self._die(wrong)
                if assigned is not None:
                    self._health.ready("input")
