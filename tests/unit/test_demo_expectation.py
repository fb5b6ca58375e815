"""The demo's judgement: each thing that could go wrong is found to be wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from presswatch.demo.expectation import Expectation, Findings, differences

EXPECTED = Expectation.of(
    {
        "tags": {"a": ["health"], "b": []},
        "alerts": {"rule": ["a"]},
        "dead_letters": [{"stage": "ingest", "reason": "not_json"}],
        "corrected": "a",
    }
)
FOUND = Findings(
    tags={"a": ("health",), "b": ()},
    alerts=(("rule", "a"),),
    dead_letters=Counter({("ingest", "not_json"): 1}),
    revisions={"a": 1},
)


def test_what_was_expected_and_nothing_else_is_fine() -> None:
    assert differences(EXPECTED, FOUND) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tags": {"a": ("health",)}}, "article b: expected no topic, found no such article"),
        ({"tags": {"a": (), "b": ()}}, "article a: expected health, found no topic"),
        ({"tags": {"a": ("health",), "b": (), "c": ()}}, "article c: expected no such article, found no topic"),
        ({"alerts": ()}, "alert rule on a: missing"),
        ({"alerts": (("rule", "a"), ("rule", "b"))}, "alert rule on b: not expected"),
        ({"alerts": (("rule", "a"), ("rule", "a"))}, "alert rule on a: sent 2 times"),
        ({"dead_letters": Counter()}, "dead letters of ingest for not_json: expected 1, found 0"),
        (
            {"dead_letters": Counter({("ingest", "not_json"): 1, ("tagger", "x"): 1})},
            "dead letters of tagger for x: expected 0, found 1",
        ),
        ({"revisions": {"a": 0}}, "article a: the wording before its correction is not kept"),
    ],
)
def test_each_difference_is_said(change: Any, said: str) -> None:
    assert differences(EXPECTED, replace(FOUND, **change)) == [said]


def test_articles_are_named_by_the_end_of_their_address() -> None:
    assert EXPECTED.name_of("https://x.example/a?utm_source=y") == "a"
    assert EXPECTED.name_of("https://x.example/za") == "https://x.example/za"
