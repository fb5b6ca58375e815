"""What the whole system consists of, and how to bring it up and down on one machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import orjson

from presswatch import engines
from presswatch.core.errors import PresswatchError
from presswatch.local.supervisor import Program, Supervisor
from presswatch.settings import Settings

SERVICES = ("tagger", "indexer", "alerter", "ingest")
"""In the order of their start: who reads before who writes, so that nothing waits."""

READY_S = 90.0


def service_programs(instance: str, more: Mapping[str, Sequence[str]] | None = None) -> list[Program]:
    """Return the service processes, each the very command that a deployment runs.

    Args:
        instance: first part of each replica's name.
        more: arguments to add, by service.
    """
    return [
        Program(
            name,
            [sys.executable, "-m", "presswatch", name, *(more or {}).get(name, ())],
            {"PRESSWATCH_INSTANCE": f"{instance}-{name}"},
        )
        for name in SERVICES
    ]


ENGINES_FILE = "engines.name"


def engines_program(name: str, run: Path) -> Program:
    """Return the process that keeps this instance of the local engines up, and note its name for `down`."""
    run.mkdir(parents=True, exist_ok=True)
    (run / ENGINES_FILE).write_text(name)
    return Program("engines", [sys.executable, "-m", "presswatch", "engines", "run", "--name", name])


def stop_all(run: Path, home: Path | None) -> bool:
    """Stop services, supervisor and engines of a run folder; return whether anything ran."""
    supervisor = Supervisor(run)
    ran = supervisor.running()
    supervisor.stop()
    name = run / ENGINES_FILE
    if name.exists():
        ran = bool(engines.stop(name.read_text(), home=home)) or ran
        name.unlink()
    return ran


def base_url(settings: Settings, service: str) -> str:
    """Return where a service serves /metrics, /healthz and /readyz."""
    return f"http://{settings.http.host}:{getattr(settings.http, service)}"


def waiting_for(settings: Settings, services: Sequence[str] = SERVICES) -> dict[str, str]:
    """Return the services that are not ready, with what each waits for."""
    waiting = {}
    for service in services:
        try:
            with urlopen(base_url(settings, service) + "/readyz", timeout=2):  # noqa: S310 (our own address)
                pass
        except HTTPError as error:
            answer = orjson.loads(error.read())
            waiting[service] = "; ".join(f"{part}: {why}" for part, why in answer["waiting"].items())
        except (URLError, OSError):
            waiting[service] = "does not answer yet"
    return waiting


def wait_ready(
    supervisor: Supervisor,
    settings: Settings,
    tell: Callable[[str], None],
    tolerate: Callable[[str, str], bool] = lambda _name, _why: False,
) -> None:
    """Wait until every service is ready.

    Args:
        tell: shown what is waited for, when it changes.
        tolerate: whether a service may stay not ready for this reason (such as a Slack that is not set up).

    Raises:
        PresswatchError: one ended or is not ready after `READY_S`; the text has the end of its log.
    """
    deadline = time.monotonic() + READY_S
    told = ""
    while True:
        waiting = {name: why for name, why in waiting_for(settings).items() if not tolerate(name, why)}
        if not waiting:
            return
        text = ", ".join(f"{name} ({why})" for name, why in waiting.items())
        if text != told:
            tell(text)
            told = text
        for status in supervisor.statuses():
            if status.name in waiting and status.state in {"FATAL", "EXITED"}:
                raise PresswatchError(f"{status.name} does not stay up:\n{log_end(supervisor, status.name)}")
        if time.monotonic() > deadline:
            name = next(iter(waiting))
            raise PresswatchError(f"{text}: not ready after {READY_S:g} s\n{log_end(supervisor, name)}")
        time.sleep(0.1)


def log_end(supervisor: Supervisor, name: str, lines: int = 15) -> str:
    """Return the last lines of a program's log, and where the rest is."""
    path = supervisor.logs / f"{name}.log"
    text = path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []
    return "\n".join([*text, f"(the whole log: {path})"])


def inherited_environment(drop_settings: bool) -> dict[str, str]:
    """Return this process' environment, without our own variables if asked."""
    return {name: value for name, value in os.environ.items() if not (drop_settings and name.startswith("PRESSWATCH_"))}


def write_settings(path: Path, values: Mapping[str, object]) -> None:
    """Write a settings file (JSON is YAML) that only its owner reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(orjson.dumps(values, option=orjson.OPT_INDENT_2))
