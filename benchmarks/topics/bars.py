"""The figures that the topics are to reach: one row for each, with its bar, its interval and whether it is reached.

A bar is F1 on the check part of a set unless it says otherwise. What ships and what `DATA=all` trains have their own bars.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from benchmarks.topics.figures import TOGETHER, Counts, Judgement, counted, drawn, f1, precision

Made = Literal["shipped", "all"]

COLUMNS = {
    "set": "Set",
    "topic": "Topic",
    "measure": "Figure",
    "value": "Value",
    "interval": "95 %",
    "bar": "Bar",
    "reached": "Reached",
}

UNSUPPORTED = "unsupported"

Array = Any
Measure = Callable[[Sequence[Counts]], Array]
"""Of the counts of each language (arrays of as many samples, or single numbers): the figure of each sample."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure to reach.

    Args:
        set_name: a set, or a name of `TOGETHER`.
        topic: the topic.
        name: of the figure, as a reader sees it.
        measure: makes it of the counts.
        shipped, all_data: what it must be at least (at most, if `most`); `UNSUPPORTED`: nobody may judge there.
        languages: those that count, each by itself; None: all rows as one.
        stratum: only rows of this stratum.
        most: whether the bar is a ceiling.
    """

    set_name: str
    topic: str
    name: str
    measure: Measure
    shipped: float | str
    all_data: float
    languages: tuple[str, ...] | None = None
    stratum: str | None = None
    most: bool = False

    def groups(self, found: Sequence[Judgement]) -> list[list[Judgement]]:
        """Return the rows that count: by language, or all as one."""
        names = TOGETHER.get(self.set_name, (self.set_name,))
        rows = [
            each
            for each in found
            if each.set_name in names
            and each.topic == self.topic
            and (self.stratum is None or each.row.get("stratum") == self.stratum)
        ]
        if self.languages is None:
            return [rows] if rows else []
        langs = self.languages or tuple(sorted({each.lang for each in rows}))
        return [group for lang in langs if (group := [each for each in rows if each.lang == lang])]


def _all_f1(counts: Sequence[Counts]) -> Array:
    return f1(counts[0])


def _all_precision(counts: Sequence[Counts]) -> Array:
    return precision(counts[0])


def _false(counts: Sequence[Counts]) -> Array:
    return counts[0].wrong


def _mean(counts: Sequence[Counts]) -> Array:
    return np.mean([f1(each) for each in counts], axis=0)


def _lowest(counts: Sequence[Counts]) -> Array:
    return np.min([f1(each) for each in counts], axis=0)


_FIVE = ("en", "fr", "sw", "ha", "am")
_TEN = ("en", "fr", "es", "ar", "ru", "zh", "sw", "ha", "am", "hi")
_EVERY: tuple[str, ...] = ()
"""As `languages`: all that the set has."""

BARS = (
    Bar("newswire-1987", "agriculture", "F1", _all_f1, 93, 96),
    Bar("masakhanews", "health", "F1, mean of en fr sw ha am", _mean, 87, 87, _FIVE),
    Bar("masakhanews", "health", "F1, lowest of en fr sw ha am", _lowest, 82, 82, _FIVE),
    Bar("masakhanews", "health", "F1, mean of all 16", _mean, 82, 82, _EVERY),
    Bar("sib-200", "health", "F1, mean of en fr es ar ru zh sw ha am hi", _mean, 70, 70, _TEN),
    Bar("sib-200", "health", "F1, lowest of the ten", _lowest, 70, 70, _TEN),
    Bar("tnews", "agriculture", "F1", _all_f1, 50, 55),
    Bar("kyrgyz", "diplomacy", "F1", _all_f1, UNSUPPORTED, 75),
    Bar("diplomacy-hand", "diplomacy", "F1", _all_f1, 75, 75),
    Bar("diplomacy-hand", "diplomacy", "precision", _all_precision, 80, 80),
    Bar("today", "diplomacy", "F1", _all_f1, 80, 80),
    Bar("today", "agriculture", "F1", _all_f1, 80, 80),
    Bar("today", "health", "F1", _all_f1, 80, 80),
    Bar("headlines", "diplomacy", "precision, random stratum", _all_precision, 80, 80, stratum="random"),
    Bar("headlines", "agriculture", "false positives, random stratum", _false, 2, 2, stratum="random", most=True),
    Bar("headlines", "health", "false positives, random stratum", _false, 2, 2, stratum="random", most=True),
)


def reached(found: Sequence[Judgement], made: Made) -> list[dict[str, str]]:
    """Return a row for each bar, as a reader sees it. Figures are percent, but for numbers of false positives."""
    return [_row(bar, bar.groups(found), bar.shipped if made == "shipped" else bar.all_data) for bar in BARS]


def _row(bar: Bar, groups: Sequence[Sequence[Judgement]], limit: float | str) -> dict[str, str]:
    shown = {"set": bar.set_name, "topic": bar.topic, "measure": bar.name, "interval": "-"}
    if isinstance(limit, str):
        said = "judged" if groups else UNSUPPORTED
        return {**shown, "value": said, "bar": limit, "reached": _yes(said == limit)}
    wanted = f"at most {limit:g}" if bar.most else f"{limit:g}"
    if not groups:
        return {**shown, "value": UNSUPPORTED, "bar": wanted, "reached": "no"}
    value = round(float(bar.measure([counted(group) for group in groups])), 1)
    seed = zlib.crc32(f"{bar.set_name} {bar.topic} {bar.name}".encode())
    samples = bar.measure([drawn(counted(group), seed + at) for at, group in enumerate(groups)])
    low, high = np.nanpercentile(samples, [2.5, 97.5])
    return {
        **shown,
        "value": f"{value:g}" if bar.most else f"{value:.1f}",
        "interval": f"{low:.0f} to {high:.0f}",
        "bar": wanted,
        "reached": _yes(value <= limit if bar.most else value >= limit),
    }


def _yes(whether: bool) -> str:
    return "yes" if whether else "no"
