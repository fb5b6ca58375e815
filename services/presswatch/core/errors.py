"""Errors of the package. A subclass says what to do with the thing at hand, not what broke."""

from __future__ import annotations


class PresswatchError(Exception):
    """Base of every error that Presswatch raises on purpose."""


class BadMessageError(PresswatchError):
    """This record can never be processed: dead-letter it with `reason` and go on.

    Args:
        reason: a short, bounded label (it becomes a metric label), such as ``not_json``.
        detail: one line for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class RetryableError(PresswatchError):
    """The world is bad, not the record: back off and do the same again."""


class FatalError(PresswatchError):
    """Going on would lose or spoil data: stop the stage loudly, commit nothing."""


class ConfigError(PresswatchError):
    """A setting, file or argument of the user's is wrong; the text names it and the mend."""


class RuleError(PresswatchError):
    """One mistake in a query, at a place.

    `start` and `end` are code points within the query. Files, lines and carets are added by
    whoever knows where the query stood (`presswatch.rulefiles`).

    Args:
        message: what is wrong, one sentence, no full stop.
        start: first code point of the offending part of the query.
        end: end of it, exclusive.
        mend: what to write instead.
    """

    def __init__(self, message: str, start: int, end: int, mend: str) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.mend = mend
