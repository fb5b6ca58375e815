"""The tagger: says which topics an article has, and why.

What it looks for is in topic packs (`packs`), what it finds in `hits`; how finds become a score is in `scoring`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from presswatch.core.hits import Finder, Hit, Spot
from presswatch.core.packs import Pack
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import PYTHON, Engine
from presswatch.core.scoring import (
    DEFAULT,
    Length,
    Place,
    Scoring,
    combined,
    evidence,
    score,
    without_overlap,
    words,
)

MAX_EVIDENCE = 5
"""Occurrences of one pattern that a tag shows."""


class Tagger:
    """Tags articles with the topics of a set of packs. A language is made ready when its first article comes."""

    def __init__(self, packs: Iterable[Pack], scoring: Scoring = DEFAULT, engine: Engine = PYTHON) -> None:
        self.packs = tuple(sorted(packs, key=lambda pack: pack.topic))
        self.languages = frozenset[str]().union(*(pack.languages for pack in self.packs))
        self._scoring = scoring
        self._engine = engine
        self._spoken: dict[str, _Spoken] = {}

    def tag(self, article: Mapping[str, Any], doc: Document | None = None) -> list[dict[str, Any]]:
        """Return the tags of an article, as on the wire, sorted by topic.

        Args:
            article: ``lang`` decides which patterns are used; none, or one that no pack covers, gives no tags.
            doc: the article made ready, if it is at hand.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        return [
            {
                "topic": pack.topic,
                "score": value,
                "threshold": pack.threshold,
                "pack": pack.version,
                "evidence": _shown(hits),
            }
            for pack, value, hits in self.judge(article, doc)
            if value >= pack.threshold
        ]

    def judge(self, article: Mapping[str, Any], doc: Document | None = None) -> list[tuple[Pack, float, list[Hit]]]:
        """Return score and hits for every pack that has patterns in the article's language, below its threshold too.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        if doc is None:
            doc = self.document(article)
        lang = _lang(doc)
        if lang not in self.languages:
            return []
        spoken = self._ready(lang)
        length = Length(len(doc.title.texts), len(doc.text.texts), lang)
        hits = {pack.topic: hits for pack, hits in spoken.finder.find(doc)}
        counts = spoken.table.count(doc)
        sums = {
            part.topic: (number, total)
            for number, (part, total) in enumerate(zip(spoken.table.parts, spoken.table.totals(counts), strict=True))
        }
        verdicts = []
        for pack in self.packs:
            if lang not in pack.languages:
                continue
            found = hits.get(pack.topic, [])
            evidence = self._evidence(found, doc, lang)
            if pack.learned is None or pack.topic not in sums:
                verdicts.append(Verdict(pack, score(evidence), pack.threshold, found, ()))
                continue
            number, total = sums[pack.topic]
            patterns = evidence if lang in pack.with_patterns else None
            value = combined(pack.learned, patterns, total, words(length))
            moved = [each for each in spoken.table.moved(number, counts) if each.weight >= LEAST_MOVE]
            if not moved and not any(hit.pattern.weight > 0 for hit in found):
                value = 0.0
            verdicts.append(Verdict(pack, value, pack.learned.threshold(lang), found, moved[:MAX_WORDS]))
        return verdicts

    def evidence(self, doc: Document) -> dict[str, float]:
        """Return by topic the evidence of the patterns alone; topics without patterns in its language are missing."""
        lang = _lang(doc)
        if lang not in self.languages:
            return {}
        return {pack.topic: self._evidence(hits, doc, lang) for pack, hits in self._ready(lang).finder.find(doc)}

    def document(self, article: Mapping[str, Any]) -> Document:
        """Make an article ready, as far as topics look at it.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        return self._engine.document({key: article.get(key) for key in ("title", "text", "lang")})

    def make_ready(self) -> None:
        """Make all languages ready now (seconds), so that in a stream no article waits for it."""
        for lang in sorted(self.languages):
            self._finder(lang)

    def _ready(self, lang: str) -> _Spoken:
        if lang not in self._spoken:
            learned = [pack.learned for pack in self.packs if pack.learned is not None]
            self._spoken[lang] = _Spoken(Finder(self.packs, lang, self._engine), Table(learned, lang))
        return self._spoken[lang]

    def _evidence(self, hits: Iterable[Hit], doc: Document, lang: str) -> float:
        ideas: defaultdict[int, tuple[float, list[Place]]] = defaultdict(lambda: (0.0, []))
        for pattern, spots, split in hits:
            _, known = ideas[pattern.idea]
            known.extend(_place(spot, doc) for spot in (spots[:1] if split else spots))
            ideas[pattern.idea] = (pattern.weight, known)
        length = Length(len(doc.title.texts), len(doc.text.texts), lang)
        return evidence(((weight, without_overlap(places)) for weight, places in ideas.values()), length, self._scoring)


def _place(spot: Spot, doc: Document) -> Place:
    tokens = doc.title if spot.field == "title" else doc.text
    first = bisect_right(tokens.ends, spot.start)
    return Place(spot.field == "title", first, max(first + 1, bisect_left(tokens.starts, spot.end)))


def _shown(hits: Iterable[Hit]) -> list[dict[str, Any]]:
    """Return the evidence of a tag: what weighs most first, then in the order of pack and article."""
    shown = []
    count: Counter[tuple[int, str]] = Counter()
    for pattern, spots, split in sorted(hits, key=lambda hit: -hit.pattern.weight):
        for at, spot in enumerate(spots):
            count[pattern.idea, pattern.match] += 1
            if count[pattern.idea, pattern.match] <= MAX_EVIDENCE:
                weight = 0.0 if split and at else pattern.weight
                shown.append({"pattern": pattern.match, **spot._asdict(), "weight": weight})
    return shown
