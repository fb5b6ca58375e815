"""The decision on a match: one alert per rule and article, and a reason for each that is not sent."""

from __future__ import annotations

from typing import Any

import pytest
from tests.examples import FETCHED, match_event

from presswatch.core.alerts import RECORD_RECEIVER, Decided, candidates, note_of
from presswatch.core.alerts import decide as decide_batch
from presswatch.core.messages import MatchEvent


def decide(event: MatchEvent, *known: str, **more: Any) -> tuple[Decided, ...]:
    """Decide on one event when the ledger knows of these ids."""
    [decided] = decide_batch([event], dict.fromkeys(known, event.article.seq), FETCHED, **more).of
    return decided


def test_a_first_match_is_sent_to_each_receiver_once() -> None:
    event = match_event(rule_notify=["slack:a", "slack:b", "slack:a"])
    decided = decide(event)
    assert [(d.decision, d.reason, d.receiver) for d in decided] == [
        ("send", "first_match", "slack:a"),
        ("send", "first_match", "slack:b"),
    ]
    assert [d.notification.id for d in decided if d.notification] == list(candidates(event))


def test_a_rule_without_receivers_goes_to_the_default_one() -> None:
    assert [d.receiver for d in decide(match_event(rule_notify=[]))] == ["slack:default"]


@pytest.mark.parametrize(("kind", "reason"), [("changed", "still_matches"), ("withdrawn", "no_longer_matches")])
def test_only_a_match_alerts(kind: str, reason: str) -> None:
    [decided] = decide(match_event(kind=kind))
    assert (decided.decision, decided.reason, decided.notification) == ("suppress", reason, None)


def test_what_the_ledger_knows_is_not_sent_again() -> None:
    [decided] = decide(match_event(), *candidates(match_event()))
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
    [recorded] = decide(match_event(article_origin=origin))
    assert (recorded.decision, recorded.receiver) == ("record", RECORD_RECEIVER)
    [sent] = decide(match_event(article_origin=origin, rule_late="alert"))
    assert sent.decision == "send"
    assert sent.notification is not None
    assert sent.notification.label == "late"


def test_a_notification_survives_the_wire() -> None:
    [decided] = decide(match_event())
    assert decided.notification is not None
    again = type(decided.notification).decode(decided.notification.encode())
    assert again == decided.notification
    assert MatchEvent.decode(again.match.encode()) == match_event()


def test_what_is_older_than_a_withdrawal_says_nothing() -> None:
    early, late = match_event(), match_event(article_seq=FETCHED + 5, article_title="Orsal bans it after all")
    withdrawn = match_event(kind="withdrawn", article_seq=FETCHED + 2)
    decisions = decide_batch([withdrawn, early, late], {}, FETCHED)
    assert [decided.reason for [decided] in decisions.of] == ["no_longer_matches", "overtaken", "first_match"]
    assert decisions.notes == (withdrawn,)
    assert [d.reason for d in decide_batch([early], {note_of(early): FETCHED + 2}, FETCHED).of[0]] == ["overtaken"]
    # Of the same wording it is no older: the rule was edited back.
    assert [d.decision for d in decide_batch([early], {note_of(early): FETCHED}, FETCHED).of[0]] == ["send"]


def test_a_withdrawal_of_what_alerted_needs_no_note() -> None:
    withdrawn = match_event(kind="withdrawn", article_seq=FETCHED + 2)
    assert not decide_batch([match_event(), withdrawn], {}, FETCHED).notes
    assert not decide_batch([withdrawn], {candidates(match_event())[0]: FETCHED}, FETCHED).notes


@pytest.mark.parametrize("kind", ["matched", "changed", "withdrawn"])
def test_nothing_is_decided_of_a_forgotten_article(kind: str) -> None:
    event = match_event(kind=kind)
    [decided] = decide(event, forgotten={event.article.id})
    assert (decided.decision, decided.reason, decided.notification) == ("suppress", "forgotten", None)
    assert not decide_batch([event], {}, FETCHED, {event.article.id}).notes
