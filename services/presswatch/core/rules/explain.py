"""Why a rule matches an article, or why not: the whole tree judged, clause by clause, in the order of the query.

The leaves are the matcher's own; the clauses above them are judged here, all of them, where the matcher stops at the first
that decides.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from presswatch.core.rules import nearmiss
from presswatch.core.rules.clauses import distinct_spans
from presswatch.core.rules.document import Document
from presswatch.core.rules.leaves import Leaves, TextLeaf
from presswatch.core.rules.model import And, AtLeast, Count, Leaf, Meta, Near, Node, Not, Or
from presswatch.core.rules.printer import to_query
from presswatch.core.rules.reading import Reading, Receipt
from presswatch.core.rules.vocabulary import Vocabulary

SHOWN_ALTERNATIVES = 20
"""Alternatives of an OR that are told of one by one: of more that hold the first, of more that do not only that none does."""

TOLD_ALTERNATIVES = 4
"""Alternatives of an OR up to which one line tells why each fails."""


class _Span(NamedTuple):
    """A place: first token, last token (exclusive) and quote."""

    first: int
    last: int
    quote: str


class _Gap(NamedTuple):
    """How near places of the two sides of a NEAR come to each other in one field, in one order."""

    tokens: int
    field: str
    first: str
    second: str
    in_order: bool

    def __str__(self) -> str:
        return f"{self.tokens} token{'s' * (self.tokens != 1)} apart in the {self.field}"


_Side = dict[str, list[_Span]]
"""Places of one side of a NEAR, by field."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an article has of one clause.

    Args:
        node: the clause.
        holds: whether the article satisfies it.
        why: what was found or is missing, in words; "" where receipts or parts say it all.
        receipts: of a leaf that holds, its first places.
        parts: what it hangs on, in the order of the query. Of an OR that holds, the first alternatives that do.
    """

    node: Node
    holds: bool
    why: str = ""
    receipts: tuple[Receipt, ...] = ()
    parts: tuple[Verdict, ...] = ()

    def failed_first(self) -> Verdict | None:
        """Return the first clause, in the order of the query, for want of which the rule does not match; None if it does."""
        if self.holds:
            return None
        if isinstance(self.node, And):
            return next(part.failed_first() for part in self.parts if not part.holds)
        return self


class Explainer:
    """One rule, ready to be explained against any number of articles."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._vocabulary = Vocabulary()
        self._leaves = Leaves(self._vocabulary)
        self._known = {leaf: self._leaves.acquire(leaf) for leaf in _leaves_of(node)}

    def asks_for_topics(self) -> bool:
        """Tell whether the rule looks at the tags of an article."""
        return self._leaves.ask_for_topics()

    def topics(self) -> set[str]:
        """Return the topics that the rule asks for by name, folded."""
        return {leaf.value for leaf in self._known if isinstance(leaf, Meta) and leaf.name == "topic"}

    def explain(self, document: Document) -> Verdict:
        """Judge the whole rule; the verdict holds exactly if the matcher finds a match."""
        return self._judge(self._node, self._vocabulary.read(document))

    def _judge(self, node: Node, reading: Reading) -> Verdict:
        match node:
            case And(clauses):
                parts = tuple(self._judge(part, reading) for part in clauses)
                return Verdict(node, all(part.holds for part in parts), parts=parts)
            case Or():
                return self._any_of(node, reading)
            case Not(clause):
                inner = self._judge(clause, reading)
                if inner.holds:
                    return Verdict(node, holds=False, why="must not hold, but does", parts=(inner,))
                return Verdict(node, holds=True, why="does not hold, as it must not")
            case AtLeast(number, clauses):
                parts = tuple(self._judge(part, reading) for part in clauses)
                found = sum(part.holds for part in parts)
                why = f"{found} of {len(parts)} hold{'s' * (found == 1)}; ATLEAST/{number} asks for {number}"
                return Verdict(node, found >= number, why, parts=parts)
            case Count():
                return self._count(node, reading)
            case Near():
                return self._near(node, reading)
            case _:
                leaf = self._known[node]
                if leaf.holds(reading):
                    return Verdict(node, holds=True, receipts=tuple(leaf.receipts(reading)))
                return Verdict(node, holds=False, why=nearmiss.of_leaf(node, reading.document))

    def _any_of(self, node: Or, reading: Reading) -> Verdict:
        """Judge an OR; of one with thousands of alternatives only those are worded that are shown."""
        held = [part for part in node.clauses if self._holds(part, reading)]
        if held:
            more = len(held) - SHOWN_ALTERNATIVES
            why = f"{more:,} more hold{'s' * (more == 1)} than are shown" if more > 0 else ""
            parts = tuple(self._judge(part, reading) for part in held[:SHOWN_ALTERNATIVES])
            return Verdict(node, holds=True, why=why, parts=parts)
        number = len(node.clauses)
        if number > SHOWN_ALTERNATIVES or node.listed is not None:
            of = f"{number:,} terms of @{node.listed}" if node.listed is not None else f"{number:,} alternatives"
            return Verdict(node, holds=False, why=f"none of the {of} holds")
        parts = tuple(self._judge(part, reading) for part in node.clauses)
        return Verdict(node, holds=False, why="none of them holds", parts=parts)

    def _holds(self, node: Node, reading: Reading) -> bool:
        """Tell whether a clause holds, without wording why: groups within groups would be judged over and over."""
        match node:
            case And(clauses):
                return all(self._holds(part, reading) for part in clauses)
            case Or(clauses):
                return any(self._holds(part, reading) for part in clauses)
            case Not(clause):
                return not self._holds(clause, reading)
            case AtLeast(number, clauses):
                return sum(self._holds(part, reading) for part in clauses) >= number
            case Near() | Count():
                return self._judge(node, reading).holds
            case _:
                return self._known[node].holds(reading)

    def _count(self, node: Count, reading: Reading) -> Verdict:
        leaves = self._text_leaves(node.operand)
        found = sum(len(distinct_spans(leaf.spans(reading, field) for leaf in leaves)) for field in reading.fields)
        why = f"found {found}; COUNT/{node.number} asks for {node.number}"
        return Verdict(node, found >= node.number, why, parts=(self._judge(node.operand, reading),))

    def _near(self, node: Near, reading: Reading) -> Verdict:
        parts = (self._judge(node.left, reading), self._judge(node.right, reading))
        left, right = self._side(node.left, reading), self._side(node.right, reading)
        gaps = [gap for field in left for gap in _gaps(field, left[field], right[field])]
        allowed = [gap for gap in gaps if gap.in_order or not node.ordered]
        if not allowed:
            return Verdict(node, holds=False, why=_apart(node, left, right, gaps), parts=parts)
        gap = min(allowed)
        words = f"{gap.first} and {gap.second}"
        if gap.tokens <= node.distance:
            return Verdict(node, holds=True, why=f"{words}, {gap}", parts=parts)
        at_most = f"{'at most ' * (node.distance > 0)}{node.distance}"
        return Verdict(node, holds=False, why=f"{words} occur, {gap}; {_sign(node)} asks for {at_most}", parts=parts)

    def _side(self, operand: Node, reading: Reading) -> _Side:
        side: _Side = {}
        for field in reading.fields:
            found = side[field.name] = []
            for leaf in self._text_leaves(operand):
                spans = leaf.spans(reading, field)
                for at, (first, last) in enumerate(zip(spans.starts, spans.ends, strict=True)):
                    start, end = field.offsets(spans, at)
                    found.append(_Span(first, last, nearmiss.short(field.tokens.original[start:end])))
        return side

    def _text_leaves(self, operand: Node) -> list[TextLeaf]:
        return [leaf for node in _leaves_of(operand) for leaf in (self._known[node],) if isinstance(leaf, TextLeaf)]


def _leaves_of(node: Node) -> Iterator[Leaf]:
    match node:
        case And(clauses) | Or(clauses) | AtLeast(clauses=clauses):
            yield from chain.from_iterable(map(_leaves_of, clauses))
        case Not(inner) | Count(operand=inner):
            yield from _leaves_of(inner)
        case Near(left, right):
            yield from _leaves_of(left)
            yield from _leaves_of(right)
        case _:
            yield node


def _gaps(field: str, left: Sequence[_Span], right: Sequence[_Span]) -> Iterator[_Gap]:
    """Yield for each order the pair of places with the fewest tokens between, if any stand in that order."""
    for in_order, before, after in ((True, left, right), (False, right, left)):
        by_start = sorted(after)
        starts = [span.first for span in by_start]
        yield from sorted(
            _Gap(starts[at] - span.last, field, span.quote, by_start[at].quote, in_order)
            for span in before
            for at in (bisect_left(starts, span.last),)
            if at < len(starts)
        )[:1]


def _apart(node: Near, left: _Side, right: _Side, gaps: Sequence[_Gap]) -> str:
    """Say why no place of one side stands before or after one of the other, as it should."""
    if gaps:  # in the other order only
        gap = min(gaps)
        return f"{gap.first} stands before {gap.second}, {gap}; {_sign(node)} asks for the other order"
    absent = [operand for operand, side in ((node.left, left), (node.right, right)) if not any(side.values())]
    if len(absent) == 2:
        return "neither side occurs"
    if absent:
        return f"{nearmiss.short(to_query(absent[0]))} does not occur"
    alone = [[(field, spans[0].quote) for field, spans in side.items() if spans] for side in (left, right)]
    if len(alone[0]) == len(alone[1]) == 1 and alone[0][0][0] != alone[1][0][0]:
        where = ", ".join(f"{quote} occurs in the {field} only" for ((field, quote),) in alone)
        return f"{where}; {_sign(node)} looks within one field"
    return f"both sides occur in the same words only; {_sign(node)} asks for two places that share no word"


def _sign(node: Near) -> str:
    return f"NEAR/{node.distance}{'f' if node.ordered else ''}"


# -- as text


def lines(verdict: Verdict) -> list[str]:
    """Return the verdict as lines of text: yes or no, the clause, and what was found or is missing."""
    return list(_lines(verdict, 0))


def shown(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as JSON shows it: each clause with its own parts."""
    return {
        "clause": to_query(verdict.node),
        "holds": verdict.holds,
        "why": verdict.why,
        "receipt": [receipt.shown() for receipt in verdict.receipts],
        "parts": [shown(part) for part in verdict.parts],
    }


def _lines(verdict: Verdict, depth: int) -> Iterator[str]:
    told = verdict.why or ", ".join(map(_place, verdict.receipts))
    yield f"{'yes' if verdict.holds else 'no '} {'  ' * depth} {_label(verdict.node)}{': ' * bool(told)}{told}"
    for part in verdict.parts:
        yield from _lines(part, depth + 1)


def reason(verdict: Verdict) -> str:
    """Return in one line what failed first; "" if nothing did. Of a short OR that is what failed first of each alternative."""
    failed = verdict.failed_first()
    if failed is None:
        return ""
    if isinstance(failed.node, Or) and 0 < len(failed.parts) <= TOLD_ALTERNATIVES:
        return "; ".join(reason(part) for part in failed.parts)
    return f"{nearmiss.short(to_query(failed.node), nearmiss.LINE)}: {failed.why}"


def _label(node: Node) -> str:
    """Name a clause in a line: groups, whose clauses stand below, by their kind."""
    match node:
        case And():
            return "all of these"
        case Or(listed=None):
            return "any of these"
        case AtLeast(number):
            return f"at least {number} of these"
        case Not(And() | Or(listed=None) | AtLeast()):
            return f"NOT {nearmiss.short(to_query(node.clause))}"
        case _:
            return nearmiss.short(to_query(node), nearmiss.LINE)


def _place(receipt: Receipt) -> str:
    quote = nearmiss.short(receipt.quote or "")
    return quote if receipt.start is None else f'{receipt.field} {receipt.start}-{receipt.end} "{quote}"'
