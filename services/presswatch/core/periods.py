"""Moments as people type them: how long ago, a day or an instant. Pure: now is an argument."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AGO = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def moment(written: str, now: int, *, end: bool = False) -> int:
    """Return a moment in milliseconds since 1970.

    Args:
        written: ``90m``, ``24h``, ``7d`` or ``2w`` before now; a day, ``2026-11-01``, in UTC; or a date and time,
            ``2026-11-01T08:30``, in UTC where it names no other zone.
        now: milliseconds since 1970.
        end: of a day take its end and not its beginning.

    Raises:
        ValueError: it is none of these; the text says what to write.
    """
    text = written.strip()
    if ago := _AGO.fullmatch(text):
        before = _EPOCH + timedelta(milliseconds=now)
        try:
            return _millis(before - int(ago[1]) * _UNITS[ago[2]])
        except OverflowError as error:
            raise ValueError(f"`{written}` ago there was no calendar") from error
    try:
        instant = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(
            f"`{written}` is no time: write how long ago, such as 90m, 24h, 7d or 2w, or a day, such as 2026-11-01, "
            "or a day and time (UTC), such as 2026-11-01T08:30"
        ) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return _millis(instant) + (86_400_000 if end and _DAY.fullmatch(text) else 0)


def _millis(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(milliseconds=1)
