"""`presswatch up` and `down`, on ports of the test's own: what dies comes back, and all of it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import orjson
import pytest
from tests.processes import wait_until

from presswatch import engines
from presswatch.local.supervisor import Supervisor
from presswatch.local.system import SERVICES, free_ports
from presswatch.settings import CONFIG_VARIABLE, load

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def presswatch(config: Path, *arguments: str) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PRESSWATCH_")}
    place = load().settings.engines_home
    home = {"PRESSWATCH_ENGINES_HOME": str(place)} if place else {}
    done = subprocess.run(
        [sys.executable, "-m", "presswatch", *arguments],
        env={**environ, CONFIG_VARIABLE: str(config), **home},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except (URLError, OSError):
        return False


def test_up_stays_restarts_what_dies_and_down_ends_all(tmp_path: Path) -> None:
    kafka, elasticsearch, *ports = free_ports(6)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yaml").write_text("id: one\nname: One\nquery: bridge\nnotify: [slack:desk]\n")
    config = tmp_path / "presswatch.yaml"
    http = dict(zip(SERVICES, ports, strict=True))
    values = {
        "kafka": {"bootstrap": f"127.0.0.1:{kafka}"},
        "elasticsearch": {"url": f"http://127.0.0.1:{elasticsearch}"},
        "rules": "rules",
        "ingest": {"state": "ingest.sqlite"},
        "http": http,
    }
    config.write_bytes(orjson.dumps(values))
    run = tmp_path / "run"
    name = f"up-test-{os.getpid()}"
    try:
        shown = presswatch(config, "up", "--run", str(run), "--engines-name", name)
        assert f"127.0.0.1:{kafka}" in shown
        assert "No Slack yet" in shown
        supervisor = Supervisor(run)
        pids = {status.name: status.pid for status in supervisor.statuses()}
        for service in SERVICES:
            os.kill(pids[service], signal.SIGKILL)
        engines.kill(name, only="elasticsearch", home=load().settings.engines_home)
        for service in ("tagger", "indexer", "ingest"):
            wait_until(lambda service=service: ready(http[service]), 120, f"{service} is back")  # type: ignore[misc]
        after = {status.name: status.pid for status in supervisor.statuses()}
        assert all(after[service] != pids[service] for service in SERVICES)
    finally:
        assert "stopped" in presswatch(config, "down", "--run", str(run))
        engines.stop(name, delete_data=True, home=load().settings.engines_home)
    assert not any(ready(port) for port in ports)
    assert not supervisor.running()
