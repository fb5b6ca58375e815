"""The books of a stage: every record that it took in came out, died, was filtered, waits, or is missing. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

NAMED = 100_000
"""Missing things that an account names; it counts all. Whoever sent so many again audits once more."""

Fate = Literal["out", "dead", "filtered", "waiting", "missing"]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands: topic without prefix, partition, offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """Return it as people write it: ``articles.raw 1/33``."""
        return f"{self.topic} {self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that went in and did not come out.

    Attributes:
        stage: which should have brought it out.
        article, title, url: what it is about.
        what: what is not there, one sentence.
        record: what to send again so that it comes out; None: Kafka no longer has it.
        announce: whether the stage must tell of its matches anew when it gets that record.
    """

    stage: str
    article: str
    title: str
    url: str | None
    what: str
    record: Position | None
    announce: bool = False


@dataclass(slots=True)
class Account:
    """One stage, or one step of it; `missing` names at most `NAMED`. Unless `known`, what went in is not written down, and only what came out is counted."""

    name: str
    fates: Counter[Fate] = field(default_factory=Counter)
    missing: list[Missing] = field(default_factory=list)
    known: bool = True

    def enter(self, fate: Fate, records: int = 1) -> None:
        """Count records."""
        self.fates[fate] += records

    def miss(self, missing: Missing) -> None:
        """Count one record that is missing."""
        self.fates["missing"] += 1
        if len(self.missing) < NAMED:
            self.missing.append(missing)

    @property
    def into(self) -> int:
        """Records that went in."""
        return self.fates.total()

    @property
    def balanced(self) -> bool:
        """Whether in = out + dead + filtered, what still waits aside."""
        return not self.fates["missing"]
