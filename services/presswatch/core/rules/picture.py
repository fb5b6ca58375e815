"""Shows a place in a line of text: the line, and carets under the place, as a terminal lays them out."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import lru_cache

from presswatch.core.errors import RuleError

WIDTH = 100
"""Columns of a line that are shown; of a longer one the part around the place."""
_BEFORE = 60  # of them before the place


def point(line: str, start: int, end: int) -> tuple[str, str]:
    """Return the line as shown, cut to `WIDTH`, and the line of carets below it.

    Args:
        line: one line, without its line break.
        start: the place, in code points; at the length of the line it is the place after its end.
        end: exclusive; at least one caret is shown.
    """
    first = max(0, start - _BEFORE) if len(line) > WIDTH else 0
    last = min(len(line), first + WIDTH)
    end = min(max(end, start + 1), max(last, start + 1))
    left, right = "..." if first else "", "..." if last < len(line) else ""
    shown = left + _printable(line[first:last]) + right
    indent = " " * (len(left) + _columns(line[first:start]))
    return shown, indent + "^" * max(1, _columns(line[start:end]))


def explain(query: str, error: RuleError) -> str:
    """Return a mistake in a query that stands by itself (typed at a prompt): place, line, carets, mend."""
    number, start, line = place(query, error.start)
    shown, carets = point(line, start, start + error.end - error.start)
    where = f"line {number}, column {start + 1}"
    return f"{where}: {error.message}\n    {shown}\n    {carets}\n    mend: {error.mend}"


def place(text: str, at: int) -> tuple[int, int, str]:
    """Return the number of the line (from 1) that holds a code point, the column in it (from 0), and the line."""
    starts = _line_starts(text)
    number = bisect_right(starts, at)
    first = starts[number - 1]
    last = starts[number] - 1 if number < len(starts) else len(text)
    return number, at - first, text[first:last]


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    """Return where each line begins; remembered, because thousands of places of one file are asked for in turn."""
    return [0, *(at + 1 for at, ch in enumerate(text) if ch == "\n")]


def _printable(text: str) -> str:
    """Replace what would move the cursor, each by one blank, so that the carets stay below their place."""
    return "".join(" " if unicodedata.category(ch) in {"Cc", "Zl", "Zp", "Cs"} else ch for ch in text)


def _columns(text: str) -> int:
    """Count the columns of a terminal: two for wide characters, none for combining and formatting ones."""
    columns = 0
    for ch in text:
        if unicodedata.category(ch) in {"Mn", "Me", "Cf"}:
            continue
        columns += 2 if unicodedata.east_asian_width(ch) in {"W", "F"} else 1
    return columns
