"""Kafka by kafka-python: producing with confirmation, consuming in batches, dead letters.

Offsets are committed only after the handler of a batch has returned, and a handler returns only when its effects
are confirmed. So everything is delivered at least once; ids make the repeats harmless.
"""

from __future__ import annotations

import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RebalanceInProgressError,
    RecordListTooLargeError,
    SaslAuthenticationFailedError,
    UnknownMemberIdError,
)
from kafka.structs import OffsetAndMetadata

from presswatch import metrics
from presswatch.core.deadletters import TRUNCATED, Headers, Place, about_bytes, letter_headers, past_of
from presswatch.core.errors import BadMessageError, FatalError, RetryableError
from presswatch.runtime import Health, StopSignal, now_ms
from presswatch.settings import KafkaSettings, Settings
from presswatch.topology import Stage, dead_letter_topic, group, topic

log = structlog.get_logger(__name__)

MAX_REQUEST_BYTES = 13 * 1024 * 1024
"""Above the largest max.message.bytes of any topic, so that the broker's limit, named in its error, is what counts."""

_BOOTSTRAP_MS = 5_000
"""One attempt to connect; between attempts a stop is heard."""

_COMMIT_MS = 5_000
"""One attempt to commit; what is not confirmed by then is tried again."""

_REMEMBERED = 10_000
"""Dead letters that a process remembers to have sent: more than any batch has records."""

_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
_WRONG_SET_UP = (AuthorizationError, SaslAuthenticationFailedError, InvalidTopicError, FencedInstanceIdError)
_LOST_PARTITIONS = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


def connection(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the arguments by which every kafka-python client reaches the cluster."""
    return {
        "bootstrap_servers": kafka.bootstrap.split(","),
        "security_protocol": kafka.security_protocol,
        "sasl_mechanism": kafka.sasl_mechanism,
        "sasl_plain_username": kafka.sasl_username,
        "sasl_plain_password": kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
        "ssl_cafile": str(kafka.ca_file) if kafka.ca_file else None,
        "reconnect_backoff_max_ms": 2000,  # 30 s by default: so long it would not see that Kafka is back
    }


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came from Kafka."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way to Kafka; `topic` is the cluster's name, prefix and all."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Publisher:
    """Sends records and waits until the brokers have them (acks=all, idempotent). Thread-safe."""

    def __init__(self, kafka: KafkaSettings, *, delivery_timeout_s: float = 60.0) -> None:
        self._kafka = kafka
        self._timeout_s = delivery_timeout_s + 5
        self._lock = threading.Lock()
        self._producer: Any = self._connect()

    def _connect(self) -> Any:
        try:
            return KafkaProducer(
                **connection(self._kafka),
                bootstrap_timeout_ms=_BOOTSTRAP_MS,
                linger_ms=5,
                batch_size=131072,
                max_request_size=MAX_REQUEST_BYTES,
                max_block_ms=10_000,
                request_timeout_ms=20_000,
                delivery_timeout_ms=int((self._timeout_s - 5) * 1000),
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        except KafkaError as error:
            raise RetryableError(f"Kafka at {self._kafka.bootstrap} cannot be reached: {error}") from error

    def _current(self) -> Any:
        with self._lock:
            if self._producer is None:
                self._producer = self._connect()
            return self._producer

    def _give_up(self, producer: Any) -> None:
        """Put aside a producer whose delivery timed out: the next attempt has a new one.

        kafka-python 3.0.12 may never send again after an outage longer than its delivery timeout: its records then
        neither leave nor expire.
        """
        with self._lock:
            if self._producer is not producer:
                return
            self._producer = None
        _close(producer, 0)

    def publish(self, records: Iterable[Outgoing]) -> list[tuple[Outgoing, BadMessageError]]:
        """Send records and wait for every acknowledgement.

        Returns:
            The records that no broker will ever take, with the reason.

        Raises:
            RetryableError: at least one outcome is unknown: send all of them again.
            FatalError: we may not write there, or the topic cannot exist.
        """
        pending: list[tuple[Outgoing, Any]] = []
        refused: list[tuple[Outgoing, BadMessageError]] = []
        producer = self._current()
        try:
            for record in records:
                try:
                    future = producer.send(
                        record.topic, key=record.key, value=record.value, headers=list(record.headers)
                    )
                except _TOO_LARGE as error:
                    refused.append((record, BadMessageError("too_large", str(error))))
                else:
                    pending.append((record, future))
            producer.flush(timeout=self._timeout_s)
            for record, future in pending:
                try:
                    future.get(timeout=self._timeout_s)
                except _TOO_LARGE as error:
                    refused.append((record, BadMessageError("too_large", str(error))))
        except _WRONG_SET_UP as error:
            raise FatalError(f"Kafka refuses our records: {error!r}") from error
        except KafkaError as error:
            self._give_up(producer)
            raise RetryableError(f"Kafka did not confirm: {error!r}") from error
        return refused

    def close(self) -> None:
        """Close the producer; what was published is confirmed already."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            _close(producer, 5)


def _close(producer: Any, seconds: float) -> None:
    try:
        producer.close(timeout=seconds)
    except KafkaError:
        # It could not flush and left its thread running. Nobody waits for those records any more.
        producer._sender.force_close()  # noqa: SLF001 (there is no public way)


class Breaker:
    """Opens when within a minute at least 20 records, and at least 1 % of them, would be dead letters.

    A mistake of ours (a bad deployment, a mapping that is behind) must stop the stage, not drain its topic into the
    dead letters.
    """

    WINDOW_S = 60.0
    RECORDS = 20
    SHARE = 0.01

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()
        self._dead: dict[Hashable, float] = {}
        self._total = 0

    def saw(self, records: int) -> None:
        """Count records that the stage took in."""
        self._seen.append((self._clock(), records))
        self._total += records

    def permit(self, origin: Hashable = None) -> bool:
        """Count one dead letter and return whether it may be sent.

        Args:
            origin: what it is made of. Tried again because Kafka did not confirm, it counts once; None counts always.
        """
        now = self._clock()
        while self._dead and next(iter(self._dead.values())) < now - self.WINDOW_S:
            del self._dead[next(iter(self._dead))]
        self._dead.setdefault(object() if origin is None else origin, now)
        while self._seen and self._seen[0][0] < now - self.WINDOW_S:
            self._total -= self._seen.popleft()[1]
        return len(self._dead) < self.RECORDS or len(self._dead) < self.SHARE * self._total


class NoBreaker(Breaker):
    """Never opens: somebody has seen the bad records and wants the others."""

    RECORDS = 2**62


class DeadLetters:
    """The way out of a stage for records that it can never process: the record as it came, the reason in its headers."""

    def __init__(
        self, kafka: KafkaSettings, stage: Stage, publisher: Publisher, breaker: Breaker | None = None
    ) -> None:
        self.stage = stage
        self.breaker = breaker or Breaker()
        self._topic = topic(kafka, dead_letter_topic(stage))
        self._publisher = publisher
        self._sent: OrderedDict[Hashable, None] = OrderedDict()
        metrics.BREAKER.labels(stage).set(0)
        metrics.RETRIED.labels(stage)

    def send_all(self, letters: Sequence[tuple[Record, BadMessageError]]) -> None:
        """Publish the dead letters of a batch, or none of them if the breaker opens: when it is read again, they are not doubled.

        Raises:
            FatalError, RetryableError: as `send`.
        """
        for record, error in letters:
            self._permit(record, error)
        for record, error in letters:
            self.send(record, error)

    def send(self, record: Record, error: BadMessageError) -> None:
        """Publish one dead letter and wait until Kafka has it; one that this process has sent already is not sent again.

        A batch is repeated when an engine is away, and with it what is a dead letter in it.

        Raises:
            FatalError: the breaker opened: too much of what this stage takes in would be dead letters.
            RetryableError: Kafka did not confirm.
        """
        mark = (record.topic, record.partition, record.offset, record.timestamp_ms, hash(record.value))
        if mark in self._sent:
            return
        self._permit(record, error)
        past = past_of(record.headers)
        place = Place(record.topic, record.partition, record.offset, record.timestamp_ms)
        about = letter_headers(self.stage, place, record.value, error, now_ms(), record.headers)
        outgoing = Outgoing(self._topic, record.key, record.value, about)
        refused = self._publisher.publish([outgoing])
        if refused:
            # Larger than even this topic takes: keep the start of it and say so, rather than nothing.
            cut = (record.value or b"")[: 1024 * 1024]
            headers = (*about, (TRUNCATED, str(len(record.value or b"")).encode()))
            self._publisher.publish([Outgoing(self._topic, record.key, cut, headers)])
        self._sent[mark] = None
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        metrics.DEAD_LETTERS.labels(self.stage, error.reason).inc()
        log.warning(
            "dead letter", article=about_bytes(record.value).article, stage=self.stage, reason=error.reason,
            detail=error.detail,
            topic=record.topic, partition=record.partition, offset=record.offset, attempt=past.attempts + 1,
        )  # fmt: skip

    def _permit(self, record: Record, error: BadMessageError) -> None:
        # A record that somebody tries again, and that fails again, is no sign of a stage gone bad.
        if not past_of(record.headers).attempts and not self.breaker.permit(
            (record.topic, record.partition, record.offset)
        ):
            metrics.BREAKER.labels(self.stage).set(1)
            raise FatalError(
                f"{self.stage} would send at least {Breaker.RECORDS} records to the dead letters within a minute "
                f"(the last: {error}); something is wrong with this stage, not with the records"
            )


def count_retried(stage: Stage, records: Iterable[Record]) -> None:
    """Count the records of a batch that are dead letters which somebody sent again."""
    retried = sum(1 for record in records if record.headers and past_of(record.headers).attempts)
    if retried:
        metrics.RETRIED.labels(stage).inc(retried)


class Backoff:
    """Waits that double from `first_s` to `most_s`, with jitter, so that many processes do not retry in step."""

    def __init__(self, first_s: float = 0.2, most_s: float = 10.0) -> None:
        self._first, self._most, self._next = first_s, most_s, first_s

    def next(self) -> float:
        """Return the seconds to wait now."""
        wait = self._next * random.uniform(0.7, 1.3)  # noqa: S311 (jitter, not a secret)
        self._next = min(self._next * 2, self._most)
        return wait

    def reset(self) -> None:
        """Start over: it worked."""
        self._next = self._first


def persist(
    action: Callable[[], None], *, stage: Stage, health: Health, stop: StopSignal, part: str = "service",
    while_waiting: Callable[[], None] = lambda: None,
) -> bool:  # fmt: skip
    """Do something until it succeeds: a `RetryableError` is waited out, anything else passes through.

    Returns:
        Whether it succeeded; False only when a stop was asked for while it could not.
    """
    backoff = Backoff()
    while True:
        try:
            action()
        except RetryableError as error:
            wait_s = backoff.next()
            # Where we have a name for it, as for a full disk, it says more than that of the client's error.
            named = error if type(error) is not RetryableError else error.__cause__ or error
            metrics.RETRIES.labels(stage, type(named).__name__).inc()
            health.not_ready(str(error), part)
            log.warning("waiting to try again", stage=stage, why=str(error), wait_s=round(wait_s, 2))
            if stop.wait(wait_s):
                return False
            while_waiting()
        else:
            health.ready(part)
            return True


class BatchConsumer:
    """Reads one topic in batches, at least once, and commits after each batch.

    Args:
        settings: which cluster, prefix, and the name of this replica.
        stage: names the consumer group and the metrics.
        source: topic without prefix.
        batch: records at most in a batch.
    """

    def __init__(self, settings: Settings, stage: Stage, source: str, batch: int) -> None:
        self._settings = settings
        self._stage = stage
        self._source = topic(settings.kafka, source)
        self._batch = batch
        self._consumer: Any = None
        self._uncommitted: dict[Any, int] = {}

    def run(
        self,
        handle: Callable[[Sequence[Record]], None],
        health: Health,
        stop: StopSignal,
        part: str = "service",
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        """Consume until a stop is asked for; the batch in hand is finished and committed first.

        Args:
            handle: processes a batch; returns when every effect is confirmed. A `RetryableError` is waited out with
                the same batch; anything else ends the stage with nothing committed.
            on_idle: called between batches, at least every half second.
        """
        if not persist(self._connect, stage=self._stage, health=health, stop=stop, part=part):
            return
        try:
            while not stop.is_set():
                health.beat(part)
                try:
                    fetched = self._consumer.poll(timeout_ms=500, max_records=self._batch)
                except _WRONG_SET_UP as error:
                    raise FatalError(f"Kafka refuses to let us read {self._source}: {error!r}") from error
                except KafkaError as error:
                    health.not_ready(f"Kafka: {error!r}", part)
                    metrics.RETRIES.labels(self._stage, type(error).__name__).inc()
                    stop.wait(1.0)
                    continue
                on_idle()
                records = [_record(item) for items in fetched.values() for item in items]
                count_retried(self._stage, records)
                self._observe_lag()
                if not records:
                    self._commit(health, part)
                    continue
                with metrics.BATCH_SECONDS.labels(self._stage).time():
                    done = persist(
                        lambda records=records: handle(records), stage=self._stage, health=health, stop=stop,  # type: ignore[misc]
                        part=part, while_waiting=self._keep_membership,
                    )  # fmt: skip
                if not done:
                    return
                self._note_done(records)
                self._commit(health, part)
                if self._consumer.paused():
                    self._consumer.resume(*self._consumer.paused())
        finally:
            self._consumer.close(autocommit=False, timeout_ms=5000)

    def _connect(self) -> None:
        try:
            consumer = KafkaConsumer(
                **connection(self._settings.kafka),
                group_id=group(self._settings.kafka, self._stage),
                group_instance_id=f"{self._settings.instance}-{self._stage}" if self._settings.instance else None,
                bootstrap_timeout_ms=_BOOTSTRAP_MS,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                session_timeout_ms=10_000,
                heartbeat_interval_ms=2_000,
                max_poll_interval_ms=300_000,
                max_partition_fetch_bytes=4 * 1024 * 1024,
                max_poll_records=self._batch,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
            partitions = consumer.partitions_for_topic(self._source)
        except _WRONG_SET_UP as error:
            raise FatalError(f"Kafka refuses us: {error!r}") from error
        except KafkaError as error:
            raise RetryableError(f"Kafka at {self._settings.kafka.bootstrap} cannot be reached: {error}") from error
        if not partitions:
            consumer.close(autocommit=False)
            raise RetryableError(f"there is no topic {self._source!r} yet: run `presswatch setup`")
        consumer.subscribe([self._source], listener=_OnRevoked(self._uncommitted.clear))
        self._consumer = consumer

    def _keep_membership(self) -> None:
        """Poll with everything paused: the group keeps us while we wait, and no record slips by."""
        self._consumer.pause(*self._consumer.assignment())
        try:
            fetched = self._consumer.poll(timeout_ms=0)
        except KafkaError as error:
            log.warning("poll failed while waiting", why=repr(error))
            return
        for partition, items in fetched.items():
            # A rebalance handed us a partition that was not paused yet: read it again when we go on.
            self._consumer.seek(partition, items[0].offset)
            self._consumer.pause(partition)

    def _note_done(self, records: Sequence[Record]) -> None:
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            self._uncommitted[partition] = max(self._uncommitted.get(partition, 0), record.offset + 1)

    def _commit(self, health: Health, part: str) -> None:
        """Commit what is done; what Kafka does not confirm now is tried again with the next batch or when idle."""
        if not self._uncommitted:
            return
        offsets = {partition: OffsetAndMetadata(end, "", -1) for partition, end in self._uncommitted.items()}
        try:
            self._consumer.commit(offsets, timeout_ms=_COMMIT_MS)
        except FencedInstanceIdError as error:
            raise FatalError(
                f"another process runs as instance {self._settings.instance!r}; give each replica a name of its own"
            ) from error
        except _LOST_PARTITIONS as error:
            # Another member has the partitions now and will repeat this batch; ids make that harmless.
            log.info("batch not committed, partitions moved", why=repr(error))
            self._uncommitted.clear()
        except KafkaError as error:
            log.warning("batch not committed yet", why=repr(error))
            metrics.RETRIES.labels(self._stage, type(error).__name__).inc()
            health.not_ready(f"Kafka: {error!r}", part)
        else:
            self._uncommitted.clear()
            health.ready(part)

    def _observe_lag(self) -> None:
        lag = 0.0
        try:
            for partition in self._consumer.assignment():
                high = self._consumer.highwater(partition)
                if high is not None:
                    lag += max(0, high - self._consumer.position(partition, timeout_ms=1000))
        except KafkaError as error:
            log.info("lag unknown", stage=self._stage, why=repr(error))
            lag = float("nan")
        metrics.LAG.labels(self._stage).set(lag)


class _OnRevoked(ConsumerRebalanceListener):  # type: ignore[misc]
    """Forgets what was to be committed for partitions that another member has from now on."""

    def __init__(self, forget: Callable[[], None]) -> None:
        self._forget = forget

    def on_partitions_revoked(self, revoked: Any) -> None:
        self._forget()

    def on_partitions_assigned(self, assigned: Any) -> None:
        pass


def _record(item: Any) -> Record:
    headers = tuple(item.headers)
    return Record(item.topic, item.partition, item.offset, item.key, item.value, item.timestamp or 0, headers)
