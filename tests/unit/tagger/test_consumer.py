"""The faust consumer, driven by hand: which offsets reach Kafka. Only the thread that talks to Kafka is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP, ConsumerMessage
from hypothesis import event, given
from hypothesis import strategies as st

from presswatch.settings import Settings
from presswatch.tagger.app import build_app
from presswatch.tagger.consumer import SETBACKS, PrefixCommitConsumer

RAW = "articles.raw"
ZERO, ONE = TP(RAW, 0), TP(RAW, 1)


class Broker:
    """Stands for aiokafka and the broker behind it: keeps commits in order."""

    def __init__(self, committed: dict[TP, int] | None = None) -> None:
        self.assigned = {ZERO, ONE}
        self.committed: dict[TP, int] = dict(committed or {})
        self.history: list[dict[TP, int]] = []
        self.slow: asyncio.Event | None = None
        self.refuses = False
        self._coordinator = SimpleNamespace(member_id="one-of-a-group")

    def _ensure_consumer(self) -> Broker:
        return self

    def put_out(self) -> None:
        """Forget the member, as aiokafka does when Kafka no longer knows it."""
        self._coordinator.member_id = ""

    def assignment(self) -> set[TP]:
        return self.assigned

    async def commit(self, offsets: dict[TP, int]) -> bool:
        if self.slow is not None:
            await self.slow.wait()
        if self.refuses:  # as with aiokafka's CommitFailedError, "already rebalanced"
            return False
        self.history.append(dict(offsets))
        self.committed.update(offsets)
        return True

    async def seek_to_committed(self) -> dict[TP, int]:
        return {partition: self.committed.get(partition, 0) for partition in self.assigned}


class Driven:
    """A consumer of the real App, and hands to deliver and ack with."""

    def __init__(self, committed: dict[TP, int] | None = None) -> None:
        self.app = build_app(Settings())
        self.app.finalize()
        self.broker = Broker(committed)
        consumer = self.app.consumer
        assert isinstance(consumer, PrefixCommitConsumer)
        self.consumer: Any = consumer
        self.consumer._thread = self.broker
        self.app.topics._acking_topics.add(RAW)
        self.handed_out: list[tuple[TP, int]] = []
        for partition in (ZERO, ONE):
            self.app.topics._tp_to_callback[partition] = self._hand_out
        self.app.producer.flush = self._nothing
        self.messages: dict[tuple[TP, int], Any] = {}

    async def _hand_out(self, message: Any) -> None:
        self.handed_out.append((message.tp, message.offset))

    async def _nothing(self) -> None:
        """Nothing is buffered in a producer that does not run."""

    async def deliver(self, offsets: Iterable[int], partition: TP = ZERO) -> None:
        for offset in offsets:
            message = ConsumerMessage(
                partition.topic,
                partition.partition,
                offset,
                0.0,
                0,
                None,
                b"k",
                b"v",
                None,
                tp=partition,
                generation_id=1,
            )
            message.incref()
            self.messages[partition, offset] = message
            await self.consumer.callback(message)

    def ack(self, offsets: Iterable[int], partition: TP = ZERO) -> None:
        for offset in offsets:
            self.messages[partition, offset].ack(self.consumer)

    async def commit(self) -> dict[TP, int]:
        before = len(self.broker.history)
        await self.consumer.commit()
        return {partition: offset for commit in self.broker.history[before:] for partition, offset in commit.items()}


def drive(scenario: Callable[[Driven], Coroutine[Any, Any, None]], committed: dict[TP, int] | None = None) -> None:
    async def main() -> None:
        await scenario(Driven(committed))

    asyncio.run(main())


def test_what_is_delivered_reaches_the_streams() -> None:
    async def scenario(driven: Driven) -> None:
        await driven.deliver([4, 5])
        assert driven.handed_out == [(ZERO, 4), (ZERO, 5)]

    drive(scenario)


def test_a_fresh_group_with_a_gap_commits_nothing() -> None:
    async def scenario(driven: Driven) -> None:
        await driven.deliver(range(10))
        driven.ack(range(5, 10))
        assert await driven.commit() == {}
        driven.ack(range(5))
        assert await driven.commit() == {ZERO: 10}

    drive(scenario)


def test_acks_out_of_order_commit_up_to_the_gap_and_partitions_are_apart() -> None:
    async def scenario(driven: Driven) -> None:
        await driven.deliver(range(100, 110))
        await driven.deliver(range(7), ONE)
        driven.ack([109, 101, 100, 105])
        driven.ack([6, 5, 4, 3, 2, 1, 0], ONE)
        assert await driven.commit() == {ZERO: 102, ONE: 7}
        driven.ack([102, 103, 104])
        assert await driven.commit() == {ZERO: 106}
        assert await driven.commit() == {}

    drive(scenario)


def test_holes_in_the_log_stop_nothing_and_leave_nothing_behind() -> None:
    async def scenario(driven: Driven) -> None:
        await driven.deliver([3, 4, 90])
        await driven.consumer._add_gap(ZERO, 5, 89)
        driven.ack([3, 4, 90])
        assert await driven.commit() == {ZERO: 91}
        assert not driven.consumer._gap[ZERO]
        assert not driven.consumer._acked[ZERO]
        assert not driven.consumer._acked_index[ZERO]

    drive(scenario)


def test_after_a_seek_back_nothing_is_committed_past_what_is_read_again() -> None:
    async def scenario(driven: Driven) -> None:
        await driven.deliver(range(10, 20))
        driven.ack(range(15, 20))
        await driven.consumer.perform_seek()  # back to 10, the committed offset
        await driven.deliver(range(10, 13))
        assert await driven.commit() == {}
        driven.ack([10, 11])
        assert await driven.commit() == {ZERO: 12}

    drive(scenario, committed={ZERO: 10})


@pytest.mark.parametrize("late", [[], [3, 4]])
def test_revoking_commits_first_and_forgets_then(late: list[int]) -> None:
    async def scenario(driven: Driven) -> None:
        await driven.deliver(range(6))
        driven.ack([0, 1, 2, 5])
        await driven.consumer.on_partitions_revoked({ZERO, ONE})
        assert driven.broker.history == [{ZERO: 3}]
        # Another member went on to 50; then the partition came back.
        driven.broker.committed[ZERO] = 50
        await driven.consumer.perform_seek()
        driven.ack(late)  # of the life before
        await driven.deliver(range(50, 55))
        driven.ack([51, 52])
        assert await driven.commit() == {}
        driven.ack([50])
        assert await driven.commit() == {ZERO: 53}

    drive(scenario)


def test_revoking_waits_for_a_commit_under_way_and_commits_what_was_acked_meanwhile() -> None:
    async def scenario(driven: Driven) -> None:
        await driven.deliver(range(4))
        driven.ack([0])
        driven.broker.slow = asyncio.Event()
        under_way = asyncio.create_task(driven.consumer.commit())
        await asyncio.sleep(0)
        driven.ack([1, 2])
        revoking = asyncio.create_task(driven.consumer.on_partitions_revoked({ZERO}))
        await asyncio.sleep(0)
        driven.broker.slow.set()
        await asyncio.gather(under_way, revoking)
        assert driven.broker.history == [{ZERO: 1}, {ZERO: 3}]

    drive(scenario)


def test_a_stop_commits_what_is_acked() -> None:
    async def scenario(driven: Driven) -> None:
        await driven.deliver(range(4))
        driven.ack([0, 1, 3])
        await driven.consumer.on_stop()
        assert driven.broker.history == [{ZERO: 2}]

    drive(scenario)


def test_commits_refused_again_and_again_are_told_from_those_of_a_rebalance() -> None:
    now = [0.0]

    async def refusals(driven: Driven, apart_s: float) -> bool:
        driven.broker.refuses = True
        driven.consumer.clock = lambda: now[0]
        for number in range(SETBACKS):
            now[0] += apart_s
            await driven.deliver([number])
            driven.ack([number])
            assert not driven.consumer.pushed_out
            await driven.consumer.commit()
        return bool(driven.consumer.pushed_out)

    async def scenario(_: Driven) -> None:
        assert not await refusals(Driven(), 7.0)
        assert await refusals(Driven(), 1.0)

    drive(scenario)


def test_being_put_out_of_the_group_again_and_again_is_told_from_rebalances() -> None:
    async def rebalances(driven: Driven) -> bool:
        driven.consumer.clock = lambda: 1.0
        for _ in range(SETBACKS):
            assert not driven.consumer.pushed_out
            await driven.consumer.on_partitions_revoked(set())
        return bool(driven.consumer.pushed_out)

    async def scenario(_: Driven) -> None:
        assert not await rebalances(Driven())
        other = Driven()
        other.broker.put_out()
        assert await rebalances(other)

    drive(scenario)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("deliver"), st.integers(1, 6)),
        st.tuples(st.just("ack"), st.integers(0, 30)),
        st.tuples(st.just("commit"), st.just(0)),
        st.tuples(st.just("seek"), st.just(0)),
        st.tuples(st.just("rebalance"), st.integers(0, 3)),
    ),
    min_size=5,
    max_size=60,
)


@given(STEPS)
def test_kafka_never_hears_of_an_offset_beyond_the_first_record_not_dealt_with(steps: list[tuple[str, int]]) -> None:
    """Whatever the order of deliveries, acks, commits, seeks and rebalances: no record below a commit is undone."""

    async def scenario(driven: Driven) -> None:
        at, done = 0, set[int]()
        for step, number in steps:
            if step == "deliver":
                await driven.deliver(range(at, at + number))
                at += number
            elif step == "ack" and (ZERO, number) in driven.messages:
                driven.ack([number])
                done.add(number)
            elif step == "commit":
                await driven.commit()
            elif step == "seek":
                await driven.consumer.perform_seek()
                at = driven.broker.committed.get(ZERO, 0)
            elif step == "rebalance":
                await driven.consumer.on_partitions_revoked({ZERO, ONE})
                # Meanwhile another member deals with `number` records.
                committed = driven.broker.committed.get(ZERO, 0)
                if number:
                    done.update(range(committed, committed + number))
                    driven.broker.committed[ZERO] = committed + number
                await driven.consumer.perform_seek()
                at = driven.broker.committed.get(ZERO, 0)
            committed = driven.broker.committed.get(ZERO, 0)
            undone = next(offset for offset in range(committed + 1000) if offset not in done)
            assert committed <= undone
        driven.ack([offset for partition, offset in driven.messages if partition == ZERO])
        await driven.consumer.commit_acked()
        if driven.broker.history:
            event("committed")
        assert driven.broker.committed.get(ZERO, 0) >= at, "records dealt with stayed uncommitted"

    drive(scenario)
