"""Warnings about queries: said where they help, silent elsewhere."""

from __future__ import annotations

import pytest

from presswatch.core.rules.lints import lint
from presswatch.core.rules.syntax import parse


@pytest.mark.parametrize(
    ("query", "marked", "message"),
    [
        ("wheat AND 東京*", "東京*", "changes nothing"),
        ('"ภาษาไทย*"', '"ภาษาไทย*"', "changes nothing"),
        ("what?", "what?", "exactly one character more"),
        ('"who will pay?"', '"who will pay?"', "exactly one character more"),
        ("raw:WHO*", "raw:WHO*", "wildcards mean nothing"),
        ("C++ AND wheat", "C++", "only the letters count"),
        ("lang:english AND a", "lang:english", "no language code"),
        ("a AND domain:https://example.org/", "domain:https://example.org/", "more than a domain"),
        ("wheat OR corn OR Wheat", "Wheat", "twice"),
        ("ATLEAST/1 (a NEAR/2 (b OR b), COUNT/2 d)", "b", "twice"),
    ],
)
def test_warned(query: str, marked: str, message: str) -> None:
    found = lint(parse(query))
    assert [message in each.message for each in found] == [True]
    assert query[found[0].start : found[0].end] == marked
    assert found[0].mend


@pytest.mark.parametrize(
    "query",
    [
        "vaccin*",
        "한국*",
        r"what\?",
        "organi?ation",
        "raw:C++",
        "lang:(en OR zh)",
        "domain:example.org",
        "a AND NOT (a AND b)",
    ],
)
def test_not_warned(query: str) -> None:
    assert lint(parse(query)) == []
