"""Processes that stay: a thin hand on supervisord, which restarts what dies and keeps the logs.

One supervisord a run folder. It is spoken to over a socket in a folder that only its user can enter.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from presswatch.core.errors import PresswatchError

STOP_WAIT_S = 30
"""Between SIGTERM and SIGKILL. Longer than any service's own limit for finishing what it has in hand."""

ENDED_EARLY_S = 30
"""A process that ends before is started again after 1, 2, 3, ... seconds. Longer than one whose breaker opens at its first
batch lives (`runtime.BREAKER_SHOWN_S`)."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep: its name, command and what it needs beyond this process' environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """What supervisord knows of a program. `state` is its word: RUNNING, BACKOFF, FATAL, ..."""

    name: str
    state: str
    pid: int
    detail: str


class Supervisor:
    """The supervisord of one run folder.

    Args:
        folder: holds its configuration, state and the programs' logs (folder/logs/NAME.log).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self._pointer = self.folder / "supervisor.socket"

    def start(self, programs: Sequence[Program], environ: Mapping[str, str]) -> None:
        """Start supervisord with these programs, none of them running yet.

        Raises:
            PresswatchError: it does not come up.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        # Socket paths end at 107 characters, and run folders may lie deeper than that.
        socket = Path(tempfile.mkdtemp(prefix="presswatch-")) / "s"
        self._pointer.write_text(str(socket))
        config = self.folder / "supervisord.conf"
        config.write_text(_configuration(socket, programs))
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)],
            env=dict(environ), cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise PresswatchError(
                f"the process supervisor does not start: {done.stderr.strip() or done.stdout.strip()}"
            )
        deadline = time.monotonic() + 15
        while not self.running():
            if time.monotonic() > deadline:
                raise PresswatchError(f"the process supervisor does not answer; its log is {self.logs}/supervisord.log")
            time.sleep(0.05)

    def running(self) -> bool:
        """Return whether supervisord answers."""
        return self._ask("getState") is not None

    def launch(self, name: str) -> None:
        """Start a program that does not run yet."""
        with contextlib.suppress(Fault):  # it runs already, or ended at once: `statuses` tells
            self._proxy().supervisor.startProcess(name, False)

    def end(self, name: str) -> None:
        """Stop a program and wait for its end; it is not restarted."""
        with contextlib.suppress(Fault):  # it does not run
            self._proxy().supervisor.stopProcess(name, True)

    def statuses(self) -> list[Status]:
        """Return what each program does."""
        found: Any = self._ask("getAllProcessInfo") or []
        return [Status(item["name"], item["statename"], item["pid"], item["description"]) for item in found]

    def stop(self) -> None:
        """Stop every program, last started first, then supervisord; returns when all are gone."""
        if self.running():
            pid = int((self.folder / "supervisord.pid").read_text())
            for status in reversed(self.statuses()):
                self.end(status.name)
            with contextlib.suppress(Fault, OSError):
                self._proxy().supervisor.shutdown()
            deadline = time.monotonic() + STOP_WAIT_S
            while _alive(pid) and time.monotonic() < deadline:
                time.sleep(0.05)
        if self._pointer.exists():
            shutil.rmtree(Path(self._pointer.read_text()).parent, ignore_errors=True)
            self._pointer.unlink()

    def _ask(self, method: str) -> Any:
        if not self._pointer.exists():
            return None
        try:
            return getattr(self._proxy().supervisor, method)()
        except OSError:
            return None

    def _proxy(self) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._pointer.read_text()}")
        return ServerProxy("http://127.0.0.1", transport=transport)


def _configuration(socket: Path, programs: Sequence[Program]) -> str:
    # One that stops on purpose (exit code 70) must not run through its input again at full speed: hence startsecs.
    # Paths of logs are relative to the run folder: supervisord expands % in them twice, once too often for us.
    def escaped(text: str) -> str:
        return text.replace("%", "%%")

    user = "user=root\n" if os.geteuid() == 0 else ""
    parts = [
        f"[unix_http_server]\nfile={socket}\nchmod=0600\n",
        (
            f"[supervisord]\n{user}pidfile=supervisord.pid\nlogfile=logs/supervisord.log\nlogfile_maxbytes=5MB\n"
            f"childlogdir={socket.parent}\n"
        ),
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
    ]
    for number, program in enumerate(programs):
        quoted = " ".join(f'"{part}"' for part in program.command)
        environment = ",".join(f'{name}="{value}"' for name, value in program.environment.items())
        parts.append(
            f"[program:{program.name}]\ncommand={escaped(quoted)}\nenvironment={escaped(environment)}\n"
            f"priority={100 + number}\nautostart=false\nautorestart=true\nstartsecs={ENDED_EARLY_S}\nstartretries=1000\n"
            f"stopsignal=TERM\nstopwaitsecs={STOP_WAIT_S}\nkillasgroup=true\nstopasgroup=false\nredirect_stderr=true\n"
            f"stdout_logfile=logs/{program.name}.log\n"
            "stdout_logfile_maxbytes=20MB\nstdout_logfile_backups=3\n"
        )
    return "\n".join(parts)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
