"""Sends again what an audit found missing, and waits until the stages have dealt with it.

The record goes, byte for byte, to the topic that it stands in: the same code makes of it what is missing, and nothing
where it is there already.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.adapters.kafkalog import Log
from presswatch.core.accounts import Missing, Position
from presswatch.core.errors import RetryableError
from presswatch.core.messages import ANNOUNCE
from presswatch.settings import KafkaSettings
from presswatch.topology import SOURCES, Stage, topic

BATCH = 200
LOOK_S = 0.2


def send_again(kafka: KafkaSettings, log: Log, publisher: Publisher, missing: Sequence[Missing]) -> int:
    """Send the records of what is missing again, each once, in their order; returns how many there were.

    Raises:
        RetryableError: Kafka did not confirm; what was sent may be sent again.
    """
    announce = {one.record for one in missing if one.announce}
    wanted = {one.record for one in missing if one.record is not None}
    sent = 0
    records = _records(kafka, log, wanted, announce)
    while batch := list(islice(records, BATCH)):
        refused = publisher.publish(batch)
        if refused:
            raise RetryableError(f"Kafka refuses what it took before: {refused[0][1]}")
        sent += len(batch)
    return sent


def _records(
    kafka: KafkaSettings, log: Log, wanted: Iterable[Position], announce: set[Position | None]
) -> Iterator[Outgoing]:
    by_topic: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place in wanted:
        by_topic[place.topic].append((place.partition, place.offset))
    for name, places in sorted(by_topic.items()):
        for record in log.at(name, sorted(places)):
            marked = Position(name, record.partition, record.offset) in announce
            headers = (*record.headers, (ANNOUNCE, b"1")) if marked else record.headers
            yield Outgoing(topic(kafka, name), record.key, record.value, headers)


def wait_dealt_with(
    log: Log,
    first: Stage,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Stage | None:
    """Wait until a stage and all behind it have dealt with what is in Kafka now.

    Returns:
        None, or the stage that did not come so far within so many seconds.
    """
    deadline = clock() + seconds
    stages = list(SOURCES)
    for stage in stages[stages.index(first) :]:
        ends = {at: span.end for at, span in log.spans(SOURCES[stage]).items()}
        while any(log.committed(stage, SOURCES[stage])[at] < end for at, end in ends.items()):
            if clock() > deadline:
                return stage
            sleep(LOOK_S)
    return None
