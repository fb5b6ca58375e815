"""The native parser and engine against the Python ones: the same trees, the same matches, receipts and slices, in every script."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.property.matcher_strategies import SCRIPTS, Article, cases
from tests.property.rule_strategies import LISTS, Query, queries

from presswatch.core.errors import RuleError
from presswatch.core.rules.match import Document, Expression, Matcher
from presswatch.core.rules.model import And, AtLeast, Bound, Count, Meta, Near, Node, Not, Or, Phrase, Range, Raw
from presswatch.core.rules.syntax import parse

pytestmark = pytest.mark.needs("native")

RULE_CASES = yaml.safe_load((Path(__file__).parents[1] / "contract" / "rule_cases.yaml").read_text("utf-8"))
PIECES = [
    *("wheat", "grain*", "gr?in", "a*", "*", "?", "농*", "ภา*", "東京", "O'Reilly", "wi-fi", "İstanbul'da", "C++", "#"),
    *(
        " AND ",
        " OR ",
        " NOT ",
        " NEAR/3 ",
        " NEAR/2f ",
        "NEAR",
        "COUNT/2 ",
        "ATLEAST/1 (",
        "&&",
        "||",
        "-",
        "!",
        "+",
        "/",
    ),
    *("(", ")", ",", '"', '"a b"', '"a b"~2', "~", "^2", "\\", "\\*", ":", "'", " ", "\n", "[", "}", ">", "（", "："),
    *(
        "title:",
        "text:",
        "raw:",
        'raw:"C++"',
        "lang:",
        "lang:(en OR es)",
        "topic:health",
        "url:http://a.b/c*",
        "@grains",
        "@x",
    ),
    *("words:>3", "words:[1 TO 5]", "score.health:>0.5", "published:[2026-01-01 TO *]", "published:2026-02-30"),
]
LISTED = {name: list(entries) for name, entries in LISTS.items()}


def form(node: Node) -> list[Any]:
    """Return what the native parser shows of a tree."""
    match node:
        case Phrase(slots, written, field, slop):
            tests = [[[type(test).__name__, getattr(test, test.__slots__[0])] for test in slot] for slot in slots]
            return ["Phrase", tests, written, field, slop]
        case Raw(literal, written, field):
            return ["Raw", literal, written, field]
        case Meta(name, value, prefix, written):
            return ["Meta", name, value, prefix, written]
        case Range(name, lower, upper, written):
            return ["Range", name, _bound(lower), _bound(upper), written]
        case Or(clauses, listed) if listed is not None:
            return ["Listed", listed, [form(clause) for clause in clauses]]
        case And(clauses) | Or(clauses):
            return [type(node).__name__, [form(clause) for clause in clauses]]
        case Not(clause):
            return ["Not", [form(clause)]]
        case Near(left, right, distance, ordered):
            return ["Near", distance, ordered, form(left), form(right)]
        case AtLeast(number, clauses):
            return ["AtLeast", number, [form(clause) for clause in clauses]]
        case Count(number, operand):
            return ["Count", number, form(operand)]


def _bound(bound: Bound | None) -> list[Any] | None:
    return None if bound is None else [float(bound.value), bound.inclusive]


def assert_parsed_alike(query: str, lists: dict[str, list[str]]) -> bool:
    import presswatch_matcher

    try:
        expected = form(parse(query, lists))
    except RuleError:
        expected = None
    found = presswatch_matcher.parsed(query, lists)
    assert (None if found is None else json.loads(found)) == expected
    return expected is not None


@pytest.mark.parametrize("case", RULE_CASES, ids=lambda case: case["query"])
def test_rule_cases_are_read_alike(case: dict[str, Any]) -> None:
    assert assert_parsed_alike(case["query"], case.get("lists", {}))


@given(queries)
def test_queries_are_read_alike(query: Query) -> None:
    assert assert_parsed_alike(query.text, LISTED)


def test_any_text_is_read_or_refused_alike() -> None:
    seen: Counter[bool] = Counter()

    @given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join))
    def alike(query: str) -> None:
        seen[assert_parsed_alike(query, LISTED)] += 1

    alike()
    assert min(seen[True], seen[False]) > 0


@pytest.mark.parametrize("script", SCRIPTS)
def test_matches_are_alike(script: str) -> None:
    import presswatch_matcher

    seen: Counter[bool] = Counter()

    @given(cases(script), st.sampled_from([0, 1, 3, 60]))
    def alike(case: tuple[list[Article], list[Node]], most: int) -> None:
        articles, nodes = case
        expressions = [Expression(f"r{at}", "1", node) for at, node in enumerate(nodes)]
        native, python = presswatch_matcher.Matcher(expressions), Matcher(expressions)
        for article in articles:
            found: list[Any] = native.match(presswatch_matcher.Document.of(article), cover=most > 0, most=most)
            expected = python.match(Document.of(article), cover=most > 0, most=most)
            assert found == expected
            seen[bool(expected)] += 1

    alike()
    assert seen[True] / seen.total() >= 0.3
