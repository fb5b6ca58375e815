"""The branches of rules made ready for matching: AND, OR, NOT, NEAR, ATLEAST, COUNT over shared leaves.

Each branch tells whether a document satisfies it, and for one that does, what a receipt shows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from presswatch.core.rules.evidence import Evidence, in_article
from presswatch.core.rules.leaves import MAX_OCCURRENCES, MatchLeaf, TextLeaf
from presswatch.core.rules.reading import NOWHERE, FieldReading, Occurrence, Reading, Spans
from presswatch.core.rules.vocabulary import Key


class Branch:
    """A clause of a rule that has clauses of its own. No ABC: an instance check on one costs as much as many a match."""

    def holds(self, reading: Reading) -> bool:
        """Tell whether the document satisfies the clause."""
        raise NotImplementedError

    def collect(self, reading: Reading, evidence: Evidence) -> None:
        """Add what makes the clause hold; only for a clause that does."""
        raise NotImplementedError


Clause = Branch | MatchLeaf


def collect(clause: Clause, reading: Reading, evidence: Evidence) -> None:
    """Add to the evidence what makes a clause hold that does."""
    if isinstance(clause, MatchLeaf):
        evidence.add(clause, clause.receipts(reading))
    else:
        clause.collect(reading, evidence)


class All(Branch):
    """AND. Words, by far the most of all clauses, are told by the keys alone; of the others the cheapest is asked first."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self.clauses = clauses
        needed: set[Key] = set()
        banned: set[Key] = set()
        others: list[Clause] = []
        for clause in clauses:
            if isinstance(clause, MatchLeaf) and clause.decided and len(clause.anchors) == 1:
                needed.update(clause.anchors)
            elif isinstance(clause, No) and isinstance(clause.clause, MatchLeaf) and clause.clause.decided:
                banned.update(clause.clause.anchors)
            else:
                others.append(clause)
        self._needed, self._banned = frozenset(needed), frozenset(banned)
        self._others = sorted(others, key=_cost)

    def holds(self, reading: Reading) -> bool:
        if not (self._needed <= reading.present and self._banned.isdisjoint(reading.present)):
            return False
        return all(clause.holds(reading) for clause in self._others)

    def collect(self, reading: Reading, evidence: Evidence) -> None:
        for clause in self.clauses:
            collect(clause, reading, evidence)


class AnyOf(Branch):
    """OR, however many clauses it has: only those are looked at whose anchor the document holds."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self.clauses = clauses
        by_anchor: dict[Key, list[int]] = {}
        deciding: set[Key] = set()
        self._branches: list[int] = []
        for index, clause in enumerate(clauses):
            if isinstance(clause, MatchLeaf):
                for key in clause.anchors:
                    by_anchor.setdefault(key, []).append(index)
                if clause.decided:
                    deciding.update(clause.anchors)
            else:
                self._branches.append(index)
        self._by_anchor = by_anchor
        self.anchors, self._deciding = frozenset(by_anchor), frozenset(deciding)

    def possible(self, reading: Reading) -> list[Clause]:
        """Return the clauses that the document may satisfy, in the order of the query."""
        anchors = self.anchors & reading.present
        if not anchors:
            indices = self._branches
        elif len(anchors) == 1 and not self._branches:
            (key,) = anchors
            indices = self._by_anchor[key]
        else:
            indices = sorted(set(self._branches).union(*[self._by_anchor[key] for key in anchors]))
        return [self.clauses[index] for index in indices]

    def holds(self, reading: Reading) -> bool:
        if not self._deciding.isdisjoint(reading.present):
            return True
        return any(clause.holds(reading) for clause in self.possible(reading))

    def collect(self, reading: Reading, evidence: Evidence) -> None:
        for clause in self.possible(reading):
            if clause.holds(reading):
                collect(clause, reading, evidence)


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
    """COUNT: so many distinct spans, a span being a field with its first and last token, wherever its characters end.

    So one token counts once however many alternatives find it (`raw:WHO OR who` in "WHO's" is one), while spans that merely
    overlap are two: `"flu vaccine"` and the `vaccine` in it, `"ban ban"` in "ban ban ban". NEAR asks for places that share no token,
    COUNT does not.
    """

    def __init__(self, number: int, operand: AnyOf) -> None:
        self.number = number
        self.operand = operand

    def holds(self, reading: Reading) -> bool:
        leaves = _text_leaves(self.operand, reading)
        found = 0
        for field in reading.fields:
            found += len(distinct_spans(leaf.spans(reading, field) for leaf in leaves))
            if found >= self.number:
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
        if self.left.anchors.isdisjoint(reading.present) or self.right.anchors.isdisjoint(reading.present):
            return False
        left_leaves, right_leaves = _text_leaves(self.left, reading), _text_leaves(self.right, reading)
        for field in reading.fields:
            left = _union(left_leaves, reading, field)
            right = _union(right_leaves, reading, field) if left.starts else NOWHERE
            if right.starts and (self._follows(left, right) or (not self._ordered and self._follows(right, left))):
                return True
        return False

    def collect(self, reading: Reading, evidence: Evidence) -> None:
        # all of the left side first: evidence is in the order of the query
        for left in (True, False):
            for index, leaf, spans, at in self._places(reading, left=left):
                evidence.add_near(leaf, leaf.receipt(reading.fields[index], spans, at))

    def covers(self, reading: Reading, most: int) -> Iterator[Occurrence]:
        """Yield, for each of the first `most` places of the left side, the slice up to its nearest partner."""
        places = {
            (index, spans.starts[at], spans.ends[at], reading.fields[index].offsets(spans, at))
            for index, _, spans, at in self._places(reading, left=True, most=most)
        }
        leaves = _text_leaves(self.right, reading)
        partners = [_union(leaves, reading, field) for field in reading.fields]
        for index, first, last, (start, end) in sorted(places)[:most]:
            field = reading.fields[index]
            other_start, other_end = self._nearest(
                field, [leaf.spans(reading, field) for leaf in leaves], partners[index], first, last
            )
            yield field.slice(min(start, other_start), max(end, other_end))

    def _places(
        self, reading: Reading, *, left: bool, most: int = MAX_OCCURRENCES
    ) -> Iterator[tuple[int, TextLeaf, Spans, int]]:
        """Yield the places of one side that have a partner on the other, at most `most` per leaf and field.

        A place is the number of the field, the leaf, its spans in that field and the index of one of them.
        """
        leaves, others = _text_leaves(self.left, reading), _text_leaves(self.right, reading)
        if not left:
            leaves, others = others, leaves
        before, after = not (left and self._ordered), left or not self._ordered
        partners = [_union(others, reading, field) for field in reading.fields]
        for leaf in leaves:
            for index, field in enumerate(reading.fields):
                spans = leaf.spans(reading, field)
                if spans.starts and partners[index].starts:
                    near = self._near(spans, partners[index], before=before, after=after)
                    for at in islice(near, most):
                        yield index, leaf, spans, at

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

    def _nearest(
        self, field: FieldReading, right: Sequence[Spans], partners: Spans, start: int, end: int
    ) -> tuple[int, int]:
        """Return the offsets of the partner nearest to a place of the left side; the one after it, if two are as near.

        `partners` is the union of `right`.
        """
        after, before = bisect_left(partners.starts, end), bisect_right(partners.ends, start) - 1
        far = self._distance + 1
        gap_after = partners.starts[after] - end if after < len(partners.starts) else far
        gap_before = start - partners.ends[before] if before >= 0 and not self._ordered else far
        for spans in right:
            wanted, edges = (
                (start - gap_before, spans.ends) if gap_before < gap_after else (end + gap_after, spans.starts)
            )
            at = bisect_left(edges, wanted)
            if at < len(edges) and edges[at] == wanted:
                return field.offsets(spans, at)
        raise AssertionError("a place that has a partner has a nearest one")


def distinct_spans(found: Iterable[Spans]) -> set[tuple[int, int]]:
    """Return what COUNT counts of one field: first and last token (exclusive) of each span, each once."""
    return {span for spans in found for span in zip(spans.starts, spans.ends, strict=True)}


def _text_leaves(operand: AnyOf, reading: Reading) -> list[TextLeaf]:
    """Return the leaves of an operand that the document may hold, in the order of the query."""
    return [clause for clause in operand.possible(reading) if isinstance(clause, TextLeaf)]


def _union(leaves: Iterable[TextLeaf], reading: Reading, field: FieldReading) -> Spans:
    """Return all starts and all ends of leaves in one field; each of the two lists ascends by itself."""
    found = [spans for leaf in leaves if (spans := leaf.spans(reading, field)).starts]
    if len(found) == 1:
        return found[0]
    return Spans(
        sorted(chain.from_iterable(spans.starts for spans in found)),
        sorted(chain.from_iterable(spans.ends for spans in found)),
    )


def covers(clause: Clause, reading: Reading, most: int) -> list[Occurrence]:
    """Return where a clause that holds does so, as slices that cover it, at most `most`, in the order of the article.

    A leaf, OR, COUNT or NEAR gives the slices that satisfy it; what looks at title and text together has none, and gives
    the first place of each of its leaves.
    """
    if isinstance(clause, TextLeaf):
        return clause.occurrences(reading, most)
    if isinstance(clause, MatchLeaf):
        return [Occurrence(*receipt[1:]) for receipt in clause.receipts(reading)]
    if isinstance(clause, Often):
        return covers(clause.operand, reading, most)
    if isinstance(clause, AnyOf):
        held = (part for part in clause.possible(reading) if part.holds(reading))
        found = [occurrence for part in held for occurrence in covers(part, reading, most)]
    elif isinstance(clause, Close):
        found = list(clause.covers(reading, most))
    else:
        evidence = Evidence()
        clause.collect(reading, evidence)
        return [Occurrence(*receipts[0][1:]) for receipts in evidence.receipts()][:most]
    return sorted(dict.fromkeys(found), key=in_article)[:most]


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
