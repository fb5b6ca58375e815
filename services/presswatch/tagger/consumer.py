"""A faust consumer that commits no further than what was delivered and acked without a gap.

It leans on private parts of faust-streaming 0.15.3 (pinned; tests/unit/tagger/test_consumer.py drives each of them).
docs/decisions/ tells why the consumer that comes with faust can lose records.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any

from faust.transport.drivers import aiokafka as driver


class Deliveries:
    """The offsets of one partition in the order of their delivery, and which of them are acked.

    Delivered offsets need not be consecutive: a log has holes. They rise, until the consumer goes back and reads
    again; what is delivered again needs a new ack.
    """

    def __init__(self) -> None:
        self._open: deque[int] = deque()
        self._acked: set[int] = set()

    def deliver(self, offset: int) -> None:
        """Note that the record at this offset was handed out."""
        while self._open and self._open[-1] >= offset:
            self._acked.discard(self._open.pop())
        self._open.append(offset)

    def ack(self, offset: int) -> None:
        """Note that the record at this offset is dealt with. Of a partition that was taken away it changes nothing."""
        if self._open and self._open[0] <= offset <= self._open[-1]:
            self._acked.add(offset)

    def advance(self) -> int | None:
        """Drop the leading deliveries that are acked and return the offset after them, or None if there are none."""
        last = None
        while self._open and self._open[0] in self._acked:
            last = self._open.popleft()
            self._acked.remove(last)
        return None if last is None else last + 1


SETBACKS = 10
SETBACKS_S = 60.0
"""So many times out of the group in so many seconds are no rebalance: another process has our name and takes our place."""


class PrefixCommitConsumer(driver.Consumer):  # type: ignore[misc]  # faust ships no types
    """Commits, for each partition, the offset after the last record before which all delivered ones are acked."""

    mundane_level = "debug"
    callback: Any
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._deliveries: defaultdict[Any, Deliveries] = defaultdict(Deliveries)
        self._setbacks: deque[float] = deque(maxlen=SETBACKS)
        super().__init__(*args, **kwargs)
        self._hand_out: Callable[[Any], Awaitable[None]] = self.callback
        self.callback = self._deliver

    def _deliver(self, message: Any) -> Awaitable[None]:
        self._deliveries[message.tp].deliver(message.offset)
        return self._hand_out(message)

    def ack(self, message: Any) -> bool:
        """Mark a record as dealt with."""
        self._deliveries[message.tp].ack(message.offset)
        counted: bool = super().ack(message)
        return counted

    @property
    def pushed_out(self) -> bool:
        """Whether Kafka keeps on putting us out of the group, as it does while two processes have one static name.

        Each then pushes the other out of the group and reads the same records again, for ever; aiokafka does not ask
        Kafka in the way in which it would be told so (FENCED_INSTANCE_ID).
        """
        return len(self._setbacks) == SETBACKS and self._setbacks[-1] - self._setbacks[0] < SETBACKS_S

    async def commit_acked(self) -> None:
        """Commit all that is acked by now.

        `commit` does nothing but wait when another commit is under way, and that one may have begun before the last acks.
        """
        while await self.maybe_wait_for_commit_to_finish():
            pass
        await self.commit()

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Commit what is acked, which faust would forget, and start afresh when the partitions come back.

        Called before each join, also when nothing is taken away; Kafka has then put us out of the group if we have no
        member id any more.
        """
        if not self._thread._ensure_consumer()._coordinator.member_id:  # noqa: SLF001  # nobody else tells
            self._setbacks.append(self.clock())
        await self.commit_acked()
        await super().on_partitions_revoked(revoked)
        for partition in revoked:
            self._deliveries.pop(partition, None)

    async def _commit(self, offsets: Any) -> bool:
        done: bool = await super()._commit(offsets)
        if not done:
            self._setbacks.append(self.clock())
        return done

    def _new_offset(self, tp: Any) -> int | None:
        # The base class' own lists take every ack; they serve only to find the partitions that have any.
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self._deliveries[tp].advance()

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Deliveries know about holes in the log, so nothing is kept of them."""


class PrefixCommitTransport(driver.Transport):  # type: ignore[misc]
    """Kafka by aiokafka, with that consumer."""

    Consumer = PrefixCommitConsumer
