"""The parts of the local engines on the real system: ports, processes, locks, folders, Maven."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from presswatch.engines import install, ports, processes, state
from presswatch.engines.account import Account, engine_account
from presswatch.engines.allocate import PortWish, allocate
from presswatch.engines.control import remove_abandoned
from presswatch.engines.errors import EngineError
from presswatch.engines.home import Home
from presswatch.engines.locks import locked
from presswatch.engines.state import EngineName, Owner

AS_ROOT = os.geteuid() == 0
ME = Account(os.geteuid(), os.getegid())
KAFKA: tuple[EngineName, ...] = ("kafka",)
ELASTICSEARCH: tuple[EngineName, ...] = ("elasticsearch",)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "engines", ME)
    place.dist.mkdir(parents=True)
    place.instances.mkdir()
    return place


@contextmanager
def listening(port: int = 0) -> Iterator[int]:
    with socket.create_server((ports.LOOPBACK, port)) as server:
        yield server.getsockname()[1]


@contextmanager
def marked(
    *arguments: str, code: str = "import time; print('up', flush=True); time.sleep(60)"
) -> Iterator[psutil.Process]:
    """A process that bears marks on its command line, as an engine does."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        try:
            yield psutil.Process(child.pid)
        finally:
            child.kill()


# --- ports


def test_a_taken_port_is_told_with_its_holder() -> None:
    with listening() as port:
        assert ports.taken(port)
        with pytest.raises(EngineError, match=rf"port {port} for Kafka is taken by process {os.getpid()} \(") as caught:
            ports.require_free(port, "Kafka", "--kafka-port")
        assert "--kafka-port N" in caught.value.mend
    assert not ports.taken(port)
    ports.require_free(port, "Kafka", "--kafka-port")


def test_free_ports_are_free_and_outside_the_range_of_outgoing_connections() -> None:
    port = ports.free_port(avoid=())
    with listening(port):
        first_outgoing = Path("/proc/sys/net/ipv4/ip_local_port_range")
        if first_outgoing.exists():
            assert port < int(first_outgoing.read_text().split()[0])
    some = set(ports.FREE_RANGE[100:])
    assert ports.free_port(avoid=some) not in some
    with pytest.raises(EngineError, match="no free port"):
        ports.free_port(avoid=ports.FREE_RANGE)


def test_an_instance_keeps_its_ports_and_gets_those_it_asks_for(home: Home) -> None:
    state.folder(home, "one").mkdir()
    first = allocate(home, "one", PortWish(free=True), start=state.ENGINES, running=())
    assert len(set(first.ports)) == 4
    state.save(home, "one", first)
    assert allocate(home, "one", PortWish(), start=state.ENGINES, running=()) == first
    assert allocate(home, "one", PortWish(free=True), start=state.ENGINES, running=()) == first
    moved = allocate(home, "one", PortWish(kafka=first.kafka_port + 1), start=ELASTICSEARCH, running=())
    assert moved == first.model_copy(update={"kafka_port": first.kafka_port + 1})
    with listening(first.kafka_port):
        with pytest.raises(EngineError, match=f"port {first.kafka_port} for Kafka is taken"):
            allocate(home, "one", PortWish(), start=state.ENGINES, running=())
        other = allocate(home, "one", PortWish(free=True), start=state.ENGINES, running=())
        assert other.kafka_port != first.kafka_port
        running = allocate(home, "one", PortWish(), start=ELASTICSEARCH, running=KAFKA)
        assert running == first
        with pytest.raises(EngineError, match=f"'one' already runs on port {first.kafka_port}, not 9092"):
            allocate(home, "one", PortWish(kafka=9092), start=(), running=KAFKA)
        with pytest.raises(EngineError, match=f"port {first.kafka_port} .* of instance 'one'"):
            allocate(home, "two", PortWish(kafka=first.kafka_port), start=state.ENGINES, running=())


def test_a_new_instance_without_a_wish_gets_the_default_ports(home: Home) -> None:
    fixed = allocate(home, "one", PortWish(), start=(), running=())
    assert (fixed.kafka_port, fixed.elasticsearch_port) == (9092, 9200)


# --- processes


def test_only_the_process_that_bears_the_mark_is_found(tmp_path: Path) -> None:
    folder, other = tmp_path / "kafka", tmp_path / "kafka2"
    with (
        marked(processes.mark(folder)) as mine,
        marked(processes.data_setting(folder)) as launcher,
        marked(processes.mark(other)) as theirs,
        marked(f"x{processes.mark(folder)}"),
    ):
        assert processes.find(folder, ME) == [mine, launcher]
        assert processes.find(other, ME) == [theirs]
        assert processes.find(folder, Account(ME.uid + 1, ME.gid)) == []
        processes.kill([mine])
        assert processes.find(folder, ME) == [launcher]
    assert processes.find(folder, ME) == []


def test_what_does_not_end_is_killed_and_that_is_told(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    with marked(processes.mark(tmp_path)) as willing, marked(processes.mark(tmp_path), code=deaf) as stubborn:
        processes.ask_to_end([willing])
        assert processes.wait_or_kill([willing], seconds=20)
        processes.ask_to_end([stubborn])
        assert not processes.wait_or_kill([stubborn], seconds=0.5)
        assert not stubborn.is_running()


def test_a_process_that_ended_counts_as_gone_although_its_parent_does_not_ask(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', sys.argv[1]])\n"
        "print('up', flush=True); time.sleep(60)"
    )
    with marked("parent", processes.mark(tmp_path), code=code) as parent:
        (child,) = processes.wait_gone(parent.children(), 0)
        processes.kill([child])
        assert child.status() == psutil.STATUS_ZOMBIE
        assert processes.find(tmp_path, ME) == [parent]


def test_a_temporary_instance_goes_when_its_owner_is_gone(reachable: Path) -> None:
    home = Home.open(reachable / "engines")
    for name, owner in {
        "gone": Owner(pid=os.getpid(), created=1.0),  # the pid lives, but it is another process now
        "here": Owner(pid=os.getpid(), created=psutil.Process().create_time()),
        "lasting": None,
    }.items():
        state.folder(home, name).mkdir()
        now = allocate(home, name, PortWish(free=True), start=(), running=())
        state.save(home, name, now.model_copy(update={"owner": owner}))
    with marked(processes.mark(state.folder(home, "gone") / "kafka")) as engine:
        assert remove_abandoned(home) == ["gone"]
        # As root, engines belong to another account; a process of root's own is not one and must be left alone.
        assert engine.is_running() == AS_ROOT
    assert state.names(home) == ["here", "lasting"]


# --- locks


def test_a_lock_excludes_and_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "one" / "lock"
    code = (
        "import sys, time; from pathlib import Path; from presswatch.engines.locks import locked\n"
        "with locked(Path(sys.argv[1])): print('up', flush=True); time.sleep(60)"
    )
    waited = threading.Event()
    with marked(str(path), code=code) as holder:

        def kill_it() -> None:
            assert waited.wait(20)
            holder.send_signal(signal.SIGKILL)

        killer = threading.Thread(target=kill_it)
        killer.start()
        with locked(path, waited.set):
            assert waited.is_set()
        killer.join()


def test_a_lock_whose_folder_is_removed_stays_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "one" / "lock"
    inside: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with locked(path, waiting.set):
            inside.append("second")
            assert path.exists()

    with locked(path):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(20)
        shutil.rmtree(path.parent)
        inside.append("first")
    thread.join(20)
    assert inside == ["first", "second"]


# --- folders


def test_a_folder_of_others_or_open_to_others_is_refused(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(EngineError, match=r"others may write in .*/open \(mode 0777\)"):
        Home.open(open_to_all)
    with pytest.raises(EngineError, match=r"/proc/engines cannot be made"):
        Home.open(Path("/proc/engines"))
    with pytest.raises(EngineError, match="characters that their start scripts cannot take"):
        Home.open(tmp_path / "a b")
    with pytest.raises(EngineError, match=r"anyone may rename what lies in .*/open \(mode 0777\)"):
        Home.open(open_to_all / "engines")
    link = tmp_path / "link"
    link.symlink_to(open_to_all)
    with pytest.raises(EngineError, match="others may write"):
        Home.open(link)


def test_the_folder_is_made_as_the_engines_need_it_whatever_the_umask(reachable: Path) -> None:
    before = os.umask(0o077)
    try:
        place = Home.open(reachable / "above" / "engines")
    finally:
        os.umask(before)
    expected = 0o755 if AS_ROOT else 0o700
    for folder in (place.path.parent, place.path, place.dist, place.instances):
        assert stat.S_IMODE(folder.stat().st_mode) == expected


@pytest.mark.needs("setpriv")
def test_root_is_told_which_folder_the_engines_cannot_pass_or_who_owns_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EngineError, match=r"uid \d+, as whom the engines run, cannot reach .* has mode 0700"):
        Home.open(closed / "engines")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    os.chown(foreign, 12345, 12345)
    with pytest.raises(EngineError, match=r"belongs to uid 12345, not to you \(uid 0\)"):
        Home.open(foreign)


@pytest.mark.needs("setpriv")
def test_what_runs_for_root_has_no_privilege_and_nothing_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSWATCH_SLACK_TOKEN", "xoxb-secret")
    code, output = engine_account().run(
        ["/bin/sh", "-c", "id -u; id -G; env; grep -E 'CapEff|CapPrm' /proc/self/status; touch /root/x"],
        env={"PATH": "/usr/bin:/bin"},
        timeout=20,
    )
    assert code != 0
    uid, groups = output.splitlines()[:2]
    assert uid == str(engine_account().uid)
    assert groups == str(engine_account().gid)
    assert "secret" not in output
    assert "CapEff:\t0000000000000000" in output
    assert "CapPrm:\t0000000000000000" in output


# --- installation


def maven_stub(folder: Path, script: str) -> dict[str, str]:
    """A PATH whose mvn is a script of ours, before everything else."""
    folder.mkdir()
    program = folder / "mvn"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


UNREACHABLE = """\
echo '[INFO] Downloading from central: somewhere'
echo "$@" >> "$0.calls"
echo '[ERROR] Plugin org.apache.maven.plugins:maven-dependency-plugin:3.8.1 could not be resolved: Connection refused -> [Help 1]'
echo '[ERROR]'
exit 1
"""


def test_a_failed_download_is_tried_again_and_then_told_with_what_maven_said(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in maven_stub(tmp_path / "bin", UNREACHABLE).items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    with pytest.raises(EngineError, match=r"download with Maven failed \(exit code 1\)") as caught:
        install.install(home, said.append)
    assert "Connection refused" in caught.value.log
    assert "settings.xml" in caught.value.mend
    assert "the download failed: trying once more" in said
    first, second = (tmp_path / "bin" / "mvn.calls").read_text().splitlines()
    assert "--update-snapshots" not in first
    assert "--update-snapshots" in second
    assert "Connection refused" in (home.path / "install.log").read_text()
    assert list(home.dist.iterdir()) == []


def test_a_full_disk_in_the_download_is_told_as_that(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in maven_stub(tmp_path / "bin", "echo '[ERROR] No space left on device'; exit 1").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(EngineError, match="the disk was full during the download") as caught:
        install.install(home, lambda _: None)
    assert "free 2 GB" in caught.value.mend


def test_a_broken_download_is_not_unpacked(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'for a; do case "$a" in -DoutputDirectory=*) d=${a#*=};; esac; done; mkdir -p "$d"; echo PK > "$d/a.jar"'
    for name, value in maven_stub(tmp_path / "bin", script).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(EngineError, match=r"the download a\.jar is broken"):
        install.install(home, lambda _: None)
    assert list(home.dist.iterdir()) == []


def test_without_maven_the_mend_is_told(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"mvn.* is not on the PATH") as caught:
        install.install(home, lambda _: None)
    assert "apt-get install maven" in caught.value.mend


def test_two_installers_at_once_fetch_once_and_a_damaged_set_is_made_anew(
    reachable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.open(reachable / "engines")
    real = shutil.which("mvn")
    for name, value in maven_stub(tmp_path / "bin", f'echo "$@" >> "$0.calls"\nexec {real} "$@"').items():
        monkeypatch.setenv(name, value)
    leftover = home.dist / ".unfinished-killed"
    leftover.mkdir()
    with ThreadPoolExecutor(2) as pool:
        found = [task.result() for task in [pool.submit(install.install, home, lambda _: None) for _ in range(2)]]
    assert found[0] == found[1]
    calls = tmp_path / "bin" / "mvn.calls"
    assert len(calls.read_text().splitlines()) == 1
    dist = found[0]
    assert dist.complete()
    assert list(home.dist.iterdir()) == [dist.path]
    for file in [dist.java, dist.elasticsearch / "bin" / "elasticsearch"]:
        assert stat.S_IMODE(file.stat().st_mode) == 0o755
    jar = next(dist.kafka_jars.glob("kafka-clients-*.jar"))
    size = jar.stat().st_size
    jar.write_bytes(jar.read_bytes()[:1000])
    assert not dist.complete()
    assert install.install(home, lambda _: None) == dist
    assert jar.stat().st_size == size
    install.install(home, lambda _: None)
    assert len(calls.read_text().splitlines()) == 2
