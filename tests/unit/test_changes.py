"""Changes of matches by example."""

from __future__ import annotations

from presswatch.core.changes import Change, changes


def test_a_first_match_is_matched() -> None:
    assert changes({}, {}, {"b": "1", "a": "1"}, wording="other") == [
        Change("matched", "a", "1"),
        Change("matched", "b", "1"),
    ]


def test_nothing_changes_when_nothing_did() -> None:
    assert changes({"a": "1"}, {}, {"a": "1"}, wording="same") == []


def test_a_match_of_another_wording_or_by_another_version_is_changed() -> None:
    assert changes({"a": "1"}, {}, {"a": "1"}, wording="other") == [Change("changed", "a", "1")]
    assert changes({"a": "1"}, {}, {"a": "2"}, wording="same") == [Change("changed", "a", "2")]


def test_a_match_that_ended_is_withdrawn_in_the_version_that_matched() -> None:
    assert changes({"a": "1"}, {}, {}, wording="same") == [Change("withdrawn", "a", "1")]


def test_what_may_have_been_announced_is_announced_again_or_taken_back() -> None:
    unsettled = {"a": "1", "b": "1", "c": "1"}
    assert changes({"c": "1"}, unsettled, {"a": "1", "c": "1"}, wording="same") == [
        Change("matched", "a", "1"),
        Change("withdrawn", "b", "1"),
        Change("changed", "c", "1"),
    ]
