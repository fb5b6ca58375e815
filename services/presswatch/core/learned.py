"""The learned part of a topic: weights of words and pairs by language, and how a score is made of them. Plain data.

It comes from `benchmarks.topics.train`. `Table` is all of it that one language needs, for several topics at once: a word is
looked up once, however many topics know it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import exp, inf, isfinite, log, sqrt
from typing import Any, NamedTuple

from presswatch.core.features import MOST, TITLE, VALUES, size, stems, value
from presswatch.core.rules.document import Document

FORMAT = 1
"""Of the artifact. To be raised when the same weights begin to mean something else."""

ANY = "*"
"""Stands for a language in `thresholds`: what holds where nothing was measured."""

_NOTHING: Mapping[str, Collection[int]] = {}
_MEMO_WORDS = 50_000
_LEAST_WORDS, _MOST_WORDS = 5.0, 1000.0
"""Lengths beyond these were rare in training; they count as these."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Makes a probability of a raw number: logistic in the number and in the logarithm of the length in words.

    Args:
        slope: at least 0, so that more evidence never gives less.
        length: added for each e-fold of words.
        intercept: at 0 evidence and one word.
    """

    slope: float
    length: float
    intercept: float

    def probability(self, number: float, words: float) -> float:
        """Return the probability, 0 to 1, for an article of so many words (of English)."""
        length = log(min(max(words, _LEAST_WORDS), _MOST_WORDS))
        return logistic(self.slope * number + self.length * length + self.intercept)


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of one topic.

    Args:
        topic: the topic.
        weights: by language, weight of each feature (`features`); a language that is here is one that it was trained in.
        bias: by language, the constant.
        shared: weights that count in every one of these languages, beside its own.
        model, patterns: calibration of the sum of weights, and of the evidence of patterns (see `bent`).
        reach: by language, the length in words up to which it was trained; in longer articles it counts less.
        thresholds: least score of a tag by language; `ANY` for the others.
        version: 12 hex digits, a hash of the artifact that it was read from.
    """

    topic: str
    weights: Mapping[str, Mapping[str, float]]
    bias: Mapping[str, float]
    shared: Mapping[str, float]
    model: Calibration
    patterns: Calibration
    reach: Mapping[str, float]
    thresholds: Mapping[str, float]
    version: str = ""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it was trained in."""
        return frozenset(self.weights)

    def share(self, lang: str, words: float) -> float:
        """Return what its probability counts beside that of the patterns: half, and less the longer the article."""
        return 0.5 * min(1.0, self.reach[lang] / max(words, 1.0))

    def threshold(self, lang: str) -> float:
        """Return the least score of a tag in a language."""
        return self.thresholds.get(lang, self.thresholds[ANY])


def encoded(learned: Learned) -> bytes:
    """Return a learned part as JSON, always the same for the same weights. `decoded` reads it."""
    return json.dumps(
        {
            "format": FORMAT,
            "topic": learned.topic,
            "weights": learned.weights,
            "bias": learned.bias,
            "shared": learned.shared,
            "model": _numbers(learned.model),
            "patterns": _numbers(learned.patterns),
            "reach": learned.reach,
            "thresholds": learned.thresholds,
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    ).encode()


def decoded(data: bytes) -> Learned:
    """Read what `encoded` wrote.

    Raises:
        ValueError: it is no learned part, or one of another format; the message says what is wrong.
    """
    try:
        found = json.loads(data)
    except ValueError as error:
        message = f"it is not JSON: {error}"
        raise ValueError(message) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        given = found.get("format") if isinstance(found, dict) else None
        message = f"it has format {given!r}, and this Presswatch reads format {FORMAT}"
        raise ValueError(message)
    try:
        learned = Learned(
            topic=str(found["topic"]),
            weights={lang: _weights(weights) for lang, weights in found["weights"].items()},
            bias=_weights(found["bias"]),
            shared=_weights(found["shared"]),
            model=_calibration(found["model"]),
            patterns=_calibration(found["patterns"]),
            reach=_weights(found["reach"]),
            thresholds=_weights(found["thresholds"]),
            version=hashlib.sha256(data).hexdigest()[:12],
        )
    except (KeyError, TypeError, AttributeError) as error:
        message = f"something is missing or of the wrong kind: {error!r}"
        raise ValueError(message) from error
    if ANY not in learned.thresholds or not all(0 < each <= 1 for each in learned.thresholds.values()):
        message = "its thresholds must be above 0 and at most 1, one of them for any language"
        raise ValueError(message)
    if not set(learned.bias) == set(learned.reach) == set(learned.weights):
        message = "it must have a bias and a reach for each of its languages"
        raise ValueError(message)
    return learned


def bent(evidence: float) -> float:
    """Return evidence of patterns as its calibration takes it: the first sign says more than the fourth."""
    return min(sqrt(evidence), 2.0) if evidence > 0 else -min(sqrt(-evidence), 1.0)


def logistic(x: float) -> float:
    """Return 1 / (1 + e**-x), for any x."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


class Moved(NamedTuple):
    """A word, or two side by side, and what it added to the sum of weights."""

    words: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What a table knows of the words of an article.

    Args:
        words: how often each different word occurs, the title counting more.
        features: the same of the features of the table, by number.
        root: square root of the number of different words, see `features.size`.
    """

    words: Mapping[str, float]
    features: Mapping[int, float]
    root: float


class Table:
    """The weights of some topics in one language.

    Args:
        parts: those that were not trained in the language are left out.
        lang: the language.
    """

    def __init__(self, parts: Iterable[Learned], lang: str) -> None:
        self.parts = [part for part in parts if lang in part.weights]
        self._bias = [part.bias[lang] for part in self.parts]
        known: dict[str, list[tuple[int, float]]] = {}
        for at, part in enumerate(self.parts):
            own = part.weights[lang]
            for feature in part.shared.keys() | own.keys():
                known.setdefault(feature, []).append((at, own.get(feature, 0.0) + part.shared.get(feature, 0.0)))
        numbers = {feature: number for number, feature in enumerate(known, 1)}  # 0 would be as good as none
        self._weights = [[], *known.values()]
        self._pairs = {
            (first, second): number
            for feature, number in numbers.items()
            for first, space, second in (feature.partition(" "),)
            if first and space and second
        }
        self._pair_words = {number: pair for pair, number in self._pairs.items()}
        self._remembered = _Remembered(numbers)

    def count(self, doc: Document, without: Mapping[str, Collection[int]] = _NOTHING) -> Counts:
        """Look up the words of an article, once for all topics.

        Args:
            doc: the article.
            without: by field the positions of tokens that do not count.
        """
        title = _left(doc.title.texts, without.get("title"))
        text = _left(doc.text.texts, without.get("text"))
        words: dict[str, float] = {word: TITLE * count for word, count in Counter(title).items()}
        for word, count in Counter(text).items():
            words[word] = words.get(word, 0) + count
        features: dict[int, float] = {}
        for tokens, worth in ((title, TITLE), (text, 1.0)):
            for number in filter(None, map(self._pairs.get, zip(tokens, islice(tokens, 1, None), strict=False))):
                features[number] = features.get(number, 0.0) + worth
        words.pop("", None)
        remembered = self._remembered
        for word, counted in words.items():
            for number in remembered[word]:
                features[number] = features.get(number, 0.0) + counted
        return Counts(words, features, sqrt(size(len(words))))

    def totals(self, counts: Counts) -> list[float]:
        """Return for each of `parts` the sum of its weights, with its bias."""
        sums = [0.0] * len(self.parts)
        weights, worth_of = self._weights, VALUES.get
        for number, count in counts.features.items():
            worth = worth_of(count, MOST)
            for at, weight in weights[number]:
                sums[at] += worth * weight
        return [bias + total / counts.root for bias, total in zip(self._bias, sums, strict=True)]

    def moved(self, at: int, counts: Counts, least: float = -inf) -> list[Moved]:
        """Return what the words and pairs of an article added to the sum of one of `parts`, if it is at least so much.

        What moved it most comes first. What a beginning adds goes to the words that begin so, by how often they occur.
        """
        worth = {
            number: weight * value(count) / counts.root
            for number, count in counts.features.items()
            for part, weight in self._weights[number]
            if part == at
        }
        moved = [Moved(self._pair_words[number], worth[number]) for number in worth.keys() & self._pair_words.keys()]
        for word, count in counts.words.items():
            numbers = [number for number in self._remembered[word] if number in worth]
            if numbers:
                total = 0.0  # `sum` adds in another way from Python 3.12 on
                for number in numbers:
                    total += worth[number] * count / counts.features[number]
                if total >= least:
                    moved.append(Moved((word,), total))
        return sorted((each for each in moved if each.weight >= least), key=lambda each: (-each.weight, each.words))


class _Remembered(dict[str, tuple[int, ...]]):
    """The features of each word met lately; emptied when it is full, so that hostile text cannot fill the memory."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        super().__init__()
        self._numbers = numbers

    def __missing__(self, word: str) -> tuple[int, ...]:
        features = tuple(self._numbers[each] for each in (word, *stems(word)) if each in self._numbers)
        if len(self) >= _MEMO_WORDS:
            self.clear()
        self[word] = features
        return features


def _left(tokens: Sequence[str], without: Collection[int] | None) -> Sequence[str]:
    """Return the tokens, empty where they do not count."""
    return ["" if at in without else token for at, token in enumerate(tokens)] if without else tokens


def _numbers(calibration: Calibration) -> list[float]:
    return [calibration.slope, calibration.length, calibration.intercept]


def _calibration(found: Sequence[float]) -> Calibration:
    slope, length, intercept = (_number(each) for each in found)
    if slope < 0:
        message = "a calibration falls where it must rise"
        raise ValueError(message)
    return Calibration(slope, length, intercept)


def _weights(found: Mapping[str, float]) -> dict[str, float]:
    return {str(name): _number(weight) for name, weight in found.items()}


def _number(found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
        message = f"{found!r} stands where a number must"
        raise ValueError(message)
    return float(found)
