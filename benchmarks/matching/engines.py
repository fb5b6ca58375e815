"""The engines under measurement, each a process of its own that answers commands (java/Peer.java says which)."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
import psutil
from tools.java import JAVA, class_path

from benchmarks.matching.forms import Form, dsl, polish, query
from benchmarks.report import REPOSITORY

HERE = Path(__file__).parent / "java"
ANSWER_S = 900.0
HEAP_MB = min(6_000, int(psutil.virtual_memory().total / 2e6))


class EngineFailedError(Exception):
    """An engine cannot be built or started, or died; it says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An engine that can be measured.

    Args:
        command: returns the command that starts it in a folder of its own.
        form: writes a rule as the engine reads it.
        most: rules up to which it is measured.
        java: it is warmed until its rate is flat.
        variants: settings of which the faster is taken.
    """

    command: Callable[[Path, str], list[str]]
    form: Callable[[Form], str]
    most: int
    java: bool = False
    variants: tuple[str, ...] = ("",)


class Process:
    """A running engine. It inherits the cores of this process."""

    def __init__(self, name: str, variant: str = "") -> None:
        self.name, self.variant, self.kind = name, variant, KINDS[name]
        self._folder = tempfile.TemporaryDirectory(prefix="presswatch-bench-")
        folder = Path(self._folder.name)
        try:
            command = self.kind.command(folder, variant)
        except RuntimeError as error:
            self._folder.cleanup()
            raise EngineFailedError(f"{name} cannot be built: {error}") from error
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=_environment()
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin: IO[bytes] = self._process.stdin
        self._stdout: IO[bytes] = self._process.stdout
        try:
            self.about: str = self._answer("start")["about"]
        except BaseException:
            self.close()
            raise

    def ask(self, *command: str) -> dict[str, Any]:
        """Send a command and return the answer.

        Raises:
            EngineFailedError: the engine died, or said nothing for a quarter of an hour.
        """
        try:
            self._stdin.write("\t".join(command).encode("ascii") + b"\n")
            self._stdin.flush()
        except BrokenPipeError as error:
            raise self._failed(command[0]) from error
        return self._answer(command[0])

    def resident_mb(self) -> float:
        """Return its resident memory."""
        return float(psutil.Process(self._process.pid).memory_info().rss / 1e6)

    def close(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):  # of a command that it did not live to read
            self._stdin.close()
        self._stdout.close()
        self._log.close()
        self._folder.cleanup()

    def _answer(self, asked: str) -> dict[str, Any]:
        ready, _, _ = select.select([self._stdout], [], [], ANSWER_S)
        line = self._stdout.readline() if ready else b""
        if not line.startswith(b"{"):
            raise self._failed(asked, line)
        answer: dict[str, Any] = orjson.loads(line)
        return answer

    def _failed(self, asked: str, answer: bytes = b"") -> EngineFailedError:
        self._process.kill()
        self._process.wait()
        said = (answer + self._stdout.read() + (Path(self._folder.name) / "log").read_bytes()).decode(errors="replace")
        return EngineFailedError(
            f"{self.name} ({self.variant or 'plain'}) failed at `{asked}`; the last it said:\n{said.strip()[-3000:]}"
        )


def _environment() -> dict[str, str]:
    path = filter(None, [os.environ.get("PYTHONPATH"), str(REPOSITORY)])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def _ours(name: str) -> Callable[[Path, str], list[str]]:
    return lambda _folder, _variant: [sys.executable, "-m", "benchmarks.matching.worker", name]


def _java(name: str, program: str, *options: str) -> Callable[[Path, str], list[str]]:
    def command(_folder: Path, variant: str) -> list[str]:
        sources = [HERE / "Peer.java", *sorted((HERE / name).glob("*.java"))]
        path = class_path(HERE / name / "pom.xml", sources)
        return [JAVA, f"-Xmx{HEAP_MB}m", *options, "-cp", path, program, *filter(None, [variant])]

    return command


KINDS: dict[str, Kind] = {
    "lucene-monitor": Kind(
        _java("monitor", "MonitorPeer", "-XX:+UseSerialGC"),
        polish,
        most=100_000,
        java=True,
        variants=("multipass-2", "multipass-3", "term"),
    ),
    "opensearch": Kind(
        _java("opensearch", "OpenSearchPeer", "-XX:+UseSerialGC"),
        lambda form: orjson.dumps(dsl(form)).decode("ascii"),
        most=10_000,
        java=True,
    ),
    "python": Kind(_ours("python"), query, most=100_000),
    "native": Kind(_ours("native"), query, most=10_000_000),
}
