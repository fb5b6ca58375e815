"""The branches of rules made ready for matching: AND, OR, NOT, NEAR, ATLEAST, COUNT over shared leaves.

Each branch tells whether a document satisfies it, and for one that does, what a receipt shows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from presswatch.core.rules.leaves import MAX_OCCURRENCES, MatchLeaf, TextLeaf
from presswatch.core.rules.reading import FieldReading, Occurrence, Reading, Spans
from presswatch.core.rules.vocabulary import Key


class Evidence:
    """What a receipt shows of a document: leaves in the order of the query, with their places.

    Where a leaf stands under NEAR, the places that satisfy it go before others.
    """

    def __init__(self) -> None:
        self._found: dict[MatchLeaf, tuple[list[Occurrence], list[Occurrence]]] = {}

    def add(self, leaf: MatchLeaf, occurrences: Sequence[Occurrence], *, near: bool = False) -> None:
        """Note places of a leaf."""
        self._found.setdefault(leaf, ([], []))[0 if near else 1].extend(occurrences)

    def leaves(self) -> Iterator[tuple[MatchLeaf, list[Occurrence]]]:
        """Yield each leaf that has places, with at most `MAX_OCCURRENCES`, in the order of the article."""
        for leaf, (near, others) in self._found.items():
            chosen = list(dict.fromkeys(near + others))[:MAX_OCCURRENCES]
            if isinstance(leaf, TextLeaf):
                chosen.sort(key=_in_article)
            if chosen:
                yield leaf, chosen


class Branch(ABC):
    """A clause of a rule that has clauses of its own."""

    @abstractmethod
    def holds(self, reading: Reading) -> bool:
        """Tell whether the document satisfies the clause."""

    @abstractmethod
    def collect(self, reading: Reading, evidence: Evidence) -> None:
        """Add what makes the clause hold; only for a clause that does."""


Clause = Branch | MatchLeaf


def collect(clause: Clause, reading: Reading, evidence: Evidence) -> None:
    """Add to the evidence what makes a clause hold that does."""
    if isinstance(clause, MatchLeaf):
        evidence.add(clause, clause.occurrences(reading))
    else:
        clause.collect(reading, evidence)


class All(Branch):
    """AND. What is cheap to tell is asked first."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self.clauses = clauses
        self._cheapest_first = sorted(clauses, key=_cost)

    def holds(self, reading: Reading) -> bool:
        return all(clause.holds(reading) for clause in self._cheapest_first)

    def collect(self, reading: Reading, evidence: Evidence) -> None:
        for clause in self.clauses:
            collect(clause, reading, evidence)


class AnyOf(Branch):
    """OR, however many clauses it has: only those are looked at whose anchor the document holds."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self.clauses = clauses
        self._deciding = frozenset(
            key for clause in clauses if isinstance(clause, MatchLeaf) and clause.decided for key in clause.anchors
        )
        self._anchored: dict[Key, list[int]] = {}
        self._branches: list[int] = []
        for index, clause in enumerate(clauses):
            if isinstance(clause, MatchLeaf):
                for key in clause.anchors:
                    self._anchored.setdefault(key, []).append(index)
            else:
                self._branches.append(index)

    def holds(self, reading: Reading) -> bool:
        if not self._deciding.isdisjoint(reading.present):
            return True
        return any(self.clauses[index].holds(reading) for index in self._possible(reading))

    def held(self, reading: Reading) -> Iterator[Clause]:
        """Yield the clauses that the document satisfies, in the order of the query."""
        for index in sorted(set(self._possible(reading))):
            if self.clauses[index].holds(reading):
                yield self.clauses[index]

    def text_leaves(self, reading: Reading) -> list[TextLeaf]:
        """Return the text leaves among the clauses that the document may satisfy, in the order of the query."""
        possible = (self.clauses[index] for index in sorted(set(self._possible(reading))))
        return [clause for clause in possible if isinstance(clause, TextLeaf)]

    def spans(self, reading: Reading, field: FieldReading) -> Spans:
        """Return all starts and all ends of text leaves in one field; the two lists are sorted each by itself."""
        found = [leaf.spans(reading, field) for leaf in self.text_leaves(reading)]
        found = [spans for spans in found if spans.starts]
        if len(found) == 1:
            return found[0]
        return Spans(
            sorted(chain.from_iterable(spans.starts for spans in found)),
            sorted(chain.from_iterable(spans.ends for spans in found)),
        )

    def collect(self, reading: Reading, evidence: Evidence) -> None:
        for clause in self.held(reading):
            collect(clause, reading, evidence)

    def _possible(self, reading: Reading) -> Iterator[int]:
        anchored = self._anchored
        for key in anchored.keys() & reading.present:
            yield from anchored[key]
        yield from self._branches


class No(Branch):
    """NOT. It leaves no evidence."""

    def __init__(self, clause: Clause) -> None:
        self.clause = clause

    def holds(self, reading: Reading) -> bool:
        return not self.clause.holds(reading)

    def collect(self, reading: Reading, evidence: Evidence) -> None: ...


class SomeOf(Branch):
    """ATLEAST."""

    def __init__(self, number: int, clauses: Sequence[Clause]) -> None:
        self.number = number
        self.clauses = clauses

    def holds(self, reading: Reading) -> bool:
        held = (clause for clause in self.clauses if clause.holds(reading))
        return sum(1 for _ in islice(held, self.number)) >= self.number

    def collect(self, reading: Reading, evidence: Evidence) -> None:
        for clause in self.clauses:
            if clause.holds(reading):
                collect(clause, reading, evidence)


class Often(Branch):
    """COUNT."""

    def __init__(self, number: int, operand: AnyOf) -> None:
        self.number = number
        self.operand = operand

    def holds(self, reading: Reading) -> bool:
        leaves = self.operand.text_leaves(reading)
        distinct: set[tuple[str, int, int]] = set()
        for field in reading.fields:
            for leaf in leaves:
                spans = leaf.spans(reading, field)
                # the places of one leaf are distinct, so no more than `number` of them matter
                for at in range(min(self.number, len(spans.starts))):
                    distinct.add((field.name, *field.offsets(spans, at)))
                if len(distinct) >= self.number:
                    return True
        return False

    def collect(self, reading: Reading, evidence: Evidence) -> None:
        self.operand.collect(reading, evidence)


class Close(Branch):
    """NEAR: in one field, a place of each side, no shared token, at most `distance` tokens between."""

    def __init__(self, left: AnyOf, right: AnyOf, distance: int, *, ordered: bool) -> None:
        self.left = left
        self.right = right
        self._distance = distance
        self._ordered = ordered

    def holds(self, reading: Reading) -> bool:
        for field in reading.fields:
            left = self.left.spans(reading, field)
            if left.starts:
                right = self.right.spans(reading, field)
                if right.starts and (self._follows(left, right) or (not self._ordered and self._follows(right, left))):
                    return True
        return False

    def collect(self, reading: Reading, evidence: Evidence) -> None:
        # all of the left side first: evidence is in the order of the query
        for side, other, before, after in (
            (self.left, self.right, not self._ordered, True),
            (self.right, self.left, True, not self._ordered),
        ):
            for field in reading.fields:
                partners = other.spans(reading, field)
                for leaf in side.text_leaves(reading) if partners.starts else ():
                    spans = leaf.spans(reading, field)
                    near = islice(self._near(spans, partners, before=before, after=after), MAX_OCCURRENCES)
                    evidence.add(leaf, [field.slice(*field.offsets(spans, at)) for at in near], near=True)

    def covers(self, reading: Reading) -> Iterator[Occurrence]:
        """Yield, for each place of the left side, the slice from it to its nearest partner, in no order."""
        for field in reading.fields:
            partners = self.right.spans(reading, field)
            for leaf in self.left.text_leaves(reading) if partners.starts else ():
                spans = leaf.spans(reading, field)
                for at in islice(self._near(spans, partners, before=not self._ordered, after=True), MAX_OCCURRENCES):
                    start, end = field.offsets(spans, at)
                    other_start, other_end = self._nearest(reading, field, spans.starts[at], spans.ends[at])
                    yield field.slice(min(start, other_start), max(end, other_end))

    def _follows(self, first: Spans, second: Spans) -> bool:
        """Tell whether some start of `second` is at or after some end of `first`, and near enough."""
        if len(first.ends) <= len(second.starts):
            return any(
                at < len(second.starts) and second.starts[at] <= end + self._distance
                for end in first.ends
                for at in (bisect_left(second.starts, end),)
            )
        return any(
            at and first.ends[at - 1] >= start - self._distance
            for start in second.starts
            for at in (bisect_right(first.ends, start),)
        )

    def _near(self, spans: Spans, partners: Spans, *, before: bool, after: bool) -> Iterator[int]:
        """Yield the index of each of the spans that has a partner before or after it."""
        for index, (start, end) in enumerate(zip(spans.starts, spans.ends, strict=True)):
            following = bisect_left(partners.starts, end)
            preceding = bisect_right(partners.ends, start)
            if (after and following < len(partners.starts) and partners.starts[following] <= end + self._distance) or (
                before and preceding and partners.ends[preceding - 1] >= start - self._distance
            ):
                yield index

    def _nearest(self, reading: Reading, field: FieldReading, start: int, end: int) -> tuple[int, int]:
        """Return the offsets of the partner nearest to a place of the left side that has one; after it, if both are."""
        partners = self.right.spans(reading, field)
        after, before = bisect_left(partners.starts, end), bisect_right(partners.ends, start) - 1
        gap_after = partners.starts[after] - end if after < len(partners.starts) else self._distance + 1
        gap_before = start - partners.ends[before] if before >= 0 and not self._ordered else self._distance + 1
        for leaf in self.right.text_leaves(reading):
            spans = leaf.spans(reading, field)
            wanted, edges = (
                (start - gap_before, spans.ends) if gap_before < gap_after else (end + gap_after, spans.starts)
            )
            at = bisect_left(edges, wanted)
            if at < len(edges) and edges[at] == wanted:
                return field.offsets(spans, at)
        raise AssertionError("a place that has a partner has a nearest one")


def covers(clause: Clause, reading: Reading) -> list[Occurrence]:
    """Return where a clause that holds does so, as slices that cover it, at most `MAX_OCCURRENCES`.

    A leaf, OR, COUNT or NEAR gives the slices that satisfy it; what looks at title and text together has none, and gives
    the first place of each of its leaves.
    """
    if isinstance(clause, MatchLeaf):
        return clause.occurrences(reading)
    if isinstance(clause, Often):
        return covers(clause.operand, reading)
    if isinstance(clause, AnyOf):
        found = [occurrence for held in clause.held(reading) for occurrence in covers(held, reading)]
    elif isinstance(clause, Close):
        found = list(clause.covers(reading))
    else:
        evidence = Evidence()
        clause.collect(reading, evidence)
        return [occurrences[0] for _, occurrences in evidence.leaves()][:MAX_OCCURRENCES]
    return sorted(dict.fromkeys(found), key=_in_article)[:MAX_OCCURRENCES]


def _in_article(occurrence: Occurrence) -> tuple[int, int, int]:
    """Order places: title, text, then metadata."""
    fields = {"title": 0, "text": 1}
    return fields.get(occurrence.field, 2), occurrence.start or 0, occurrence.end or 0


def _cost(clause: Clause) -> int:
    """Rank clauses by what it takes to tell whether they hold."""
    match clause:
        case MatchLeaf():
            return 2 if isinstance(clause, TextLeaf) and not clause.decided else 0
        case No():
            return _cost(clause.clause)
        case AnyOf() | All() | SomeOf():
            return 1 + max(map(_cost, clause.clauses))
        case _:
            return 4
