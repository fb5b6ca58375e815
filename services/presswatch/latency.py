"""How long after an article was fetched a stage was done with it: of live articles, and of canaries by themselves."""

from __future__ import annotations

from typing import Protocol

from presswatch import metrics
from presswatch.core.canary import is_canary
from presswatch.core.messages import Origin
from presswatch.topology import Stage


class Fetched(Protocol):
    """An article, whole or as an alert tells of it."""

    @property
    def id(self) -> str:
        """Article id."""

    @property
    def fetched(self) -> int:
        """Milliseconds since 1970."""

    @property
    def origin(self) -> Origin:
        """Whether it is news."""


def observe(stage: Stage, article: Fetched, now: int) -> None:
    """Note that a stage is done with an article at `now` (milliseconds since 1970); of backfill and replay nothing is noted."""
    seconds = max(0, now - article.fetched) / 1000
    if is_canary(article.id):
        metrics.CANARY_LATENCY.labels(stage).observe(seconds)
    elif article.origin == "live":
        metrics.LATENCY.labels(stage).observe(seconds)
