"""Service processes for tests: started as a user starts them, on settings of the test's own, ended with the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import orjson

from presswatch.engines import Engines
from presswatch.local.system import free_ports
from presswatch.settings import CONFIG_VARIABLE, Settings, load


def wait_until(condition: Callable[[], Any], seconds: float = 60, what: str = "") -> Any:
    """Wait until a condition gives something true, and return it; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or condition.__name__}"
        time.sleep(0.05)
    return found


class Sandbox:
    """Settings on the session's engines, under a prefix of the test's own, and commands that run with them."""

    def __init__(self, engines: Engines, folder: Path, prefix: str, values: Mapping[str, Mapping[str, Any]]) -> None:
        ports = free_ports(4)
        merged: dict[str, dict[str, Any]] = {
            "kafka": {"bootstrap": engines.bootstrap, "prefix": prefix},
            "elasticsearch": {"url": engines.url, "prefix": prefix},
            "http": dict(zip(("ingest", "tagger", "indexer", "alerter"), ports, strict=True)),
            "log": {"format": "json"},
        }
        for section, more in values.items():
            merged.setdefault(section, {}).update(more)
        self.folder = folder
        self.config = folder / "presswatch.yaml"
        self.config.write_bytes(orjson.dumps(merged))
        self.environ: dict[str, str] = {}

    @property
    def settings(self) -> Settings:
        return load(self.config, self.environ).settings

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PRESSWATCH_")}
        return {**ours, CONFIG_VARIABLE: str(self.config), **self.environ, **more}

    def command(self, *arguments: str, code: int = 0, stdin: bytes | None = None) -> str:
        """Run `presswatch ARGUMENTS` to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "presswatch", *arguments], env=self._environment({}), input=stdin, capture_output=True,
            check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, (done.stdout + done.stderr).decode()
        return done.stdout.decode()

    def refused(self, *arguments: str, code: int = 2) -> str:
        """Run `presswatch ARGUMENTS`, which must end with an error; return what it said on standard error."""
        done = subprocess.run(
            [sys.executable, "-m", "presswatch", *arguments], env=self._environment({}), capture_output=True,
            check=False, timeout=120, text=True,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr

    @contextmanager
    def service(self, name: str, *arguments: str, **environ: str) -> Iterator[ServiceProcess]:
        """Run a service; SIGKILL it at the end if it still runs."""
        process = ServiceProcess(self, name, arguments, self._environment(environ))
        try:
            yield process
        finally:
            process.kill()


class ServiceProcess:
    """One service process, started on construction. Its log is `log`."""

    def __init__(self, sandbox: Sandbox, name: str, arguments: tuple[str, ...], environ: dict[str, str]) -> None:
        self._url = f"http://127.0.0.1:{getattr(sandbox.settings.http, name)}"
        self._command = [sys.executable, "-m", "presswatch", name, *arguments]
        self._environ = environ
        self._cwd = sandbox.folder
        self.log = sandbox.folder / f"{name}.log"
        self.start()

    def start(self) -> None:
        """Start (again)."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environ, cwd=self._cwd, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def terminate(self, seconds: float = 30) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def get(self, path: str) -> str:
        """Return what it serves at a path, "" while it does not serve or is not ready."""
        try:
            with urlopen(self._url + path, timeout=5) as answer:
                return str(answer.read().decode())
        except (URLError, OSError):
            return ""

    def waiting(self) -> str:
        """Return what /readyz says that it waits for; "" if it is ready or does not answer."""
        try:
            with urlopen(self._url + "/readyz", timeout=5):
                return ""
        except HTTPError as error:
            return error.read().decode()
        except (URLError, OSError):
            return ""

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait for /readyz; fail with its log if it ends before."""
        self._wait_for(lambda: bool(self.get("/readyz")), seconds)

    def wait_for(self, part: str, seconds: float = 60) -> None:
        """Wait until /readyz waits for nothing but this part; fail with its log if it ends before."""
        self._wait_for(lambda: list(orjson.loads(self.waiting() or "{}").get("waiting", ())) == [part], seconds)

    def _wait_for(self, condition: Callable[[], bool], seconds: float) -> None:
        def reached() -> bool:
            assert self.process.poll() is None, self.log.read_text()[-4000:]
            return condition()

        wait_until(reached, seconds, f"{self._command[3]} ready: {self.log.read_text()[-2000:]}")

    def metric(self, sample: str) -> float:
        """Return the value of a sample as /metrics prints it, such as ``presswatch_rules``; 0 if absent."""
        for line in self.get("/metrics").splitlines():
            if line.startswith(sample + " "):
                return float(line.rpartition(" ")[2])
        return 0.0
