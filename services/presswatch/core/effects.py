"""Ids of effects: the same cause gives the same id, so that a repeat is a no-op everywhere."""

from __future__ import annotations

from presswatch.core.article import digest

GENERATIONS = 2**20
"""Generations that fit between two revisions; seq * 2**20 stays below 2**63 until the year 2248."""


def document_version(seq: int, generation: int) -> int:
    """Return the external version of an article document: a later wording first, then a later roll-out."""
    if not 0 <= generation < GENERATIONS:
        raise ValueError(f"generation {generation} is not in 0..{GENERATIONS - 1}")
    return seq * GENERATIONS + generation


def match_id(rule: str, article: str, seq: int, rule_version: str) -> str:
    """Return the id of a match of one version of a rule on one revision of an article."""
    return digest("match", rule, article, str(seq), rule_version)


def withdrawal_id(rule: str, article: str, seq: int, rule_version: str) -> str:
    """Return the id of the end of a match: not that of the match, or it would pass for its repetition.

    `seq` is that of the wording that no longer matches, `rule_version` that of the rule as it last matched.
    """
    return digest("withdrawal", rule, article, str(seq), rule_version)


def revision_id(article: str, seq: int, wording: str) -> str:
    """Return the id of a wording that was replaced, or came too late."""
    return digest("revision", article, str(seq), wording)


def alert_id(rule: str, article: str) -> str:
    """Return the id of an alert: without versions, so that neither an edit nor a correction fires it again."""
    return digest("alert", rule, article)


def notification_id(alert: str, receiver: str) -> str:
    """Return the id of an alert's notification to one receiver."""
    return digest("notification", alert, receiver)


def withdrawal_note_id(alert: str) -> str:
    """Return the id of the note that an alert's rule had stopped matching before anybody was alerted."""
    return digest("withdrawn", alert)
