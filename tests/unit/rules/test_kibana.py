"""Rules as Kibana takes them in Lucene mode, and what it has no form for."""

from __future__ import annotations

import pytest
from hypothesis import given
from tests.property.rule_strategies import LISTS as RANDOM_LISTS
from tests.property.rule_strategies import Query, queries

from presswatch.core.rules.kibana import to_kibana
from presswatch.core.rules.printer import to_query
from presswatch.core.rules.syntax import parse

LISTS = {"grains": ("wheat", "durum wheat")}


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("wheat", "(tok.title:wheat OR tok.text:wheat)"),
        ("title:Café", "tok.title:cafe"),
        ("title:vaccin*", "tok.title:vaccin*"),
        ("title:organi?ation", "tok.title:organi?ation"),
        ("title:wi-fi", 'tok.title:"wi fi"'),
        ("title:東京", 'tok.title:"東 京"'),
        (r"title:10\:30", 'tok.title:"10 30"'),
        ('title:"AND"', "tok.title:and"),
        ("title:(wheat OR maize)", "tok.title:(wheat OR maize)"),
        ("title:@grains", 'tok.title:(wheat OR "durum wheat")'),
        ("title:a AND title:b OR title:c", "(tok.title:c OR (tok.title:a AND tok.title:b))"),
        ("title:a -text:b", "(tok.title:a AND NOT tok.text:b)"),
        ("title:wheat NEAR/5 title:ban", 'tok.title:("wheat ban"~5 OR "ban wheat"~5)'),
        ("title:wheat NEAR/0 title:ban", 'tok.title:("wheat ban" OR "ban wheat")'),
        ("title:wheat NEAR/1f title:ban", 'tok.title:"wheat ban"~1'),
        ('title:"grain ban"~2', 'tok.title:("grain ban"~2 OR "ban grain"~2)'),
        (
            "ATLEAST/2 (title:a, title:b, title:c)",
            "((tok.title:a AND tok.title:b) OR (tok.title:a AND tok.title:c) OR (tok.title:b AND tok.title:c))",
        ),
        ("COUNT/1 title:wheat", "tok.title:wheat"),
        ('source:"Le Monde"', 'tok.meta:"source:le monde"'),
        ("lang:(en OR es)", 'tok.meta:("lang:en" OR "lang:es")'),
        ("url:https://example.org/*", r"tok.meta:url\:https\:\/\/example.org\/*"),
        ("words:>300", "words:{300 TO *]"),
        ("score.health:[0.5 TO 0.8]", "score.health:[0.5 TO 0.8]"),
        ("published:[2026-01-01 TO 2026-01-31]", "published:[2026-01-01T00:00:00Z TO 2026-02-01T00:00:00Z}"),
        ("published:<=9999-12-31", "published:[* TO 253402300800000}"),
    ],
)
def test_what_has_a_form_is_said_exactly(query: str, printed: str) -> None:
    written = to_kibana(parse(query, LISTS))
    assert written.query == printed
    assert written.gaps == ()


@pytest.mark.parametrize(
    ("query", "printed", "without"),
    [
        ("COUNT/3 title:wheat", "tok.title:wheat", "COUNT/3 title:wheat"),
        ("raw:NOT", '(tok.runs:"NOT" OR tok.title:"NOT" OR tok.text:"NOT")', "raw:NOT"),
        ('title:"flu vaccin*"', "tok.title:(flu AND vaccin*)", 'title:"flu vaccin*"'),
        ("title:wheat NEAR/5f title:ban", 'tok.title:"wheat ban"~5', "title:wheat NEAR/5f title:ban"),
        ("title:wheat NEAR/5 title:ban*", "tok.title:(wheat AND ban*)", "title:wheat NEAR/5 title:ban*"),
        ("title:wheat AND NOT COUNT/2 ban", "tok.title:wheat", "NOT (COUNT/2 ban)"),
    ],
)
def test_what_has_none_is_written_wider_and_named(query: str, printed: str, without: str) -> None:
    written = to_kibana(parse(query, LISTS))
    assert written.query == printed
    assert [gap.clause for gap in written.gaps] == [without]


def test_a_near_of_too_many_pairs_has_no_form() -> None:
    left, right = (" OR ".join(f"{letter}{number}" for number in range(10)) for letter in "ab")
    written = to_kibana(parse(f"title:({left}) NEAR/5 title:({right})"))
    assert written.query == f"tok.title:(({left}) AND ({right}))"
    assert written.gaps


def test_long_lists_are_not_written_out_in_pairs() -> None:
    terms = [f"w{number}" for number in range(3000)]
    written = to_kibana(parse("title:@big NEAR/5 title:@big2", {"big": terms, "big2": [*terms, "rain"]}))
    assert len(written.query) < 60_000
    assert [gap.clause for gap in written.gaps] == ["title:@big NEAR/5 title:@big2"]


@given(queries)
def test_any_rule_is_written_with_balanced_parentheses_and_without_our_own_operators(query: Query) -> None:
    tree = parse(query.text, RANDOM_LISTS)
    written = to_kibana(tree)
    assert written.query.count("(") == written.query.count(")")
    assert not any(sign in written.query for sign in ("NEAR/", "COUNT/", "ATLEAST/", "@", "raw:", "&&", "||"))
    assert "NOT (*:*" not in written.query
    assert parse(to_query(tree), RANDOM_LISTS) == tree
