"""What topic packs say of an article in one language, and why: the finds of their patterns and learned words, and a score.

`Judge` has a native form (services/matcher), which a `Engine` may bring; both answer alike, to the last bit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Protocol

from presswatch.core.hits import Finder, Finds, Hit, Part, Spot, parts_of
from presswatch.core.learned import Moved, Table
from presswatch.core.packs import Pack
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Engine
from presswatch.core.scoring import (
    Length,
    Place,
    Scoring,
    combined,
    evidence,
    score,
    tokens_per_word,
    without_overlap,
    words,
)
from presswatch.core.text import Tokens

MAX_EVIDENCE = 5
"""Occurrences of one pattern that a tag shows."""

MAX_WORDS = 8
"""Learned words that a tag shows, those that moved the score most."""

MAX_WORD_PLACES = 3
"""Occurrences of one learned word that a tag shows."""

LEAST_MOVE = 0.05
"""A learned word that adds less to the sum is not shown, and is no evidence."""

ALONE = 0.5
"""Least score of a tag on learned words alone, in a language that has patterns.

Words learned from few or other texts (sentences of an encyclopedia) speak too easily in headlines: of 740 of our own in 22 languages
36 were tagged wrongly without this, 15 with it, and none was lost; F1 on labelled headlines rose from .84 to .87.
"""

HEADLINE_WORDS = 30
"""A text of at most so many words of English, without a title, is a headline: what is looked for in titles may be there."""


class Language:
    """All that some packs know in one language: what a judge is made of.

    Args:
        packs: those that cannot judge in the language are left out.
        lang: primary subtag.
        scoring: how finds of patterns become evidence.
    """

    def __init__(self, packs: Iterable[Pack], lang: str, scoring: Scoring) -> None:
        self.lang = lang
        self.scoring = scoring
        self.packs = [pack for pack in packs if lang in pack.languages]
        self.learned = [pack.learned for pack in self.packs if pack.learned and lang in pack.learned.weights]

    @cached_property
    def parts(self) -> list[Part]:
        """What is looked for, pack by pack.

        Raises:
            RuleError: a pattern has a mistake.
        """
        return list(parts_of(self.packs, self.lang))

    @property
    def scale(self) -> float:
        """Tokens that say what one word says in English."""
        return tokens_per_word(self.lang)


class Verdict(Protocol):
    """What a pack says of an article, below its threshold too."""

    @property
    def topic(self) -> str:
        """The topic of the pack."""

    @property
    def score(self) -> float:
        """0 to 1, to three decimals."""

    @property
    def threshold(self) -> float:
        """Least score of a tag in the article's language."""

    @property
    def tagged(self) -> bool:
        """Whether it is enough for a tag: it never is without a pattern or a learned word that speaks for it."""

    @property
    def hits(self) -> Sequence[Hit]:
        """Patterns that are satisfied, with their places."""

    @property
    def words(self) -> Sequence[Moved]:
        """Learned words that speak for the topic, the most first; only if it is tagged."""

    def evidence(self) -> list[dict[str, Any]]:
        """Return the evidence of a tag, as on the wire: patterns, what weighs most first, then learned words."""


class Judges(Protocol):
    """What a judge can do, in either form."""

    def judge(self, doc: Document) -> Sequence[Verdict]:
        """Return what every pack of the language says."""

    def evidence(self, doc: Document) -> dict[str, float]:
        """Return by topic the evidence of the patterns alone; topics without patterns in the language are missing."""


def judge_of(language: Language, engine: Engine) -> Judges:
    """Make the judge of a language, in the form that goes with an engine.

    Raises:
        RuleError: a pattern has a mistake.
    """
    made: Judges = engine.judge(language) if engine.judge else Judge(language, engine)
    return made


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The `Verdict` of `Judge`. `void`: by field the positions of tokens that lie in traps, where no learned word counts."""

    topic: str
    score: float
    threshold: float
    hits: Sequence[Hit]
    words: Sequence[Moved]
    void: Mapping[str, Collection[int]]
    doc: Document

    @property
    def tagged(self) -> bool:
        return self.score >= self.threshold

    def evidence(self) -> list[dict[str, Any]]:
        return [*_shown(self.hits), *_shown_words(self.words, self.void, self.doc)]


class Judge:
    """The packs of one language, in plain Python.

    Args:
        language: what they know.
        engine: matches their patterns; documents must be of it.
    """

    def __init__(self, language: Language, engine: Engine) -> None:
        self._language = language
        self._engine = engine
        self._with_patterns = {pack.topic for pack in language.packs if language.lang in pack.with_patterns}
        self._finder = Finder(language.parts, engine)
        self._table = Table(language.learned, language.lang)
        numbers = iter(range(len(language.learned)))
        self._numbers = [
            next(numbers) if pack.learned and language.lang in pack.learned.weights else None for pack in language.packs
        ]

    def judge(self, doc: Document) -> list[Verdict]:
        """Return what every pack of the language says."""
        length = self._length(doc)
        finds = self._finds(doc, length)
        counts = self._table.count(doc)
        totals = self._table.totals(counts)
        verdicts: list[Verdict] = []
        for pack, found, number in zip(self._language.packs, finds, self._numbers, strict=True):
            has_patterns = pack.topic in self._with_patterns
            known = self._evidence(found.hits, doc, length) if has_patterns else None
            if pack.learned is None or number is None:
                verdicts.append(_Verdict(pack.topic, score(known or 0.0), pack.threshold, found.hits, (), {}, doc))
                continue
            seen, total = counts, totals[number]
            void = _covered(found.traps, doc) if found.traps else {}
            if void:
                seen = self._table.count(doc, void)
                total = self._table.totals(seen)[number]
            value = combined(pack.learned, known, total, length)
            threshold = pack.learned.threshold(length.lang)
            spoken_for = any(hit.pattern.weight > 0 for hit in found.hits)
            if has_patterns and not spoken_for:
                threshold = max(threshold, ALONE)
            moved: list[Moved] = []
            if value >= threshold:
                moved = self._table.moved(number, seen, LEAST_MOVE)[:MAX_WORDS]
                if not moved and not spoken_for:
                    value = 0.0
            verdicts.append(_Verdict(pack.topic, value, threshold, found.hits, moved, void, doc))
        return verdicts

    def evidence(self, doc: Document) -> dict[str, float]:
        """Return by topic the evidence of the patterns alone; topics without patterns in the language are missing."""
        length = self._length(doc)
        return {
            pack.topic: self._evidence(found.hits, doc, length)
            for pack, found in zip(self._language.packs, self._finds(doc, length), strict=True)
            if pack.topic in self._with_patterns
        }

    def _length(self, doc: Document) -> Length:
        return Length(len(doc.title.texts), len(doc.text.texts), self._language.lang)

    def _finds(self, doc: Document, length: Length) -> list[Finds]:
        packs = len(self._language.packs)
        if length.title or not length.text or words(length) > HEADLINE_WORDS:
            return self._finder.find(doc, packs)
        headline = self._engine.document({"title": doc.text.original, "lang": length.lang})
        return [found.in_text() for found in self._finder.find(headline, packs)]

    def _evidence(self, hits: Iterable[Hit], doc: Document, length: Length) -> float:
        ideas: defaultdict[int, tuple[float, list[Place]]] = defaultdict(lambda: (0.0, []))
        for pattern, spots, split in hits:
            _, known = ideas[pattern.idea]
            known.extend(_place(spot, doc) for spot in (spots[:1] if split else spots))
            ideas[pattern.idea] = (pattern.weight, known)
        found = [(weight, without_overlap(places)) for weight, places in ideas.values()]
        return evidence(found, length, self._language.scoring)


def _place(spot: Spot, doc: Document) -> Place:
    tokens = doc.title if spot.field == "title" else doc.text
    first = bisect_right(tokens.ends, spot.start)
    return Place(spot.field == "title", first, max(first + 1, bisect_left(tokens.starts, spot.end)))


def _covered(traps: Iterable[Spot], doc: Document) -> dict[str, set[int]]:
    """Return by field the positions of the tokens that lie in traps."""
    covered: dict[str, set[int]] = {"title": set(), "text": set()}
    for trap in traps:
        place = _place(trap, doc)
        covered[trap.field].update(range(place.start, place.end))
    return covered


def _shown(hits: Iterable[Hit]) -> list[dict[str, Any]]:
    """Return the evidence of patterns: what weighs most first, then in the order of pack and article."""
    shown = []
    count: Counter[tuple[int, str]] = Counter()
    for pattern, spots, split in sorted(hits, key=lambda hit: -hit.pattern.weight):
        for at, spot in enumerate(spots):
            count[pattern.idea, pattern.match] += 1
            if count[pattern.idea, pattern.match] <= MAX_EVIDENCE:
                weight = 0.0 if split and at else pattern.weight
                shown.append({"pattern": pattern.match, **spot._asdict(), "weight": weight})
    return shown


def _shown_words(moved: Iterable[Moved], void: Mapping[str, Collection[int]], doc: Document) -> list[dict[str, Any]]:
    """Return learned words with their first places."""
    shown = []
    for found, weight in moved:
        name, rounded = f"model:{' '.join(found)}", round(weight, 3)
        for field, tokens, at in islice(_stands(found, void, doc), MAX_WORD_PLACES):
            start, end = tokens.starts[at], tokens.ends[at + len(found) - 1]
            quote = tokens.original[start:end]
            shown.append(
                {"pattern": name, "field": field, "start": start, "end": end, "quote": quote, "weight": rounded}
            )
    return shown


def _stands(
    found: tuple[str, ...], void: Mapping[str, Collection[int]], doc: Document
) -> Iterator[tuple[str, Tokens, int]]:
    """Yield where words stand side by side: field, its tokens, position of the first."""
    for field, tokens in (("title", doc.title), ("text", doc.text)):
        texts, left_out = tokens.texts, void.get(field, ())
        at = -1
        for _ in range(texts.count(found[0])):
            at = texts.index(found[0], at + 1)
            after = range(at, at + len(found))
            if tuple(texts[at : after.stop]) == found and not any(each in left_out for each in after):
                yield field, tokens, at
