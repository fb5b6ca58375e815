"""Apache Kafka on one node: broker and controller in one process (KRaft), everything stored once."""

from __future__ import annotations

import base64
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from presswatch.engines import limits, ports, processes
from presswatch.engines.engine import Engine
from presswatch.engines.errors import EngineError
from presswatch.engines.home import SEARCH_PATH
from presswatch.engines.state import EngineName

DEFAULT_PORT = 9092
HEAP = "512m"

# A machine for development or tests: one copy of everything, few and small internal topics, no waiting for more members
# of a group. A killed broker is let in again only when its session has run out, so that is short. Topics are made by
# `presswatch setup`; a misspelt name is an error and not a new topic.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
log.segment.bytes=67108864
log.index.size.max.bytes=1048576
log.cleaner.dedupe.buffer.size=33554432
num.network.threads=2
num.io.threads=4
"""


@dataclass(frozen=True, slots=True)
class Kafka(Engine):
    """The Kafka of an instance."""

    name: ClassVar[EngineName] = "kafka"
    title: ClassVar[str] = "Kafka"
    memory: ClassVar[int] = 700 * limits.MB
    hints: ClassVar[Mapping[str, str]] = {
        "Address already in use": "another program took the port meanwhile: start again",
        "No space left on device": "free some space on the disk that holds the engines' folder",
        "java.lang.OutOfMemoryError": "Kafka's heap is too small for what it holds: delete topics, or start afresh with"
        " `presswatch engines stop --delete-data`",
        "Could not reserve enough space": "the machine has too little memory: end other programs",
        "There is insufficient memory": "the machine has too little memory: end other programs",
        "meta.properties": "its data folder is spoilt: `presswatch engines stop --only kafka --delete-data`, start again",
    }

    @property
    def port(self) -> int:
        """The port for clients."""
        return self.state.kafka_port

    @property
    def address(self) -> str:
        """The bootstrap server, `host:port`."""
        return f"{ports.LOOPBACK}:{self.port}"

    def ports(self) -> Mapping[str, int]:
        """All ports it listens on, by purpose."""
        return {"Kafka": self.port, "Kafka's controller": self.state.kafka_controller_port}

    def prepare(self) -> None:
        """Write the configuration, and give the data folder its cluster id the first time."""
        self.make_folders()
        properties = self.write_config(
            "server.properties",
            PROPERTIES.format(
                host=ports.LOOPBACK,
                port=self.port,
                controller_port=self.state.kafka_controller_port,
                data=self.data,
            ),
        )
        if self._identity.exists():
            return
        arguments = ["format", "-t", new_cluster_id(), "-c", str(properties)]
        java = [*self._java("-Xmx128m", "-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool", *arguments]
        try:
            code, output = self.home.account.run(java, env=self.environment(), timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineError(f"Kafka's data folder {self.data} cannot be prepared: {error}", "start again") from error
        if code != 0:
            raise EngineError(
                f"Kafka's data folder {self.data} cannot be prepared",
                "presswatch engines stop --delete-data, then start again",
                "\n".join([line for line in output.splitlines() if not line.startswith("\tat ")][-5:]),
            )

    def command(self) -> list[str]:
        """The broker's program and arguments."""
        heap = (f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+ExitOnOutOfMemoryError", processes.mark(self.folder))
        return [*self._java(*heap), "kafka.Kafka", str(self.config / "server.properties")]

    def environment(self) -> dict[str, str]:
        """Nothing of the caller's environment reaches it."""
        return {"PATH": SEARCH_PATH, "HOME": str(self.folder), "LANG": "C.UTF-8"}

    def waiting_for(self) -> str:
        """Ask for the cluster's metadata: ready once it lists the broker, and is the cluster that was started."""
        if not ports.taken(self.port):
            return "its port to open"
        try:
            client = KafkaAdminClient(
                bootstrap_servers=self.address, request_timeout_ms=5000, bootstrap_timeout_ms=5000
            )
            try:
                cluster = client.describe_cluster()
            finally:
                client.close()
        except KafkaError as error:
            return f"metadata ({type(error).__name__})"
        if f"cluster.id={cluster['cluster_id']}" not in self._identity.read_text().splitlines():
            raise EngineError(
                f"port {self.port} is answered by another Kafka (cluster {cluster['cluster_id']})",
                "stop that one, or choose another port with --kafka-port N",
            )
        registered = any(not broker["is_fenced"] for broker in cluster["brokers"])
        return "" if registered else "the broker to register"

    @property
    def _identity(self) -> Path:
        """Kafka's own file with the id of the cluster that the data belongs to."""
        return self.data / "meta.properties"

    def _java(self, *options: str) -> list[str]:
        # Kafka and Scala still use what Java 24 began to warn about.
        quiet = ["--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"]
        logging_options = [
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        ]
        jars = f"{self.dist.kafka_jars}/*"
        return [str(self.dist.java), *options, *quiet, f"-Djava.io.tmpdir={self.temp}", *logging_options, "-cp", jars]


def new_cluster_id() -> str:
    """Return a random cluster id as Kafka writes them: 22 characters of URL-safe base64, not beginning with a dash."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
