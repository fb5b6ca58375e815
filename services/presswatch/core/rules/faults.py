"""What is said about one query: mistakes, gathered so that an analyst sees all of them at once, and warnings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from presswatch.core.errors import RuleError

MAX_FAULTS = 50
"""Ours: beyond this, a query is not a rule with mistakes but a text pasted into the wrong place."""


@dataclass(frozen=True, slots=True)
class Lint:
    """A warning: `start` and `end` are code points within the query, or within the entry of a named list."""

    message: str
    start: int
    end: int
    mend: str


class Faults:
    """Collects the mistakes of one query. Positions are code points within it."""

    def __init__(self) -> None:
        self._errors: list[RuleError] = []

    def __bool__(self) -> bool:
        return bool(self._errors)

    def add(self, message: str, start: int, end: int, mend: str) -> None:
        """Note a mistake. Beyond `MAX_FAULTS` further ones are dropped: the query is refused anyway."""
        self.note(RuleError(message, start, end, mend))

    def note(self, error: RuleError) -> None:
        """Note a mistake that somebody else has described."""
        if len(self._errors) < MAX_FAULTS:
            self._errors.append(error)

    def in_order(self) -> list[RuleError]:
        """Return the mistakes in the order of their places."""
        return sorted(self._errors, key=lambda error: (error.start, error.end))


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word that is spelt most like this one, if any is close: `cutoff` 0 takes anything, 1 equals only."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return close[0] if close else None


def excerpt(text: str) -> str:
    """Shorten a piece of a query for use within a sentence: one line, 40 characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:37] + "..."
