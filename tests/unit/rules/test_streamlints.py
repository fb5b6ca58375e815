"""Warnings that a stream gives reason to: said of what is too wide, lacking or misspelt, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from presswatch.core.rules.document import Document
from presswatch.core.rules.model import Prefix, Wildcard
from presswatch.core.rules.streamlints import (
    FEW,
    MAX_WORDS,
    StreamFacts,
    StreamLinter,
    Widths,
    narrowed,
    patterns_of,
    scripts_of,
    values_of,
    words_of,
)
from presswatch.core.rules.syntax import parse

CARRIED = {"en": 5000, "es": 3000, "ru": 1500, "fr": 300, "is": 20}
SCRIPTS = {"en": {"LATIN"}, "es": {"LATIN"}, "ru": {"CYRILLIC"}, "fr": {"LATIN"}}


def told(query: str, facts: StreamFacts) -> list[tuple[str, str, str]]:
    found = StreamLinter(facts).query(parse(query, {"wide": ("ban*", "wheat")}))
    return [(query[each.start : each.end], each.message, each.mend) for each in found]


def stream(*texts: str) -> Widths:
    widths = Widths([Prefix("ban"), Prefix("vaccin"), Wildcard("colo?r*")])
    for text in texts:
        widths.add(Document.of({"title": text, "lang": "en-GB"}))
    return widths


def test_wildcards_are_counted_by_words_and_by_articles() -> None:
    found = stream("ban bank Bank", "bans vaccine", "colour coloured", "nothing").widths()
    assert (found[Prefix("ban")].words, found[Prefix("ban")].articles) == (3, 2)
    assert set(found[Prefix("ban")].examples) == {"ban", "bank", "bans"}
    assert (found[Wildcard("colo?r*")].words, found[Wildcard("colo?r*")].articles) == (2, 1)
    assert (found[Prefix("vaccin")].words, found[Prefix("vaccin")].examples) == (1, ("vaccine",))


def test_a_wildcard_is_too_wide_by_its_words_or_by_its_articles() -> None:
    many = stream(*(f"ban{number} vaccine" for number in range(MAX_WORDS + 1)), *(["rain"] * (9 * MAX_WORDS)))
    facts = StreamFacts(read=many.read, widths=many.widths())
    ((marked, message, _),) = told('vaccin* AND "x ban*"', facts)
    assert marked == '"x ban*"'
    assert f"`ban*` is too wide: it stands for {MAX_WORDS + 1} different words" in message
    often = stream(*(["vaccine"] * FEW), *(["rain"] * FEW))
    ((marked, message, _),) = told("vaccin* OR ban*", StreamFacts(read=often.read, widths=often.widths()))
    assert (marked, "50% of 200 articles" in message) == ("vaccin*", True)
    assert told("NOT vaccin* AND wheat", StreamFacts(read=often.read, widths=often.widths())) == []
    few = stream(*(["vaccine"] * (FEW - 1)))
    assert told("vaccin*", StreamFacts(read=few.read, widths=few.widths())) == []


def test_a_wildcard_of_a_list_is_told_in_the_list() -> None:
    many = stream(*(f"ban{number}" for number in range(2 * MAX_WORDS)))
    linter = StreamLinter(StreamFacts(read=many.read, widths=many.widths()))
    assert [index for index, _ in linter.entries(("wheat", "ban*"))] == [1]
    assert told("@wide AND rice", StreamFacts(read=many.read, widths=many.widths())) == []


@pytest.mark.parametrize(
    ("query", "found", "lacking"),
    [
        ("wheat OR maize", {"en": 400, "es": 0, "ru": 0}, ["es", "ru"]),  # expected 240 and 120
        ("wheat OR trigo", {"en": 400, "es": 90, "ru": 0}, ["ru"]),
        ("wheat OR WHO", {"en": 400, "es": 4, "ru": 2}, ["es", "ru"]),  # names and quotations
        ("wheat OR пшеница OR trigo", {"en": 400, "es": 90, "ru": 50}, []),
        ("wheat OR пшеница", {"en": 400, "es": 90}, ["ru"]),
        ("kolkata", {"en": 9}, ["ru"]),  # rare words: only another script is certain
        ("пшеница", {"ru": 100}, ["en", "es"]),
        ("nvidia", {"en": 9, "ru": 2}, []),
        ("wheat", {}, ["ru"]),
    ],
)
def test_languages_without_words(query: str, found: Mapping[str, int], lacking: list[str]) -> None:
    node = parse(query)
    warnings = told(query, StreamFacts(carried=CARRIED, scripts=SCRIPTS, found={node: found}))
    assert len(warnings) == bool(lacking)
    for marked, message, mend in warnings:
        assert marked == query
        assert [lang for lang in CARRIED if f" {lang} (" in message] == lacking
        assert f"add its words in {' and '.join(lacking)}" in mend


def test_rules_that_were_not_asked_about_are_not_judged() -> None:
    assert told("wheat", StreamFacts(carried=CARRIED, scripts=SCRIPTS)) == []
    assert told("wheat", StreamFacts(found={parse("wheat"): {"en": 1}})) == []


def test_values_that_no_article_has() -> None:
    facts = StreamFacts(
        values={("source", "le mond", False): 0, ("country", "fr", False): 3, ("domain", "rare.example", False): 0},
        known={"source": ["le monde", "rfi"], "domain": ["example.org"]},
    )
    ((marked, message, mend),) = told('a AND (source:"Le Mond" OR domain:rare.example OR country:FR)', facts)
    assert (marked, mend) == ('source:"Le Mond"', "did you mean `le monde`?")
    assert message == 'no article of that time has `source:"Le Mond"`'
    ((marked, _, mend),) = told("a AND NOT domain:rare.example AND country:fr", facts)
    assert (marked, mend) == ("domain:rare.example", "check how articles write their domain")


def test_what_a_rule_is_asked_about() -> None:
    query = (
        "a NEAR/2 (bat* OR @wide) AND NOT c AND COUNT/2 raw:D AND (lang:en OR ATLEAST/1 (source:x*, topic:t, words:>3))"
    )
    node = parse(query, {"wide": ("ban*", "wheat")})
    assert [leaf.written for leaf in words_of(node)] == ["a", "bat*", "ban*", "wheat", "raw:D"]
    assert [leaf.written for leaf in words_of(node, listed=False)] == ["a", "bat*", "raw:D"]
    assert set(values_of(node)) == {("lang", "en", False), ("source", "x", True)}
    assert narrowed(node)
    assert not narrowed(parse("a AND NOT lang:en AND topic:health AND words:>3"))
    assert scripts_of(parse('пшеница OR "wheat 小麦" OR raw:ΔΕΗ OR NOT ไทย AND a')) == {
        "CYRILLIC",
        "LATIN",
        "CJK",
        "GREEK",
    }
    assert [pattern for leaf in words_of(node) for pattern in patterns_of(leaf)] == [Prefix("bat"), Prefix("ban")]


def test_scripts_of_languages() -> None:
    widths = Widths([])
    for _ in range(FEW):
        widths.add(Document.of({"title": "Пшеница дорожает iPhone рис", "lang": "ru"}))
        widths.add(Document.of({"title": "東京で会談", "lang": "ja"}))
    widths.add(Document.of({"title": "hvað", "lang": "is"}))
    assert widths.scripts() == {"ru": {"CYRILLIC", "LATIN"}, "ja": {"CJK", "HIRAGANA"}}
