"""When an article was published: what sources write, read to an instant with a stated precision, never guessed.

Pure. Formats: RFC 822 and 2822 with their slips, ISO 8601 and W3CDTF, Unix time, and dates with a month's name in
the languages of `_MONTHS`. A purely numeric day/month is read only if it leaves no choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

DAY_MS = 86_400_000

EARLIEST_MS = 2 * DAY_MS
"""Before 3 January 1970 a date is a zero that somebody formatted."""

LATEST_AFTER_FETCH_MS = DAY_MS
"""A date further ahead is wrong: it covers date-only values of the zones east of Greenwich and clocks that are off."""

MAX_CHARACTERS = 200
"""Longer texts hold no date."""

Precision = Literal["instant", "zone_assumed", "date"]


@dataclass(frozen=True, slots=True)
class Published:
    """When an article was published.

    `ms` is None when `raw` says nothing usable. `precision`: "instant" (a zone was given), "zone_assumed" (none was:
    UTC), "date" (no time of day: midnight UTC).
    """

    ms: int | None = None
    precision: Precision | None = None
    raw: str | None = None


def read_published(raw: str | float | None, fetched_ms: int, *, day_first: bool | None = None) -> Published:
    """Read a date as a source wrote it; never raises.

    Args:
        raw: text, or a number of seconds or milliseconds since 1970.
        fetched_ms: when the article was fetched: what lies more than a day ahead of it is refused.
        day_first: how to read 03/04/2026 (see `day_first`); None refuses it.
    """
    if raw is None or isinstance(raw, bool):
        return Published()
    text = " ".join(str(raw).split())
    if not text:
        return Published()
    kept = Published(raw=text[:MAX_CHARACTERS])
    if len(text) > MAX_CHARACTERS:
        return kept
    try:
        found = _read(text, day_first)
    except (ValueError, OverflowError):  # the 31st of February, the year 0
        return kept
    if found is None:
        return kept
    moment, precision = found
    ms = round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    if not EARLIEST_MS <= ms <= fetched_ms + LATEST_AFTER_FETCH_MS:
        return kept
    return Published(ms, precision, kept.raw)


def day_first(raws: Iterable[str | None]) -> bool | None:
    """Tell how a feed writes numeric dates: whether the day comes first; None if its dates leave it open or disagree."""
    votes = set()
    for raw in raws:
        found = _NUMERIC.match(" ".join((raw or "")[:MAX_CHARACTERS].split()))
        if found:
            first, second = int(found["first"]), int(found["second"])
            if first > 12 >= second:
                votes.add(True)
            elif second > 12 >= first:
                votes.add(False)
    return votes.pop() if len(votes) == 1 else None


# English first; then the languages whose outlets were seen to write month names in feeds.
_MONTHS_BY_LANGUAGE = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber mär apr mai jun jul aug sep okt nov dez",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago set oct nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
)
_MONTHS = {
    name: number for names in reversed(_MONTHS_BY_LANGUAGE) for number, name in enumerate(names.split(), start=1)
} | {"sept": 9, "marts": 3}

# Hours east of Greenwich. RFC 822 gives EST to PDT; the others are used for one zone only. "IST" and the like, which
# name several, are left out on purpose.
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
    "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "art": -3, "brt": -3, "west": 1, "bst": 1, "cet": 1,
    "cest": 2, "mez": 1, "mesz": 2, "eet": 2, "eest": 3, "msk": 3, "trt": 3, "wat": 1, "cat": 2, "sast": 2, "eat": 3,
    "gst": 4, "pkt": 5, "npt": 5.75, "ict": 7, "wib": 7, "hkt": 8, "sgt": 8, "awst": 8, "pht": 8, "jst": 9, "kst": 9,
    "acst": 9.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)? ?(?P<half>[AaPp]\.?[Mm]\b\.?)?"
_ZONE = r"(?P<zone>(?:GMT|UTC)? ?[+-]\d{1,2}(?::?\d{2})?(?::?00)?|[A-Za-z]{1,5})?"
_TAIL = rf"(?:(?: -|,)? ?(?:T|at )?(?:{_TIME}) ?{_ZONE}(?: ?\([^)]*\))?)?$"
_WEEKDAY = r"(?:[^\W\d_]+\.?,? )?"
_ISO = re.compile(rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?P<z>Z|[+-]\d\d:\d\d)?{_TAIL}")
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?:T?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?P<zone>Z)?)?$"
)
_DAY_NAME_YEAR = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?[ /.-]{{0,2}}(?:de |of )?(?P<name>[^\W\d_]+)\.?,?[ /.-]{{0,2}}"
    rf"(?:de |del )?(?P<year>\d{{4}}|\d{{2}}){_TAIL}"
)
_NAME_DAY_YEAR = re.compile(
    rf"{_WEEKDAY}(?P<name>[^\W\d_]+)\.? ?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}}){_TAIL}"
)
_ASCTIME = re.compile(rf"{_WEEKDAY}(?P<name>[^\W\d_]+) (?P<day>\d{{1,2}}) {_TIME} ?{_ZONE} (?P<year>\d{{4}})$")
_NUMERIC = re.compile(
    rf"{_WEEKDAY}(?P<first>\d{{1,2}})(?P<mark>[/.-])(?P<second>\d{{1,2}})(?P=mark)(?P<year>\d{{4}})(?P<tail>\D.*)?$"
)
_NUMERIC_TAIL = re.compile(_TAIL)
_UNIX = re.compile(r"\d{9,13}(?:\.\d+)?$")


def _read(text: str, days_lead: bool | None) -> tuple[datetime, Precision] | None:
    if _UNIX.match(text):
        number = float(text)
        return datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC), "instant"
    for pattern in (_ISO, _COMPACT, _DAY_NAME_YEAR, _NAME_DAY_YEAR, _ASCTIME):
        found = pattern.match(text)
        if found:
            parts = found.groupdict()
            month = int(parts["month"]) if "month" in parts else _MONTHS.get(parts["name"].casefold())
            if month is not None:
                return _moment(_year(parts["year"]), month, int(parts["day"]), parts)
    found = _NUMERIC.match(text)
    if not found:
        return None
    first, second = int(found["first"]), int(found["second"])
    tail = _NUMERIC_TAIL.match(found["tail"] or "")
    if tail is None:
        return None
    if first > 12 or found["mark"] == ".":  # dots are written by those who put the day first
        days_lead = True
    elif second > 12:
        days_lead = False
    elif first == second:
        days_lead = True
    if days_lead is None:
        return None
    day, month = (first, second) if days_lead else (second, first)
    return _moment(int(found["year"]), month, day, tail.groupdict())


def _year(digits: str) -> int:
    """Two digits as RFC 2822 and POSIX have them: 69 to 99 are of the last century."""
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 69 else 1900)


def _moment(year: int, month: int, day: int, parts: dict[str, str | None]) -> tuple[datetime, Precision]:
    midnight = datetime(year, month, day, tzinfo=UTC)
    if not parts.get("hour"):
        return midnight, "date"
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or "").lower().replace(".", "")
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 24 or (hour == 24 and minute + second) or minute > 59 or second > 60:
        raise ValueError("no time of day")
    fraction = float(f"0.{parts.get('fraction') or 0}")
    local = midnight + timedelta(hours=hour, minutes=minute, seconds=min(second, 59) + fraction)
    east = _hours_east(parts.get("zone") or "")
    return (local, "zone_assumed") if east is None else (local - timedelta(hours=east), "instant")


def _hours_east(zone: str) -> float | None:
    """Return hours east of Greenwich, or None if the zone is missing, ambiguous or absurd."""
    name = zone.lower().replace(" ", "")
    if name in _ZONES:
        return _ZONES[name]
    found = re.match(r"(?:gmt|utc)?([+-])(\d{1,2}):?(\d{2})?", name)
    if not found:
        return None
    hours = int(found[2]) + int(found[3] or 0) / 60
    return None if hours > 14 else (hours if found[1] == "+" else -hours)
