"""The parts of the Kafka edge that need no broker: the breaker, waits, headers, waiting a bad world out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presswatch.adapters.kafka import Backoff, Breaker, DeadLetters, NoBreaker, Outgoing, Publisher, Record, persist
from presswatch.core.errors import BadMessageError, FatalError, RetryableError
from presswatch.runtime import Health, StopSignal
from presswatch.settings import KafkaSettings


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Broker:
    """In place of a publisher: keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []

    def publish(self, records: Iterable[Outgoing]) -> list[tuple[Outgoing, BadMessageError]]:
        self.taken += records
        return []


def letters(number: int) -> list[tuple[Record, BadMessageError]]:
    error = BadMessageError("not_json", "no")
    return [(Record("articles.tagged", 0, at, None, b"{", 1000), error) for at in range(number)]


def graveyard(broker: Broker) -> DeadLetters:
    return DeadLetters(KafkaSettings(), "indexer", cast("Publisher", broker))


def test_a_batch_that_comes_again_is_not_buried_twice() -> None:
    broker = Broker()
    dead = graveyard(broker)
    for _ in range(3):
        dead.send_all(letters(5))
    assert len(broker.taken) == 5
    again = replace(letters(1)[0][0], timestamp_ms=1001)  # of a topic that was made anew
    dead.send(again, letters(1)[0][1])
    assert len(broker.taken) == 6


def test_of_a_batch_that_opens_the_breaker_nothing_is_buried() -> None:
    """The process starts anew and reads it again: what had been sent would be there at each attempt."""
    broker = Broker()
    with pytest.raises(FatalError, match="something is wrong with this stage"):
        graveyard(broker).send_all(letters(20))
    assert not broker.taken
    graveyard(broker).send_all(letters(19))
    assert len(broker.taken) == 19


def test_no_breaker_never_opens() -> None:
    breaker = NoBreaker()
    breaker.saw(1000)
    assert all(breaker.permit() for _ in range(1000))


def test_the_breaker_opens_at_the_twentieth_dead_letter_of_a_minute() -> None:
    breaker = Breaker(Clock())
    breaker.saw(100)
    assert [breaker.permit() for _ in range(20)] == [True] * 19 + [False]


def test_the_breaker_stays_closed_below_one_per_cent() -> None:
    breaker = Breaker(Clock())
    breaker.saw(10_000)
    assert all(breaker.permit() for _ in range(99))
    assert not breaker.permit()


def test_the_breaker_forgets_after_a_minute() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(19):
        assert breaker.permit()
    clock.now += 60.1
    assert breaker.permit()


def test_one_record_tried_again_counts_once() -> None:
    breaker = Breaker(Clock())
    assert all(breaker.permit(("topic", 0, 7)) for _ in range(100))


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 500), st.integers(0, 10)), max_size=40))
def test_the_breaker_is_open_exactly_by_its_rule(steps: list[tuple[float, int, int]]) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    seen: list[tuple[float, int]] = []
    dead: list[float] = []
    for wait, taken, bad in steps:
        clock.now += wait
        breaker.saw(taken)
        seen.append((clock.now, taken))
        for _ in range(bad):
            dead.append(clock.now)
            within = [at for at in dead if at >= clock.now - 60]
            total = sum(number for at, number in seen if at >= clock.now - 60)
            assert breaker.permit() == (len(within) < 20 or len(within) < 0.01 * total)


def test_waits_double_up_to_a_limit_and_start_over() -> None:
    backoff = Backoff(1.0, 8.0)
    waits = [backoff.next() for _ in range(6)]
    for wait, middle in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert 0.7 * middle <= wait <= 1.3 * middle
    backoff.reset()
    assert backoff.next() <= 1.3


def test_a_bad_world_is_waited_out_and_told() -> None:
    health, stop = Health(), StopSignal()
    told: list[dict[str, str]] = []

    def action() -> None:
        if len(told) < 2:
            raise RetryableError("the cellar is flooded")

    done = persist(
        action, stage="indexer", health=health, stop=stop, while_waiting=lambda: told.append(health.waiting())
    )
    assert done
    assert told == [{"service": "the cellar is flooded"}] * 2
    assert health.waiting() == {}


def test_a_stop_ends_the_waiting_and_other_errors_pass() -> None:
    stop = StopSignal()
    stop.set()

    def retryable() -> None:
        raise RetryableError("never")

    def fatal() -> None:
        raise FatalError("now")

    assert not persist(retryable, stage="indexer", health=Health(), stop=stop)
    with pytest.raises(FatalError):
        persist(fatal, stage="indexer", health=Health(), stop=StopSignal())
