"""The parts of the local engines that need neither a socket nor a process."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from presswatch.engines import kafka, limits, state
from presswatch.engines.account import Account, engine_account
from presswatch.engines.engine import Engine
from presswatch.engines.errors import EngineError
from presswatch.engines.home import Home
from presswatch.engines.install import Dist, wanted
from presswatch.engines.kafka import Kafka
from presswatch.engines.progress import Display
from presswatch.engines.state import Owner, State
from presswatch.engines.watch import GOOD_RUN_SECONDS, LONGEST_DELAY_SECONDS, Backoff


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A folder that has passed no check; none is needed where nothing is run from it."""
    place = Home(tmp_path, engine_account())
    place.instances.mkdir()
    return place


def some_state(**changes: object) -> State:
    ports = {"kafka_port": 1, "kafka_controller_port": 2, "elasticsearch_port": 3, "elasticsearch_transport_port": 4}
    return State.model_validate({**ports, **changes})


def test_state_survives_the_disk(home: Home) -> None:
    state.folder(home, "one").mkdir()
    told = some_state(running=("kafka",), owner=Owner(pid=7, created=1.5))
    assert state.load(home, "one") is None
    state.save(home, "one", told)
    assert state.load(home, "one") == told
    assert state.names(home) == ["one"]


@pytest.mark.parametrize("text", ["", "{", '{"kafka_port": 1}'])
def test_spoilt_state_names_its_file(home: Home, text: str) -> None:
    folder = state.folder(home, "one")
    folder.mkdir()
    (folder / state.STATE_FILE).write_text(text)
    with pytest.raises(EngineError, match=r"run/one/state\.json cannot be read") as caught:
        state.load(home, "one")
    assert "delete that file" in caught.value.mend
    state.folder(home, "two").mkdir()
    state.save(home, "two", some_state())
    assert state.load_readable(home) == {"two": some_state()}, "a spoilt one does not hinder the others"


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "-x", "x" * 41, "a b", "a\n"])
def test_names_that_cannot_be_folders_are_refused(home: Home, name: str) -> None:
    with pytest.raises(EngineError, match="cannot be an instance's name"):
        state.folder(home, name)


def test_backoff_doubles_to_its_limit_and_forgets_after_a_good_run() -> None:
    backoff = Backoff()
    delays = []
    now = 0.0
    for _ in range(9):
        now += 2.0
        delays.append(backoff.delay(now))
        now += delays[-1]
        backoff.started(now)
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert max(delays) == LONGEST_DELAY_SECONDS
    assert backoff.delay(now + GOOD_RUN_SECONDS) == 1
    backoff.started(now)
    assert backoff.delay(now + GOOD_RUN_SECONDS - 1) == 2


def test_cluster_ids_are_what_kafka_reads() -> None:
    for _ in range(300):
        text = kafka.new_cluster_id()
        assert len(text) == 22
        assert text[0] != "-"
        assert len(base64.urlsafe_b64decode(text + "==")) == 16


def test_a_set_of_programs_is_whole_or_not(tmp_path: Path) -> None:
    dist = Dist(tmp_path)
    assert not dist.complete()
    (tmp_path / "manifest.json").write_text('{"a": 3, "b/c": 0}')
    (tmp_path / "a").write_text("abc")
    assert not dist.complete()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").touch()
    assert dist.complete()
    (tmp_path / "a").write_text("ab")
    assert not dist.complete()
    (tmp_path / "manifest.json").write_text("half a manif")
    assert not dist.complete()


def test_other_versions_are_another_set(home: Home, tmp_path: Path) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text("one")
    first = wanted(home, pom)
    assert first == wanted(home, pom)
    pom.write_text("two")
    assert wanted(home, pom) != first
    pom.unlink()
    with pytest.raises(EngineError, match=r"pom\.xml cannot be read"):
        wanted(home, pom)


def test_the_log_leads_to_the_mend(home: Home) -> None:
    engine: Engine = Kafka(home, Dist(home.path), "one", some_state())
    engine.folder.parent.mkdir()
    assert engine.hint() == ""
    assert engine.last_lines(3) == ""
    engine.log.write_text("first\n" * 50_000 + "java.net.BindException: Address already in use\nlast\n")
    assert "port" in engine.hint()
    assert engine.last_lines(2) == "java.net.BindException: Address already in use\nlast"


def test_too_little_disk_or_memory_is_told_in_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match=rf"\d+ MB are free on the disk of {tmp_path}, 1099511627776 MB are needed"):
        limits.require_disk(tmp_path, 2**60, "for it")
    with pytest.raises(EngineError, match=r"\d+ MB of memory are available, 1099511627776 MB are needed"):
        limits.require_memory(2**60, "for it")
    limits.require_memory(1, "for it")
    limits.require_disk(tmp_path / "not" / "there" / "yet", 1, "for it")
    # A container's limit counts, not only the machine's memory.
    limit, used = tmp_path / "max", tmp_path / "current"
    monkeypatch.setattr(limits, "CGROUP_LIMIT", limit)
    monkeypatch.setattr(limits, "CGROUP_USED", used)
    limit.write_text("3000000\n")
    used.write_text("1000000\n")
    assert limits.available_memory() == 2_000_000
    limit.write_text("max\n")
    assert limits.available_memory() > 2_000_000


def test_the_engines_run_as_the_caller_unless_that_is_root() -> None:
    account = engine_account()
    if os.geteuid() == 0:
        assert account.foreign
        assert account.uid > 0
        assert account.gid > 0
    else:
        assert account == Account(os.geteuid(), os.getegid())
        assert not account.foreign


def test_plain_progress_tells_changes_once_and_counts_rarely(capsys: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        for count in range(50):
            display.doing("Engines", f"downloading: {count} files so far")
        display.finish("Engines")
        display.finish("nobody")
        display.doing("Kafka", "starting: waiting for its port to open")
        display.doing("Kafka", "ready at here", done=True)
    lines = [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        "Engines: downloading: 0 files so far",
        "Kafka: starting: waiting for its port to open",
        "Kafka: ready at here",
    ]
    with Display(quiet=True) as display:
        display.doing("Kafka", "ready", done=True)
    assert capsys.readouterr().err == ""
