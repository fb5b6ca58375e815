"""Keeps libraries from filling the log: while Kafka is away its clients say the same hundreds of times a second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable


class RepeatFilter(logging.Filter):
    """Lets a library's line pass once in `every_s` seconds and tells with the next how many were held back.

    Lines are the same when logger, level and the text before its arguments are put in are. Our own lines always pass.
    Put it on a handler: on a logger it would not see what comes from the loggers below.
    """

    def __init__(self, every_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._lock = threading.Lock()
        self._passed: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record passes; one that stands for others has their number added to its text."""
        if record.name.partition(".")[0] == "presswatch" or record.levelno < logging.WARNING:
            return True
        key = (record.name, record.levelno, str(record.msg))
        now = self._clock()
        with self._lock:
            since, held = self._passed.get(key, (-self._every_s, 0))
            if now - since < self._every_s:
                self._passed[key] = (since, held + 1)
                return False
            if len(self._passed) >= 1000:  # texts without arguments differ each time; forget rather than grow
                self._passed.clear()
            self._passed[key] = (now, 0)
        if held:
            record.msg = f"{record.msg} [and {held} more like it]"
        return True
