"""A control topic on Kafka: read to its end, and changed by one writer at a time.

A change is one transaction under a transactional id that all writers of the topic share. Whoever begins with it fences
those who began earlier, so between a writer's reading and its commit nobody else has changed the topic; and readers, who
see committed records only, never see half of a change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    InvalidProducerEpochError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    ProducerFencedError,
    RecordListTooLargeError,
    SaslAuthenticationFailedError,
)

from presswatch.adapters.kafka import MAX_REQUEST_BYTES, connection
from presswatch.core.control import MANIFEST_KEY, Change, Log
from presswatch.core.errors import ConfigError, RetryableError
from presswatch.settings import KafkaSettings
from presswatch.topology import topic

_BOOTSTRAP_MS = 5_000
_BLOCK_MS = 20_000
_TRANSACTION_MS = 60_000
"""After so long Kafka itself ends a change whose writer died in the middle of it."""

_COMMIT_S = 60.0
_SILENCE_S = 30.0
"""Without a record for so long before the end, Kafka is taken for gone."""

_FENCED = (ProducerFencedError, InvalidProducerEpochError)
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
_REFUSED = (AuthorizationError, SaslAuthenticationFailedError)


class OvertakenError(RetryableError):
    """Another writer has begun since: read the topic and plan again."""


@contextmanager
def _translated(kafka: KafkaSettings) -> Iterator[None]:
    try:
        yield
    except _FENCED as error:
        raise OvertakenError("somebody else is applying at the same time") from error
    except _TOO_LARGE as error:
        raise ConfigError(f"an object is larger than the control topic takes: {error}") from error
    except _REFUSED as error:
        raise ConfigError(f"Kafka refuses us: {error!r}. Check kafka.sasl_* and the rights of that user") from error
    except KafkaTimeoutError as error:
        raise RetryableError(f"Kafka at {kafka.bootstrap} cannot be reached: is it running? ({error})") from error
    except KafkaError as error:
        raise RetryableError(f"Kafka at {kafka.bootstrap}: {error!r}") from error


def consumer(kafka: KafkaSettings, name: str) -> tuple[Any, TopicPartition]:
    """Return a consumer of a control topic, at its beginning, and the topic's only partition.

    Raises:
        RetryableError: Kafka is away, or there is no such topic yet.
        ConfigError: Kafka refuses us.
    """
    with _translated(kafka):
        reader = KafkaConsumer(
            **connection(kafka),
            bootstrap_timeout_ms=_BOOTSTRAP_MS,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=MAX_REQUEST_BYTES,
            fetch_max_bytes=4 * MAX_REQUEST_BYTES,
            max_poll_records=5_000,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        partition = TopicPartition(topic(kafka, name), 0)
        if not reader.partitions_for_topic(partition.topic):
            reader.close(autocommit=False)
            raise RetryableError(f"there is no topic {partition.topic!r} yet: run `presswatch setup`")
        reader.assign([partition])
        reader.seek_to_beginning(partition)
        return reader, partition


def read(kafka: KafkaSettings, name: str) -> Log:
    """Read a control topic to its present end.

    Raises:
        RetryableError, ConfigError: as `consumer`.
    """
    reader, partition = consumer(kafka, name)
    log = Log()
    try:
        with _translated(kafka):
            end, heard = reader.end_offsets([partition])[partition], time.monotonic()
            # Transactions leave offsets without a record: the position, not the record, says where we are.
            while reader.position(partition) < end:
                if records := reader.poll(timeout_ms=100).get(partition, ()):
                    heard = time.monotonic()
                elif time.monotonic() - heard > _SILENCE_S:
                    raise RetryableError(f"Kafka at {kafka.bootstrap} does not send what it has of {name}")
                for record in records:
                    log.take(record.key, record.value)
    finally:
        reader.close(autocommit=False)
    return log


class Writer:
    """The one writer of a control topic. It is that from its construction until another one is constructed.

    Raises (every method):
        OvertakenError: another writer has been constructed since; nothing of this one's change is in the topic.
        RetryableError: Kafka is away; whether a change was made is not known.
        ConfigError: Kafka refuses us, or an object is too large.
    """

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        self._kafka = kafka
        self._topic = topic(kafka, name)
        with _translated(kafka):
            self._producer: Any = KafkaProducer(
                **connection(kafka),
                bootstrap_timeout_ms=_BOOTSTRAP_MS,
                transactional_id=f"{self._topic}.writer",
                transaction_timeout_ms=_TRANSACTION_MS,
                linger_ms=5,
                batch_size=1024 * 1024,
                max_request_size=MAX_REQUEST_BYTES,
                max_block_ms=_BLOCK_MS,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
            try:
                self._producer.init_transactions()
            except KafkaError:
                self.close()
                raise

    def publish(self, change: Change) -> None:
        """Publish a change: its objects, its manifest, and last what no manifest names any more."""
        assert change.manifest is not None
        with _translated(self._kafka):
            self._producer.begin_transaction()
            for each in change.publish:
                self._send(str(each.key).encode(), each.value)
            self._send(MANIFEST_KEY, change.manifest.encode())
            for key in change.bury:
                self._send(key.encode(), None)
            self._within(self._producer.commit_transaction)

    def _send(self, key: bytes, value: bytes | None) -> None:
        self._producer.send(self._topic, key=key, value=value, partition=0)

    def _within(self, action: Callable[[], None]) -> None:
        """Do what kafka-python would wait for without an end."""
        failed: list[BaseException] = []

        def run() -> None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 (handed on below)
                failed.append(error)

        thread = threading.Thread(target=run, name="commit", daemon=True)
        thread.start()
        thread.join(_COMMIT_S)
        if thread.is_alive():
            raise RetryableError(f"Kafka at {self._kafka.bootstrap} did not confirm within {_COMMIT_S:g} s")
        if failed:
            raise failed[0]

    def close(self) -> None:
        """Let go of the connection; a change that was not confirmed is undone by Kafka."""
        try:
            self._producer.close(timeout=2)
        except KafkaError:
            # It could not flush and left its thread running. Nobody waits for those records any more.
            self._producer._sender.force_close()  # noqa: SLF001 (there is no public way)
