"""Plots of the evaluation: is a score of 0.7 right seven times of ten, and what precision costs which recall."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import precision_recall_curve

from benchmarks.topics.figures import Judgement

BINS = 8
LEAST = 20
"""Positives below which a set gets no curve, and rows below which a point of the calibration plot is left out."""


def draw(found: Sequence[Judgement], folder: Path, name: str) -> None:
    """Write NAME-calibration.svg and NAME-precision-recall.svg, the same from the same judgements."""
    mpl.rcParams.update({"svg.hashsalt": "presswatch", "svg.fonttype": "none", "font.size": 8})
    by_topic: defaultdict[str, defaultdict[str, list[Judgement]]] = defaultdict(lambda: defaultdict(list))
    for each in found:
        by_topic[each.topic][each.set_name].append(each)
    topics = sorted(by_topic)
    for kind, plot in (("calibration", _calibration), ("precision-recall", _precision_recall)):
        figure, axes = plt.subplots(1, len(topics), figsize=(3.6 * len(topics), 3.4), squeeze=False)
        for topic, axis in zip(topics, axes[0], strict=True):
            axis.set_title(topic)
            for set_name, group in by_topic[topic].items():
                if sum(each.wanted for each in group) >= LEAST:
                    plot(axis, set_name, group)
            axis.set_xlim(0, 1)
            axis.set_ylim(0, 1.02)
            axis.legend(fontsize=6)
        figure.tight_layout()
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / f"{name}-{kind}.svg", metadata={"Date": None})
        plt.close(figure)


def _calibration(axis: Any, set_name: str, group: Sequence[Judgement]) -> None:
    scores = np.array([each.verdict.score for each in group])
    wanted = np.array([each.wanted for each in group], dtype=float)
    numbers = np.minimum((scores * BINS).astype(int), BINS - 1)
    points = [
        (scores[numbers == number].mean(), wanted[numbers == number].mean())
        for number in range(BINS)
        if (numbers == number).sum() >= LEAST
    ]
    axis.plot([0, 1], [0, 1], color="lightgrey", linewidth=0.8)
    axis.plot(*zip(*points, strict=True), marker="o", markersize=3, linewidth=1, label=set_name)
    axis.set_xlabel("score")
    axis.set_ylabel("share that has the topic")


def _precision_recall(axis: Any, set_name: str, group: Sequence[Judgement]) -> None:
    wanted = [each.wanted for each in group]
    precision, recall, _ = precision_recall_curve(wanted, [each.verdict.score for each in group])
    axis.plot(recall, precision, linewidth=1, label=set_name)
    axis.set_xlabel("recall")
    axis.set_ylabel("precision")
