"""The score of a topic: from places in an article to a number from 0 to 1. docs/topics.md tells why it is so.

An idea is a weight and the places where it occurs. The evidence is counted in units of "one sure sign in a headline", and
the score is 1 - 2**-evidence: one unit gives 0.5, two give 0.75; none, or more against than for, gives 0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from presswatch.core.learned import Learned, bent

_TOKENS_PER_WORD = {"zh": 1.7, "ja": 2.0, "th": 4.0, "lo": 4.0, "km": 4.0, "my": 4.0}
"""Tokens that say what one word says in English, where tokens are characters or grapheme clusters."""


class Place(NamedTuple):
    """Where an idea occurs: whether in the title, and between which tokens of that field (end exclusive)."""

    in_title: bool
    start: int
    end: int


Idea = tuple[float, Sequence[Place]]
"""A weight, and the places, title first, in order and without overlap."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long an article is, in tokens, and in which language that is."""

    title: int
    text: int
    lang: str


@dataclass(frozen=True, slots=True)
class Scoring:
    """The constants of the score, fitted on development sets (benchmarks/topics). Words are words of English.

    Args:
        repeat: what each further place of an idea counts, as a share of the one before it.
        lead_words: so many words at the beginning of the text are its lead.
        lead: what a place in the lead counts; one in a title counts 1, and so does the lead of an article without one.
        body: what a place further on counts in a text of up to `body_words`. In a longer one each counts less, by
            (body_words / words) ** body_fade.
        passage_words, passage, passage_fade: the same once more for the stretch of `passage_words` words that holds
            most, as if it were all: an article may be about several things, each in its own paragraph.
    """

    repeat: float = 0.7
    lead_words: int = 25
    lead: float = 0.6
    body: float = 0.5
    body_words: int = 100
    body_fade: float = 0.7
    passage_words: int = 60
    passage: float = 0.45
    passage_fade: float = 0.3


DEFAULT = Scoring()


def evidence(ideas: Iterable[Idea], length: Length, scoring: Scoring = DEFAULT) -> float:
    """Return the evidence that an article holds: of all of it, or of its densest passage if that is more."""
    ideas = list(ideas)
    return max(_of_all(ideas, length, scoring), _of_passage(ideas, length, scoring))


def score(evidence: float) -> float:
    """Return the score, 0 to 1, of that much evidence, to three decimals."""
    return round(1 - 2.0**-evidence, 3) if evidence > 0 else 0.0


def tokens_per_word(lang: str) -> float:
    """Return how many tokens of a language say what one word says in English."""
    return _TOKENS_PER_WORD.get(lang, 1.0)


def words(length: Length) -> float:
    """Return the length of an article in words of English."""
    return (length.title + length.text) / tokens_per_word(length.lang)


def combined(learned: Learned, evidence: float | None, total: float, length: Length) -> float:
    """Return the score of a topic that has a learned part, 0 to 1, to three decimals.

    It is the mean of two probabilities, one of the patterns' evidence and one of the learned words' sum (which counts less in
    articles longer than it was trained on); where there are no patterns in the language, the latter alone.

    Args:
        learned: calibrates both.
        evidence: of patterns, see `evidence`; None where there are none in the language.
        total: of learned words, see `Table.totals`.
        length: of the article; the learned part was trained in its language.
    """
    size = words(length)
    by_words = learned.model.probability(total, size)
    if evidence is None:
        return round(by_words, 3)
    share = learned.share(length.lang, size)
    return round((1 - share) * learned.patterns.probability(bent(evidence), size) + share * by_words, 3)


def without_overlap(places: Iterable[Place]) -> list[Place]:
    """Return places in order, title first; of those that overlap only the first, and of those the longest."""
    kept: list[Place] = []
    for place in sorted(places, key=lambda place: (not place.in_title, place.start, -place.end)):
        if not (kept and kept[-1].in_title == place.in_title and place.start < kept[-1].end):
            kept.append(place)
    return kept


def _of_all(ideas: Iterable[Idea], length: Length, scoring: Scoring) -> float:
    scale = tokens_per_word(length.lang)
    body = scoring.body * _fade(length, scoring.body_words, scoring.body_fade)
    lead = max(body, scoring.lead if length.title else 1.0)
    total = 0.0
    for weight, places in ideas:
        worth = sorted(
            (1.0 if place.in_title else lead if place.start < scoring.lead_words * scale else body for place in places),
            reverse=True,
        )
        idea = 0.0  # `sum` adds in another way from Python 3.12 on
        for rank, value in enumerate(worth):
            idea += value * scoring.repeat**rank
        total += weight * idea
    return total


def _of_passage(ideas: Iterable[Idea], length: Length, scoring: Scoring) -> float:
    span = scoring.passage_words * tokens_per_word(length.lang)
    places = sorted(
        (place.start, number, weight)
        for number, (weight, places) in enumerate(ideas)
        for place in places
        if not place.in_title
    )
    held: deque[tuple[int, int, float]] = deque()
    best = 0.0
    for place in places:
        held.append(place)
        while place[0] - held[0][0] > span:
            held.popleft()
        seen: dict[int, int] = {}
        total = 0.0
        for _, number, weight in held:
            rank = seen.get(number, 0)
            seen[number] = rank + 1
            total += weight * scoring.repeat**rank
        best = max(best, total)
    return best * scoring.passage * _fade(length, scoring.body_words, scoring.passage_fade)


def _fade(length: Length, words: int, exponent: float) -> float:
    scale = tokens_per_word(length.lang)
    return float(min(1.0, words * scale / max(1, length.text)) ** exponent)
