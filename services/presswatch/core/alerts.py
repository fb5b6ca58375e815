"""What becomes of a match: the decision, as a pure function. One alert per rule and article, for ever.

Refuses to know Slack, Kafka and the ledger's form: it is told which notifications the ledger has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from presswatch.core.effects import alert_id, notification_id
from presswatch.core.messages import MatchEvent, Notification

Decision = Literal["send", "record", "suppress"]
Reason = Literal["first_match", "late", "already_alerted", "still_matches", "no_longer_matches"]

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


def candidates(event: MatchEvent) -> tuple[str, ...]:
    """Return the ids of the notifications that a match may lead to: look these up in the ledger before `decide`."""
    if event.kind != "matched":
        return ()
    alert = alert_id(event.rule.id, event.article.id)
    return tuple(notification_id(alert, receiver) for receiver in receivers(event))


def decide(event: MatchEvent, known: Callable[[str], bool], now: int) -> list[Decided]:
    """Decide on one match.

    Only a first match of a rule on an article alerts. A correction that matches again, an edit of the rule and a
    redelivery lead to the same alert id and are suppressed. What backfill or replay finds is labelled late.

    Args:
        event: the match.
        known: whether the ledger has the notification of this id.
        now: milliseconds since 1970.
    """
    if event.kind == "changed":
        return [Decided("suppress", "still_matches", receiver) for receiver in receivers(event)]
    if event.kind == "withdrawn":
        return [Decided("suppress", "no_longer_matches", receiver) for receiver in receivers(event)]
    alert = alert_id(event.rule.id, event.article.id)
    late = event.article.origin != "live"
    decided: list[Decided] = []
    for receiver, identity in zip(receivers(event), candidates(event), strict=True):
        if known(identity):
            decided.append(Decided("suppress", "already_alerted", receiver))
            continue
        notification = Notification(
            id=identity, alert=alert, receiver=receiver, label="late" if late else None, decided=now, match=event
        )
        decision: Decision = "record" if receiver == RECORD_RECEIVER else "send"
        decided.append(Decided(decision, "late" if late else "first_match", receiver, notification))
    return decided
