"""Figures of how right tags are: precision, recall, F1 with its interval, average precision. Nothing here reads a file."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score

from presswatch.core.judging import Verdict

ALL = "all"
MEAN = "mean"
"""Instead of a language: all rows together, and the mean over languages."""

TOGETHER: Mapping[str, tuple[str, ...]] = {
    "today": ("headlines", "pages"),
    "diplomacy-hand": ("newswire-1987-hand", "uk-politics-hand"),
}
"""Sets that are also measured as one."""

RESAMPLES = 2000
"""Of the bootstrap."""

Number = Any
"""A number, or an array with the number of each sample."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the packs said of one row on one topic, and what its label says."""

    set_name: str
    topic: str
    lang: str
    wanted: bool
    row: Mapping[str, Any]
    verdict: Verdict

    @property
    def tagged(self) -> bool:
        """Whether it was tagged."""
        return self.verdict.tagged


class Counts(NamedTuple):
    """How many rows are right, wrongly tagged, missed, and rightly left alone."""

    right: Number
    wrong: Number
    missed: Number
    rest: Number


def counted(group: Sequence[Judgement]) -> Counts:
    """Count the rows of a group."""
    right = sum(each.tagged and each.wanted for each in group)
    wrong = sum(each.tagged and not each.wanted for each in group)
    missed = sum(each.wanted and not each.tagged for each in group)
    return Counts(right, wrong, missed, len(group) - right - wrong - missed)


def drawn(counts: Counts, seed: int) -> Counts:
    """Return the counts of samples of as many rows, drawn with replacement: a bootstrap.

    A sample only changes how many rows are right, wrong, missed and rest, so those four are drawn.
    """
    number = sum(counts)
    samples = np.random.default_rng(seed).multinomial(number, np.array(counts) / number, size=RESAMPLES)
    return Counts(*samples.T)


def f1(counts: Counts) -> Number:
    """Return F1 in percent; not a number where nothing was wanted and nothing tagged."""
    return _share(2 * counts.right, 2 * counts.right + counts.wrong + counts.missed)


def precision(counts: Counts) -> Number:
    """Return precision in percent; not a number where nothing was tagged."""
    return _share(counts.right, counts.right + counts.wrong)


def figures(set_name: str, topic: str, lang: str, group: Sequence[Judgement]) -> dict[str, Any]:
    """Return one row of the table; what cannot be reckoned is None. Values are percent.

    The interval holds 95 % of the F1 of samples (seeded by the row's name), see `drawn`.
    """
    counts = counted(group)
    sampled = f1(drawn(counts, zlib.crc32(f"{set_name} {topic} {lang}".encode())))
    sampled = sampled[~np.isnan(sampled)]
    low, high = np.percentile(sampled, [2.5, 97.5]) if len(sampled) else (None, None)
    wanted = [each.wanted for each in group]
    precise = average_precision_score(wanted, [each.verdict.score for each in group]) if any(wanted) else None
    return {
        "set": set_name,
        "topic": topic,
        "lang": lang,
        "rows": len(group),
        "positives": counts.right + counts.missed,
        "false_positives": counts.wrong,
        "precision": _shown(precision(counts)),
        "recall": _shown(_share(counts.right, counts.right + counts.missed)),
        "f1": _shown(f1(counts)),
        "low": None if low is None else round(float(low), 1),
        "high": None if high is None else round(float(high), 1),
        "average_precision": None if precise is None else round(100 * float(precise), 1),
    }


def over_languages(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the mean and the lowest F1 of the languages of a set and topic, as one more row."""
    rows = [row for row in rows if row["f1"] is not None]
    first = rows[0]
    values = [row["f1"] for row in rows]
    shown = dict.fromkeys(first)
    return {
        **shown,
        "set": first["set"],
        "topic": first["topic"],
        "lang": f"{MEAN} of {len(rows)}",
        "rows": sum(row["rows"] for row in rows),
        "positives": sum(row["positives"] for row in rows),
        "false_positives": sum(row["false_positives"] for row in rows),
        "f1": round(float(np.mean(values)), 1),
        "low": min(values),
        "high": max(values),
    }


def table_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as a reader sees it."""
    shown = {
        name: "-" if value is None else f"{value:.1f}" if isinstance(value, float) else value
        for name, value in row.items()
    }
    return {**shown, "interval": "-" if row["low"] is None else f"{row['low']:.0f} to {row['high']:.0f}"}


def _share(part: Number, whole: Number) -> Number:
    with np.errstate(invalid="ignore"):
        return 100 * np.true_divide(part, whole)


def _shown(percent: float) -> float | None:
    return None if np.isnan(percent) else round(float(percent), 1)
