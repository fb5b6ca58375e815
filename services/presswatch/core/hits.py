"""Which patterns of topic packs an article satisfies, and where: what a score is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from presswatch.core.packs import Pack, Pattern
from presswatch.core.proclitics import with_proclitics
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Engine, Expression, Occurrence
from presswatch.core.rules.model import And, AtLeast, Node, Not, Or
from presswatch.core.rules.syntax import parse

MAX_PLACES = 60
"""Occurrences of one pattern that are looked at. The score hardly changes after ten; a trap must void all of them."""


class Spot(NamedTuple):
    """A slice of title or text: code points, end exclusive; `quote` is what stands there."""

    field: str
    start: int
    end: int
    quote: str


class Hit(NamedTuple):
    """A pattern and its spots in an article, at least one, in order.

    `split` tells that it was satisfied by title and text together: the spots are then those of its leaves, and they
    are one occurrence.
    """

    pattern: Pattern
    spots: list[Spot]
    split: bool = False


class Finds(NamedTuple):
    """What an article has of a pack: its patterns, in their order, without what a trap voids, and the spots of the traps."""

    hits: list[Hit]
    traps: list[Spot]

    def in_text(self) -> Finds:
        """Return the same with every spot in the text: for a text that was read as a title."""
        hits = [hit._replace(spots=[spot._replace(field="text") for spot in hit.spots]) for hit in self.hits]
        return Finds(hits, [spot._replace(field="text") for spot in self.traps])


class Part(NamedTuple):
    """What is looked for.

    Args:
        pack: number of the pack.
        pattern: the pattern of which this is a part, or all.
        clause: what has places.
        condition: under which they count; it may say more than the clause.
        joins: whether the clause joins others, so that it has an occurrence where all its leaves are.
    """

    pack: int
    pattern: Pattern
    clause: Node
    condition: Node | None
    joins: bool


def parts_of(packs: Iterable[Pack], lang: str) -> Iterator[Part]:
    """Yield what is looked for in a language, pack by pack.

    Raises:
        RuleError: a pattern has a mistake.
    """
    for number, pack in enumerate(packs):
        lists = pack.lists.get(lang, {})
        for pattern in pack.patterns.get(lang, ()):
            for clause, condition in _divided(with_proclitics(parse(pattern.match, lists), lang)):
                yield Part(number, pattern, clause, condition, _joins(clause))


class Finder:
    """The patterns of all packs in one language, in one matcher."""

    def __init__(self, parts: Iterable[Part], engine: Engine) -> None:
        self._parts: dict[str, Part] = {}
        self._matcher = engine.matcher(())
        for part in parts:
            name = f"{len(self._parts):06d}"  # matches come sorted by name
            self._parts[name] = part
            self._matcher.add(Expression(name, "", part.clause))
            if part.condition is not None:
                self._matcher.add(Expression(f"{name}?", "", part.condition))

    def find(self, doc: Document, packs: int) -> list[Finds]:
        """Return for each of so many packs what the document satisfies."""
        matches = dict(self._matcher.cover(doc, MAX_PLACES, self._parts.__contains__))
        found: list[list[Hit]] = [[] for _ in range(packs)]
        for name, occurrences in matches.items():
            part = self._parts.get(name)
            if part is not None and (part.condition is None or f"{name}?" in matches):
                found[part.pack].append(_hit(part, occurrences, doc))
        return [_finds(hits) for hits in found]


def _divided(node: Node, condition: Node | None = None) -> Iterator[tuple[Node, Node | None]]:
    """Divide a pattern into clauses, each with its condition, so that as many as can be have places of their own.

    An OR with an AND in it falls into its alternatives; an AND of one positive clause and negatives has the places of the
    positive one, on condition that the whole holds.
    """
    match node:
        case Or(clauses) if any(_joins(clause) for clause in clauses):
            for clause in clauses:
                yield from _divided(clause, condition)
        case And(clauses):
            positive = [clause for clause in clauses if not isinstance(clause, Not)]
            if len(positive) == 1:
                yield from _divided(positive[0], node if condition is None else And((condition, node)))
            else:
                yield node, condition
        case _:
            yield node, condition


def _joins(node: Node) -> bool:
    match node:
        case And() | AtLeast():
            return True
        case Or(clauses):
            return any(_joins(clause) for clause in clauses)
        case _:
            return False


def _hit(part: Part, occurrences: Iterable[Occurrence], doc: Document) -> Hit:
    spots = [
        Spot(place.field, place.start, place.end, place.quote)
        for place in occurrences
        if place.start is not None and place.end is not None and place.quote is not None
    ]
    if not part.joins:
        return Hit(part.pattern, spots)
    if len({spot.field for spot in spots}) > 1:
        return Hit(part.pattern, spots, split=True)
    field = spots[0].field
    start, end = min(spot.start for spot in spots), max(spot.end for spot in spots)
    original = (doc.title if field == "title" else doc.text).original
    return Hit(part.pattern, [Spot(field, start, end, original[start:end])])


def _finds(hits: list[Hit]) -> Finds:
    """Leave out positive spots that lie within a spot of a pattern that is not positive, and patterns without a spot."""
    traps = [spot for pattern, spots, split in hits if pattern.weight <= 0 and not split for spot in spots]
    if not traps:
        return Finds(hits, traps)
    kept = []
    for pattern, spots, split in hits:
        if pattern.weight > 0:
            free = [spot for spot in spots if not any(_within(spot, trap) for trap in traps)]
            if len(free) == len(spots) or (free and not split):
                kept.append(Hit(pattern, free, split))
        elif pattern.weight < 0:
            kept.append(Hit(pattern, spots, split))
    return Finds(kept, traps)


def _within(spot: Spot, trap: Spot) -> bool:
    return spot.field == trap.field and trap.start <= spot.start and spot.end <= trap.end
