"""Each form of the language and the tree it becomes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.effort import lines_run

from presswatch.core.rules.model import (
    And,
    AtLeast,
    Bound,
    Count,
    Exact,
    Meta,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Raw,
    TextField,
    Wildcard,
)
from presswatch.core.rules.printer import normal_form, to_query
from presswatch.core.rules.rule import version_of
from presswatch.core.rules.syntax import parse


def word(token: str, written: str | None = None, field: TextField | None = None) -> Phrase:
    return Phrase(((Exact(token),),), token if written is None else written, field)


A, B, C, D = word("a"), word("b"), word("c"), word("d")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        # tokens
        ("wheat", word("wheat")),
        ("Wheat", word("wheat", "Wheat")),
        ("Straße", word("strasse", "Straße")),
        ("and", word("and")),
        ("wi-fi", Phrase(((Exact("wi"),), (Exact("fi"),)), "wi-fi")),
        ("HIV/AIDS", Phrase(((Exact("hiv"),), (Exact("aids"),)), "HIV/AIDS")),
        ("AT&T", Phrase(((Exact("at"),), (Exact("t"),)), "AT&T")),
        ("Yahoo!", word("yahoo", "Yahoo!")),
        ("東京", Phrase(((Exact("東"),), (Exact("京"),)), "東京")),
        (r"10\:30pm\!", Phrase(parse('"10:30pm!"').slots, r"10\:30pm\!")),  # type: ignore[union-attr]
        (r"\AND", word("and", r"\AND")),
        (r"wheat\*", word("wheat", r"wheat\*")),
        ("İstanbul'da", Phrase(((Exact("istanbulda"), Exact("istanbul")),), "İstanbul'da")),
        # phrases, wildcards, windows
        ('"flu vaccine"', Phrase(((Exact("flu"),), (Exact("vaccine"),)), '"flu vaccine"')),
        ("vaccin*", Phrase(((Prefix("vaccin"),),), "vaccin*")),
        ('"flu vaccin*"', Phrase(((Exact("flu"),), (Prefix("vaccin"),)), '"flu vaccin*"')),
        ("organi?ation", Phrase(((Wildcard("organi?ation"),),), "organi?ation")),
        ("organi?ation*", Phrase(((Wildcard("organi?ation*"),),), "organi?ation*")),
        ("한*", Phrase(((Prefix("한"),),), "한*")),
        ("東京*", Phrase(((Exact("東"),), (Exact("京"),)), "東京*")),
        ("कृषि*", Phrase(((Prefix("कृषि"),),), "कृषि*")),
        ('"grain export"~5', Phrase(((Exact("grain"),), (Exact("export"),)), '"grain export"~5', None, 5)),
        (r'"say \"no\""', Phrase(((Exact("say"),), (Exact("no"),)), r'"say \"no\""')),
        # operators and precedence
        ("a AND b", And((A, B))),
        ("a && b || c", Or((And((A, B)), C))),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("(a OR b) AND c", And((Or((A, B)), C))),
        ("a AND b OR c AND d", Or((And((A, B)), And((C, D))))),
        ("a NOT b", And((A, Not(B)))),
        ("a -b", And((A, Not(B)))),
        ("a !b", And((A, Not(B)))),
        ("a AND NOT b", And((A, Not(B)))),
        ("NOT a AND b", And((Not(A), B))),
        ("a OR b NOT c", Or((A, And((B, Not(C)))))),
        ("a NOT b NOT c OR d", Or((And((A, Not(B), Not(C))), D))),
        ("a AND NOT b NEAR/2 c", And((A, Not(Near(B, C, 2, False))))),
        ("a OR b NEAR/2 c", Or((A, Near(B, C, 2, False)))),
        ("a AND (b AND (c AND d))", And((A, B, C, D))),
        ("(a OR b) OR (c OR d)", Or((A, B, C, D))),
        ("NOT NOT a", A),
        ("a AND NOT NOT (b AND c)", And((A, B, C))),
        ("a AND(b OR c)NOT d", And((A, Or((B, C)), Not(D)))),
        ("a&&b||c", Or((And((A, B)), C))),
        # NEAR
        ("a NEAR/5 b", Near(A, B, 5, False)),
        ("a NEAR/0f b", Near(A, B, 0, True)),
        ("(a OR b) NEAR/5 (c OR d)", Near(Or((A, B)), Or((C, D)), 5, False)),
        ("title:a NEAR/5 b", Near(word("a", field="title"), word("b", field="title"), 5, False)),
        ("(a OR b) NEAR/5 text:c", Near(Or((word("a", field="text"), word("b", field="text"))), word("c", field="text"), 5, False)),
        ("(title:a OR text:b) NEAR/5 c", Near(Or((word("a", field="title"), word("b", field="text"))), C, 5, False)),
        ("raw:WHO NEAR/3 a", Near(Raw("WHO", "raw:WHO"), A, 3, False)),
        # ATLEAST and COUNT
        ("ATLEAST/2 (a, b, c)", AtLeast(2, (A, B, C))),
        ("ATLEAST/2(a,b AND c,lang:en)", AtLeast(2, (A, And((B, C)), Meta("lang", "en", False, "lang:en")))),
        ("ATLEAST/1 ((1,000), a)", AtLeast(1, (parse("1,000"), A))),
        ("title:ATLEAST/1 (a, b)", AtLeast(1, (word("a", field="title"), word("b", field="title")))),
        ("COUNT/3 a", Count(3, A)),
        ("COUNT/3 (a OR b)", Count(3, Or((A, B)))),
        ("title:(COUNT/3 a)", Count(3, word("a", field="title"))),
        ("title:COUNT/3 a", Count(3, word("a", field="title"))),
        # raw
        ("raw:WHO", Raw("WHO", "raw:WHO")),
        ('raw:"AI Act"', Raw("AI Act", 'raw:"AI Act"')),
        ("raw:C++", Raw("C++", "raw:C++")),
        ("raw:a:b/c\\)", Raw("a:b/c)", "raw:a:b/c\\)")),
        ("raw:Cafe\u0301", Raw("Café", "raw:Cafe\u0301")),
        ("title:raw:WHO", Raw("WHO", "raw:WHO", "title")),
        # fields
        ("title:a", word("a", field="title")),
        ("title: a", word("a", field="title")),
        ('text:"a b"', Phrase(((Exact("a"),), (Exact("b"),)), '"a b"', "text")),
        ("title:(a OR (b AND raw:C))", Or((word("a", field="title"), And((word("b", field="title"), Raw("C", "raw:C", "title")))))),
        ("title:(title:a)", word("a", field="title")),
        # metadata
        ("topic:Health", Meta("topic", "health", False, "topic:Health")),
        ("lang:pt-BR", Meta("lang", "pt", False, "lang:pt-BR")),
        ('source:"Le Monde"', Meta("source", "le monde", False, 'source:"Le Monde"')),
        ("source:Reut*", Meta("source", "reut", True, "source:Reut*")),
        ('source:"New York T*"', Meta("source", "new york t", True, 'source:"New York T*"')),
        (r"source:Reuters\*", Meta("source", "reuters*", False, r"source:Reuters\*")),
        ("domain:www.bbc.co.uk", Meta("domain", "bbc.co.uk", False, "domain:www.bbc.co.uk")),
        ("url:https://x.org/?a=b,c&d=-e/*", Meta("url", "https://x.org/?a=b,c&d=-e/", True, "url:https://x.org/?a=b,c&d=-e/*")),
        ("lang:(en OR es)", Or((Meta("lang", "en", False, "lang:en"), Meta("lang", "es", False, "lang:es")))),
        ("a AND lang:(NOT(en OR es))", And((A, Not(Or((Meta("lang", "en", False, "lang:en"), Meta("lang", "es", False, "lang:es"))))))),
        ("author:OR", Meta("author", "or", False, "author:OR")),
        # ranges
        ("words:>300", Range("words", Bound(300, False), None, "words:>300")),
        ("words:[10 TO 20}", Range("words", Bound(10, True), Bound(20, False), "words:[10 TO 20}")),
        ("words:300", Range("words", Bound(300, True), Bound(300, True), "words:300")),
        ("words:(>=10 AND <20)", And((Range("words", Bound(10, True), None, "words:>=10"), Range("words", None, Bound(20, False), "words:<20")))),
        ("score.health:>0.8", Range("score.health", Bound(0.8, False), None, "score.health:>0.8")),
        ("published:[* TO *]", Range("published", None, None, "published:[* TO *]")),
    ],
)  # fmt: skip
def test_query_becomes_tree(query: str, tree: Node) -> None:
    assert parse(query) == tree
    assert parse(to_query(tree)) == tree


def ms(*day: int) -> int:
    return int(datetime(*day, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("written", "lower", "upper"),
    [
        # the days from which and up to which it matches: begins with the first, ends before the second
        ("[2026-01-01 TO *]", (2026, 1, 1), None),
        (">=2026-01-01", (2026, 1, 1), None),
        ("{2026-01-01 TO *]", (2026, 1, 2), None),
        (">2026-01-01", (2026, 1, 2), None),
        ("[* TO 2026-01-31]", None, (2026, 2, 1)),
        ("<=2026-01-31", None, (2026, 2, 1)),
        ("[* TO 2026-01-31}", None, (2026, 1, 31)),
        ("<2026-01-31", None, (2026, 1, 31)),
        ('["2026-01-01" TO "2026-01-01"]', (2026, 1, 1), (2026, 1, 2)),
        ("2024-02-29", (2024, 2, 29), (2024, 3, 1)),
    ],
)
def test_days_are_days_in_utc(written: str, lower: Any, upper: Any) -> None:
    node = parse(f"published:{written}")
    assert isinstance(node, Range)
    assert node.lower == (None if lower is None else Bound(ms(*lower), True))
    assert node.upper == (None if upper is None else Bound(ms(*upper), False))


def test_a_named_list_stands_for_its_terms() -> None:
    lists = {"grain": ["wheat", "durum wheat", "vaccin*", "raw:WHO", "wheat"]}
    wheat, durum = word("wheat"), Phrase(((Exact("durum"),), (Exact("wheat"),)), '"durum wheat"')
    terms = (wheat, durum, Phrase(((Prefix("vaccin"),),), "vaccin*"), Raw("WHO", "raw:WHO"))
    assert parse("@grain", lists) == Or(terms, "grain")
    node = parse("title:@grain AND a", lists)
    assert isinstance(node, And)
    assert isinstance(node.clauses[0], Or)
    assert {leaf.field for leaf in node.clauses[0].clauses if isinstance(leaf, Phrase | Raw)} == {"title"}
    assert to_query(node) == "title:@grain AND a"
    assert parse("@grain NEAR/2 a", lists) == Near(Or(terms, "grain"), A, 2, False)


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("a&&b||c", "(a AND b) OR c"),
        ("a -(b OR c)", "a AND NOT (b OR c)"),
        ("NOT a AND b", "NOT a AND b"),
        ("(a) NEAR/5f ((b OR c))", "a NEAR/5f (b OR c)"),
        ("ATLEAST/1(a,(1,000))", "ATLEAST/1 (a, (1,000))"),
        ("title:(a  OR raw:B)", "title:a OR title:raw:B"),
        ("lang:(en OR es)", "lang:en OR lang:es"),
        ("COUNT/2 (a OR b)", "COUNT/2 (a OR b)"),
    ],
)
def test_print(query: str, printed: str) -> None:
    assert to_query(parse(query)) == printed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("wheat AND corn", "Corn  &&  (WHEAT)", True),
        ("a OR b OR b", "b OR a", True),
        ('"a b"~3', '"b a"~3', True),
        ("a NEAR/2 b", "b NEAR/2 a", True),
        ("lang:en-GB", 'lang:"EN"', True),
        ("published:<2026-02-01", "published:<=2026-01-31", True),
        ("@x", "wheat OR maize", True),
        ("title:@x", "title:(maize OR wheat)", True),
        ('"a b"', '"b a"', False),
        ("a NEAR/2f b", "b NEAR/2f a", False),
        ("a NEAR/2 b", "a NEAR/3 b", False),
        ("wheat", "wheat*", False),
        ("wheat", "raw:wheat", False),
        ("title:wheat", "wheat", False),
        ("ATLEAST/1 (a, b)", "ATLEAST/2 (a, b)", False),
        ("topic:health", "topic:health*", False),
        ("a AND (b OR c)", "(a AND b) OR c", False),
    ],
)
def test_version_is_of_what_decides_a_match(one: str, other: str, same: bool) -> None:
    lists = {"x": ["wheat", "maize"]}
    first, second = parse(one, lists), parse(other, lists)
    assert (normal_form(first) == normal_form(second)) is same
    assert (version_of(first) == version_of(second)) is same


def test_places_of_nodes() -> None:
    query = "wheat AND title:(corn OR -x AND y) NOT lang: en"
    node = parse(query)
    assert isinstance(node, And)
    shown = [query[clause.start : clause.end] for clause in node.clauses]
    assert shown == ["wheat", "title:(corn OR -x AND y)", "NOT lang: en"]


def test_the_work_of_reading_grows_with_the_query() -> None:
    def query(terms: int) -> str:
        return " OR ".join(f"term{number}" for number in range(terms))

    node = parse(query(5000))
    assert isinstance(node, Or)
    assert len(node.clauses) == 5000
    small, large = lines_run(lambda: parse(query(200))), lines_run(lambda: parse(query(1600)))
    assert small > 200
    assert large < 12 * small, f"8 times the terms took {large / small:.0f} times the work"


def test_a_list_is_read_once_for_all_rules() -> None:
    lists = {"long": tuple(f"entry{number}" for number in range(5000))}
    first, second = parse("@long", lists), parse("a AND @long", lists)
    assert isinstance(first, Or)
    assert isinstance(second, And)
    assert isinstance(second.clauses[1], Or)
    assert first.clauses is second.clauses[1].clauses
