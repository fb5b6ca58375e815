"""What can go wrong with the local engines: every error says what happened and how to mend it."""

from __future__ import annotations

from presswatch.core.errors import PresswatchError


class EngineError(PresswatchError):
    """The local engines cannot do what was asked.

    Args:
        message: what happened, with the numbers, paths or ids that prove it.
        mend: what the user does about it.
        log: last lines of the log that shows the cause, or "".
    """

    def __init__(self, message: str, mend: str, log: str = "") -> None:
        quoted = "".join(f"\n    | {line}" for line in log.splitlines())
        super().__init__(f"{message}{quoted}\n  mend: {mend}")
        self.message = message
        self.mend = mend
        self.log = log
