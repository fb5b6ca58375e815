"""The rule language by example, through parser and engine; what holds for random rules is in tests/property."""

from __future__ import annotations

from typing import Any

import pytest

from presswatch import matching
from presswatch.core.rules.match import Expression, Match, Matcher, Occurrence, Receipt
from presswatch.core.rules.model import Phrase, Wildcard
from presswatch.core.rules.syntax import parse

pytestmark = pytest.mark.usefixtures("each_engine")

WHEAT: dict[str, Any] = {
    "title": "India bans wheat exports",
    "text": "The ban on wheat, maize and corn took effect. The WHO said so; who else? C++11 is no C++.",
    "lang": "en-GB",
    "url": "https://www.example.org/news/1",
    "source": "Le Monde",
    "author": ["Ana L\u00f3pez", "B. Wu"],
    "country": "IN",
    "published": "2026-11-24T23:30:00Z",
    "tags": [{"topic": "agriculture", "score": 0.8}],
}


def matched(query: str, article: dict[str, Any], **lists: list[str]) -> list[Match]:
    return matching.matcher([Expression("r", "1", parse(query, lists))]).match(matching.document(article), cover=True)


def quotes(query: str, article: dict[str, Any] = WHEAT) -> list[tuple[str, str | None]]:
    (match,) = matched(query, article)
    return [(receipt.leaf, receipt.quote) for receipt in match.receipts]


@pytest.mark.parametrize(
    "query",
    [
        "wheat",
        "WHEAT AND maize",
        '"wheat exports"',
        '"india ban?" OR zzz',
        "whea* AND NOT rice",
        '"exports india"~2',
        "ban* NEAR/0 wheat",
        "maize NEAR/0f and",
        "(corn OR maize) NEAR/1 @grains",
        "title:(bans AND exports) AND text:maize",
        "ATLEAST/2 (wheat, rice, maize)",
        "COUNT/2 wheat",
        "COUNT/3 (wheat OR whea* OR maize)",
        "COUNT/2 (title:wheat OR title:exports)",
        "raw:WHO",
        'raw:"C++"',
        "raw:WHO NEAR/3 effect",
        "topic:agriculture AND lang:en AND country:in AND source:le*",
        'author:"ana l\u00f3pez" AND domain:example.org AND url:https://www.example.org/*',
        "published:[2026-11-24 TO 2026-11-24]",
        "words:>10 AND score.agriculture:>=0.8",
        "topic:(health OR agriculture)",
    ],
)
def test_holds(query: str) -> None:
    assert matched(query, WHEAT, grains=["wheat", "durum wheat"])


@pytest.mark.parametrize(
    "query",
    [
        "rice",
        '"exports wheat"',
        '"exports on"',  # title and text are two fields
        "exports NEAR/5 ban",
        '"exports india"~1',
        "whea",
        "maize NEAR/0f wheat",
        "title:maize",
        "wheat AND NOT corn",
        "wheat NEAR/9 title:wheat",
        "ATLEAST/3 (wheat, rice, maize)",
        "COUNT/3 (wheat OR whea*)",
        "COUNT/2 title:wheat",
        "raw:WHo",
        "raw:C++1",
        "raw:heat",
        "topic:health",
        "source:monde",
        "domain:org",
        "url:https://www.example.org/",
        "published:[2026-11-25 TO *]",
        "published:<2026-11-24",
        "words:<10",
        "score.agriculture:>0.8",
        "score.health:>0",
    ],
)
def test_does_not_hold(query: str) -> None:
    assert not matched(query, WHEAT)


def test_receipts_show_what_is_part_of_the_match_and_nothing_else() -> None:
    assert quotes("(wheat AND rice) OR maize OR corn") == [("maize", "maize"), ("corn", "corn")]
    assert quotes("maize AND NOT rice AND NOT (india AND oats)") == [("maize", "maize")]
    assert quotes("ATLEAST/1 (maize, rice, corn)") == [("maize", "maize"), ("corn", "corn")]
    assert quotes("maize AND topic:agriculture") == [("maize", "maize"), ("topic:agriculture", "agriculture")]
    assert quotes("author:b* AND words:>3") == [("author:b*", "B. Wu"), ("words:>3", "24")]
    assert quotes("published:>2026-01-01") == [("published:>2026-01-01", "2026-11-24T23:30:00Z")]


def test_under_near_only_places_that_take_part_are_shown() -> None:
    article = {"text": "wheat one two three wheat ban four five six seven ban"}
    (match,) = matched("wheat NEAR/0 ban", article)
    assert match.receipts == (Receipt("wheat", "text", 20, 25, "wheat"), Receipt("ban", "text", 26, 29, "ban"))
    assert match.occurrences == (Occurrence("text", 20, 29, "wheat ban"),)


def test_at_most_five_places_a_leaf_and_those_of_near_first() -> None:
    article = {"title": "wheat", "text": "wheat " * 8 + "ban"}
    (match,) = matched("wheat AND (wheat NEAR/0 ban)", article)
    places = [(receipt.field, receipt.start) for receipt in match.receipts if receipt.leaf == "wheat"]
    assert places == [("title", 0), ("text", 0), ("text", 6), ("text", 12), ("text", 42)]


def test_offsets_are_code_points_of_the_original() -> None:
    text = "\U0001f33e\U0001f33e Stra\u00dfe im cafe\u0301, \u0130zmir\u2019de"
    assert [
        (receipt.start, receipt.end, receipt.quote)
        for query in ("strasse", "caf\u00e9", "raw:caf\u00e9", "izmir")
        for match in matched(query, {"text": text, "lang": "tr"})
        for receipt in match.receipts
    ] == [(3, 9, "Stra\u00dfe"), (13, 18, "cafe\u0301"), (13, 18, "cafe\u0301"), (20, 28, "\u0130zmir\u2019de")]


@pytest.mark.parametrize(
    ("query", "text", "holds"),
    [
        ("\u6771\u4eac", "\u6771\u4eac\u90fd", True),
        ("\u6771\u4eac", "\u4eac\u306e\u6771", False),
        ("\u0e20\u0e32\u0e29\u0e32", "\u0e23\u0e31\u0e01\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22", True),
        ("wi-fi", "wi fi", True),
        ("wi-fi", "fi only", False),
        ("\u00e9tat", "L\u2019\u00c9TAT, c\u2019est moi", True),
        ("\u0451\u043b\u043a\u0430", "\u0415\u041b\u041a\u0410", True),
        ("\u03bf\u03b4\u03cc\u03c2", "\u039f\u0394\u039f\u03a3", True),
        ("\uae08\uc9c0*", "\uae08\uc9c0\ub97c", True),
        ("raw:WHO", "\u636eWHO\u62a5\u9053", True),
        ("raw:\u6771\u4eac", "\u6771\u4eac\u90fd", True),
        ("raw:WHO", "WHO_x", True),
        ("raw:U.S", "the U.S.", True),
        ("raw:U.S", "U.S.A", True),
    ],
)
def test_scripts(query: str, text: str, holds: bool) -> None:
    assert bool(matched(query, {"text": text})) is holds


def test_a_pattern_that_any_word_fits_does_not_fit_metadata() -> None:
    matcher = matching.matcher([Expression("any", "1", Phrase(((Wildcard("?*"),),), "?*"))])
    assert not matcher.match(matching.document({**WHEAT, "title": "", "text": "!"}))
    assert matcher.match(matching.document({"title": "x"}))


def test_covers_of_a_clause_over_both_fields_are_one_per_leaf() -> None:
    (match,) = matched("wheat AND maize AND country:in", WHEAT)
    assert match.occurrences == (
        Occurrence("title", 11, 16, "wheat"),
        Occurrence("text", 18, 23, "maize"),
        Occurrence("country", None, None, "IN"),
    )


def test_a_near_is_covered_from_its_left_side_to_the_nearest_right_one() -> None:
    article = {"text": "ban x x wheat x ban wheat y y y y y wheat"}
    (match,) = matched("wheat NEAR/3 ban", article)
    assert [occurrence.quote for occurrence in match.occurrences] == ["wheat x ban", "ban wheat"]
    (match,) = matched("ban NEAR/3f wheat", article)
    assert [occurrence.quote for occurrence in match.occurrences] == ["ban x x wheat", "ban wheat"]


def test_an_id_is_replaced_by_another_expression() -> None:
    matcher = matching.matcher([Expression("a", "1", parse("wheat"))])
    matcher.add(Expression("a", "2", parse("rice")))
    assert len(matcher) == 1
    assert not matcher.match(matching.document(WHEAT))
    assert [match.version for match in matcher.match(matching.document({"title": "rice"}))] == ["2"]


def test_an_unknown_id_cannot_be_removed() -> None:
    matcher = matching.matcher()
    with pytest.raises(KeyError, match="nobody"):
        matcher.remove("nobody")


@pytest.mark.parametrize(
    ("query", "asks"), [("wheat", False), ("wheat OR topic:health", True), ("a AND NOT score.health:>0.5", True)]
)
def test_it_says_whether_tags_are_needed(query: str, asks: bool) -> None:
    assert matching.matcher([Expression("a", "1", parse(query))]).asks_for_topics() is asks


@pytest.mark.parametrize("query", ["wheat", "wheat OR rye", "wheat NEAR/1 ban", "COUNT/2 wheat"])
@pytest.mark.parametrize("most", [1, 5, 7])
def test_as_many_occurrences_as_asked_for(query: str, most: int) -> None:
    document = matching.document({"title": "Wheat ban", "text": "wheat ban " * 10})
    matcher = matching.matcher([Expression("r", "1", parse(query))])
    (match,) = matcher.match(document, cover=True, most=most)
    assert len(match.occurrences) == most
    assert match.occurrences[0].field == "title"
    assert matcher.match(document)[0].occurrences == ()


def test_a_rule_that_is_removed_leaves_nothing_under_keys_that_stay() -> None:
    matcher = Matcher([Expression("a", "1", parse("zoonoses AND wheat"))])

    def filed() -> dict[Any, Any]:
        keys = matcher._vocabulary._keys
        return {
            feature: (len(key.alone), {second.feature: len(entries) for second, entries in key.paired.items()})
            for feature, key in keys.items()
        }

    before = filed()
    assert sum(len(paired) for _, paired in before.values()) == 1
    for query in ("zoonoses AND maize", "zoonoses", "zoonoses AND wheat"):
        matcher.add(Expression("b", "1", parse(query)))
        assert filed() != before
        matcher.remove("b")
        assert filed() == before
