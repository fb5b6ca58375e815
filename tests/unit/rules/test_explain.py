"""Why and why not, in words: what an analyst reads for each form of the language."""

from __future__ import annotations

from typing import Any

import pytest
from tests.effort import lines_run

from presswatch import matching
from presswatch.core.rules.explain import Explainer, Verdict, lines, reason
from presswatch.core.rules.model import Not
from presswatch.core.rules.syntax import parse

pytestmark = pytest.mark.usefixtures("each_engine")

LISTS = {"grains": ("wheat", "maize", "durum wheat"), "many": tuple(f"term{number}" for number in range(5000))}


def explain(query: str, article: str | dict[str, Any]) -> Verdict:
    given = {"text": article} if isinstance(article, str) else article
    return Explainer(parse(query, LISTS)).explain(matching.document(given))


FAR = "wheat a b c d e f g h i j k l m n ban"


@pytest.mark.parametrize(
    ("query", "article", "why"),
    [
        ("wheat", "maize", "does not occur"),
        ("vaccin*", "flu", "no word begins so"),
        ("organi?ation", "flu", "no word is like it"),
        ("title:wheat", "Wheat", "does not occur in the title; the text has `Wheat`"),
        ('"flu vaccine"', "a vaccine", "flu does not occur"),
        ('"flu vaccine"', "rain", "none of its words occurs"),
        (
            '"flu vaccine"',
            "the vaccine against flu",
            "its words do not stand side by side in this order; the text has `vaccine against flu`",
        ),
        ('"flu vaccine"', {"title": "flu", "text": "vaccine"}, "its words occur, but not all in one field"),
        (
            '"grain ban"~2',
            "grain and then perhaps a ban",
            "its words occur in the text with 4 other tokens among them; ~2 allows 2",
        ),
        ("raw:WHO", "Who else", "these very characters do not stand by themselves; the text has `Who`"),
        ("raw:WHO", "nobody", "does not occur"),
        ("topic:health", {"tags": [{"topic": "agriculture"}]}, "the article has agriculture"),
        ("source:Reuters", "x", "the article has no source"),
        ("words:>300", "two words", "the article has 2"),
        ("score.health:>0.8", {"tags": [{"topic": "health", "score": 0.75}]}, "the article has 0.75"),
        ("score.health:>0.8", "x", "the article has no score for health"),
        ("published:>2026-01-01", {"published": "2025-12-31"}, "the article is of 2025-12-31"),
        ("published:>2026-01-01", "x", "the article names no time"),
        ("ban NEAR/8 wheat", FAR, "wheat and ban occur, 14 tokens apart in the text; NEAR/8 asks for at most 8"),
        ("ban NEAR/0 wheat", "wheat a ban", "wheat and ban occur, 1 token apart in the text; NEAR/0 asks for 0"),
        (
            "ban NEAR/3f wheat",
            "wheat ban",
            "wheat stands before ban, 0 tokens apart in the text; NEAR/3f asks for the other order",
        ),
        (
            "ban NEAR/3 wheat",
            {"title": "wheat", "text": "ban"},
            "ban occurs in the text only, wheat occurs in the title only; NEAR/3 looks within one field",
        ),
        ("ban NEAR/3 wheat", "ban", "wheat does not occur"),
        ("ban NEAR/3 wheat", "rain", "neither side occurs"),
        (
            "wheat NEAR/3 whea*",
            "wheat",
            "both sides occur in the same words only; NEAR/3 asks for two places that share no word",
        ),
        ("COUNT/3 wheat", "wheat wheat", "found 2; COUNT/3 asks for 3"),
        ("ATLEAST/2 (wheat, ban, rain)", "rain", "1 of 3 holds; ATLEAST/2 asks for 2"),
        ("wheat OR ban", "rain", "none of them holds"),
        ("@many", "rain", "none of the 5,000 terms of @many holds"),
    ],
)
def test_a_near_miss_is_told(query: str, article: str | dict[str, Any], why: str) -> None:
    verdict = explain(query, article)
    assert not verdict.holds
    assert verdict.why == why


def test_the_clause_that_failed_first_is_named_even_within_groups() -> None:
    verdict = explain("rain AND (wheat NEAR/8 ban) AND maize", f"{FAR} rain")
    assert reason(verdict) == (
        "wheat NEAR/8 ban: wheat and ban occur, 14 tokens apart in the text; NEAR/8 asks for at most 8"
    )
    assert reason(explain("rain", "rain")) == ""


def test_what_must_not_occur_and_does_is_quoted() -> None:
    verdict = explain("wheat AND NOT futures", "Wheat futures fell")
    failed = verdict.failed_first()
    assert failed
    assert isinstance(failed.node, Not)
    assert lines(verdict) == [
        "no   all of these",
        'yes    wheat: text 0-5 "Wheat"',
        "no     NOT futures: must not hold, but does",
        'yes      futures: text 6-13 "futures"',
    ]


def test_a_match_shows_the_leaves_that_held_with_quotes() -> None:
    verdict = explain("(@grains OR rice) NEAR/3 ban* AND lang:en", {"title": "Bans on durum wheat", "lang": "en-GB"})
    assert lines(verdict) == [
        "yes  all of these",
        "yes    (@grains OR rice) NEAR/3 ban*: Bans and durum wheat, 1 token apart in the title",
        "yes      any of these",
        "yes        @grains",
        'yes          wheat: title 14-19 "wheat"',
        'yes          "durum wheat": title 8-19 "durum wheat"',
        'yes      ban*: title 0-4 "Bans"',
        "yes    lang:en: en-GB",
    ]


def test_of_a_long_list_as_many_terms_are_shown_as_can_be_read() -> None:
    told = lines(explain("@many AND COUNT/900 @many", " ".join(LISTS["many"])))
    assert len(told) < 50
    assert "yes    @many: 4,980 more hold than are shown" in told
    assert "yes    COUNT/900 @many: found 5000; COUNT/900 asks for 900" in told


def test_what_a_terminal_would_obey_is_not_passed_on() -> None:
    told = "\n".join(lines(explain('"flu vaccine" OR wheat', "flu \x1b[31m\r\n vaccines wheat\x07 vaccine")))
    assert "\x1b" not in told
    assert "\r" not in told
    assert "\x07" not in told


def test_a_rule_that_asks_for_topics_says_so() -> None:
    assert Explainer(parse("wheat AND score.health:>0.5")).asks_for_topics()
    assert not Explainer(parse("wheat")).asks_for_topics()


def test_groups_within_groups_are_not_judged_over_and_over() -> None:
    def work(depth: int) -> int:
        query = "".join(f"(a{at} AND (b{at} OR " for at in range(depth)) + "wheat" + "))" * depth
        explainer, document = Explainer(parse(query)), matching.document({"text": "wheat"})
        return lines_run(lambda: explainer.explain(document))

    assert work(24) < 8 * work(12)  # with the square of the depth at most; each level used to double it
