"""Hands for the integration tests of the tagger: topics of its own, processes to kill, and a look at what Kafka holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.core.messages import RawArticle, TaggedArticle
from presswatch.provision import provision_kafka
from presswatch.runtime import now_ms
from presswatch.settings import KafkaSettings
from presswatch.topology import RAW, TAGGED, dead_letter_topic, group, topic

PROGRAM = Path(__file__).with_name("tagger_process.py")


def until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Wait until a condition holds and return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)
    return value


def raw(number: int, **fields: Any) -> RawArticle:
    return RawArticle(
        **{
            "id": f"a{number}",
            "title": f"title {number}",
            "text": "some wheat",
            "lang": "en",
            "fetched": now_ms(),
            **fields,
        }
    )


class Process:
    """One tagger."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(command, env=environment, stderr=output, stdout=output)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = []
        for line in self.log.splitlines():
            with suppress(json.JSONDecodeError):
                lines.append(json.loads(line))
        return [line for line in lines if line.get("pid") == self.pid]

    def get(self, path: str) -> tuple[int, str]:
        """Ask the process over HTTP; (0, "") while it does not serve yet."""
        started = [event for event in self.events if event["event"] == "started"]
        if not started:
            assert self._process.poll() is None, self.log
            return 0, ""
        try:
            with urllib.request.urlopen(started[0]["http"] + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_ready(self) -> Process:
        until(lambda: self.get("/readyz")[0] == 200, f"ready\n{self.log}")
        return self

    def metric(self, sample: str) -> float:
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(sample + " "):
                return float(line.rpartition(" ")[2])
        return 0.0

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def terminate(self, seconds: float = 25.0) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(seconds)

    def wait(self, seconds: float) -> int:
        return self._process.wait(seconds)


class Bench:
    """Topics under a prefix of their own, and everything that runs on them."""

    def __init__(self, bootstrap: str, folder: Path, partitions: int = 3) -> None:
        self.kafka = KafkaSettings(bootstrap=bootstrap, prefix=f"t{uuid.uuid4().hex[:8]}.", partitions=partitions)
        self._folder = folder
        self._processes: list[Process] = []
        self._admin: KafkaAdminClient | None = None

    def provision(self) -> None:
        list(provision_kafka(self.kafka))

    def start(self, instance: str = "one", work_ms: float = 0.0) -> Process:
        return self.start_command([sys.executable, str(PROGRAM), str(work_ms)], instance)

    def start_command(self, command: Sequence[str], instance: str = "one") -> Process:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PRESSWATCH_")} | {
            "PRESSWATCH_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "PRESSWATCH_KAFKA_PREFIX": self.kafka.prefix,
            "PRESSWATCH_HTTP_TAGGER": "0",
            "PRESSWATCH_LOG_FORMAT": "json",
            "PRESSWATCH_INSTANCE": instance,
        }
        process = Process(command, environment, self._folder / f"{instance}.log")
        self._processes.append(process)
        return process

    def publish(self, *articles: RawArticle) -> None:
        self.publish_bytes(*((article.id.encode(), article.encode()) for article in articles))

    def publish_bytes(self, *records: tuple[bytes, bytes | None]) -> None:
        publisher = Publisher(self.kafka)
        try:
            refused = publisher.publish(Outgoing(self._topic(RAW), key, value) for key, value in records)
        finally:
            publisher.close()
        assert not refused

    def tagged(self) -> list[TaggedArticle]:
        return [TaggedArticle.decode(record.value) for record in self._read(TAGGED)]

    def dead(self) -> list[tuple[bytes | None, bytes | None, dict[str, str]]]:
        """Return key, value and headers of the dead letters."""
        return [
            (record.key, record.value, {name: value.decode() for name, value in record.headers})
            for record in self._read(dead_letter_topic("tagger"))
        ]

    def sent(self) -> int:
        """Return how many records articles.tagged holds."""
        return sum(self._ends(TAGGED).values())

    def committed(self) -> dict[int, int]:
        """Return the committed offsets of the tagger's group by partition."""
        found = self._ask(lambda admin: admin.list_group_offsets([group(self.kafka, "tagger")]))
        return {
            partition.partition: at.offset
            for partition, at in found[group(self.kafka, "tagger")].items()
            if at.offset >= 0
        }

    def delivered(self) -> dict[int, int]:
        """Return the ends of articles.raw by partition, without those that hold nothing."""
        return {partition: end for partition, end in self._ends(RAW).items() if end}

    def members(self) -> int:
        described = self._ask(lambda admin: admin.describe_groups([group(self.kafka, "tagger")]))
        return len(described[group(self.kafka, "tagger")]["members"])

    def close(self) -> None:
        for process in self._processes:
            if process.running:
                process.kill()
        if self._admin is not None:
            self._admin.close()

    def _topic(self, name: str) -> str:
        return topic(self.kafka, name)

    def _ends(self, name: str) -> dict[int, int]:
        def ends(admin: KafkaAdminClient) -> dict[int, int]:
            (described,) = admin.describe_topics([self._topic(name)])
            partitions = [
                TopicPartition(self._topic(name), part["partition_index"]) for part in described["partitions"]
            ]
            found = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
            return {partition.partition: at.offset for partition, at in found.items()}

        return cast("dict[int, int]", self._ask(ends))

    def _read(self, name: str) -> list[Any]:
        with self._consumer() as consumer:
            partitions = self._partitions(consumer, name)
            ends = consumer.end_offsets(partitions)
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            records: list[Any] = []
            deadline = time.monotonic() + 60
            while any(consumer.position(partition) < ends[partition] for partition in partitions):
                assert time.monotonic() < deadline
                records += [record for part in consumer.poll(timeout_ms=500).values() for record in part]
            return records

    def _partitions(self, consumer: Any, name: str) -> list[TopicPartition]:
        return [
            TopicPartition(self._topic(name), number) for number in consumer.partitions_for_topic(self._topic(name))
        ]

    @contextmanager
    def _consumer(self) -> Iterator[Any]:
        consumer = KafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=16 * 1024 * 1024
        )
        try:
            yield consumer
        finally:
            consumer.close(autocommit=False)

    def _ask(self, question: Callable[[KafkaAdminClient], Any]) -> Any:
        deadline = time.monotonic() + 30
        while True:
            try:
                if self._admin is None:
                    self._admin = KafkaAdminClient(bootstrap_servers=self.kafka.bootstrap, reconnect_backoff_max_ms=500)
                return question(self._admin)
            except KafkaError:  # such as a coordinator that is not there yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
