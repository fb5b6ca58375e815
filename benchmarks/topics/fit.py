"""Fits the learned part of topics: weights by cross-validation and once on all, calibration and thresholds on what was left out.

scikit-learn's liblinear in its primal form has no chance in it: the same rows give the same weights.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log, sqrt
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from benchmarks.topics.examples import FOLDS, SILVER, Article
from presswatch.core.features import value
from presswatch.core.learned import ANY, Calibration, Learned, bent, decoded, encoded
from presswatch.core.scoring import combined

Array = Any

LONGEST = 100_000.0
"""Words that no article has."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen by cross-validation on the development parts.

    Args:
        strength: inverse of the L2 penalty.
        own, shared: features kept for each language, and for all together.
        least: articles of a language in which a feature must occur.
        least_positives: articles that a language needs to be trained in.
        silver: weight of an article that patterns have labelled, as a share of one that a person has.
        sure: evidence from which patterns label an article as positive.
        trust: positives of a language at which its own threshold counts as much as that of all languages.
        elsewhere: what a set without the language counts for its threshold, as a share of one that has it.
        long, long_positives: so many labelled positives of more than so many words make the learned part count in full at
            any length.
        least_threshold: no threshold is below it, however few positives a topic has.
        shrunk: share of what length means elsewhere, for the patterns of a topic without so many long positives.
    """

    strength: float = 10.0
    own: int = 2000
    shared: int = 6000
    least: int = 2
    least_positives: int = 8
    silver: float = 0.2
    sure: float = 1.2
    trust: float = 30.0
    elsewhere: float = 0.5
    long: float = 60.0
    long_positives: int = 20
    shrunk: float = 0.8
    least_threshold: float = 0.28


@dataclass(frozen=True, slots=True)
class Out:
    """What cross-validation gave for an article whose label is known: the sum of a model that never saw it."""

    article: Article
    wanted: bool
    total: float
    evidence: float | None


class Trainer:
    """One topic: its rows, fitted.

    Args:
        topic: the topic.
        rows: labelled articles, and silver ones.
        choices: how.
    """

    def __init__(self, topic: str, rows: Sequence[Article], choices: Choices) -> None:
        self.topic = topic
        self._choices = choices
        labels = [_label(row, topic, choices) for row in rows]
        positives = Counter(
            row.lang
            for row, label in zip(rows, labels, strict=True)
            if label and label[0] and row.judged(topic) and label[1] == 1
        )
        langs = {lang for lang, number in positives.items() if number >= choices.least_positives}
        kept = [(row, label) for row, label in zip(rows, labels, strict=True) if label and row.lang in langs]
        self.rows = [row for row, _ in kept]
        self._wanted = np.array([label[0] for _, label in kept], dtype=bool)
        self._worth = np.array([label[1] for _, label in kept])
        self.languages = sorted(langs)
        self._matrix, self._keys, self._scale = self._features()

    def left_out(self) -> list[Out]:
        """Return the sums of articles that a person has labelled, each by a model fitted without its fold."""
        totals = np.zeros(len(self.rows))
        folds = np.array([row.fold for row in self.rows])
        for fold in range(FOLDS):
            weights, bias = self._fit(folds != fold)
            held = folds == fold
            totals[held] = self._matrix[held] @ weights + bias
        return [
            Out(row, bool(wanted), float(total), row.evidence.get(self.topic))
            for row, wanted, worth, total in zip(self.rows, self._wanted, self._worth, totals, strict=True)
            if worth == 1
        ]

    def weights(self) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
        """Return the weights, fitted on all rows: by language (`ANY`: shared), and the bias of each language."""
        coefficients, bias = self._fit(np.ones(len(self.rows), dtype=bool))
        found: dict[str, dict[str, float]] = {lang: {} for lang in (*self.languages, ANY)}
        for at in np.flatnonzero(coefficients):
            lang, feature = self._keys[at]
            if weight := round(float(coefficients[at] * self._scale[at]), 3):
                found[lang][feature] = weight
        return found, dict.fromkeys(self.languages, round(float(bias), 3))

    def reach(self) -> dict[str, float]:
        """Return for each language the length in words up to which it was trained."""
        found = {}
        for lang in self.languages:
            lengths = [
                row.words
                for row, wanted, worth in zip(self.rows, self._wanted, self._worth, strict=True)
                if wanted and worth == 1 and row.lang == lang
            ]
            short = [length for length in lengths if length <= self._choices.long]
            many = len(lengths) - len(short) >= self._choices.long_positives
            found[lang] = LONGEST if many else round(float(np.percentile(short, 95)), 1)
        return found

    def _features(self) -> tuple[Array, list[tuple[str, str]], Array]:
        """Return a row for each article and a column for each feature of each language, and of all languages (`ANY`)."""
        inside: Counter[tuple[str, str]] = Counter()
        langs: defaultdict[str, set[str]] = defaultdict(set)
        for row in self.rows:
            for feature in row.counts:
                inside[row.lang, feature] += 1
                langs[feature].add(row.lang)
        for (_, feature), number in list(inside.items()):
            if len(langs[feature]) > 1:
                inside[ANY, feature] += number
        of_lang = Counter(row.lang for row in self.rows)
        of_lang[ANY] = len(self.rows)
        keys = sorted(key for key, number in inside.items() if number >= self._choices.least)
        columns = {key: at for at, key in enumerate(keys)}
        # The rarer a feature, the less its weight is held down: the usual inverse document frequency.
        scale = np.array([(1 + log(of_lang[key[0]] / inside[key])) / 4 for key in keys])
        data, indices, starts = [], [], [0]
        for row in self.rows:
            root = sqrt(row.size)
            for feature, count in row.counts.items():
                for lang in (row.lang, ANY):
                    at = columns.get((lang, feature))
                    if at is not None:
                        indices.append(at)
                        data.append(value(count) / root * scale[at])
            starts.append(len(indices))
        matrix = sparse.csr_matrix((data, indices, starts), shape=(len(self.rows), len(keys)))
        return matrix, keys, scale

    def _fit(self, used: Array) -> tuple[Array, float]:
        """Fit on some rows, keep for each language the features that matter most, and fit again on those."""
        matrix, wanted, worth = self._matrix[used], self._wanted[used], self._worth[used]
        first, _ = _logistic(matrix, wanted, worth, self._choices.strength, tolerance=0.01)
        matter = np.abs(first) * np.sqrt(np.asarray(matrix.sum(axis=0)).ravel())
        by_lang: defaultdict[str, list[int]] = defaultdict(list)
        for at in np.flatnonzero(matter):
            by_lang[self._keys[at][0]].append(int(at))
        kept = sorted(
            at
            for lang, columns in by_lang.items()
            for at in sorted(columns, key=lambda at: (-matter[at], at))[
                : self._choices.shared if lang == ANY else self._choices.own
            ]
        )
        some, bias = _logistic(matrix[:, kept], wanted, worth, self._choices.strength)
        every = np.zeros(len(self._keys))
        every[kept] = some
        return every, bias


def _logistic(
    matrix: Array, wanted: Array, worth: Array, strength: float, tolerance: float = 0.001
) -> tuple[Array, float]:
    model = LogisticRegression(C=strength, solver="liblinear", dual=False, random_state=0, max_iter=300, tol=tolerance)
    model.fit(matrix, wanted, sample_weight=worth)
    return model.coef_[0], float(model.intercept_[0])


def _label(row: Article, topic: str, choices: Choices) -> tuple[bool, float] | None:
    """Return whether an article has the topic, and how much that counts; None if nobody knows."""
    if row.source is not SILVER:
        return (row.positive(topic), 1.0) if row.judged(topic) else None
    evidence = row.evidence.get(topic, 0.0)
    if 0 < evidence < choices.sure:
        return None
    return evidence > 0, choices.silver


def calibrated(outs: Mapping[str, Sequence[Out]]) -> tuple[dict[str, Calibration], dict[str, Calibration]]:
    """Return by topic the calibration of models and of patterns.

    What a doubling of the length means is the same for all topics, since for some there are headlines only; and one unit of
    evidence means the same in every pack. The rest is each topic's own.
    """
    topics = sorted(outs)
    everything = [(topics.index(topic), out) for topic in topics for out in outs[topic]]
    of_set = Counter((topic, out.article.source.name) for topic, out in everything)

    def fit(rows: Sequence[tuple[int, Out]], numbers: Sequence[float], *, own_slope: bool) -> dict[str, Calibration]:
        slopes = len(topics) if own_slope else 1
        matrix = np.zeros((len(rows), slopes + 1 + len(topics)))
        for at, ((topic, out), number) in enumerate(zip(rows, numbers, strict=True)):
            matrix[at, topic if own_slope else 0] = number
            matrix[at, slopes] = log(min(max(out.article.words, 5.0), 1000.0))
            matrix[at, slopes + 1 + topic] = 1.0
        worth = np.array([1 / sqrt(of_set[topic, out.article.source.name]) for topic, out in rows])
        model = LogisticRegression(C=100.0, solver="lbfgs", fit_intercept=False, max_iter=2000, tol=1e-8)
        model.fit(matrix, np.array([out.wanted for _, out in rows]), sample_weight=worth / worth.mean())
        found = [round(float(each), 4) for each in model.coef_[0]]
        return {
            name: Calibration(max(0.0, found[at if own_slope else 0]), found[slopes], found[slopes + 1 + at])
            for at, name in enumerate(topics)
        }

    models = fit(everything, [out.total for _, out in everything], own_slope=True)
    with_patterns = [(topic, out) for topic, out in everything if out.evidence is not None]
    patterns = fit(with_patterns, [bent(out.evidence or 0.0) for _, out in with_patterns], own_slope=False)
    return models, patterns


def shrunk(calibration: Calibration, share: float) -> Calibration:
    """Return a calibration in which length means less, the same for a headline of ten words."""
    length = calibration.length * share
    intercept = calibration.intercept + (calibration.length - length) * log(10)
    return Calibration(calibration.slope, round(length, 4), round(intercept, 4))


def thresholds(learned: Learned, outs: Sequence[Out], choices: Choices) -> dict[str, float]:
    """Return for each language the threshold at which F1, averaged over sets, is best.

    A language of few positives leans on all languages together, and one that is in few sets on the others: it will meet
    headlines and articles as well. Languages with patterns and those without are kept apart, as their scores are of two kinds.
    """
    steps = np.arange(choices.least_threshold, 0.91, 0.01)
    kinds = {out.article.lang: ANY if out.evidence is not None else f"{ANY} without patterns" for out in outs}
    groups: defaultdict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    for out in outs:
        score = combined(learned, out.evidence, out.total, out.article.length)
        groups[out.article.source.name, out.article.lang].append((score, out.wanted))
        groups[out.article.source.name, kinds[out.article.lang]].append((score, out.wanted))
    curves = {key: _curve(rows, steps) for key, rows in groups.items() if any(wanted for _, wanted in rows)}
    found: dict[str, float] = {}
    for lang in (ANY, *learned.languages):
        kind = kinds.get(lang, ANY)
        curve = np.zeros(len(steps))
        for (name, of), of_all in curves.items():
            if of == kind:
                positives = sum(wanted for _, wanted in groups[name, lang]) if (name, lang) in curves else 0
                share = positives / (positives + choices.trust)
                mixed = share * curves.get((name, lang), of_all) + (1 - share) * of_all
                curve += mixed * (1.0 if positives or lang == ANY else choices.elsewhere)
        found[lang] = round(float(_middle(steps, curve)), 3)
    return {lang: found[lang] for lang in sorted(found)}


def _curve(rows: Sequence[tuple[float, bool]], steps: Array) -> Array:
    scores = np.array([score for score, _ in rows])
    wanted = np.array([wanted for _, wanted in rows])
    tagged = scores[None, :] >= steps[:, None]
    right = (tagged & wanted[None, :]).sum(axis=1)
    return 2 * right / (tagged.sum(axis=1) + wanted.sum())


def _middle(steps: Array, curve: Array) -> float:
    """Return the middle of the steps that are within a hundredth of the best: a peak of one step is chance."""
    return float(np.mean(steps[curve >= 0.99 * curve.max()]))


def train(
    rows: Sequence[Article], topics: Sequence[str], choices: Choices
) -> tuple[dict[str, Learned], dict[str, list[Out]]]:
    """Return the learned part of each topic, and what cross-validation gave."""
    trainers = {topic: Trainer(topic, rows, choices) for topic in topics}
    outs = {topic: trainer.left_out() for topic, trainer in trainers.items()}
    models, patterns = calibrated(outs)
    found = {}
    for topic, trainer in trainers.items():
        weights, bias = trainer.weights()
        shared = weights.pop(ANY)
        reach = trainer.reach()
        if LONGEST not in reach.values():
            patterns[topic] = shrunk(patterns[topic], choices.shrunk)
        plain = Learned(topic, weights, bias, shared, models[topic], patterns[topic], reach, {ANY: 0.5})
        whole = replace(plain, thresholds=thresholds(plain, outs[topic], choices))
        found[topic] = decoded(encoded(whole))
    return found, outs
