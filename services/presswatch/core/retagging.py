"""What another version of the topic packs changes in the tags of articles, and what of the edit did it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from presswatch.core.hits import Spot
from presswatch.core.judging import Verdict
from presswatch.core.learned import Table
from presswatch.core.packs import Pack, Pattern
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Engine
from presswatch.core.topics import Tagger

MOST_REASONS = 5
"""Reasons named of one difference, of each kind."""

LEAST_SHIFT = 0.05
"""A learned word whose share in the sum changes by less is no reason."""

Change = Literal["added", "removed", "changed", "unchanged"]
Kind = Literal["unsupported", "threshold", "pattern", "trap", "word", "rest"]


class PackEdit(NamedTuple):
    """One topic in two sets of packs. It is unchanged if its version is: all that decides a tag is the same."""

    topic: str
    change: Change
    old: Pack | None
    new: Pack | None


class PatternEdits(NamedTuple):
    """What became of the patterns of a topic in one language: those that came, those that went, weights before and after."""

    added: list[Pattern]
    removed: list[Pattern]
    weighed: list[tuple[str, float, float]]


class Side(NamedTuple):
    """What one version says of an article: the score, 0 to 1, and what is needed for a tag."""

    score: float
    threshold: float


class Reason(NamedTuple):
    """Something of the edit that the article shows.

    Args:
        kind: `pattern` and `trap`: the article holds it; `word`: a learned one; `threshold`; `unsupported`: a version cannot
            judge in the article's language; `rest`: what cannot be named (ideas grouped, or the learned part calibrated, otherwise).
        name: the pattern as it is written, the word, or the language.
        old, new: weight, share in the learned sum, or threshold in each version; None where it does not count.
        quotes: what it found.
    """

    kind: Kind
    name: str
    old: float | None
    new: float | None
    quotes: tuple[str, ...] = ()


class Difference(NamedTuple):
    """An article that only one version tags.

    Args:
        topic: of the tag.
        sign: ``+`` the new version only, ``-`` the old one only.
        old, new: what each says; None where it cannot judge: it lacks the topic, or the topic the language.
        reasons: what of the edit did it.
    """

    topic: str
    sign: Literal["+", "-"]
    old: Side | None
    new: Side | None
    reasons: list[Reason]


def pack_edits(old: Iterable[Pack], new: Iterable[Pack]) -> list[PackEdit]:
    """Return what became of each topic of either set, in their order; topics are unique within each."""
    before, after = ({pack.topic: pack for pack in packs} for packs in (old, new))
    return [_edit(topic, before.get(topic), after.get(topic)) for topic in sorted(before.keys() | after.keys())]


def _edit(topic: str, old: Pack | None, new: Pack | None) -> PackEdit:
    if old is None or new is None:
        return PackEdit(topic, "added" if old is None else "removed", old, new)
    return PackEdit(topic, "unchanged" if old.version == new.version else "changed", old, new)


def pattern_edits(edit: PackEdit) -> dict[str, PatternEdits]:
    """Return, by language, what became of the patterns of a topic that both sets have; languages without a difference are left out."""
    if edit.old is None or edit.new is None:
        return {}
    found = {}
    for lang in sorted(edit.old.patterns.keys() | edit.new.patterns.keys()):
        old, new = ({each.match: each for each in pack.patterns.get(lang, ())} for pack in (edit.old, edit.new))
        edits = PatternEdits(
            [new[match] for match in new if match not in old],
            [old[match] for match in old if match not in new],
            [(match, old[match].weight, new[match].weight) for match in old if match in new and old[match].weight != new[match].weight],
        )  # fmt: skip
        if any(edits):
            found[lang] = edits
    return found


class Retagging:
    """Compares what two sets of packs say of articles, in the topics that differ.

    Args:
        old, new: the sets.
        engine: matches their patterns.

    Attributes:
        edits: what became of each topic.
        counts: by topic, language of the article (primary subtag, "" if unknown) and sign, how many articles there were so far; of those
            that both tag, the sign is ``=``.
    """

    def __init__(self, old: Iterable[Pack], new: Iterable[Pack], engine: Engine) -> None:
        self.edits = pack_edits(old, new)
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self._engine = engine
        self._changed = [edit for edit in self.edits if edit.change != "unchanged"]
        self._old = Tagger([edit.old for edit in self._changed if edit.old], engine=engine)
        self._new = Tagger([edit.new for edit in self._changed if edit.new], engine=engine)
        self._probes: dict[tuple[str, str], Tagger] = {}
        self._tables: dict[tuple[str, str], Table] = {}

    def compare(self, article: Mapping[str, Any]) -> Iterator[Difference]:
        """Yield the differences that an article shows.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        doc = self._new.document(article)
        lang = next(iter(doc.meta["lang"]), "")
        before = {verdict.topic: verdict for verdict in self._old.judge(article, doc)}
        after = {verdict.topic: verdict for verdict in self._new.judge(article, doc)}
        for edit in self._changed:
            old, new = before.get(edit.topic), after.get(edit.topic)
            was, now = old is not None and old.tagged, new is not None and new.tagged
            if was or now:
                sign: Literal["+", "-", "="] = "=" if was and now else "+" if now else "-"
                self.counts[edit.topic, lang, sign] += 1
                if sign != "=":
                    yield Difference(edit.topic, sign, _side(old), _side(new), self._reasons(edit, lang, doc, old, new))

    def _reasons(
        self, edit: PackEdit, lang: str, doc: Document, old: Verdict | None, new: Verdict | None
    ) -> list[Reason]:
        found = []
        if edit.old and edit.new and (old is None or new is None):
            found.append(Reason("unsupported", lang, None, None))
        if old and new and old.threshold != new.threshold:
            found.append(Reason("threshold", "", old.threshold, new.threshold))
        found += _of_patterns(old, new)[:MOST_REASONS]
        if edit.old and edit.new:
            found += self._traps(edit, lang, doc)[:MOST_REASONS]
        found += self._words(edit, lang, doc, old, new)[:MOST_REASONS]
        return found or [Reason("rest", "", None, None)]

    def _traps(self, edit: PackEdit, lang: str, doc: Document) -> list[Reason]:
        """Return the traps (weight 0) of one version only that the article holds; verdicts do not name them."""
        assert edit.old is not None
        assert edit.new is not None
        found = []
        for pack, other, is_new in ((edit.old, edit.new, False), (edit.new, edit.old, True)):
            known = {each.match for each in other.patterns.get(lang, ()) if each.weight == 0}
            own = [each for each in pack.patterns.get(lang, ()) if each.weight == 0 and each.match not in known]
            if own:
                for match, quotes in self._found(pack, lang, own, doc).items():
                    found.append(Reason("trap", match, None if is_new else 0.0, 0.0 if is_new else None, quotes))
        return found

    def _found(self, pack: Pack, lang: str, patterns: Sequence[Pattern], doc: Document) -> dict[str, tuple[str, ...]]:
        """Return what some patterns of a pack find in an article, whether or not it counts."""
        at = pack.version, lang
        if at not in self._probes:
            positive = [Pattern(each.match, 1.0, number) for number, each in enumerate(patterns)]
            self._probes[at] = Tagger([Pack(pack.topic, 1.0, {lang: positive}, pack.lists)], engine=self._engine)
        (verdict,) = self._probes[at].judge({}, doc)
        return {hit.pattern.match: _quotes(hit.spots) for hit in verdict.hits}

    def _words(
        self, edit: PackEdit, lang: str, doc: Document, old: Verdict | None, new: Verdict | None
    ) -> list[Reason]:
        """Return the learned words whose share in the sum differs, in the direction of the difference, the most first.

        Those that lie in traps are counted in both versions: a trap that makes a difference is a reason of its own.
        """
        if edit.old and edit.new and edit.old.learned == edit.new.learned:
            return []
        before = self._moved(edit.old, lang, doc, old)
        after = self._moved(edit.new, lang, doc, new)
        gained = 1 if new is not None and new.tagged else -1
        shifts = sorted(
            ((after.get(word, 0.0) - before.get(word, 0.0)) * gained, word) for word in before.keys() | after.keys()
        )
        return [
            Reason("word", word, _rounded(before.get(word)), _rounded(after.get(word)))
            for shift, word in reversed(shifts)
            if shift >= LEAST_SHIFT
        ]

    def _moved(self, pack: Pack | None, lang: str, doc: Document, verdict: Verdict | None) -> dict[str, float]:
        if pack is None or pack.learned is None or verdict is None or lang not in pack.learned.languages:
            return {}
        at = pack.version, lang
        if at not in self._tables:
            self._tables[at] = Table([pack.learned], lang)
        table = self._tables[at]
        return {" ".join(each.words): each.weight for each in table.moved(0, table.count(doc))}


def _side(verdict: Verdict | None) -> Side | None:
    return None if verdict is None else Side(verdict.score, verdict.threshold)


def _of_patterns(old: Verdict | None, new: Verdict | None) -> list[Reason]:
    """Return what patterns find that counts in one version only, or counts otherwise; what weighs most comes first."""
    before, after = _places(old), _places(new)
    found = []
    for match in before.keys() | after.keys():
        (weight, spots), (other, others) = before.get(match, (None, [])), after.get(match, (None, []))
        if weight is not None and other is not None and weight != other:
            found.append(Reason("pattern", match, weight, other, _quotes(others)))
            continue
        if gone := [spot for spot in spots if spot not in others]:
            found.append(Reason("pattern", match, weight, None, _quotes(gone)))
        if come := [spot for spot in others if spot not in spots]:
            found.append(Reason("pattern", match, None, other, _quotes(come)))
    return sorted(found, key=lambda each: (-abs((each.new or 0.0) - (each.old or 0.0)), each.name))


def _places(verdict: Verdict | None) -> dict[str, tuple[float, list[Spot]]]:
    places: dict[str, tuple[float, list[Spot]]] = {}
    for hit in verdict.hits if verdict else ():
        _, spots = places.setdefault(hit.pattern.match, (hit.pattern.weight, []))
        spots.extend(hit.spots)
    return places


def _quotes(spots: Iterable[Spot]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(spot.quote for spot in spots))


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
