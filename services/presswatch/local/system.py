"""What the whole system consists of, and how to bring it up and down on one machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import orjson

from presswatch import engines
from presswatch.core.errors import PresswatchError
from presswatch.engines.progress import Display
from presswatch.local import slack
from presswatch.local.supervisor import Program, Supervisor
from presswatch.settings import CONFIG_VARIABLE, Settings, load

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
ENGINES_PROGRAM = "engines"

TRIAL_PREFIX = "trial-"
"""Instances of the engines whose name begins so are a trial's: their data go when they are stopped."""


def engines_program(name: str, run: Path) -> Program:
    """Return the process that keeps this instance of the local engines up, and note its name for `down`."""
    run.mkdir(parents=True, exist_ok=True)
    (run / ENGINES_FILE).write_text(name)
    return Program(ENGINES_PROGRAM, [sys.executable, "-m", "presswatch", "engines", "run", "--name", name])


def stop_all(run: Path, home: Path | None) -> bool:
    """Stop services, supervisor and engines of a run folder; return whether anything ran."""
    supervisor = Supervisor(run)
    ran = supervisor.running()
    supervisor.stop()
    name = run / ENGINES_FILE
    if name.exists():
        instance = name.read_text()
        ran = bool(engines.stop(instance, delete_data=instance.startswith(TRIAL_PREFIX), home=home)) or ran
        name.unlink()
    return ran


def base_url(settings: Settings, service: str) -> str:
    """Return where a service serves /metrics, /healthz and /readyz."""
    return f"http://{settings.http.host}:{getattr(settings.http, service)}"


def waiting_for(settings: Settings, services: Sequence[str]) -> dict[str, str]:
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


def launch_services(
    supervisor: Supervisor,
    settings: Settings,
    tell: Callable[[str], None],
    tolerate: Callable[[str, str], bool] = lambda _name, _why: False,
) -> None:
    """Start the services and wait until they are ready: ingest last, so that no article waits for a tagger that starts."""
    *readers, ingest = SERVICES
    for name in readers:
        supervisor.launch(name)
    wait_ready(supervisor, settings, readers, tell, tolerate)
    supervisor.launch(ingest)
    wait_ready(supervisor, settings, [ingest], tell, tolerate)


def wait_ready(
    supervisor: Supervisor,
    settings: Settings,
    services: Sequence[str],
    tell: Callable[[str], None],
    tolerate: Callable[[str, str], bool],
) -> None:
    """Wait until services are ready.

    Args:
        tell: shown what is waited for, when it changes.
        tolerate: whether a service may stay not ready for this reason (such as a Slack that is not set up).

    Raises:
        PresswatchError: one ended or is not ready after `READY_S`; the text has the end of its log.
    """
    deadline = time.monotonic() + READY_S
    told = ""
    while True:
        waiting = {name: why for name, why in waiting_for(settings, services).items() if not tolerate(name, why)}
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


def free_ports(number: int) -> list[int]:
    """Return ports on loopback that are free at this moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class TrialSystem:
    """The whole system for a while, beside whatever else runs here: free ports, own engines, own folder, a stand-in for Slack.

    What the demo, the end-to-end tests and the benchmark start is this, so all of them run what `make up` runs.

    Args:
        folder: takes settings, logs and state.
        rules: folder of alert rules.
        values: settings beyond the addresses, such as {"slack": {"channel": "#newsroom"}}.
        keep: engines stay when this process ends, and are restarted when they die.
    """

    def __init__(
        self, folder: Path, rules: Path, values: Mapping[str, Mapping[str, Any]], *, keep: bool = False
    ) -> None:
        self.folder = folder
        self.config = folder / "presswatch.yaml"
        self.slack_log = folder / "slack-messages.jsonl"
        self.supervisor = Supervisor(folder)
        self.engines_name = f"{TRIAL_PREFIX}{os.getpid()}-{folder.name}"[:60].rstrip("-.")
        self._rules = rules
        self._values = values
        self._keep = keep
        self._home = load().settings.engines_home

    def start_engines(self, display: Display) -> None:
        """Start Kafka and Elasticsearch and write the settings file that names them."""
        started = engines.start(
            self.engines_name,
            wish=engines.PortWish(free=True),
            temporary=not self._keep,
            home=self._home,
            display=display,
        )
        slack_port, *ports = free_ports(len(SERVICES) + 1)
        addresses: dict[str, dict[str, Any]] = {
            "kafka": {"bootstrap": started.bootstrap},
            "elasticsearch": {"url": started.url},
            "ingest": {"state": str(self.folder / "ingest.sqlite")},
            "slack": {"api_url": f"http://127.0.0.1:{slack_port}/api"},
            "http": dict(zip(SERVICES, ports, strict=True)),
        }
        for section, values in self._values.items():
            addresses.setdefault(section, {}).update(values)
        settings = {**addresses, "rules": str(self._rules)}
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.touch(mode=0o600)
        self.config.write_bytes(orjson.dumps(settings, option=orjson.OPT_INDENT_2))  # JSON is YAML

    @property
    def settings(self) -> Settings:
        """The settings that its services have."""
        return load(self.config, {}).settings

    def environment(self) -> dict[str, str]:
        """Return the environment of its services: ours, with its settings instead of any other."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PRESSWATCH_")}
        home = {"PRESSWATCH_ENGINES_HOME": str(self._home)} if self._home else {}
        return ours | home | {CONFIG_VARIABLE: str(self.config), "PRESSWATCH_SLACK_TOKEN": slack.TOKEN}

    def start_services(self, tell: Callable[[str], None], slack_per_channel_s: float = 0.2) -> None:
        """Set up topics and indices, apply the rules, start all services, wait until they are ready."""
        self.command("setup")
        self.command("rules", "apply")
        port = self.settings.slack.api_url.rsplit(":", 1)[1].removesuffix("/api")
        stand_in = ["-m", "presswatch.local.slack", "--port", port, "--log", str(self.slack_log)]
        programs = [
            Program("slack", [sys.executable, *stand_in, "--per-channel-s", str(slack_per_channel_s)]),
            *service_programs("trial", {"ingest": ["--watch"]}),
        ]
        if self._keep:
            programs.insert(0, engines_program(self.engines_name, self.folder))
        self.supervisor.start(programs, self.environment())
        for program in programs:
            if program.name not in SERVICES:
                self.supervisor.launch(program.name)
        launch_services(self.supervisor, self.settings, tell)

    def command(self, *arguments: str, code: int = 0) -> str:
        """Run `presswatch ARGUMENTS` and return its output.

        Raises:
            PresswatchError: it ended with another exit code.
        """
        done = subprocess.run(
            [sys.executable, "-m", "presswatch", *arguments],
            env=self.environment(),
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode != code:
            said = f"{done.stdout}{done.stderr}"
            raise PresswatchError(
                f"`presswatch {' '.join(arguments)}` ended with {done.returncode}, not {code}:\n{said}"
            )
        return done.stdout

    def kill_service(self, name: str) -> int:
        """End a service by SIGKILL, as a crash would; the supervisor starts it again. Returns the pid that died."""
        pid = next(status.pid for status in self.supervisor.statuses() if status.name == name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> None:
        """Stop services and engines, and delete the engines' data."""
        self.supervisor.stop()
        engines.stop(self.engines_name, delete_data=True, home=self._home)
