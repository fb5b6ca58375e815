"""The faust App of the tagger, built from our settings, and its way out to articles.tagged.

Every setting that matters for at-least-once stands here with its reason; the pattern as a whole is in docs/decisions/.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import faust
from aiokafka import errors as kafka_errors
from faust.exceptions import ProducerSendError

from presswatch import topology
from presswatch.adapters.kafka import MAX_REQUEST_BYTES, Record
from presswatch.core.errors import BadMessageError, FatalError, PresswatchError, RetryableError
from presswatch.settings import KafkaSettings, Settings
from presswatch.tagger.consumer import PrefixCommitTransport

BATCH = 100
"""Records at most in one take."""

WITHIN_S = 0.05
"""A record waits at most so long for others to join its batch."""

BUFFER = 400
"""Records fetched and not yet taken, at most: bounds memory (an article may have 1 MB) and keeps the worker busy."""

CHUNK_BYTES = 2 * 1024 * 1024
"""A take of more is dealt with in parts, so that a run of huge articles neither blocks the loop for long nor delays a stop."""

COMMIT_EVERY = 200
"""Acked records between commits, besides the one that time brings: bounds what a kill repeats."""

SEND_BATCH_BYTES = 512 * 1024
"""A whole take fits into one send per partition. Well below the topic's max.message.bytes: a broker refuses whole batches,
so only a record that is larger than this by itself, and then alone in its batch, can be refused for its size."""

_TOO_LARGE = (kafka_errors.MessageSizeTooLargeError, kafka_errors.RecordListTooLargeError)
_WRONG_SET_UP = (
    kafka_errors.AuthenticationFailedError,
    kafka_errors.SaslAuthenticationFailed,
    kafka_errors.TopicAuthorizationFailedError,
    kafka_errors.ClusterAuthorizationFailedError,
    kafka_errors.InvalidTopicError,
)

Deal = Callable[[Sequence[Record]], Awaitable[None]]


class TaggerApp(faust.App):  # type: ignore[misc]  # faust ships no types
    """A faust App that commits by prefix and leaves no folder behind."""

    mundane_level = "debug"

    def _new_transport(self) -> PrefixCommitTransport:
        return PrefixCommitTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """No table, no folder."""


def build_app(settings: Settings) -> TaggerApp:
    """Make the App. Call it inside the running event loop."""
    kafka = settings.kafka
    app = TaggerApp(
        topology.group(kafka, "tagger"),
        env={},  # or variables such as BROKER_URL would override what our settings say
        broker=[f"kafka://{address}" for address in kafka.bootstrap.split(",")],
        broker_credentials=credentials(kafka),
        broker_client_id=topology.group(kafka, "tagger"),
        # Static membership: a replica that was killed has its partitions back as soon as it is up again.
        consumer_group_instance_id=f"{settings.instance}-tagger" if settings.instance else None,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        broker_session_timeout=10.0,  # at most broker_request_timeout, or faust does not start
        broker_request_timeout=20.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=30.0,
        broker_max_poll_interval=300.0,
        broker_max_poll_records=BUFFER,
        broker_commit_every=COMMIT_EVERY,
        broker_commit_interval=1.0,
        producer_acks=-1,
        producer_max_batch_size=SEND_BATCH_BYTES,
        producer_request_timeout=20.0,
        producer_max_request_size=MAX_REQUEST_BYTES,
        stream_buffer_maxsize=BUFFER,
        # Else a rebalance waits for records that were fetched and not taken. Safe, as acks come after the sends.
        stream_wait_empty=False,
        topic_disable_leader=True,
        topic_allow_declare=False,  # topics are made by `presswatch setup` alone
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
    )
    app.boot_strategy.enable_web = False
    return app


class Hand:
    """The batch in hand: a take, or a part of one that is huge, is dealt with whole, then acked whole.

    Args:
        deal: returns when every effect of the records is confirmed.
        die: ends the process at once; called when a batch could not be dealt with, before anything of it is acked.
    """

    def __init__(self, deal: Deal, die: Callable[[str], None]) -> None:
        self._deal = deal
        self._die = die
        self._closing = False
        self.parked = False
        """Whether records came after `close`."""
        self._free = asyncio.Event()
        self._free.set()

    async def read(self, stream: Any) -> None:
        """Take batches from a faust stream until cancelled."""
        try:
            async for events in stream.noack_take(BATCH, within=WITHIN_S):
                await self._take(events)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # faust would restart us and go on behind the records in hand
            self._die(f"a batch could not be finished: {error}")
            raise

    async def close(self) -> None:
        """Take no further batch, and return when the one in hand is dealt with and acked."""
        self._closing = True
        await self._free.wait()

    async def _take(self, events: Sequence[Any]) -> None:
        for chunk in chunks(events):
            if self._closing:
                self.parked = True
                await asyncio.Event().wait()  # until cancelled; whoever has the partitions next reads these again
            self._free.clear()
            try:
                await self._deal([_record(event.message) for event in chunk])
                for event in chunk:
                    event.ack()
            finally:
                self._free.set()


def chunks(events: Sequence[Any]) -> Iterator[list[Any]]:
    """Split a take, in order, into parts of at most `CHUNK_BYTES`; a record that is larger makes one by itself."""
    chunk: list[Any] = []
    size = 0
    for event in events:
        more = len(event.message.value or b"")
        if chunk and size + more > CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(event)
        size += more
    if chunk:
        yield chunk


def attach(app: TaggerApp, source: str, hand: Hand) -> Any:
    """Let the App read a topic (its name on the cluster). Returns the agent."""

    async def tag(stream: Any) -> None:
        await hand.read(stream)

    return app.agent(app.topic(source, key_serializer="raw", value_serializer="raw"), name="tag", concurrency=1)(tag)


class FaustOutlet:
    """Sends by the App's own producer and waits for the brokers' acknowledgement (acks=all)."""

    def __init__(self, app: TaggerApp, topic: str) -> None:
        self._app = app
        self._topic = topic

    async def send(self, key: bytes, value: bytes) -> None:
        """Send one record (see `presswatch.tagger.batch.Outlet`)."""
        try:
            await self._app.producer.send_and_wait(self._topic, key, value, None, None, None)
        except ProducerSendError as error:
            raise judge(self._topic, error.__cause__ or error) from error.__cause__
        except kafka_errors.KafkaError as error:
            raise judge(self._topic, error) from error


def judge(topic: str, error: BaseException) -> PresswatchError:
    """Say what an error of the producer means: for this record, for now, or for good."""
    if isinstance(error, _TOO_LARGE):
        return BadMessageError("too_large", f"the tagged article does not fit into a record of {topic}: {error}")
    if isinstance(error, _WRONG_SET_UP):
        return FatalError(f"Kafka refuses our records for {topic}: {error!r}")
    return RetryableError(f"Kafka did not confirm a record for {topic}: {error!r}")


def credentials(kafka: KafkaSettings) -> Any:
    """Return how faust proves who we are, or None on a plain connection."""
    secure = kafka.security_protocol in ("SSL", "SASL_SSL")
    context = ssl.create_default_context(cafile=str(kafka.ca_file) if kafka.ca_file else None) if secure else None
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            mechanism=kafka.sasl_mechanism,
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None


def _record(message: Any) -> Record:
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.key,
        message.value,
        int((message.timestamp or 0) * 1000),
        tuple(message.headers or ()),
    )
