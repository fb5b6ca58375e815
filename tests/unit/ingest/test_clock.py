"""Times of fetching: two wordings of one article never share one, whatever the clock does."""

from __future__ import annotations

from presswatch.ingest.clock import FetchClock


def test_an_article_never_gets_the_same_time_twice() -> None:
    clock = FetchClock(lambda: 1000)
    assert [clock.fetched("a") for _ in range(3)] == [1000, 1001, 1002]
    assert clock.fetched("b") == 1000


def test_the_order_outlives_a_clock_that_is_set_back() -> None:
    ticks = iter([1000, 1500, 200, 1501])
    clock = FetchClock(lambda: next(ticks))
    assert [clock.fetched("a") for _ in range(4)] == [1000, 1500, 1501, 1502]


def test_time_goes_on() -> None:
    ticks = iter([1000, 1000, 1001, 1003])
    clock = FetchClock(lambda: next(ticks))
    assert [clock.fetched("a") for _ in range(4)] == [1000, 1001, 1002, 1003]
