"""Sends canaries (`core.canary`), by the way that articles go: confirmed by Kafka, or a dead letter."""

from __future__ import annotations

import os

from presswatch.adapters.kafka import Record
from presswatch.core.canary import CANARY, canary
from presswatch.ingest.delivery import Delivery
from presswatch.runtime import now_ms


def send(delivery: Delivery) -> None:
    """Send one canary and wait until Kafka has it.

    Raises:
        StoppedError, FatalError: as `Delivery.deliver`.
    """
    article = canary(now_ms(), os.getpid())
    record = Record(CANARY, 0, 0, article.id.encode(), article.encode(), article.fetched)
    delivery.deliver("canary", [(article, record)], [])
