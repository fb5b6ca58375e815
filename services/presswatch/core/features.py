"""What a learned part looks at: the words of an article, their beginnings, and pairs of neighbours, with a count each.

Training counts everything (`counts`), the tagger only what a table has a weight for (`learned`); both count alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log

TITLE = 2.0
"""What one place in the title counts; one in the text counts 1."""

CAP = 8.0
"""A count beyond this says no more."""

LEAST_SIZE = 12
"""Different words that an article is reckoned to have at least."""

STEMS = (4, 6)
"""Beginnings of longer words are features as well, so that a language that inflects needs no example of every form."""


VALUES = {float(count): 1.0 + log(count) for count in range(1, int(CAP) + 1)}
"""What each count is worth: the first place 1, each further one less."""

MOST = VALUES[CAP]
"""What more places are worth."""


def stems(word: str) -> Iterator[str]:
    """Yield the beginnings of a word that are features, as ``vacc*``."""
    return (f"{word[:length]}*" for length in STEMS if len(word) > length)


def counts(title: Sequence[str], text: Sequence[str]) -> dict[str, float]:
    """Return how often each feature occurs: words, beginnings (``vacc*``) and pairs within a field (``bird flu``)."""
    found: dict[str, float] = {}
    for tokens, worth in ((title, TITLE), (text, 1.0)):
        for word in tokens:
            for feature in (word, *stems(word)):
                found[feature] = found.get(feature, 0.0) + worth
        for first, second in pairwise(tokens):
            pair = f"{first} {second}"
            found[pair] = found.get(pair, 0.0) + worth
    return found


def value(count: float) -> float:
    """Return what a count, a whole number above 0, is worth."""
    return VALUES.get(count, MOST)


def size(different_words: int) -> int:
    """Return by the root of what values are divided, so that long and short articles compare.

    It is the number of different words, but not of the shortest headlines: there one word would decide alone.
    """
    return max(LEAST_SIZE, different_words)
