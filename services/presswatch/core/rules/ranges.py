"""Ranges in Lucene's forms over `published`, `words` and `score.<topic>`: what is written there as two bounds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from presswatch.core.errors import RuleError
from presswatch.core.rules.model import Bound, Range
from presswatch.core.text import fold_value

DAY_MS = 86_400_000
_BRACKETS = re.compile(r"([\[{])([^\]}]*)([\]}])")
_ENDS = re.compile(r"\s*(\S+)\s+TO\s+(\S+)\s*")
_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(.+)", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEAR = re.compile(r"[12]\d{3}", re.ASCII)
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,3}(\.\d{1,15})?|\.\d{1,15}", re.ASCII)


def is_range_field(name: str) -> bool:
    """Tell whether this field is compared as a number or a day."""
    return name in {"published", "words"} or name.startswith("score.")


def example(name: str) -> str:
    """Return a range of this field, as it should be written."""
    return {"published": "published:[2026-01-01 TO 2026-01-31]", "words": "words:[300 TO 800]"}.get(
        name, f"{name}:[0.5 TO 0.8]"
    )


def read_range(name: str, written: str, start: int) -> Range:
    """Return the leaf for what stands after the colon: a range in brackets, a comparison or a single value.

    Days become instants in UTC: ``[`` and ``>=`` begin with the day, ``]`` and ``<=`` include it whole, ``}`` and ``<`` end
    before it, ``{`` and ``>`` begin after it.

    Args:
        name: the field.
        written: as in the query.
        start: where `written` stands in the query.

    Raises:
        RuleError: it is no range, a value is wrong, or nothing lies between the ends.
    """
    lower: Bound | None = None
    upper: Bound | None = None
    end = start + len(written)
    if brackets := _BRACKETS.fullmatch(written):
        opening, inner, closing = brackets.groups()
        ends = _ENDS.fullmatch(inner)
        if not ends:
            raise RuleError(
                f"a range of `{name}:` needs two ends with TO between them",
                start,
                end,
                f"write `{example(name)}`; an open end is `*`",
            )
        low, high = ends.groups()
        if low != "*":
            lower = _bound(name, _value(name, low, start + 1 + ends.start(1)), lower=True, inclusive=opening == "[")
        if high != "*":
            upper = _bound(name, _value(name, high, start + 1 + ends.start(2)), lower=False, inclusive=closing == "]")
        if lower and upper and not _holds_anything(name, lower, upper):
            raise RuleError(
                "nothing lies between the ends of this range, so it could never match",
                start,
                end,
                "put the smaller end first, and check the brackets: `[ ]` include the value beside them, `{ }` leave it out",
            )
    elif comparison := _COMPARISON.fullmatch(written):
        sign, text = comparison.groups()
        value = _value(name, text, start + comparison.start(2))
        if sign[0] == ">":
            lower = _bound(name, value, lower=True, inclusive=sign == ">=")
        else:
            upper = _bound(name, value, lower=False, inclusive=sign == "<=")
    else:
        value = _value(name, written, start)
        lower = _bound(name, value, lower=True, inclusive=True)
        upper = _bound(name, value, lower=False, inclusive=True)
    folded = f"score.{fold_value(name.removeprefix('score.'))}" if name.startswith("score.") else name
    return Range(folded, lower, upper, f"{name}:{written}", start, end)


def day_ms(day: date) -> int:
    """Return the first millisecond of a day in UTC, since 1970."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (midnight - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _bound(name: str, value: float, *, lower: bool, inclusive: bool) -> Bound:
    if name != "published":
        return Bound(value, inclusive)
    begins_at_day = lower == inclusive  # ``[`` begins with the day, ``}`` ends before it; ``]`` and ``{`` use its end
    return Bound(value if begins_at_day else value + DAY_MS, lower)


def _holds_anything(name: str, lower: Bound, upper: Bound) -> bool:
    if name == "words":
        return lower.value + (not lower.inclusive) <= upper.value - (not upper.inclusive)
    return lower.value < upper.value or (lower.value == upper.value and lower.inclusive and upper.inclusive)


def _value(name: str, written: str, start: int) -> float:
    text = written[1:-1] if len(written) > 1 and written[0] == written[-1] == '"' else written
    end = start + len(written)
    if name == "published":
        if not _DAY.fullmatch(text):
            mend = "write the year, month and day as digits, as in `2026-01-31`"
            if _YEAR.fullmatch(text):
                mend = f"for the whole year write `published:[{text}-01-01 TO {text}-12-31]`"
            raise RuleError(f"`{text}` is no date", start, end, mend)
        try:
            return day_ms(date.fromisoformat(text))
        except ValueError:
            raise RuleError(
                f"the calendar has no day {text}", start, end, "write an existing day as year-month-day: `2026-01-31`"
            ) from None
    if name == "words":
        if not _WHOLE.fullmatch(text):
            raise RuleError(f"`{text}` is no whole number", start, end, "write digits only, as in `words:>300`")
        return int(text)
    value = float(text) if _DECIMAL.fullmatch(text) else -1.0
    if not 0 <= value <= 1:
        raise RuleError(
            f"`{text}` is no score: scores lie between 0 and 1",
            start,
            end,
            f"write a number such as 0.8: `{name}:>0.8`",
        )
    return value
