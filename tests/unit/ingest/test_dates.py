"""Dates as sources write them: read with a precision, or kept as they are and not guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from presswatch.ingest.dates import DAY_MS, EARLIEST_MS, Published, day_first, read_published

FETCHED = 1_795_600_000_000  # 25 November 2026


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("raw", "ms", "precision"),
    [
        ("Tue, 03 Sep 2024 19:05:00 GMT", utc(2024, 9, 3, 19, 5), "instant"),
        ("Tue, 03 Sep 2024 19:05:00 +0530", utc(2024, 9, 3, 13, 35), "instant"),
        ("3 Sep 24 19:05 EDT", utc(2024, 9, 3, 23, 5), "instant"),
        ("Tue, 03-Sep-2024 19:05:00 UTC", utc(2024, 9, 3, 19, 5), "instant"),
        ("Tue, 03 Sep 2024 19:05:00 +0000 (UTC)", utc(2024, 9, 3, 19, 5), "instant"),
        ("Tue, 03 Sep 2024 19:05:00 CEST", utc(2024, 9, 3, 17, 5), "instant"),
        ("Tue, 03 Sep 2024 19:05:00 GMT+2", utc(2024, 9, 3, 17, 5), "instant"),
        ("Tue, 03 Sep 2024 19:05:00 IST", utc(2024, 9, 3, 19, 5), "zone_assumed"),
        ("Tue, 03 Sep 2024 19:05:00", utc(2024, 9, 3, 19, 5), "zone_assumed"),
        ("Tue, 03 Sep 2024 19:05:00 +9999", utc(2024, 9, 3, 19, 5), "zone_assumed"),
        ("Tue, 03 Sep 2024 24:00:00 GMT", utc(2024, 9, 4), "instant"),
        ("Tue, 31 Dec 2024 23:59:60 GMT", utc(2024, 12, 31, 23, 59, 59), "instant"),
        ("Tue, 03 Sep 2024", utc(2024, 9, 3), "date"),
        ("Tue Sep  3 19:05:00 2024", utc(2024, 9, 3, 19, 5), "zone_assumed"),
        ("Tuesday, September 3, 2024 - 19:05", utc(2024, 9, 3, 19, 5), "zone_assumed"),
        ("Sept. 3rd, 2024 at 7:05 pm", utc(2024, 9, 3, 19, 5), "zone_assumed"),
        ("Sep 3, 2024 12:05 a.m. EST", utc(2024, 9, 3, 5, 5), "instant"),
        ("2024-09-03T19:05:00Z", utc(2024, 9, 3, 19, 5), "instant"),
        ("2024-09-03T19:05Z", utc(2024, 9, 3, 19, 5), "instant"),
        ("2024-09-03T19:05:00.250-07:00", utc(2024, 9, 4, 2, 5) + 250, "instant"),
        ("2024-09-03 19:05:00", utc(2024, 9, 3, 19, 5), "zone_assumed"),
        ("2024-09-03", utc(2024, 9, 3), "date"),
        ("2024/9/3", utc(2024, 9, 3), "date"),
        ("20240903", utc(2024, 9, 3), "date"),
        ("20240903T190500Z", utc(2024, 9, 3, 19, 5), "instant"),
        ("03.09.2024, 19:05", utc(2024, 9, 3, 19, 5), "zone_assumed"),
        ("23/09/2024", utc(2024, 9, 23), "date"),
        ("09/23/2024 7:05 PM", utc(2024, 9, 23, 19, 5), "zone_assumed"),
        ("09/09/2024", utc(2024, 9, 9), "date"),
        ("3 de septiembre de 2024", utc(2024, 9, 3), "date"),
        ("3. März 2024, 19:05", utc(2024, 3, 3, 19, 5), "zone_assumed"),
        ("3 août 2024", utc(2024, 8, 3), "date"),
        ("3 сентября 2024 19:05", utc(2024, 9, 3, 19, 5), "zone_assumed"),
        ("3 سبتمبر 2024", utc(2024, 9, 3), "date"),
        ("1725390300", utc(2024, 9, 3, 19, 5), "instant"),
        ("1725390300250", utc(2024, 9, 3, 19, 5) + 250, "instant"),
        (1725390300, utc(2024, 9, 3, 19, 5), "instant"),
        (1725390300.25, utc(2024, 9, 3, 19, 5) + 250, "instant"),
    ],
)
def test_dates_that_can_be_read(raw: str | float, ms: int, precision: str) -> None:
    assert read_published(raw, FETCHED) == Published(ms, precision, " ".join(str(raw).split()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "raw",
    [
        "yesterday", "03/04/2024", "2024", "2024-02-30", "32 Sep 2024", "3 Foo 2024", "2024-09-03T25:00:00Z", "9" * 40,
        "Tue, 03 Sep 2024 19:75:00 GMT", "0000-00-00 00:00:00", "Thu, 01 Jan 1970 00:00:00 GMT", "2040-01-01",
        "3 September 24:00", "1e9", "-1725390300", "0", "13/13/2024",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_kept_as_it_is(raw: str) -> None:
    assert read_published(raw, FETCHED) == Published(None, None, raw)


@pytest.mark.parametrize("raw", [None, "", "  ", True])
def test_no_date_is_no_date(raw: str | None) -> None:
    assert read_published(raw, FETCHED) == Published()


def test_the_raw_text_is_cut() -> None:
    assert read_published("x" * 500, FETCHED).raw == "x" * 200


def test_a_date_may_lie_a_day_ahead_and_no_more() -> None:
    assert read_published(str(FETCHED + DAY_MS), FETCHED).ms == FETCHED + DAY_MS
    assert read_published(str(FETCHED + DAY_MS + 1), FETCHED).ms is None


def test_zero_times_are_no_dates() -> None:
    assert read_published("1970-01-02T23:59:59Z", FETCHED).ms is None
    assert read_published("1970-01-03T00:00:00Z", FETCHED).ms == EARLIEST_MS


@pytest.mark.parametrize(
    ("raws", "first"),
    [
        (["23/11/2026", "03/04/2026"], True),
        (["11/23/2026 10:00", "03/04/2026", None], False),
        (["03/04/2026"], None),
        (["23/11/2026", "11/23/2026"], None),
        (["2026-11-23"], None),
        ([], None),
    ],
)
def test_a_feed_settles_its_numeric_dates(raws: list[str | None], first: bool | None) -> None:
    assert day_first(raws) is first


def test_a_settled_order_is_followed() -> None:
    assert read_published("03/04/2026", FETCHED, day_first=True).ms == utc(2026, 4, 3)
    assert read_published("03/04/2026", FETCHED, day_first=False).ms == utc(2026, 3, 4)
