"""What is said of two clauses holds in every article: one implies the other, both exclude one another, places lie within places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.matcher_strategies import SCRIPTS, Article, articles, cases, operands
from tests.property.reference import Reference

from presswatch.core.rules.implication import excludes, implies, within
from presswatch.core.rules.model import And, AtLeast, Count, Exact, Near, Node, Not, Or, Phrase, Prefix

PAIRS = 150


def parts(node: Node) -> Iterator[Node]:
    """The node, what it is made of, and others that are a little narrower or wider."""
    yield node
    match node:
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            for clause in clauses:
                yield from parts(clause)
        case Not(clause=clause):
            yield from parts(clause)
        case Count(number=number, operand=operand):
            yield Count(number + 1, operand)
            yield operand
        case Near(left=left, right=right, distance=distance):
            yield Near(right, left, distance + 1, ordered=False)
            yield from (left, right)
        case Phrase(slots=slots, slop=slop):
            if slop is not None:
                yield Phrase(slots[::-1], "w", node.field, slop + 1)
                yield Phrase(slots, "p", node.field)
            if len(slots) > 1:
                yield Phrase(slots[1:], "s")
                yield Near(Phrase(slots[:1], "a"), Phrase(slots[-1:], "b"), len(slots) - 2, ordered=True)
            yield Phrase(
                tuple(tuple(Prefix(t.token[:3]) if isinstance(t, Exact) else t for t in s) for s in slots), "*"
            )
            yield Phrase(slots, "t", "title")


@pytest.mark.parametrize("script", ["Latin", "Turkish", "Thai"])
def test_what_follows_holds_and_what_is_excluded_does_not(script: str) -> None:
    seen: Counter[str] = Counter()

    @given(cases(script))
    def agree(case: tuple[list[Article], list[Node]]) -> None:
        drawn, rules = case
        nodes = list(dict.fromkeys(part for rule in rules[:3] for part in parts(rule)))[:14]
        nodes += [Not(node) for node in nodes[:4] if not isinstance(node, Not)]
        readings = [Reference(article) for article in drawn]
        truth = {node: [reading.holds(node) for reading in readings] for node in nodes}
        for one, other in islice(product(nodes, nodes), PAIRS):
            if one is not other and implies(one, other):
                seen["implies"] += any(truth[one])
                assert not any(a and not b for a, b in zip(truth[one], truth[other], strict=True)), (one, other)
            if excludes(one, other):
                seen["excludes"] += any(truth[one]) and any(truth[other])
                assert not any(a and b for a, b in zip(truth[one], truth[other], strict=True)), (one, other)

    agree()
    assert seen["implies"] >= 100
    assert seen["excludes"] >= 5


def test_places_lie_within_places() -> None:
    seen: Counter[bool] = Counter()

    @given(st.data(), st.sampled_from(sorted(SCRIPTS)))
    def agree(data: st.DataObject, script: str) -> None:
        article = data.draw(articles(script, least=5))
        one, other = data.draw(operands(article, script)), data.draw(operands(article, script))
        reading = Reference(article)
        for narrow, wide in product([one, other, Or((one, other))], repeat=2):
            if narrow != wide and within(narrow, wide):
                seen[bool(reading.places(narrow))] += 1
                assert {place[:3] for place in reading.places(narrow)} <= {place[:3] for place in reading.places(wide)}

    agree()
    assert seen[True] >= 30
