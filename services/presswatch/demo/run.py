"""Runs the demo: the real engines and services on free ports, articles in, and a check of what came out."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from presswatch import engines
from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.core.article import article_id
from presswatch.core.errors import PresswatchError
from presswatch.demo import readback, report
from presswatch.demo.expectation import Expectation, Findings, differences
from presswatch.demo.slack import TOKEN
from presswatch.engines.progress import Display
from presswatch.local import system
from presswatch.local.supervisor import Program, Supervisor
from presswatch.settings import Settings, load
from presswatch.topology import RAW, topic

DONE_S = 120.0
"""More than twice what the demo takes on a busy machine with two cores."""

POISON = b'{"schema": "article.raw", "title": "cut off in the middle of'


class Demo:
    """One run. Everything that it makes lies in one folder and ends with it, unless it is kept.

    Args:
        console: where the progress and the tables go.
        keep: leave engines and services running at the end.
    """

    def __init__(self, console: Console, *, keep: bool) -> None:
        self._console = console
        self._keep = keep
        self.folder = Path(tempfile.mkdtemp(prefix="presswatch-demo-"))
        self._engines_name = f"demo-{os.getpid()}"
        self._supervisor = Supervisor(self.folder)
        self._slack_log = self.folder / "slack-messages.jsonl"
        self._data = ExitStack()

    def run(self) -> list[str]:
        """Do it all; return the differences between what was expected and what was found.

        Raises:
            PresswatchError: an engine or a service does not come up, or the work is not done in time.
        """
        data = self._data.enter_context(as_file(files("presswatch.demo") / "data"))
        expected = Expectation.of(yaml.safe_load((data / "expected.yaml").read_text(encoding="utf-8")))
        with Display() as display:
            home = load().settings.engines_home
            started = engines.start(
                self._engines_name,
                wish=engines.PortWish(free=True),
                temporary=not self._keep,
                home=home,
                display=display,
            )
        try:
            settings = self._write_settings(started, data)
            self._start_services(settings)
            found = self._feed(settings, data, expected)
            return differences(expected, found)
        finally:
            if not self._keep:
                self._step("stopping everything")
                self._supervisor.stop()
                engines.stop(self._engines_name, delete_data=True, home=home)

    def close(self, *, remove: bool) -> None:
        """Let go of the demo's data; with `remove`, also of its folder of logs."""
        self._data.close()
        if remove:
            for path in sorted(self.folder.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            self.folder.rmdir()

    def _step(self, text: str) -> None:
        self._console.print(f"[bold cyan]·[/] {text}", highlight=False)

    @property
    def _config(self) -> Path:
        return self.folder / "presswatch.yaml"

    def _environment(self) -> dict[str, str]:
        token = {"PRESSWATCH_SLACK_TOKEN": TOKEN}
        return system.inherited_environment(drop_settings=True) | {"PRESSWATCH_CONFIG": str(self._config)} | token

    def _write_settings(self, started: engines.Engines, data: Path) -> Settings:
        ports = _free_ports(len(system.SERVICES) + 1)
        values: dict[str, Any] = {
            "kafka": {"bootstrap": started.bootstrap},
            "elasticsearch": {"url": started.url},
            "ingest": {"state": str(self.folder / "ingest.sqlite"), "feeds": [str(data / "feed.xml")], "interval_s": 5},
            "indexer": {"rules": str(data / "rules")},
            "slack": {"api_url": f"http://127.0.0.1:{ports[0]}/api", "channel": "#newsroom", "per_channel_s": 0.25},
            "http": dict(zip(system.SERVICES, ports[1:], strict=True)),
        }
        system.write_settings(self._config, values)
        return load(self._config, {}).settings

    def _start_services(self, settings: Settings) -> None:
        self._step("creating Kafka topics and Elasticsearch indices")
        self._presswatch("setup")
        port = settings.slack.api_url.rsplit(":", 1)[1].removesuffix("/api")
        stand_in = [sys.executable, "-m", "presswatch.demo.slack", "--port", port, "--log", str(self._slack_log)]
        programs = [
            Program("slack", [*stand_in, "--per-channel-s", "0.2"]),
            *system.service_programs("demo", {"ingest": ["--watch"]}),
        ]
        if self._keep:
            programs.insert(0, system.engines_program(self._engines_name, self.folder))
        self._supervisor.start(programs, self._environment())
        self._step("starting tagger, indexer, alerter, ingest and a stand-in for Slack")
        for program in programs:
            self._supervisor.launch(program.name)
        system.wait_ready(self._supervisor, settings, lambda text: self._step(f"waiting for {text}"))

    def _feed(self, settings: Settings, data: Path, expected: Expectation) -> Findings:
        client = connect(settings.elasticsearch)
        progress = readback.Progress(settings)
        with readback.SearchableWatch(client, settings) as searchable:
            self._step("ingesting articles, one of them broken; a foreign record goes straight into Kafka")
            publisher = Publisher(settings.kafka)
            publisher.publish([Outgoing(topic(settings.kafka, RAW), b"poison", POISON)])
            publisher.close()
            self._presswatch("ingest", str(data / "articles.jsonl"), code=1)
            self._wait_until_done(settings, progress, client, len(expected.tags))
            self._step(f"ingesting a correction of {expected.corrected}")
            self._presswatch("ingest", str(data / "correction.jsonl"))
            corrected = self._wait_for_correction(settings, client, expected)
            self._wait_until_done(settings, progress, client, len(expected.tags))
            documents = readback.articles(client, settings)
            seconds = searchable.seconds()
        progress.close()
        messages = readback.slack_messages(self._slack_log)
        letters = readback.dead_letters(settings)
        entries = readback.ledger(client, settings)
        report.print_articles(self._console, documents)
        report.print_slack(self._console, messages)
        report.print_dead_letters(self._console, letters)
        report.print_latency(
            self._console, seconds, [entry["latency_ms"] / 1000 for entry in entries if entry["state"] == "sent"]
        )
        client.close()
        return _findings(expected, documents, messages, letters, entries, corrected)

    def _wait_until_done(self, settings: Settings, progress: readback.Progress, client: Any, articles: int) -> None:
        """Done: every stage has committed all that is there, twice in a row, and all articles can be found."""
        seen: list[Any] = []

        def done() -> bool:
            now = progress.read()
            there = len(readback.articles(client, settings))
            line = ", ".join(f"{stage} {did}/{all_}" for stage, (did, all_) in now.items())
            if not seen or seen[-1] != now:
                self._step(f"{line}; {there} of {articles} articles searchable")
            settled = there >= articles and all(did == all_ for did, all_ in now.values()) and seen[-1:] == [now]
            seen.append(now)
            return settled

        client.indices.refresh(index="*")
        if not readback.wait(done, DONE_S, 0.3):
            ends = "\n".join(system.log_end(self._supervisor, name) for name in system.SERVICES)
            raise PresswatchError(f"the work is not done after {DONE_S:g} s\n{ends}")

    def _wait_for_correction(self, settings: Settings, client: Any, expected: Expectation) -> int:
        """Wait until the earlier wording stands in the revisions; return how many of it do."""

        def kept() -> list[dict[str, Any]]:
            urls = [document.get("url", "") for document in readback.revisions(client, settings)]
            return [{"url": url} for url in urls if expected.name_of(url) == expected.corrected]

        readback.wait(kept, 30.0)
        return len(kept())

    def _presswatch(self, *arguments: str, code: int = 0) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "presswatch", *arguments], env=self._environment(), text=True, capture_output=True,
            check=False,
        )  # fmt: skip
        if done.returncode != code:
            raise PresswatchError(
                f"`presswatch {' '.join(arguments)}` ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
            )

    def addresses(self) -> list[tuple[str, str]]:
        """Return what runs where, for a demo that was kept."""
        settings = load(self._config, {}).settings
        rows = [("Kafka", settings.kafka.bootstrap), ("Elasticsearch", settings.elasticsearch.url)]
        rows += [(f"{name} metrics", system.base_url(settings, name) + "/metrics") for name in system.SERVICES]
        return [*rows, ("settings", str(self._config)), ("logs", str(self.folder / "logs"))]


def _findings(
    expected: Expectation,
    documents: list[dict[str, Any]],
    messages: list[dict[str, Any]],
    letters: list[readback.DeadLetter],
    entries: list[dict[str, Any]],
    corrected: int,
) -> Findings:
    by_notification = {entry["notification"]: entry for entry in entries}
    names = {document["_id"]: expected.name_of(document.get("url") or "") for document in documents}
    alerts = []
    for message in messages:
        entry = by_notification[message["metadata"]["event_payload"]["notification"]]
        alerts.append((entry["rule"], names.get(entry["article"], entry["article"])))
    tags: dict[str, tuple[str, ...]] = {}
    for document in documents:
        name = names[document["_id"]]
        twice = f"{name} (a second document of it)" if name in tags else name
        tags[twice] = tuple(sorted(document.get("topic") or []))
        if article_id(document.get("url")) != document["_id"]:
            tags[f"{name} (under another id)"] = ()
    return Findings(
        tags=tags,
        alerts=tuple(alerts),
        dead_letters=Counter((letter.stage, letter.reason) for letter in letters),
        revisions={expected.corrected: corrected},
    )


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
