"""The decision on a match: one alert per rule and article, and a reason for each that is not sent."""

from __future__ import annotations

import pytest
from tests.examples import FETCHED, match_event

from presswatch.core.alerts import RECORD_RECEIVER, candidates, decide
from presswatch.core.messages import MatchEvent


def nothing(_: str) -> bool:
    return False


def everything(_: str) -> bool:
    return True


def test_a_first_match_is_sent_to_each_receiver_once() -> None:
    event = match_event(rule_notify=["slack:a", "slack:b", "slack:a"])
    decided = decide(event, nothing, FETCHED)
    assert [(d.decision, d.reason, d.receiver) for d in decided] == [
        ("send", "first_match", "slack:a"),
        ("send", "first_match", "slack:b"),
    ]
    assert [d.notification.id for d in decided if d.notification] == list(candidates(event))


def test_a_rule_without_receivers_goes_to_the_default_one() -> None:
    assert [d.receiver for d in decide(match_event(rule_notify=[]), nothing, FETCHED)] == ["slack:default"]


@pytest.mark.parametrize(("kind", "reason"), [("changed", "still_matches"), ("withdrawn", "no_longer_matches")])
def test_only_a_match_alerts(kind: str, reason: str) -> None:
    [decided] = decide(match_event(kind=kind), nothing, FETCHED)
    assert (decided.decision, decided.reason, decided.notification) == ("suppress", reason, None)


def test_what_the_ledger_knows_is_not_sent_again() -> None:
    [decided] = decide(match_event(), everything, FETCHED)
    assert (decided.decision, decided.reason) == ("suppress", "already_alerted")


def test_a_correction_and_an_edited_rule_have_the_same_notification() -> None:
    first = match_event()
    corrected = match_event(article_seq=FETCHED + 1, article_title="Orsal bans all wheat exports")
    edited = match_event(rule_version="ba9876543210")
    assert candidates(first) == candidates(corrected) == candidates(edited)


def test_another_article_or_rule_has_another() -> None:
    ids = {candidates(event) for event in (match_event(), match_event(article="b" * 32), match_event(rule="other"))}
    assert len(ids) == 3


@pytest.mark.parametrize("origin", ["backfill", "replay"])
def test_late_finds_are_recorded_or_labelled(origin: str) -> None:
    [recorded] = decide(match_event(article_origin=origin), nothing, FETCHED)
    assert (recorded.decision, recorded.receiver) == ("record", RECORD_RECEIVER)
    [sent] = decide(match_event(article_origin=origin, rule_late="alert"), nothing, FETCHED)
    assert sent.decision == "send"
    assert sent.notification is not None
    assert sent.notification.label == "late"


def test_a_notification_survives_the_wire() -> None:
    [decided] = decide(match_event(), nothing, FETCHED)
    assert decided.notification is not None
    again = type(decided.notification).decode(decided.notification.encode())
    assert again == decided.notification
    assert MatchEvent.decode(again.match.encode()) == match_event()
