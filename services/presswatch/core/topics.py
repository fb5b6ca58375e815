"""The tagger: says which topics an article has, and why.

What it looks for is in topic packs (`packs`) and their learned parts (`learned`), what it finds of patterns in `hits`; how
finds become a score is in `scoring`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from presswatch.core.hits import Finder, Finds, Hit, Spot
from presswatch.core.learned import Moved, Table
from presswatch.core.packs import Pack
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import PYTHON, Engine
from presswatch.core.scoring import DEFAULT, Length, Place, Scoring, combined, evidence, score, without_overlap, words

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


class _Spoken(NamedTuple):
    """What one language needs: patterns and learned words of all packs."""

    finder: Finder
    table: Table


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a pack says of an article, below its threshold too.

    Args:
        pack: the pack.
        score: 0 to 1.
        threshold: least score of a tag in the article's language.
        hits: patterns that are satisfied, with their places.
        words: learned words that speak for the topic, the most first; looked up only if the score is enough.
        void: by field the positions of tokens that lie in traps, where no learned word counts.
    """

    pack: Pack
    score: float
    threshold: float
    hits: Sequence[Hit]
    words: Sequence[Moved]
    void: Mapping[str, Collection[int]]

    @property
    def tagged(self) -> bool:
        """Whether it is enough for a tag: it never is without a pattern or a learned word that speaks for it."""
        return self.score >= self.threshold


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
            article: ``lang`` decides what is looked for; none, or one that no pack covers, gives no tags.
            doc: the article made ready by the same engine, if it is at hand.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        if doc is None:
            doc = self.document(article)
        return [
            {
                "topic": verdict.pack.topic,
                "score": verdict.score,
                "threshold": verdict.threshold,
                "pack": verdict.pack.version,
                "evidence": [*_shown(verdict.hits), *_shown_words(verdict, doc)],
            }
            for verdict in self.judge(article, doc)
            if verdict.tagged
        ]

    def unsupported(self, lang: str) -> list[str]:
        """Return the topics that have neither patterns nor learned words in a language (primary subtag): nobody looks."""
        return [pack.topic for pack in self.packs if lang not in pack.languages]

    def judge(self, article: Mapping[str, Any], doc: Document | None = None) -> list[Verdict]:
        """Return what every pack says that can judge in the article's language.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        if doc is None:
            doc = self.document(article)
        lang = _lang(doc)
        if lang not in self.languages:
            return []
        spoken = self._ready(lang)
        length = _length(doc)
        finds = {each.pack.topic: each for each in self._finds(doc, length)}
        counts = spoken.table.count(doc)
        numbers = {part.topic: number for number, part in enumerate(spoken.table.parts)}
        totals = spoken.table.totals(counts)
        verdicts = []
        for pack in self.packs:
            if lang not in pack.languages:
                continue
            found = finds.get(pack.topic)
            evidence = self._evidence(found.hits, doc, lang) if found else None
            hits = found.hits if found else []
            number = numbers.get(pack.topic)
            if pack.learned is None or number is None:
                verdicts.append(Verdict(pack, score(evidence or 0.0), pack.threshold, hits, (), {}))
                continue
            seen, total = counts, totals[number]
            void = _covered(found.traps, doc) if found and found.traps else {}
            if void:
                seen = spoken.table.count(doc, void)
                total = spoken.table.totals(seen)[number]
            value = combined(pack.learned, evidence, total, length)
            threshold = pack.learned.threshold(lang)
            spoken_for = any(hit.pattern.weight > 0 for hit in hits)
            if found and not spoken_for:
                threshold = max(threshold, ALONE)
            moved: list[Moved] = []
            if value >= threshold:
                moved = [each for each in spoken.table.moved(number, seen) if each.weight >= LEAST_MOVE][:MAX_WORDS]
                if not moved and not spoken_for:
                    value = 0.0
            verdicts.append(Verdict(pack, value, threshold, hits, moved, void))
        return verdicts

    def evidence(self, doc: Document) -> dict[str, float]:
        """Return by topic the evidence of the patterns alone; topics without patterns in its language are missing."""
        lang = _lang(doc)
        if lang not in self.languages:
            return {}
        return {each.pack.topic: self._evidence(each.hits, doc, lang) for each in self._finds(doc, _length(doc))}

    def document(self, article: Mapping[str, Any]) -> Document:
        """Make an article ready, as far as topics look at it.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        return self._engine.document({key: article.get(key) for key in ("title", "text", "lang")})

    def make_ready(self, before: Tagger | None = None) -> None:
        """Make all languages ready now (seconds), so that in a stream no article waits for it.

        Args:
            before: a tagger that this one replaces: what it has ready is taken over where no pack differs.
        """
        ready = {} if before is None else before.ready()
        for lang in sorted(self.languages):
            wanted, spoken = ready.get(lang, (None, None))
            if spoken is not None and wanted == self._wanted(lang):
                self._spoken[lang] = spoken
            else:
                self._ready(lang)

    def ready(self) -> dict[str, tuple[list[Any], _Spoken]]:
        """Return by language what is ready, and before it all that it is made of: for `make_ready` of another tagger."""
        return {lang: (self._wanted(lang), spoken) for lang, spoken in list(self._spoken.items())}

    def _wanted(self, lang: str) -> list[Any]:
        return [
            (pack.topic, pack.patterns.get(lang), pack.lists.get(lang), pack.learned and pack.learned.version)
            for pack in self.packs
        ]

    def _ready(self, lang: str) -> _Spoken:
        if lang not in self._spoken:
            learned = [pack.learned for pack in self.packs if pack.learned is not None]
            self._spoken[lang] = _Spoken(Finder(self.packs, lang, self._engine), Table(learned, lang))
        return self._spoken[lang]

    def _finds(self, doc: Document, length: Length) -> list[Finds]:
        finder = self._ready(length.lang).finder
        if length.title or not length.text or words(length) > HEADLINE_WORDS:
            return finder.find(doc)
        headline = self._engine.document({"title": doc.text.original, "lang": length.lang})
        return [found.in_text() for found in finder.find(headline)]

    def _evidence(self, hits: Iterable[Hit], doc: Document, lang: str) -> float:
        ideas: defaultdict[int, tuple[float, list[Place]]] = defaultdict(lambda: (0.0, []))
        for pattern, spots, split in hits:
            _, known = ideas[pattern.idea]
            known.extend(_place(spot, doc) for spot in (spots[:1] if split else spots))
            ideas[pattern.idea] = (pattern.weight, known)
        length = _length(doc)
        return evidence(((weight, without_overlap(places)) for weight, places in ideas.values()), length, self._scoring)


def _lang(doc: Document) -> str:
    return next(iter(doc.meta["lang"]), "")


def _length(doc: Document) -> Length:
    return Length(len(doc.title.texts), len(doc.text.texts), _lang(doc))


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


def _shown_words(verdict: Verdict, doc: Document) -> list[dict[str, Any]]:
    """Return the learned words of a tag with their first places."""
    wanted = {each.words: each.weight for each in verdict.words}
    places: dict[tuple[str, ...], list[dict[str, Any]]] = {words: [] for words in wanted}
    for field, tokens in (("title", doc.title), ("text", doc.text)):
        void = verdict.void.get(field, ())
        for at, word in enumerate(tokens.texts):
            pair = (word, tokens.texts[at + 1]) if at + 1 < len(tokens.texts) else (word,)
            for found in dict.fromkeys(((word,), pair)):
                last = at + len(found) - 1
                if found in wanted and len(places[found]) < MAX_WORD_PLACES and at not in void and last not in void:
                    start, end = tokens.starts[at], tokens.ends[last]
                    shown = {"field": field, "start": start, "end": end, "quote": tokens.original[start:end]}
                    pattern = {"pattern": f"model:{' '.join(found)}"}
                    places[found].append({**pattern, **shown, "weight": round(wanted[found], 3)})
    return [entry for entries in places.values() for entry in entries]
