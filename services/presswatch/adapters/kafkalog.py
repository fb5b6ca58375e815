"""Kafka topics read as logs: from a time to their present end, without a group, so that nothing is consumed by it.

For people's commands. Services read with `adapters.kafka.BatchConsumer`.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
    SaslAuthenticationFailedError,
)
from kafka.partitioner.default import murmur2

from presswatch.adapters.kafka import MAX_REQUEST_BYTES, Record, connection
from presswatch.core.errors import ConfigError, FatalError, RetryableError
from presswatch.settings import KafkaSettings
from presswatch.topology import Stage, group, topic

_POLL_MS = 500
_SILENCE = 60
"""Polls in a row that bring nothing, before Kafka is taken for gone: half a minute."""

_GAP = 500
"""Records between two that are wanted that are rather read than jumped over."""

_RUN = 10_000
"""Offsets kept in memory at once."""

_COORDINATOR_MOVES = (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError)
_COORDINATOR_S = 20.0


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets of one partition, `end` exclusive."""

    begin: int
    end: int


class Log:
    """A reader of topics. Names are without prefix. Use it as a context manager.

    Raises (every method):
        ConfigError: a topic does not exist.
        RetryableError: Kafka cannot be reached.
        FatalError: it refuses us.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        with _translated(kafka):
            self._consumer: Any = KafkaConsumer(
                **connection(kafka),
                bootstrap_timeout_ms=5_000,
                request_timeout_ms=20_000,
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                # Retention may take the beginning away under a reader: go on with what is left, not at the end.
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=MAX_REQUEST_BYTES,
                max_poll_records=1000,
                metrics_enabled=False,
            )
            self._admin: Any = KafkaAdminClient(**connection(kafka), bootstrap_timeout_ms=5_000)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        with suppress(KafkaError):  # what was read is read
            self._consumer.close(autocommit=False, timeout_ms=2_000)
            self._admin.close()

    def spans(self, name: str, since: int | None = None) -> dict[int, Span]:
        """Return what there is of a topic, by partition: all, or what is not older than `since` (ms since 1970)."""
        with _translated(self._kafka):
            partitions = self._partitions(name)
            ends = self._consumer.end_offsets(partitions)
            begins = dict(self._consumer.beginning_offsets(partitions))
            if since is not None:
                found = self._consumer.offsets_for_times(dict.fromkeys(partitions, since))
                begins = {at: found[at].offset if found.get(at) else ends[at] for at in partitions}
        return {at.partition: Span(begins[at], ends[at]) for at in partitions}

    def parts(
        self, name: str, windows: Iterable[tuple[int, int]], partitions: Container[int] | None = None
    ) -> dict[int, list[Span]]:
        """Return what came in within windows of time, by partition, in order and without overlap.

        Args:
            name: topic without prefix.
            windows: begin and end, exclusive, in milliseconds since 1970, by Kafka's time.
            partitions: only these.
        """
        spans = self.spans(name)
        wanted = [at for at in spans if partitions is None or at in partitions]
        found: dict[int, list[Span]] = {at: [] for at in wanted}
        for begin, end in windows:
            first, last = self._offsets(name, wanted, begin), self._offsets(name, wanted, end)
            for at in wanted:
                span = Span(first.get(at, spans[at].end), last.get(at, spans[at].end))
                if span.begin < span.end:
                    found[at].append(span)
        return {at: united(parts) for at, parts in found.items()}

    def read_parts(self, name: str, parts: Mapping[int, Sequence[Span]]) -> Iterator[Record]:
        """Yield the records of several spans of each partition, each partition in order."""
        for turn in range(max((len(spans) for spans in parts.values()), default=0)):
            yield from self.read(name, spans={at: spans[turn] for at, spans in parts.items() if turn < len(spans)})

    def partition_of(self, name: str, key: bytes) -> int:
        """Return the partition into which every producer of ours puts a record with this key, as partitions are now."""
        with _translated(self._kafka):
            numbers: list[int] = [at.partition for at in self._partitions(name)]
        return numbers[(int(murmur2(key)) & 0x7FFFFFFF) % len(numbers)]  # as Java's default partitioner

    def begins(self, name: str) -> dict[int, int]:
        """Return the first offset that Kafka still has, by partition."""
        with _translated(self._kafka):
            found: Mapping[Any, int] = self._consumer.beginning_offsets(self._partitions(name))
        return {at.partition: offset for at, offset in found.items()}

    def committed(self, stage: Stage, name: str) -> dict[int, int]:
        """Return up to where a stage has dealt with a topic, by partition; 0 where it has committed nothing."""
        with _translated(self._kafka):
            partitions = self._partitions(name)
            found = self._group_offsets(group(self._kafka, stage), partitions)
        return {at.partition: max(0, found[at].offset) if at in found else 0 for at in partitions}

    def read(self, name: str, since: int | None = None, *, spans: Mapping[int, Span] | None = None) -> Iterator[Record]:
        """Yield the records of a topic up to its present end, each partition in order.

        Args:
            name: topic without prefix.
            since: only what is not older; milliseconds since 1970, by Kafka's time.
            spans: read these offsets instead.
        """
        wanted = self.spans(name, since) if spans is None else spans
        left = {TopicPartition(topic(self._kafka, name), at): span for at, span in wanted.items()}
        left = {at: span for at, span in left.items() if span.begin < span.end}
        with _translated(self._kafka):
            self._consumer.assign(list(left))
            for at, span in left.items():
                self._consumer.seek(at, span.begin)
        silent = 0
        while left:
            with _translated(self._kafka):
                fetched: Mapping[Any, Sequence[Any]] = self._consumer.poll(timeout_ms=_POLL_MS)
                # Compaction and transactions leave offsets without a record: the position, not the record, says where we are.
                reached = {at: self._consumer.position(at, timeout_ms=5_000) for at in left}
            silent = 0 if fetched else silent + 1
            if silent > _SILENCE:
                raise RetryableError(f"Kafka at {self._kafka.bootstrap} does not send what it has of {name}")
            for at, items in fetched.items():
                if at in left:
                    yield from (_record(item) for item in items if item.offset < left[at].end)
            done = [at for at, span in left.items() if reached[at] >= span.end]
            for at in done:
                del left[at]
            if done and left:
                with _translated(self._kafka):
                    self._consumer.pause(*done)

    def at(self, name: str, places: Iterable[tuple[int, int]]) -> Iterator[Record]:
        """Yield the records that stand at (partition, offset), those that are there, in the order of the places.

        Args:
            name: topic without prefix.
            places: in order.
        """
        ends = self.spans(name)
        for partition, offsets in _runs(places):
            span = Span(offsets[0], min(offsets[-1] + 1, ends[partition].end))
            wanted = set(offsets)
            yield from (each for each in self.read(name, spans={partition: span}) if each.offset in wanted)

    def one(self, name: str, partition: int, offset: int) -> Record | None:
        """Return one record, or None if it is not there (any more)."""
        span = self.spans(name).get(partition)
        if span is None or not span.begin <= offset < span.end:
            return None
        found = self.read(name, spans={partition: Span(offset, offset + 1)})
        return next((record for record in found if record.offset == offset), None)

    def _offsets(self, name: str, partitions: Iterable[int], at: int) -> dict[int, int]:
        """Return the offset of the first record that is not older than a time, where there is one."""
        wanted = [TopicPartition(topic(self._kafka, name), number) for number in partitions]
        with _translated(self._kafka):
            found = self._consumer.offsets_for_times(dict.fromkeys(wanted, max(0, at))) if wanted else {}
        return {where.partition: told.offset for where, told in found.items() if told}

    def _group_offsets(self, name: str, partitions: Sequence[Any]) -> Mapping[Any, Any]:
        """Ask again while the group's coordinator moves, as after a start of Kafka: its client does not."""
        deadline = time.monotonic() + _COORDINATOR_S
        while True:
            try:
                found: Mapping[str, Mapping[Any, Any]] = self._admin.list_group_offsets({name: partitions})
            except _COORDINATOR_MOVES:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return found.get(name, {})

    def _partitions(self, name: str) -> list[Any]:
        numbers = self._consumer.partitions_for_topic(topic(self._kafka, name))
        if not numbers:
            raise ConfigError(f"Kafka has no topic {topic(self._kafka, name)}: run `presswatch setup` first")
        return [TopicPartition(topic(self._kafka, name), number) for number in sorted(numbers)]


def united(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that overlap or touch as one."""
    done: list[Span] = []
    for span in sorted(spans, key=lambda one: one.begin):
        if done and span.begin <= done[-1].end:
            done[-1] = Span(done[-1].begin, max(done[-1].end, span.end))
        else:
            done.append(span)
    return done


def _runs(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, list[int]]]:
    """Yield partition and offsets of places that are read in one go: near enough, and not too many."""
    run: list[int] = []
    of = -1
    for partition, offset in places:
        if run and (partition != of or offset - run[-1] > _GAP or len(run) >= _RUN):
            yield of, run
            run = []
        of = partition
        run.append(offset)
    if run:
        yield of, run


@contextmanager
def _translated(kafka: KafkaSettings) -> Iterator[None]:
    try:
        yield
    except (AuthorizationError, SaslAuthenticationFailedError) as error:
        raise FatalError(f"Kafka refuses us: {error!r}. Check kafka.sasl_* and the rights of that user") from error
    except KafkaError as error:
        raise RetryableError(f"Kafka at {kafka.bootstrap} cannot be reached: is it running? ({error!r})") from error


def _record(item: Any) -> Record:
    return Record(
        item.topic, item.partition, item.offset, item.key, item.value, item.timestamp or 0, tuple(item.headers)
    )
