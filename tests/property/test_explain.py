"""An explanation agrees with the matcher: on whether the rule matches, and on what is quoted."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.matcher_strategies import SCRIPTS, Article, articles, cases, text_leaves

from presswatch.core.rules.explain import Explainer, Verdict, lines
from presswatch.core.rules.match import Document, Expression, Matcher
from presswatch.core.rules.model import And, Near, Node, Or


def walk(verdict: Verdict) -> list[Verdict]:
    return [verdict, *(inner for part in verdict.parts for inner in walk(part))]


def matches(node: Node, article: Article) -> bool:
    return bool(Matcher([Expression("r", "1", node)]).match(Document.of(article)))


@pytest.mark.parametrize("script", ["Latin", "Turkish", "Japanese", "Thai"])
def test_it_says_yes_exactly_when_the_matcher_does_of_every_clause(script: str) -> None:
    seen: Counter[bool] = Counter()

    @given(cases(script))
    def agree(case: tuple[list[Article], list[Node]]) -> None:
        drawn, nodes = case
        for node in nodes:
            explainer = Explainer(node)
            for article in drawn:
                verdict = explainer.explain(Document.of(article))
                seen[verdict.holds] += 1
                for each in walk(verdict) if article is drawn[0] else [verdict]:
                    assert each.holds == matches(each.node, article), each
                    for receipt in each.receipts:
                        if receipt.start is not None:
                            assert receipt.quote == article[receipt.field][receipt.start : receipt.end]

    agree()
    assert seen[True] / seen.total() >= 0.2
    assert seen[False] / seen.total() >= 0.2


@given(st.sampled_from(sorted(SCRIPTS)).flatmap(cases))
def test_what_failed_first_is_a_reason(case: tuple[list[Article], list[Node]]) -> None:
    drawn, nodes = case
    for node in nodes:
        for article in drawn:
            verdict = Explainer(node).explain(Document.of(article))
            failed = verdict.failed_first()
            assert (failed is None) == verdict.holds
            if failed:
                assert not matches(failed.node, article)
                assert not isinstance(failed.node, And)
                assert failed.why
            for each in walk(verdict):
                if not each.holds and not isinstance(each.node, And):
                    assert each.why
            assert all(line.startswith(("yes ", "no  ")) and "\n" not in line for line in lines(verdict))


def test_the_distance_that_it_names_is_the_one_that_would_do() -> None:
    seen: Counter[bool] = Counter()

    @given(st.data())
    def names(data: st.DataObject) -> None:
        article = data.draw(articles("Latin", least=8))
        sides = st.lists(text_leaves(article, "Latin"), min_size=1, max_size=2).map(
            lambda leaves: leaves[0] if len(leaves) == 1 else Or(tuple(leaves))
        )
        near = Near(data.draw(sides), data.draw(sides), 0, data.draw(st.booleans()))
        why = Explainer(near).explain(Document.of(article)).why
        seen["apart" in why and "occur" in why] += 1
        if "apart" in why and "occur" in why:
            tokens = int(why.partition(" occur, ")[2].split()[0])
            assert matches(Near(near.left, near.right, tokens, near.ordered), article)
            assert not matches(Near(near.left, near.right, tokens - 1, near.ordered), article)

    names()
    assert seen[True] >= 2
