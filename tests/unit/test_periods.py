"""Moments as people type them."""

from __future__ import annotations

import pytest

from presswatch.core.periods import moment

NOW = 1_795_513_500_000  # 2026-11-24T09:45:00Z
DAY = 86_400_000


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("90m", NOW - 90 * 60_000),
        ("24h", NOW - DAY),
        ("7d", NOW - 7 * DAY),
        (" 2w ", NOW - 14 * DAY),
        ("0d", NOW),
        ("2026-11-24", NOW - 35_100_000),
        ("2026-11-24T09:45", NOW),
        ("2026-11-24T09:45:00Z", NOW),
        ("2026-11-24t11:45+02:00", NOW),
        ("1969-12-31", -DAY),
    ],
)
def test_moments(written: str, at: int) -> None:
    assert moment(written, NOW) == at


def test_the_end_of_a_day_is_the_next_midnight_and_of_an_instant_itself() -> None:
    assert moment("2026-11-23", NOW, end=True) == moment("2026-11-24", NOW)
    assert moment("2026-11-24T09:45", NOW, end=True) == NOW
    assert moment("7d", NOW, end=True) == NOW - 7 * DAY


@pytest.mark.parametrize(
    "written", ["", "yesterday", "7", "7 d", "-7d", "1.5h", "7D", "2026-13-01", "24/11/2026", "٧d", "1234567d"]
)
def test_what_is_no_moment(written: str) -> None:
    with pytest.raises(ValueError, match="is no time: write how long ago, such as 90m, 24h, 7d or 2w"):
        moment(written, NOW)


def test_longer_ago_than_any_calendar() -> None:
    with pytest.raises(ValueError, match="no calendar"):
        moment("999999w", NOW)
