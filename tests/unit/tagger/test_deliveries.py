"""The book-keeping of one partition: what may be committed, and what may never be."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st

from presswatch.tagger.consumer import Deliveries


def delivered(*offsets: int) -> Deliveries:
    deliveries = Deliveries()
    for offset in offsets:
        deliveries.deliver(offset)
    return deliveries


def test_nothing_delivered_nothing_to_commit() -> None:
    assert Deliveries().advance() is None


def test_all_acked_commits_the_offset_after_the_last() -> None:
    deliveries = delivered(0, 1, 2)
    for offset in (0, 1, 2):
        deliveries.ack(offset)
    assert deliveries.advance() == 3
    assert deliveries.advance() is None


def test_a_gap_at_the_start_commits_nothing_until_it_closes() -> None:
    deliveries = delivered(3, 4, 5)
    deliveries.ack(4)
    deliveries.ack(5)
    assert deliveries.advance() is None
    deliveries.ack(3)
    assert deliveries.advance() == 6


def test_acks_out_of_order_commit_up_to_the_first_gap() -> None:
    deliveries = delivered(10, 11, 12, 13)
    for offset in (13, 10, 11):
        deliveries.ack(offset)
    assert deliveries.advance() == 12
    deliveries.ack(12)
    assert deliveries.advance() == 14


def test_holes_in_the_log_are_no_gap() -> None:
    deliveries = delivered(5, 9, 40)
    for offset in (5, 9):
        deliveries.ack(offset)
    assert deliveries.advance() == 10
    deliveries.ack(40)
    assert deliveries.advance() == 41


def test_what_is_delivered_again_needs_a_new_ack() -> None:
    deliveries = delivered(0, 1, 2)
    for offset in (1, 2):
        deliveries.ack(offset)
    for offset in (0, 1, 2):  # the consumer went back
        deliveries.deliver(offset)
    deliveries.ack(0)
    assert deliveries.advance() == 1
    deliveries.ack(1)
    assert deliveries.advance() == 2


def test_a_stale_delivery_ahead_of_a_seek_back_does_not_carry_the_commit_over_what_is_read_again() -> None:
    deliveries = delivered(100, 101, 500)
    deliveries.deliver(100)
    deliveries.ack(500)
    assert deliveries.advance() is None
    deliveries.ack(100)
    assert deliveries.advance() == 101


def test_a_late_ack_of_a_partition_taken_away_leaves_nothing_behind() -> None:
    deliveries = Deliveries()
    deliveries.ack(7)
    deliveries.deliver(7)
    assert deliveries.advance() is None


class Model:
    """The naive truth: a list of deliveries, each acked or not."""

    def __init__(self) -> None:
        self.entries: list[list[int | bool]] = []

    def deliver(self, offset: int) -> None:
        self.entries = [entry for entry in self.entries if entry[0] < offset] + [[offset, False]]

    def ack(self, offset: int) -> None:
        for entry in self.entries:
            if entry[0] == offset:
                entry[1] = True

    def first_open(self) -> int | None:
        return next((int(offset) for offset, acked in self.entries if not acked), None)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("deliver"), st.integers(1, 4)),  # so far ahead of the last
        st.tuples(st.just("back"), st.integers(1, 12)),  # so far back, as a seek does
        st.tuples(st.just("ack"), st.integers(0, 40)),
        st.tuples(st.just("commit"), st.just(0)),
    ),
    max_size=120,
)


@given(STEPS)
def test_the_commit_never_passes_the_first_delivery_without_ack(steps: list[tuple[str, int]]) -> None:
    deliveries, model, at, committed = Deliveries(), Model(), 0, 0
    for step, number in steps:
        if step == "deliver":
            at += number
            deliveries.deliver(at)
            model.deliver(at)
        elif step == "back":
            at = max(committed, at - number)
            deliveries.deliver(at)
            model.deliver(at)
        elif step == "ack":
            deliveries.ack(number)
            model.ack(number)
        else:
            new = deliveries.advance()
            first_open = model.first_open()
            if new is not None:
                event("committed")
                assert new > committed
                assert first_open is None or new <= first_open
                committed = new
            still = [int(offset) for offset, _ in model.entries if offset >= committed]
            assert not still or first_open == still[0], "an acked prefix stayed uncommitted"
            model.entries = [entry for entry in model.entries if entry[0] >= committed]
