"""What the rule language means, by example: `rule_cases.yaml`, which every engine that matches rules must answer alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from presswatch import matching
from presswatch.core.rules.match import Expression, Match, Matcher
from presswatch.core.rules.printer import to_query
from presswatch.core.rules.syntax import parse

pytestmark = pytest.mark.usefixtures("each_engine")

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("rule_cases.yaml").read_text(encoding="utf-8"))


def article_of(given: str | dict[str, Any]) -> dict[str, Any]:
    return {"text": given} if isinstance(given, str) else given


def title_of(case: dict[str, Any]) -> str:
    return f"{case['about']}: {case['query']}"


def ask(matcher: Matcher, given: str | dict[str, Any]) -> Match | None:
    """Match one article, and check that each receipt points at what it quotes."""
    article = article_of(given)
    found = matcher.match(matching.document(article))
    for receipt in found[0].receipts if found else ():
        if receipt.start is None:
            assert receipt.end is None
            assert receipt.field not in {"title", "text"}
        else:
            assert article[receipt.field][receipt.start : receipt.end] == receipt.quote != ""
    return found[0] if found else None


@pytest.mark.parametrize("case", CASES, ids=title_of)
def test_rule(case: dict[str, Any]) -> None:
    lists = case.get("lists", {})
    node = parse(case["query"], lists)
    matcher = matching.matcher([Expression("r", "1", node)])
    matches = [ask(matcher, given) for given in case["match"]]
    assert [given for given, match in zip(case["match"], matches, strict=True) if match is None] == []
    assert [given for given in case["miss"] if ask(matcher, given)] == []
    assert parse(to_query(node), lists) == node
    if "quotes" in case:
        assert matches[0]
        assert [receipt.quote for receipt in matches[0].receipts] == case["quotes"]


def test_all_rules_together_answer_as_each_alone() -> None:
    matcher = matching.matcher(
        Expression(str(number), "1", parse(case["query"], case.get("lists", {}))) for number, case in enumerate(CASES)
    )
    for number, case in enumerate(CASES):
        for wanted, articles in ((True, case["match"]), (False, case["miss"])):
            for given in articles:
                found = {match.id for match in matcher.match(matching.document(article_of(given)))}
                assert (str(number) in found) is wanted, (case["query"], given)


def test_every_case_can_fail() -> None:
    assert len(CASES) > 200
    for case in CASES:
        assert case.keys() <= {"about", "query", "match", "miss", "quotes", "lists"}
        assert case["match"]
        assert case["miss"]
