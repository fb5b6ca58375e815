"""Figures of how right tags are: precision, recall, F1 with its interval, average precision. Nothing here reads a file."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from presswatch.core.topics import Verdict

ALL = "all"
MEAN = "mean"
"""Instead of a language: all rows together, and the mean over languages."""

RESAMPLES = 2000
"""Of the bootstrap."""


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


def figures(set_name: str, topic: str, lang: str, group: Sequence[Judgement]) -> dict[str, Any]:
    """Return one row of the table; what cannot be reckoned is None. Values are percent.

    The interval holds 95 % of the F1 of samples of as many rows, drawn with replacement (seeded by the row's name). A sample
    only changes how many rows are right, wrong, missed and rest, so those four are drawn.
    """
    right = sum(each.tagged and each.wanted for each in group)
    wrong = sum(each.tagged and not each.wanted for each in group)
    missed = sum(each.wanted and not each.tagged for each in group)
    counts = np.array([right, wrong, missed, len(group) - right - wrong - missed])
    random = np.random.default_rng(zlib.crc32(f"{set_name} {topic} {lang}".encode()))
    drawn = random.multinomial(len(group), counts / len(group), size=RESAMPLES)
    total = 2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2]
    sampled = 200 * drawn[:, 0][total > 0] / total[total > 0]
    low, high = np.percentile(sampled, [2.5, 97.5]) if len(sampled) else (None, None)
    wanted = [each.wanted for each in group]
    precise = average_precision_score(wanted, [each.verdict.score for each in group]) if any(wanted) else None
    return {
        "set": set_name,
        "topic": topic,
        "lang": lang,
        "rows": len(group),
        "positives": right + missed,
        "false_positives": wrong,
        "precision": _percent(right, right + wrong),
        "recall": _percent(right, right + missed),
        "f1": _percent(2 * right, 2 * right + wrong + missed),
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


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
