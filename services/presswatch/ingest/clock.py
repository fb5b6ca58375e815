"""When an article was fetched: the clock's time, but never twice the same for one article.

Two wordings of an article that are read within a millisecond keep their order this way: whoever compares `fetched`
takes the later one for the newer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from presswatch.runtime import now_ms


class FetchClock:
    """Gives strictly increasing times per article id. Thread-safe; holds only the ids of the millisecond at hand."""

    def __init__(self, clock: Callable[[], int] = now_ms) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._now = 0
        self._latest = 0
        self._given: dict[str, int] = {}

    def fetched(self, article: str) -> int:
        """Return the time, in ms, at which this article is fetched."""
        with self._lock:
            self._now = max(self._now, self._clock())  # a clock that is set back must not turn wordings round
            if self._now > self._latest:
                self._given.clear()
            moment = max(self._now, self._given.get(article, 0) + 1)
            self._given[article] = moment
            self._latest = max(self._latest, moment)
            return moment
