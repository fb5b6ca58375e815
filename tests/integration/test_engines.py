"""The local engines as a whole: genuine servers, on loopback, unprivileged, with their data through every stop and crash."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from elasticsearch import Elasticsearch, NotFoundError
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError
from tests.processes import wait_until

from presswatch import engines as local
from presswatch.engines import EngineError, Engines, PortWish, control, processes
from presswatch.engines.home import Home
from presswatch.engines.state import ENGINES, EngineName
from presswatch.settings import load

pytestmark = pytest.mark.engine

REPOSITORY = Path(__file__).resolve().parents[2]
PRESSWATCH = Path(sys.executable).with_name("presswatch")
HOME = load().settings.engines_home


def engine_processes(name: str, engine: EngineName) -> list[psutil.Process]:
    place = Home.open(HOME)
    return processes.find(place.instances / name / engine, place.account)


def presswatch(*arguments: str, cwd: Path = REPOSITORY, code: int = 0, **environ: str) -> tuple[str, str]:
    done = subprocess.run(
        [str(PRESSWATCH), *arguments],
        cwd=cwd,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        umask=0o077,  # the strictest
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How to run the command from a copy of the repository that nobody else can enter."""
    closed = tmp_path_factory.mktemp("closed")
    for part in ("services/presswatch", "deploy/engines"):
        shutil.copytree(REPOSITORY / part, closed / "clone" / part, ignore=shutil.ignore_patterns("__pycache__"))
    closed.chmod(0o700)
    return {"cwd": closed / "clone", "PYTHONPATH": str(closed / "clone" / "services")}


@pytest.fixture(scope="module")
def own(clone: dict[str, Any]) -> Iterator[Engines]:
    """A second pair, for the tests that stop, kill and damage engines; each of them begins by starting what it needs."""
    name = f"own-{os.getpid()}"
    output, progress = presswatch("engines", "start", "--name", name, "--free-ports", **clone)
    assert "Kafka: ready at" in progress
    assert "Elasticsearch: ready at" in progress
    bootstrap, url = (line.split()[1] for line in output.splitlines())
    yield Engines(name, bootstrap, url, Home.open(HOME).instances / name)
    local.stop(name, delete_data=True, home=HOME)
    assert not any(engine_processes(name, engine) for engine in ENGINES)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of an instance for one test, removed with all its processes at the end."""
    unique = f"test-{os.getpid()}-{abs(hash(request.node.name)) % 10**6}"
    yield unique
    local.stop(unique, delete_data=True, home=HOME)
    assert not any(engine_processes(unique, engine) for engine in ENGINES)


def put(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    try:
        for sent in [producer.send(topic, value=value) for value in values]:
            sent.get(timeout=30)
    finally:
        producer.close()


def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=20_000, group_id=None
    )
    try:
        return [record.value for record, _ in zip(consumer, range(count), strict=False)]
    finally:
        consumer.close()


def make_topic(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.create_topics([NewTopic(name=topic, num_partitions=1, replication_factor=1)])
    finally:
        admin.close()


# --- what the servers are


def test_they_are_the_genuine_servers(engines: Engines) -> None:
    with Elasticsearch(engines.url) as client:
        (node,) = client.nodes.info()["nodes"].values()
        assert node["version"].startswith("9.")
        assert node["build_flavor"] == "default"
        assert node["jvm"]["mem"]["heap_max_in_bytes"] <= 2**30
    admin = KafkaAdminClient(bootstrap_servers=engines.bootstrap)
    try:
        features = admin.describe_features()
    finally:
        admin.close()
    assert features["metadata.version"]["finalized"][1] >= 25, "25 is the metadata version of Kafka 4.0"


def test_they_listen_on_loopback_only_and_run_unprivileged(engines: Engines) -> None:
    for engine in ENGINES:
        found = engine_processes(engines.name, engine)
        assert found
        listening = {
            connection.laddr.ip
            for process in found
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening
        assert listening <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
        for process in found:
            assert all(uid != 0 for uid in process.uids())
            assert os.getpgid(process.pid) != os.getpgid(0), "Ctrl-C in this terminal must not reach an engine"


def test_they_use_nothing_of_the_clone_and_nothing_of_the_callers_environment(engines: Engines) -> None:
    """So they run whatever the modes of the clone and of the home are."""
    ours = [str(REPOSITORY), str(Path(sys.prefix))]
    for engine in ENGINES:
        for process in engine_processes(engines.name, engine):
            maps = Path(f"/proc/{process.pid}/maps")
            mapped = maps.read_text() if maps.exists() else ""
            seen = " ".join([*process.cmdline(), process.cwd(), *process.environ().values(), mapped])
            assert not any(path in seen for path in ours)
            assert not [variable for variable in process.environ() if variable.startswith(("PRESSWATCH", "PYTEST"))]


def test_heaps_are_fixed(engines: Engines) -> None:
    heaps = [
        argument
        for engine in ENGINES
        for process in engine_processes(engines.name, engine)[-1:]
        for argument in process.cmdline()
        if argument.startswith(("-Xmx", "-Xms"))
    ]
    assert sorted(heaps) == ["-Xms1g", "-Xms512m", "-Xmx1g", "-Xmx512m"]


def test_nothing_is_created_by_a_misspelt_name(engines: Engines) -> None:
    with Elasticsearch(engines.url) as client, pytest.raises(NotFoundError, match="index_not_found_exception"):
        client.index(index="misspelt", document={"a": 1})
    producer = KafkaProducer(bootstrap_servers=engines.bootstrap, max_block_ms=2000)
    try:
        with pytest.raises(KafkaError):
            producer.send("misspelt", value=b"1").get(timeout=10)
    finally:
        producer.close()
    admin = KafkaAdminClient(bootstrap_servers=engines.bootstrap)
    try:
        assert "misspelt" not in admin.list_topics()
    finally:
        admin.close()


# --- the commands


def test_the_commands_show_what_runs(own: Engines, engines: Engines, clone: dict[str, Any]) -> None:
    output, _ = presswatch("engines", "status", "--json", **clone)
    (instance,) = (one for one in json.loads(output) if one["name"] == own.name)
    found = [(engine["address"], engine["state"]) for engine in instance["engines"]]
    assert found == [(own.bootstrap, "ready"), (own.url, "ready")]
    assert engines.name in presswatch("engines", "status", **clone)[0], "the session's own engines live beside it"
    assert "no instance" in presswatch("engines", "status", "--name", "never", code=1, **clone)[0]
    assert "nothing runs" in presswatch("engines", "stop", "--name", "never", **clone)[0]

    assert presswatch("engines", "start", "--name", own.name, **clone)[0].split()[1] == own.bootstrap, "no error"
    _, error = presswatch("engines", "start", "--name", own.name, "--kafka-port", "9999", code=2, **clone)
    assert f"already runs on port {own.bootstrap.split(':')[1]}, not 9999" in error

    assert "Kafka Server started" in presswatch("engines", "logs", "--name", own.name, "kafka", **clone)[0]
    output, _ = presswatch("engines", "logs", "--name", own.name, **clone)
    assert "kafka.log" in output
    assert "elasticsearch.log" in output


def test_a_taken_port_is_told_with_who_has_it(name: str, engines: Engines) -> None:
    taken = engines.bootstrap.split(":")[1]
    (kafka,) = engine_processes(engines.name, "kafka")
    _, error = presswatch("engines", "start", "--name", name, "--kafka-port", taken, code=2)
    assert f"port {taken} for Kafka is taken by process {kafka.pid} (java) of instance '{engines.name}'" in error
    assert "mend: " in error
    assert "Traceback" not in error


def test_too_little_memory_stops_a_start_before_it_begins(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presswatch.engines.limits.available_memory", lambda: 1000 * 2**20)
    with pytest.raises(EngineError, match=r"1000 MB of memory are available, 2000 MB are needed for Kafka and Elastic"):
        local.start(name, wish=PortWish(free=True), home=HOME)
    assert not any(engine_processes(name, engine) for engine in ENGINES)


# --- stops, crashes, restarts


def test_they_come_back_on_their_ports_with_their_data(own: Engines, clone: dict[str, Any]) -> None:
    local.start(own.name, home=HOME)
    make_topic(own.bootstrap, "kept")
    put(own.bootstrap, "kept", [b"1", b"2"])
    with Elasticsearch(own.url) as client:
        client.indices.create(index="kept", settings={"number_of_replicas": 0})
        client.index(index="kept", id="1", document={"a": 1})

    output, _ = presswatch("engines", "stop", "--name", own.name, "--only", "kafka", **clone)
    assert output.startswith("Kafka stopped (process ")
    assert engine_processes(own.name, "kafka") == []
    assert engine_processes(own.name, "elasticsearch")
    output, _ = presswatch("engines", "status", "--name", own.name, code=1, **clone)
    assert "stopped" in output
    assert local.start(own.name, only="kafka", home=HOME) == own
    put(own.bootstrap, "kept", [b"3"])

    assert len(local.kill(own.name, home=HOME)) == 3, "Kafka, and Elasticsearch's launcher and server"
    assert not any(engine_processes(own.name, engine) for engine in ENGINES)
    assert presswatch("engines", "status", "--name", own.name, code=1, **clone)[0].count("gone") == 2
    assert local.start(own.name, home=HOME) == own
    assert read(own.bootstrap, "kept", 3) == [b"1", b"2", b"3"]
    with Elasticsearch(own.url) as client:
        assert client.get(index="kept", id="1")["_source"] == {"a": 1}


def test_run_starts_again_what_dies_and_stops_all_on_sigterm(own: Engines) -> None:
    local.start(own.name, home=HOME)
    with running(own.name) as runner:
        (first,) = local.kill(own.name, only="kafka", home=HOME)
        assert runner.stderr is not None
        told = iter(runner.stderr.readline, "")
        assert any("Kafka ended unasked" in line for line in told)
        assert any("Kafka: ready at" in line for line in told)
        (again,) = engine_processes(own.name, "kafka")
        assert again.pid != first
        runner.send_signal(signal.SIGTERM)
        assert runner.stdout is not None
        output = runner.stdout.read()
        assert f"Kafka stopped (process {again.pid})" in output
        assert "Elasticsearch stopped" in output
    assert runner.returncode == 0
    assert not any(engine_processes(own.name, engine) for engine in ENGINES)


def test_run_ends_when_another_command_stops_its_engines(own: Engines) -> None:
    local.start(own.name, only="kafka", home=HOME)
    with running(own.name, "--only", "kafka") as runner:
        local.stop(own.name, home=HOME)
        assert runner.stdout is not None
        assert "stopped by another command" in runner.stdout.read()
    assert runner.returncode == 0
    assert engine_processes(own.name, "kafka") == []


def test_an_engine_that_dies_at_its_start_is_told_with_its_log_and_the_mend(own: Engines) -> None:
    local.stop(own.name, home=HOME)
    identity = own.folder / "kafka" / "data" / "meta.properties"
    identity.write_text(identity.read_text().replace("node.id=1", "node.id=7"))
    with pytest.raises(EngineError, match="Kafka ended while it was starting") as caught:
        local.start(own.name, home=HOME)
    assert "node id 7" in caught.value.log
    assert "--delete-data" in caught.value.mend
    assert not any(engine_processes(own.name, engine) for engine in ENGINES), "the other one is given up, too"


def test_two_starters_at_once_start_one(name: str) -> None:
    command = [str(PRESSWATCH), "engines", "start", "--name", name, "--only", "kafka", "--free-ports"]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    outputs = [starter.communicate(timeout=120)[0] for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0]
    assert outputs[0] == outputs[1]
    assert len(engine_processes(name, "kafka")) == 1


def test_a_start_that_is_ended_leaves_nothing(name: str) -> None:
    command = [str(PRESSWATCH), "engines", "start", "--name", name, "--only", "kafka", "--free-ports"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as starter:
        assert starter.stderr is not None
        wait_until(lambda: engine_processes(name, "kafka"), what="Kafka is being started")
        starter.send_signal(signal.SIGTERM)
        starter.stderr.read()
    assert starter.returncode != 0
    assert engine_processes(name, "kafka") == []


def test_a_temporary_instance_does_not_outlive_a_killed_owner(name: str) -> None:
    code = (
        "import os, signal; from presswatch.engines import *; from presswatch.settings import load\n"
        f"start({name!r}, only='kafka', wish=PortWish(free=True), temporary=True, home=load().settings.engines_home)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert engine_processes(name, "kafka")
    control.remove_abandoned(Home.open(HOME))  # another session may have been quicker
    assert engine_processes(name, "kafka") == []
    assert not (Home.open(HOME).instances / name).exists()


@contextmanager
def running(name: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`presswatch engines run`, once it has told the addresses."""
    command = [str(PRESSWATCH), "engines", "run", "--name", name, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as runner:
        try:
            assert runner.stdout is not None
            assert runner.stdout.readline().startswith("Kafka ")
            yield runner
        finally:
            runner.terminate()
