"""Runs the demo: the real engines and services on free ports, articles in, and a check of what came out."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.core.article import article_id
from presswatch.core.errors import PresswatchError
from presswatch.demo import readback, report
from presswatch.demo.expectation import Expectation, Findings, differences
from presswatch.engines.progress import Display
from presswatch.local import system
from presswatch.local.system import TrialSystem
from presswatch.settings import Settings
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
        self._resources = ExitStack()
        self._data = self._resources.enter_context(as_file(files("presswatch.demo") / "data"))
        self.folder = Path(tempfile.mkdtemp(prefix="presswatch-demo-"))
        values: dict[str, dict[str, Any]] = {
            "ingest": {"feeds": [str(self._data / "feed.xml")], "interval_s": 5},
            "slack": {"channel": "#newsroom", "per_channel_s": 0.25},
        }
        self._system = TrialSystem(self.folder, self._data / "rules", values, keep=keep)

    def run(self) -> list[str]:
        """Do it all; return the differences between what was expected and what was found.

        Raises:
            PresswatchError: an engine or a service does not come up, or the work is not done in time.
        """
        expected = Expectation.of(yaml.safe_load((self._data / "expected.yaml").read_text(encoding="utf-8")))
        try:
            with Display() as display:
                self._system.start_engines(display)
            self._step(
                "setting up topics and indices; applying rules; starting tagger, indexer, alerter, ingest, a stand-in for Slack"
            )
            self._system.start_services(lambda text: self._step(f"waiting for {text}"))
            return differences(expected, self._feed(self._system.settings, expected))
        finally:
            if not self._keep:
                self._step("stopping everything")
                self._system.stop()

    def close(self, *, remove: bool) -> None:
        """Let go of the demo's data; with `remove`, also of its folder of logs."""
        self._resources.close()
        if remove:
            shutil.rmtree(self.folder)

    def _step(self, text: str) -> None:
        self._console.print(f"[bold cyan]·[/] {text}", highlight=False)

    def _feed(self, settings: Settings, expected: Expectation) -> Findings:
        client = connect(settings.elasticsearch)
        progress = readback.Progress(settings)
        with readback.SearchableWatch(client, settings) as searchable:
            self._step("ingesting articles, one of them broken; a foreign record goes straight into Kafka")
            publisher = Publisher(settings.kafka)
            publisher.publish([Outgoing(topic(settings.kafka, RAW), b"poison", POISON)])
            publisher.close()
            self._system.command("ingest", str(self._data / "articles.jsonl"), code=1)
            self._wait_until_done(settings, progress, client, len(expected.tags))
            self._step(f"ingesting a correction of {expected.corrected}")
            self._system.command("ingest", str(self._data / "correction.jsonl"))
            corrected = self._wait_for_correction(settings, client, expected)
            self._wait_until_done(settings, progress, client, len(expected.tags))
            documents = readback.articles(client, settings)
            seconds = searchable.seconds()
        progress.close()
        messages = readback.slack_messages(self._system.slack_log)
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
            ends = "\n".join(system.log_end(self._system.supervisor, name) for name in system.SERVICES)
            raise PresswatchError(f"the work is not done after {DONE_S:g} s\n{ends}")

    def _wait_for_correction(self, settings: Settings, client: Any, expected: Expectation) -> int:
        """Wait until the earlier wording stands in the revisions; return how many of it do."""

        def kept() -> list[dict[str, Any]]:
            urls = [document.get("url", "") for document in readback.revisions(client, settings)]
            return [{"url": url} for url in urls if expected.name_of(url) == expected.corrected]

        readback.wait(kept, 30.0)
        return len(kept())

    def addresses(self) -> list[tuple[str, str]]:
        """Return what runs where, for a demo that was kept."""
        settings = self._system.settings
        rows = [("Kafka", settings.kafka.bootstrap), ("Elasticsearch", settings.elasticsearch.url)]
        rows += [(f"{name} metrics", system.base_url(settings, name) + "/metrics") for name in system.SERVICES]
        return [*rows, ("settings", str(self._system.config)), ("logs", str(self.folder / "logs"))]


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
