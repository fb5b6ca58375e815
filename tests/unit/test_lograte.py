"""A library that repeats itself is heard once in a while; our own lines always."""

from __future__ import annotations

import logging

import pytest

from presswatch.lograte import RepeatFilter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def subject(clock: Clock) -> RepeatFilter:
    return RepeatFilter(30, clock)


def record(name: str = "aiokafka", text: str = "Unable to connect to node %s", *args: object, level: int = logging.ERROR) -> logging.LogRecord:  # fmt: skip
    return logging.LogRecord(name, level, __file__, 1, text, args, None)


def test_the_same_line_passes_once_in_a_while_and_tells_how_many_were_held_back(
    subject: RepeatFilter, clock: Clock
) -> None:
    assert subject.filter(record("aiokafka", "Unable to connect to node %s", 1))
    for clock.now in (1, 10, 29):
        assert not subject.filter(record("aiokafka", "Unable to connect to node %s", clock.now))
    clock.now = 31
    again = record("aiokafka", "Unable to connect to node %s", 4)
    assert subject.filter(again)
    assert again.getMessage() == "Unable to connect to node 4 [and 3 more like it]"
    clock.now = 62
    last = record("aiokafka", "Unable to connect to node %s", 5)
    assert subject.filter(last)
    assert last.getMessage() == "Unable to connect to node 5"


def test_other_lines_loggers_and_levels_are_apart(subject: RepeatFilter) -> None:
    assert subject.filter(record())
    assert subject.filter(record("aiokafka.consumer"))
    assert subject.filter(record(text="Something else"))
    assert subject.filter(record(level=logging.WARNING))
    assert not subject.filter(record())


@pytest.mark.parametrize(
    ("name", "level"),
    [("presswatch", logging.ERROR), ("presswatch.tagger.run", logging.ERROR), ("aiokafka", logging.INFO)],
)
def test_our_own_lines_and_what_is_no_warning_always_pass(subject: RepeatFilter, name: str, level: int) -> None:
    assert all(subject.filter(record(name, level=level)) for _ in range(5))


def test_texts_that_differ_each_time_do_not_pile_up(subject: RepeatFilter) -> None:
    assert all(subject.filter(record(text=f"at {number}")) for number in range(5000))
    assert len(subject._passed) <= 1000
