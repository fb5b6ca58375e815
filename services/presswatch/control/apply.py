"""Makes a list of objects all that one manager has in a control topic, whoever else applies at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing

import structlog

from presswatch.adapters.kafka import Backoff
from presswatch.control.topic import Writer, read
from presswatch.core.control import Change, Object, plan
from presswatch.core.errors import RetryableError
from presswatch.runtime import now_ms
from presswatch.settings import KafkaSettings

log = structlog.get_logger(__name__)

PATIENCE_S = 60.0
"""So long an attempt that others overtook, or whose outcome is not known, is made again."""


def apply(
    kafka: KafkaSettings,
    name: str,
    manager: str,
    objects: Sequence[Object],
    *,
    exclusive: Collection[str] = (),
    take_over: bool = False,
    repair: bool = False,
    dry_run: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Change:
    """Publish what makes `objects` all that `manager` has; return what was done. An unchanged set publishes nothing.

    Args:
        name: control topic without prefix.
        exclusive, take_over, repair: see `core.control.plan`.
        dry_run: only return what would be done.
        sleep: takes seconds.

    Raises:
        ConfigError: see `core.control.plan`; or Kafka refuses us.
        RetryableError: Kafka is away, or others overtook us for `PATIENCE_S`. Applying again is always safe.
    """

    def planned() -> Change:
        return plan(
            read(kafka, name), manager, objects, now_ms(), exclusive=exclusive, take_over=take_over, repair=repair
        )

    change = planned()
    backoff, end = Backoff(0.2, 5.0), time.monotonic() + PATIENCE_S
    while change.manifest is not None and not dry_run:
        try:
            with closing(Writer(kafka, name)) as writer:
                change = planned()  # only now nobody can come between
                if change.manifest is not None:
                    writer.publish(change)
                return change
        except RetryableError as error:
            if time.monotonic() > end:
                raise
            log.info("applying again", why=str(error))
            sleep(backoff.next())
            change = planned()  # what was published after all is there now, and nothing is left to do
    return change
