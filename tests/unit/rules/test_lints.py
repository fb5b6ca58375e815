"""Warnings about queries: said where they help, with the right words marked, silent elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from presswatch.core.rules.lints import Linter
from presswatch.core.rules.syntax import parse
from presswatch.rulefiles import check_rules

LISTS = {"grains": ("wheat", "maiz*", "durum wheat")}
TOPICS = ("health", "agriculture")


def told(query: str) -> list[tuple[str, str]]:
    return [(query[each.start : each.end], each.message) for each in Linter(TOPICS).query(parse(query, LISTS))]


@pytest.mark.parametrize(
    ("query", "marked", "message"),
    [
        ("wheat AND 東京*", "東京*", "changes nothing"),
        ('"ภาษาไทย*"', '"ภาษาไทย*"', "changes nothing"),
        ("what?", "what?", "exactly one character more"),
        ('"who will pay?"', '"who will pay?"', "exactly one character more"),
        ('"Will India ban wheat? Exporters fear so"', '"Will India ban wheat? Exporters fear so"', "exactly one"),
        ('"Он сказал: «Пшеница?»"', '"Он сказал: «Пшеница?»"', "exactly one"),
        ("raw:WHO*", "raw:WHO*", "wildcards mean nothing"),
        ("C++ AND wheat", "C++", "only the letters count"),
        ("words>300 AND a", "words>300", "there is no colon"),
        ("a AND score.health>=0.5", "score.health>=0.5", "there is no colon"),
        ("wheat,corn AND a", "wheat,corn", "a comma joins nothing"),
        ("小麦、大米", "小麦、大米", "a comma joins nothing"),
        ("قمح،أرز OR a", "قمح،أرز", "a comma joins nothing"),
        ("lang:english AND a", "lang:english", "no language code"),
        ("a AND domain:https://example.org/", "domain:https://example.org/", "more than a domain"),
        ("a AND url:example.org/health/*", "url:example.org/health/*", "no address begins with"),
        ("a AND topic:helth", "topic:helth", "no topic pack tags articles with `helth`"),
        ("a AND score.agricultur:>0.5", "score.agricultur:>0.5", "no topic pack"),
        ("wheat OR corn OR Wheat", "Wheat", "twice"),
        ("ATLEAST/1 (a NEAR/2 (b OR b), COUNT/2 d)", "b", "twice"),
    ],
)
def test_warned_of_one_clause(query: str, marked: str, message: str) -> None:
    ((words, said),) = told(query)
    assert words == marked
    assert message in said


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("wheat AND NOT Wheat", "NOT Wheat"),
        ('NOT vaccin* AND "flu vaccine"', "NOT vaccin*"),
        ("(wheat NEAR/3 ban) AND x AND NOT ban", "NOT ban"),
        ("(wheat OR maize) AND NOT @grains", "NOT @grains"),
        ("title:wheat AND NOT wheat", "NOT wheat"),
        ("COUNT/2 wheat AND NOT wheat", "NOT wheat"),
        ("lang:en-GB AND NOT lang:(en OR fr)", "NOT lang:(en OR fr)"),
        ("words:>300 AND words:<=300", "words:<=300"),
        ("a AND published:>2026-01-31 AND published:<2026-01-31", "published:<2026-01-31"),
        ("domain:example.org AND NOT domain:exam*", "NOT domain:exam*"),
        ("wheat AND (rice OR corn NOT wheat)", "corn NOT wheat"),
        ("(wheat OR rice) AND NOT wheat", "wheat"),
        ("a OR (b AND NOT (b OR c))", "NOT (b OR c)"),
        ("ATLEAST/2 (a, a) AND NOT a", "NOT a"),
        ("пшениц* AND NOT (рис OR п?еница OR пшен*)", "NOT (рис OR п?еница OR пшен*)"),
    ],
)
def test_warned_that_a_clause_can_never_match(query: str, marked: str) -> None:
    never = [words for words, said in told(query) if "never match" in said]
    assert never == [marked]


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("vaccine OR vaccin*", "vaccine"),
        ('wheat OR "wheat ban"', '"wheat ban"'),
        ("@grains OR maize", "maize"),
        ("title:wheat OR wheat", "title:wheat"),
        ("organisation OR organi?ation", "organisation"),
        ("wheat OR (wheat AND ban)", "(wheat AND ban)"),
        ('"flu vaccine" OR flu NEAR/5 vaccine', '"flu vaccine"'),
        ("a NEAR/2 b OR b NEAR/3 (a OR c)", "a NEAR/2 b"),
        ('"grain export"~2 OR "export grain"~9', '"grain export"~2'),
        ("COUNT/3 wheat OR COUNT/2 (wheat OR rye)", "COUNT/3 wheat"),
        ('vaccine AND "flu vaccine"', "vaccine"),
        ("vaccin* AND NOT flu AND NOT (flu AND shot)", "NOT (flu AND shot)"),
        ("words:>300 AND words:>=100", "words:>=100"),
        ("(vaccine OR vaccin*) NEAR/3 ban", "vaccine"),
        ("COUNT/3 (vaccin* OR vaccine)", "vaccine"),
        ("ATLEAST/2 (a, b) OR a", "ATLEAST/2 (a, b)"),
        ("lang:en OR lang:e*", "lang:en"),
        ("東京 OR 東", "東京"),
    ],
)
def test_warned_that_a_clause_adds_nothing(query: str, marked: str) -> None:
    found = [words for words, said in told(query) if "adds nothing" in said]
    assert found == [marked]


@pytest.mark.parametrize(
    ("query", "marked", "message"),
    [
        ('COUNT/2 ("flu vaccine" OR vaccine)', '"flu vaccine"', "COUNT counts"),
        ('ATLEAST/2 (wheat, "wheat ban", corn)', '"wheat ban"', "counts as two of ATLEAST/2"),
    ],
)
def test_warned_that_one_find_counts_twice(query: str, marked: str, message: str) -> None:
    ((words, said),) = told(query)
    assert words == marked
    assert message in said


@pytest.mark.parametrize(
    "query",
    [
        "vaccin*",
        "한국*",
        r"what\?",
        "organi?ation",
        '"Quelle surprise, colou?red"',
        "raw:C++",
        'a AND 1,000 AND "wheat, corn" AND x>y',
        "lang:(en OR zh)",
        "domain:example.org",
        "url:https://example.org/*",
        "url:http*",
        "topic:HEALTH OR topic:agri* OR score.health:>0.5",
        "a AND NOT (a AND b)",
        "wheat AND NOT title:wheat",
        "wheat AND NOT COUNT/3 wheat",
        '"flu vaccine" AND NOT title:vaccine',
        "lang:en AND lang:fr",
        "author:a AND author:b",
        "words:>300 AND words:<=301",
        "published:>=2026-01-31 AND published:<=2026-01-31",
        'vaccine NEAR/0 ban OR "vaccine x ban"',
        '("flu vaccine" OR vaccine) NEAR/3 ban',
        'a NEAR/2f b OR "b a"',
        '"a b" OR "b a"',
        '"a b"~1 OR "a b"~2 AND c',
        "title:wheat OR text:wheat",
        "raw:WHO OR who",
        "ATLEAST/2 (wheat, corn, rice) AND NOT @grains",
        "ATLEAST/1 (wheat, whe*)",
        'COUNT/2 ("flu vaccine" OR dose)',
        "COUNT/2 wheat OR wheat NEAR/5 ban",
        "@grains OR rice",
        "@grains NEAR/3 ban*",
        "грипп OR гриппа",
    ],
)
def test_not_warned(query: str) -> None:
    assert told(query) == []


def test_a_long_list_of_words_is_compared_by_a_table() -> None:
    words = " OR ".join(f"term{number}" for number in range(3000))
    assert told(words) == []
    found = told(f'{words} OR "big term77" OR term299*')
    assert [marked for marked, _ in found] == [*(f"term299{n}" for n in ["", *range(10)] if f"term299{n}" in words), '"big term77"']  # fmt: skip


def test_entries_of_lists() -> None:
    found = list(Linter().entries(("wheat", "who?", "Wheat", "raw:WHO*", '"durum wheat"', "durum wheat", "東*")))
    assert [index for index, _ in found] == [1, 2, 3, 5, 6]
    assert "stands in the list already, as `wheat`" in found[1][1].message


def test_places_in_files(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "grains.txt").write_text("# cereals\nwheat\n  maize?\nwheat\n")
    (tmp_path / "r.yaml").write_text(
        'id: r\nname: R\nquery: >\n  @grains AND rice\n    AND topic:helth\n  AND NOT "rice*"\n', encoding="utf-8"
    )
    warnings = check_rules(tmp_path, Linter(TOPICS)).warnings
    places = [(Path(each.file).name, each.line, each.column, each.carets.count("^")) for each in warnings]
    assert places == [("grains.txt", 3, 3, 6), ("grains.txt", 4, 1, 5), ("r.yaml", 5, 9, 11), ("r.yaml", 6, 7, 11)]
    assert all(each.mend for each in warnings)
