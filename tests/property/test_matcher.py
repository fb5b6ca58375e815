"""The engine against the naive reference, in every script, and against itself under additions and removals."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.matcher_strategies import SCRIPTS, Article, articles, cases, text_leaves
from tests.property.reference import Reference

from presswatch.core.rules import guards
from presswatch.core.rules.match import Document, Expression, Match, Matcher
from presswatch.core.rules.model import Near, Node, Not, Or


def expressions(nodes: list[Node]) -> list[Expression]:
    return [Expression(f"r{at:02}", "1", node) for at, node in enumerate(nodes)]


def assert_receipt_is_right(match: Match, article: Article, node: Node) -> None:
    reference = Reference(article)
    for receipt in match.receipts:
        if receipt.field in ("title", "text"):
            assert receipt.quote == article[receipt.field][receipt.start : receipt.end]
        else:
            assert receipt.start is receipt.end is None
    assert len(set(match.receipts)) == len(match.receipts)
    assert set(match.receipts) == reference.receipt(node)


@pytest.mark.parametrize("script", SCRIPTS)
def test_engine_and_reference_agree(script: str) -> None:
    seen: Counter[bool] = Counter()

    @given(cases(script))
    def agree(case: tuple[list[Article], list[Node]]) -> None:
        drawn, nodes = case
        matcher = Matcher(expressions(nodes))
        matched: set[str] = set()
        for article in drawn:
            found = {match.id: match for match in matcher.match(Document.of(article))}
            reference = Reference(article)
            for expression in expressions(nodes):
                assert (expression.id in found) == reference.holds(expression.node), expression
                if expression.id in found:
                    assert_receipt_is_right(found[expression.id], article, expression.node)
            matched |= found.keys()
        seen.update(expression.id in matched for expression in expressions(nodes))

    agree()
    assert seen[True] / seen.total() >= 0.3, f"only {seen[True]} of {seen.total()} rules matched something"


@pytest.mark.parametrize("script", ["Latin", "Japanese", "Thai"])
def test_slices_that_cover_a_near_hold_the_nearest_pair(script: str) -> None:
    seen: Counter[bool] = Counter()

    @given(st.data())
    def cover(data: st.DataObject) -> None:
        article = data.draw(articles(script, least=5))
        sides = st.lists(text_leaves(article, script), min_size=2, max_size=5).map(lambda leaves: Or(tuple(leaves)))
        near = Near(data.draw(sides), data.draw(sides), data.draw(st.integers(0, 9)), data.draw(st.booleans()))
        matches = Matcher(expressions([near])).match(Document.of(article), cover=True)
        pairs = Reference(article).pairs(near)
        seen[bool(matches)] += 1
        assert bool(matches) == bool(pairs)
        slices = {(left.field, min(left.start, right.start), max(left.end, right.end)) for left, right in pairs}
        for match in matches:
            assert 1 <= len(match.occurrences) <= 5
            for field, start, end, quote in match.occurrences:
                assert (field, start, end) in slices
                assert quote == article[field][start:end]

    cover()
    assert seen[True] / seen.total() >= 0.3


@pytest.mark.parametrize("script", ["Latin", "Cyrillic", "Chinese"])
def test_adding_and_removing_is_as_good_as_building_anew(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "_PATIENCE", 0)  # every look in vain files a rule anew
    seen: Counter[bool] = Counter()

    @given(cases(script), st.data())
    def same(case: tuple[list[Article], list[Node]], data: st.DataObject) -> None:
        drawn, nodes = case
        rules = expressions([*nodes, *(Not(node) for node in nodes)])
        matcher = Matcher()
        present: dict[str, Expression] = {}
        for expression in data.draw(st.lists(st.sampled_from(rules), max_size=12)):
            if expression.id in present and data.draw(st.booleans()):
                matcher.remove(expression.id)
                del present[expression.id]
            else:
                version = data.draw(st.sampled_from("123"))
                other = data.draw(st.sampled_from(rules))
                present[expression.id] = Expression(expression.id, version, other.node)
                matcher.add(present[expression.id])
            document = Document.of(data.draw(st.sampled_from(drawn)))
            matches = matcher.match(document)
            assert matches == Matcher(present.values()).match(document)
            assert matches == sorted(matches, key=lambda match: match.id)
            seen[bool(matches)] += 1
        assert len(matcher) == len(present)
        for expression_id in present:
            matcher.remove(expression_id)
        empty = Matcher()
        assert len(matcher._vocabulary) == len(empty._vocabulary)
        assert len(matcher._leaves) == 0
        assert not any(key.alone or key.paired for key in matcher._vocabulary._keys.values())

    same()
    assert seen[True] / seen.total() >= 0.3
