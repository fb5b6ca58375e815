"""What becomes of a match: the decision, as a pure function. One alert per rule and article, for ever.

Refuses to know Slack, Kafka and the ledger's form: it is told which notifications and notes the ledger has.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from presswatch.core.effects import alert_id, notification_id, withdrawal_note_id
from presswatch.core.messages import MatchEvent, Notification

Decision = Literal["send", "record", "suppress"]
Reason = Literal[
    "first_match",
    "late",
    "already_alerted",
    "still_matches",
    "no_longer_matches",
    "overtaken",  # older than a withdrawal that was seen before it
    "forgotten",  # its article must not be kept
]

DEFAULT_RECEIVER = "slack:default"
"""Receiver of a rule that names none; the setting slack.channel says where that is."""

RECORD_RECEIVER = "record:late"
"""Goes into the alerts index and nowhere else."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision on one match for one receiver, with its reason. `notification` is None if suppressed."""

    decision: Decision
    reason: Reason
    receiver: str
    notification: Notification | None = None


def receivers(event: MatchEvent) -> tuple[str, ...]:
    """Return to whom a match goes if it goes to anybody; each once, in the rule's order."""
    if event.article.origin != "live" and event.rule.late == "record":
        return (RECORD_RECEIVER,)
    return tuple(dict.fromkeys(event.rule.notify)) or (DEFAULT_RECEIVER,)


def alert_of(event: MatchEvent) -> str:
    """Return the id of the alert that an event is about."""
    return alert_id(event.rule.id, event.article.id)


def candidates(event: MatchEvent) -> tuple[str, ...]:
    """Return the ids of the notifications that a match may lead to."""
    if event.kind != "matched":
        return ()
    return tuple(notification_id(alert_of(event), receiver) for receiver in receivers(event))


def note_of(event: MatchEvent) -> str:
    """Return the id under which the ledger notes that the rule of an event stopped matching its article."""
    return withdrawal_note_id(alert_of(event))


def looked_up(event: MatchEvent) -> tuple[str, ...]:
    """Return the ids, of notifications and notes, that `decide` asks the ledger for."""
    to = dict.fromkeys((*receivers(event), RECORD_RECEIVER))
    return (*(notification_id(alert_of(event), receiver) for receiver in to), note_of(event))


@dataclass(frozen=True, slots=True)
class Decisions:
    """What becomes of a batch: of each event its decisions, and the withdrawals to be noted once all else is done."""

    of: tuple[tuple[Decided, ...], ...]
    notes: tuple[MatchEvent, ...]


def decide(
    events: Iterable[MatchEvent], ledger: Mapping[str, int], now: int, forgotten: Container[str] = ()
) -> Decisions:
    """Decide on a batch of matches, in their order.

    Only a first match of a rule on an article alerts. A correction that matches again, an edit of the rule and a
    redelivery lead to the same alert id and are suppressed. What backfill or replay finds is labelled late.

    An event whose wording is older than that of a withdrawal seen before it says nothing any more (docs/decisions/0005:
    a writer that was overtaken may announce late). Where an alert is in the ledger it cannot harm; where none is, the
    withdrawal is noted, so that this holds also for a process that starts later.

    Args:
        events: the matches.
        ledger: of the ids `looked_up`, those that the ledger has, each with the seq of the wording it is about.
        now: milliseconds since 1970.
        forgotten: ids of articles that must not be kept.
    """
    seen = dict(ledger)
    notes: dict[str, MatchEvent] = {}
    decided: list[tuple[Decided, ...]] = []
    for event in events:
        of_event = tuple(_decide(event, seen, now, forgotten))
        seen.update((each.notification.id, event.article.seq) for each in of_event if each.notification)
        if event.kind == "withdrawn" and of_event[0].reason == "no_longer_matches":
            note, *alerted = reversed(looked_up(event))
            if not any(identity in seen for identity in alerted):
                seen[note] = event.article.seq
                notes[note] = event
        decided.append(of_event)
    return Decisions(tuple(decided), tuple(notes.values()))


def _decide(event: MatchEvent, seen: Mapping[str, int], now: int, forgotten: Container[str]) -> Iterable[Decided]:
    to = receivers(event)
    if event.article.id in forgotten:
        return [Decided("suppress", "forgotten", receiver) for receiver in to]
    if event.article.seq < seen.get(note_of(event), 0):
        return [Decided("suppress", "overtaken", receiver) for receiver in to]
    if event.kind == "changed":
        return [Decided("suppress", "still_matches", receiver) for receiver in to]
    if event.kind == "withdrawn":
        return [Decided("suppress", "no_longer_matches", receiver) for receiver in to]
    return [_first_or_not(event, receiver, seen, now) for receiver in to]


def _first_or_not(event: MatchEvent, receiver: str, seen: Container[str], now: int) -> Decided:
    identity = notification_id(alert_of(event), receiver)
    if identity in seen:
        return Decided("suppress", "already_alerted", receiver)
    late = event.article.origin != "live"
    notification = Notification(
        id=identity, alert=alert_of(event), receiver=receiver, label="late" if late else None, decided=now, match=event
    )
    decision: Decision = "record" if receiver == RECORD_RECEIVER else "send"
    return Decided(decision, "late" if late else "first_match", receiver, notification)
