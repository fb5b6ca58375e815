"""The process supervisor of `up` and `demo`: it restarts what dies, keeps logs, and ends everything."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.processes import wait_until

from presswatch.local.supervisor import Program, Supervisor

TALKER = "import os, time; print('pid', os.getpid(), os.environ['WORD'], flush=True); time.sleep(600)"


def test_what_dies_is_restarted_and_down_ends_all(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with spaces and 100 %" / ("deep" * 25)
    supervisor = Supervisor(folder)
    programs = [Program("talker", [sys.executable, "-c", TALKER], {"WORD": "hello"})]
    supervisor.start(programs, dict(os.environ))
    try:
        assert [status.state for status in supervisor.statuses()] == ["STOPPED"]
        supervisor.launch("talker")
        log = supervisor.logs / "talker.log"
        wait_until(lambda: log.exists() and "hello" in log.read_text())
        [before] = supervisor.statuses()
        os.kill(before.pid, signal.SIGKILL)
        wait_until(lambda: log.read_text().count("hello") == 2)
        [after] = supervisor.statuses()
        assert after.pid != before.pid
    finally:
        supervisor.stop()
    assert not supervisor.running()
    assert not (folder / "supervisor.socket").exists()
    for pid in (before.pid, after.pid):
        assert not Path(f"/proc/{pid}").exists()
