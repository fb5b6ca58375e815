"""Guards: the pairs of keys of which a document must hold one, or a rule need not be looked at.

A rule is covered by alternatives such that, whenever it holds, all keys of one of them are in the document. Each alternative
is filed under its rarest key, with its second rarest beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from presswatch.core.rules.clauses import All, AnyOf, Clause, Close, No, Often, SomeOf
from presswatch.core.rules.leaves import MatchLeaf
from presswatch.core.rules.vocabulary import Anything, Key, Vocabulary

_PATIENCE = 64
"""Times per guard that a rule may be looked at in vain before its guards are chosen anew, then twice as many."""

_MAX_PRODUCT = 16
"""Pairs of alternatives of two clauses, such as the sides of a NEAR, up to which each pair is an alternative of its own."""

Alternative = frozenset[Key]
Guard = tuple[Key, Key | None]


class Entry:
    """A rule in the engine."""

    __slots__ = ("clause", "guards", "id", "leaves", "misses", "patience", "version")

    def __init__(self, id: str, version: str, clause: Clause, leaves: Sequence[MatchLeaf]) -> None:  # noqa: A002
        self.id = id
        self.version = version
        self.clause = clause
        self.leaves = leaves
        self.guards: Sequence[Guard] = ()
        self.misses = 0
        self.patience = 0


class Guards:
    """Which rules to look at for the keys that a document holds.

    Rates are guessed when a rule is added to an engine that has seen few documents. A rule that is then often looked at in
    vain is filed anew by the rates counted since; the work is in proportion to the looks that it had cost.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._anything = vocabulary.acquire(Anything())

    def file(self, entry: Entry) -> None:
        """File a rule under its guards."""
        documents = self._vocabulary.documents
        rates: dict[Key, float] = {}

        def rate(key: Key) -> float:
            if key not in rates:
                rates[key] = key.rate(documents)
            return rates[key]

        guards: dict[Guard, None] = {}
        for alternative in cover(entry.clause, rate):
            first, *others = sorted(alternative or (self._anything,), key=rate)[:2]
            guards[first, others[0] if others else None] = None
        for first, second in guards:
            if second is None:
                first.alone.add(entry)
            else:
                first.paired.setdefault(second, set()).add(entry)
        entry.guards = tuple(guards)
        entry.misses = 0
        entry.patience = max(2 * entry.patience, _PATIENCE * len(guards))

    def unfile(self, entry: Entry) -> None:
        """Take a rule from under its guards."""
        for first, second in entry.guards:
            if second is None:
                first.alone.remove(entry)
            else:
                entries = first.paired[second]
                entries.remove(entry)
                if not entries:
                    del first.paired[second]
        entry.guards = ()

    def missed(self, entry: Entry) -> None:
        """Note that a rule was looked at in vain."""
        entry.misses += 1
        if entry.misses > entry.patience:
            self.unfile(entry)
            self.file(entry)

    @staticmethod
    def candidates(present: set[Key]) -> set[Entry]:
        """Return the rules that may hold, and count the keys seen."""
        found: set[Entry] = set()
        for key in present:
            key.seen += 1
            if key.alone:
                found |= key.alone
            if key.paired:
                for second in key.paired.keys() & present:
                    found |= key.paired[second]
        return found


def cover(clause: Clause, rate: Callable[[Key], float]) -> list[Alternative]:
    """Return alternatives of which one has all its keys in every document that satisfies the clause.

    Of clauses that must all hold, the one whose alternatives are rarest is covered; keys that the others need in any case are
    added to each, or else the alternatives of the next, if they are few. An empty alternative says nothing of a document.
    """
    match clause:
        case MatchLeaf():
            return [clause.required] if clause.required else [frozenset({key}) for key in clause.anchors]
        case All():
            return _narrowest([cover(part, rate) for part in clause.clauses if not isinstance(part, No)], rate)
        case Close():
            return _narrowest([cover(clause.left, rate), cover(clause.right, rate)], rate)
        case AnyOf():
            return [alternative for part in clause.clauses for alternative in cover(part, rate)]
        case Often():
            return cover(clause.operand, rate)
        case SomeOf():
            # all but number - 1 clauses cannot all fail, whichever they are: take the rarest
            parts = sorted((cover(part, rate) for part in clause.clauses), key=lambda part: _weight(part, rate))
            needed = parts[: len(parts) - clause.number + 1]
            return [alternative for part in needed for alternative in part]
        case _:
            return [frozenset()]


def _narrowest(covers: list[list[Alternative]], rate: Callable[[Key], float]) -> list[Alternative]:
    if not covers:
        return [frozenset()]
    always = frozenset[Key]().union(*(part[0] for part in covers if len(part) == 1))
    rarest, *others = sorted(covers, key=lambda part: _weight(part, rate))[:2]
    if not always and others and len(rarest) * len(others[0]) <= _MAX_PRODUCT:
        return [one | other for one in rarest for other in others[0]]
    return [alternative | always for alternative in rarest]


def _weight(alternatives: list[Alternative], rate: Callable[[Key], float]) -> float:
    """Estimate how many of the alternatives a document holds."""
    return sum(min(map(rate, alternative), default=1.0) for alternative in alternatives)
