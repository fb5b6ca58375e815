"""Where a rule is blind: exactly in the languages in which it could match if only its topics could be judged there."""

from __future__ import annotations

import pytest

from presswatch.core.rules.blindness import blind_in, lints
from presswatch.core.rules.lints import Linter
from presswatch.core.rules.streamlints import StreamFacts, StreamLinter
from presswatch.core.rules.syntax import parse

SUPPORTED = {"health": {"en", "fr", "ru"}, "diplomacy": {"en"}, "agriculture": {"en", "fr"}}
CARRIED = {"en": 900, "fr": 60, "ru": 30, "ky": 8, "is": 2}


@pytest.mark.parametrize(
    ("query", "wholly", "partly"),
    [
        ("topic:health", ["ky", "is"], []),
        ("vaccine AND Topic", [], []),
        ("vaccin* AND topic:health AND lang:(ky OR en)", ["ky"], []),
        ("score.diplomacy:>0.8 AND lang:fr", ["fr"], []),
        ("vaccine OR topic:health", [], ["ky", "is"]),
        ("(vaccine AND lang:ky) OR (topic:health AND lang:is)", ["is"], []),
        ("topic:health OR topic:agriculture", ["ky", "is"], ["ru"]),
        ("topic:health AND topic:diplomacy", ["fr", "ru", "ky", "is"], []),
        ("topic:health AND NOT lang:ky", ["is"], []),
        ("vaccine AND NOT topic:health", [], []),
        ("topic:helth AND lang:ky", [], []),
        ("topic:he* AND lang:ky", ["ky"], []),
        ("ATLEAST/2 (topic:health, topic:agriculture, wheat)", ["ky", "is"], ["ru"]),
        ("ATLEAST/1 (topic:health, topic:agriculture, wheat)", [], ["ru", "ky", "is"]),
        ("topic:health AND lang:k*", ["ky"], []),
    ],
)
def test_a_rule_is_blind_where_it_could_match_but_for_its_topics(
    query: str, wholly: list[str], partly: list[str]
) -> None:
    found = list(blind_in(parse(query), CARRIED, SUPPORTED))
    assert [each.lang for each in found if each.wholly] == wholly
    assert [each.lang for each in found if not each.wholly] == partly


def test_without_a_stream_only_languages_that_the_rule_names_are_told() -> None:
    query = "vaccin* AND topic:health AND lang:(ky OR en)"
    (lint,) = Linter(SUPPORTED, SUPPORTED).query(parse(query))
    assert (
        lint.message == "this rule is blind in ky: `health` is unsupported there (neither patterns nor learned words)"
    )
    assert query[lint.start : lint.end] == "topic:health"
    assert lint.mend == "add patterns in ky to the pack, or words of them to the rule beside the topic"
    assert Linter(SUPPORTED, SUPPORTED).query(parse("vaccin* AND topic:health")) == []
    assert Linter(SUPPORTED).query(parse(query)) == []


def test_with_a_stream_the_share_of_it_is_told() -> None:
    linter = StreamLinter(StreamFacts(read=1000, carried=CARRIED), SUPPORTED, SUPPORTED)
    (lint,) = linter.query(parse("topic:health AND topic:agriculture"))
    assert lint.message == (
        "this rule is blind in 4% of the articles of that time (ru 3%, ky 0.8%, is 0.2%): "
        "`agriculture` and `health` are unsupported there (neither patterns nor learned words)"
    )
    (lint,) = linter.query(parse("topic:diplomacy AND NOT lang:(fr OR ru OR ky)"))
    assert lint.message.startswith("this rule is blind in 0.2% of the articles of that time (is 0.2%): `diplomacy` is")
    (lint,) = linter.query(parse("(vaccine OR topic:health) AND lang:(ky OR mn)"))
    assert lint.message.startswith(
        "in 0.8% of the articles of that time (ky 0.8%, mn none) this rule can match only by its other clauses, not by `health`"
    )
    (lint,) = linter.query(parse("topic:health AND lang:mn"))
    assert lint.message.startswith("this rule is blind in mn (no article of that time): `health` is unsupported there")


def test_nothing_is_told_of_rules_on_no_topic() -> None:
    assert list(lints(parse("wheat AND lang:ky"), SUPPORTED, CARRIED)) == []
