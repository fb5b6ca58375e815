"""The faust App: settings that at-least-once rests on, the agent without a broker, what errors of the producer mean."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import errors as kafka_errors
from faust.exceptions import ProducerSendError
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tagger.fakes import record

from presswatch.adapters.kafka import Record
from presswatch.core.errors import BadMessageError, FatalError, RetryableError
from presswatch.settings import KafkaSettings, Settings
from presswatch.tagger import app as tagger_app
from presswatch.tagger.app import FaustOutlet, Hand, attach, build_app, credentials
from presswatch.topology import TAGGED, TOPICS

NO_BROKER = Settings(kafka=KafkaSettings(bootstrap="127.0.0.1:1", prefix="t."), instance="r-1")


def conf(settings: Settings = NO_BROKER) -> Any:
    async def main() -> Any:
        app = build_app(settings)
        app.finalize()
        return app.conf

    return asyncio.run(main())


def test_the_settings_that_at_least_once_rests_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", "kafka://elsewhere:9092")
    monkeypatch.setenv("PROCESSING_GUARANTEE", "exactly_once")
    monkeypatch.setenv("CONSUMER_AUTO_OFFSET_RESET", "latest")
    found = conf()
    assert [str(url) for url in found.broker] == ["kafka://127.0.0.1:1"]
    assert found.id == "t.presswatch-tagger"
    assert found.consumer_group_instance_id == "r-1-tagger"
    assert found.processing_guarantee.value == "at_least_once"
    assert found.consumer_auto_offset_reset == "earliest"
    assert found.producer_acks == -1
    assert found.broker_session_timeout <= found.broker_request_timeout
    assert not found.topic_allow_declare
    assert not found.web_enabled
    assert not found.stream_wait_empty


def test_no_batch_of_small_records_can_be_refused_for_its_size() -> None:
    (tagged,) = (spec for spec in TOPICS if spec.name == TAGGED)
    assert conf().producer_max_batch_size < tagged.max_message_bytes < conf().producer_max_request_size


def test_without_an_instance_name_membership_is_dynamic() -> None:
    assert conf(Settings()).consumer_group_instance_id is None


def test_faust_is_the_version_whose_private_parts_we_know() -> None:
    assert faust.__version__ == "0.15.3"


def test_several_brokers() -> None:
    found = conf(Settings(kafka=KafkaSettings(bootstrap="k1:9092,k2:9093")))
    assert [str(url) for url in found.broker] == ["kafka://k1:9092", "kafka://k2:9093"]


def test_credentials(tmp_path: Path) -> None:
    assert credentials(KafkaSettings()) is None
    over_tls = credentials(KafkaSettings(security_protocol="SSL"))
    assert over_tls.protocol.value == "SSL"
    secret = KafkaSettings.model_validate(
        {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": "u",
            "sasl_password": "p",
        }
    )
    sasl = credentials(secret)
    assert (sasl.protocol.value, sasl.mechanism.value, sasl.username, sasl.password) == (
        "SASL_PLAINTEXT", "SCRAM-SHA-512", "u", "p",
    )  # fmt: skip
    both = credentials(secret.model_copy(update={"security_protocol": "SASL_SSL"}))
    assert both.protocol.value == "SASL_SSL"
    assert both.ssl_context is not None


class Dealt:
    """Deals with batches: notes them, and fails when told to."""

    def __init__(self) -> None:
        self.batches: list[list[Record]] = []
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, records: Sequence[Record]) -> None:
        self.batches.append(list(records))
        await self.gate.wait()
        if self.error is not None:
            raise self.error

    @property
    def offsets(self) -> list[int]:
        return [record.offset for batch in self.batches for record in batch]


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (of faust's insides, which tell nobody)
            await asyncio.sleep(0.005)


def agent_of(hand: Hand) -> Any:
    app = build_app(NO_BROKER)
    app.finalize()
    return attach(app, "t.articles.raw", hand)


def test_the_agent_takes_batches_as_they_came_and_acks_when_they_are_dealt_with() -> None:
    async def main() -> None:
        dealt, deaths = Dealt(), list[str]()
        dealt.gate.clear()
        async with agent_of(Hand(dealt, deaths.append)).test_context() as agent:
            raw = [record(0).value, b"\xff not json", None]
            events = [await agent.put(value, key=b"k%d" % number) for number, value in enumerate(raw)]
            await until(lambda: dealt.batches)
            assert not any(event.message.acked for event in events)
            dealt.gate.set()
            await until(lambda: all(event.message.acked for event in events))
            taken = [record for batch in dealt.batches for record in batch]
            assert [(record.offset, record.key, record.value) for record in taken] == [
                (number, b"k%d" % number, value) for number, value in enumerate(raw)
            ]
            assert deaths == []

    asyncio.run(main())


def test_a_take_holds_no_more_than_the_batch_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagger_app, "BATCH", 10)
    monkeypatch.setattr(tagger_app, "WITHIN_S", 5.0)

    async def main() -> None:
        dealt = Dealt()
        async with agent_of(Hand(dealt, pytest.fail)).test_context() as agent:
            for _ in range(30):
                await agent.put(b"x", wait=False)
            await until(lambda: len(dealt.offsets) == 30)
        assert [len(batch) for batch in dealt.batches] == [10, 10, 10]
        assert dealt.offsets == list(range(30))

    asyncio.run(main())


def test_a_take_of_huge_articles_is_dealt_with_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagger_app, "CHUNK_BYTES", 100)
    monkeypatch.setattr(tagger_app, "BATCH", 6)  # one take, however slow the machine
    monkeypatch.setattr(tagger_app, "WITHIN_S", 30.0)

    async def main() -> None:
        turns, parts = asyncio.Semaphore(0), list[list[int]]()

        async def deal(records: Sequence[Record]) -> None:
            parts.append([record.offset for record in records])
            await turns.acquire()

        hand = Hand(deal, pytest.fail)
        async with agent_of(hand).test_context() as agent:
            events = [await agent.put(b"x" * size, wait=False) for size in (40, 60, 1, 300, 30, 30)]
            turns.release()
            await until(lambda: len(parts) == 2)
            assert [event.message.acked for event in events] == [True, True, False, False, False, False]
            closing = asyncio.create_task(hand.close())  # a stop does not wait for the parts to come
            await asyncio.sleep(0)
            turns.release()
            await asyncio.wait_for(closing, 5)
            await until(lambda: hand.parked)
            assert parts == [[0, 1], [2]]
            assert [event.message.acked for event in events] == [True, True, True, False, False, False]

    asyncio.run(main())


@given(st.lists(st.integers(0, 150), max_size=40))
def test_parts_keep_every_record_in_order_and_within_the_bound(sizes: list[int]) -> None:
    class Event:
        def __init__(self, size: int) -> None:
            self.message = record(0, b"x" * size)

    events = [Event(size) for size in sizes]
    bound = tagger_app.CHUNK_BYTES
    tagger_app.CHUNK_BYTES = 100
    try:
        parts = list(tagger_app.chunks(events))
    finally:
        tagger_app.CHUNK_BYTES = bound
    assert [event for part in parts for event in part] == events
    assert all(part for part in parts)
    assert all(len(part) == 1 or sum(len(event.message.value or b"") for event in part) <= 100 for part in parts)
    firsts = [len(part[0].message.value or b"") for part in parts]
    sums = [sum(len(event.message.value or b"") for event in part) for part in parts]
    assert all(before + after > 100 for before, after in zip(sums, firsts[1:], strict=False)), (
        "parts are no smaller than needed"
    )


def test_a_batch_that_cannot_be_dealt_with_ends_the_process_with_nothing_acked() -> None:
    class DiedError(Exception):
        """What os._exit is in a test."""

    def die(why: str) -> None:
        deaths.append(why)
        raise DiedError

    deaths: list[str] = []

    async def main() -> None:
        dealt = Dealt()
        dealt.error = FatalError("Kafka has not taken a batch")
        async with agent_of(Hand(dealt, die)).test_context() as agent:
            events = [await agent.put(b"x", wait=False) for _ in range(3)]
            await until(lambda: deaths)
            assert not any(event.message.acked for event in events)

    asyncio.run(main())
    assert deaths == ["a batch could not be finished: Kafka has not taken a batch"]


def test_closing_the_hand_finishes_the_batch_in_it_and_takes_no_other() -> None:
    async def main() -> None:
        dealt = Dealt()
        hand = Hand(dealt, pytest.fail)
        async with agent_of(hand).test_context() as agent:
            dealt.gate.clear()
            first = await agent.put(b"x")
            await until(lambda: dealt.batches)
            closing = asyncio.create_task(hand.close())
            second = await agent.put(b"y")
            assert not closing.done()
            dealt.gate.set()
            await asyncio.wait_for(closing, 5)
            assert first.message.acked
            await until(lambda: hand.parked)
            assert not second.message.acked
            assert dealt.offsets == [0]

    asyncio.run(main())


def test_closing_an_empty_hand_returns_at_once() -> None:
    async def main() -> None:
        await asyncio.wait_for(Hand(Dealt(), pytest.fail).close(), 1)

    asyncio.run(main())


class Producer:
    """Stands for faust's producer: raises what it is given."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.sent: list[tuple[Any, ...]] = []

    async def send_and_wait(self, *arguments: Any) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append(arguments)


def send(error: Exception | None) -> Producer:
    async def main() -> Producer:
        app = build_app(NO_BROKER)
        app.finalize()
        app.producer = producer = Producer(error)
        await FaustOutlet(app, "t.articles.tagged").send(b"k", b"v")
        return producer

    return asyncio.run(main())


def wrapped(cause: Exception) -> ProducerSendError:
    error = ProducerSendError("Error while sending")
    error.__cause__ = cause
    return error


def test_sends_key_and_value() -> None:
    assert send(None).sent == [("t.articles.tagged", b"k", b"v", None, None, None)]


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (kafka_errors.MessageSizeTooLargeError("5 MB"), BadMessageError),
        (wrapped(kafka_errors.MessageSizeTooLargeError("5 MB")), BadMessageError),
        (kafka_errors.RecordListTooLargeError(), BadMessageError),
        (kafka_errors.TopicAuthorizationFailedError(), FatalError),
        (wrapped(kafka_errors.TopicAuthorizationFailedError()), FatalError),
        (kafka_errors.KafkaTimeoutError(), RetryableError),
        (wrapped(kafka_errors.KafkaConnectionError()), RetryableError),
        (kafka_errors.NotEnoughReplicasError(), RetryableError),
        (kafka_errors.UnknownTopicOrPartitionError(), RetryableError),
        (ProducerSendError("no cause"), RetryableError),
    ],
)
def test_what_errors_of_the_producer_mean(error: Exception, meaning: type[Exception]) -> None:
    with pytest.raises(meaning, match=r"t\.articles\.tagged"):
        send(error)
