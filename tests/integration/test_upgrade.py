"""A rolling upgrade from the baseline and its roll-back, with real processes of both versions, while articles flow."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import orjson
import pytest
from tests import older
from tests.integration.slack_fixture import served_workspace
from tests.processes import Sandbox, ServiceProcess, wait_until

from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.kafkalog import Log
from presswatch.core.article import article_id
from presswatch.core.canary import is_canary
from presswatch.demo import readback
from presswatch.engines import Engines
from presswatch.local import slack as stand_in
from presswatch.topology import CONTROL_RULES, TAGGED

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.needs("history")]

RULES = """
- {id: wheat, name: Wheat, query: "@grain NEAR/9 mills", severity: high, notify: [slack:grain-desk]}
- {id: health, name: Health, query: "topic:health AND cholera", notify: [slack:health-desk]}
"""
WORK = {
    "tagger": ('presswatch_records_total{outcome="tagged",stage="tagger"}',),
    "indexer": ('presswatch_records_total{outcome="ok",stage="indexer"}',),
    "alerter": (
        'presswatch_records_total{outcome="ok",stage="decide"}',
        'presswatch_notifications_total{kind="slack",outcome="sent"}',
    ),
}
"""What tells that a process, of either version, has done some of its stages' work."""
A_STEP = 12
"""Articles that are written while one service is replaced."""


class Wire:
    """A file that grows by an article every 300 ms, of which `ingest --watch` reads. Every third is about wheat, and is
    corrected later; every fourth about cholera."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.touch()
        self.told: dict[str, str] = {}
        self.alerts: set[tuple[str, str]] = set()
        self._number = 0
        self._corrected = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def number(self) -> int:
        return self._number

    def _run(self) -> None:
        while not self._stop.wait(0.3):
            self._tell(self._number)
            if self._number % 3 == 2 and self._number > 30:
                self._corrected += 3
                self._tell(self._corrected, correction=True)
            self._number += 1

    def _tell(self, number: int, *, correction: bool = False) -> None:
        title, text = f"Notes of day {number}", "Nothing of note was said in the assembly of Orsal on that day."
        url = f"https://daily.example/notes-{number}"
        if number % 3 == 0:
            text = f"The mills of Orsal have wheat for {number} days."
            self.alerts.add(("wheat", article_id(url)))
        if number % 4 == 0:
            text += " The ministry of health reports an outbreak of cholera; hospitals treat patients with vaccines."
            self.alerts.add(("health", article_id(url)))
        if correction:
            text += " The number was corrected by the editors of the Daily afterwards."
        article = {"url": url, "source": "Daily", "lang": "en", "title": title, "text": text}
        self.told[article_id(url)] = text
        with self.path.open("ab") as file:
            file.write(orjson.dumps(article) + b"\n")


class Fleet:
    """One process of each service, of either version; `replace` puts one of the other beside it before the old one goes."""

    def __init__(self, stack: ExitStack, wire: Wire) -> None:
        self._stack = stack
        self._wire = wire
        self.running: dict[str, ServiceProcess] = {}

    def start(self, sandbox: Sandbox, name: str) -> ServiceProcess:
        inputs = ("--watch", str(self._wire.path)) if name == "ingest" else ()
        process = self._stack.enter_context(sandbox.service(name, *inputs))
        process.wait_ready()
        self.running[name] = process
        return process

    def replace(self, sandbox: Sandbox, name: str) -> None:
        before = self.running[name]
        if name == "ingest":  # its poll state is one process' own
            assert before.terminate() == 0, before.log.read_text()[-3000:]
            self.start(sandbox, name)
        else:
            process = self.start(sandbox, name)
            assert before.terminate() == 0, before.log.read_text()[-3000:]
            wait_until(lambda: all(process.metric(one) for one in WORK[name]), 90, f"the other {name} has done some")
        reached = self._wire.number + A_STEP
        wait_until(lambda: self._wire.number > reached, 60, "some more articles are written")


class Place:
    """Both versions on the same topics and indices, each with settings of its own."""

    def __init__(self, engines: Engines, folder: Path, slack: int) -> None:
        prefix = f"upgrade-{uuid4().hex[:8]}-"
        values: dict[str, dict[str, Any]] = {
            "ingest": {"state": str(folder / "state.sqlite")},
            "slack": {"api_url": f"http://127.0.0.1:{slack}/api", "per_channel_s": 0},
        }
        self.folder = folder
        self.rules = folder / "rules"
        (self.rules / "lists").mkdir(parents=True)
        (self.rules / "rules.yaml").write_text(RULES)
        (self.rules / "lists" / "grain.txt").write_text("wheat\nbarley\n")
        for name in ("old", "new"):
            (folder / name).mkdir()
        self.old = Sandbox(engines, folder / "old", prefix, values)
        self.new = Sandbox(engines, folder / "new", prefix, values)
        self.old.environ["PYTHONPATH"] = str(older.unpack(folder / "tree"))
        for sandbox in (self.old, self.new):
            sandbox.environ["PRESSWATCH_SLACK_TOKEN"] = stand_in.TOKEN
        self.client = connect(self.new.settings.elasticsearch)
        self.prefix = prefix

    def settled(self) -> bool:
        progress = readback.Progress(self.new.settings)
        try:
            return all(done == there for done, there in progress.read().values())
        finally:
            progress.close()

    def versions(self, name: str, schema: str) -> set[int]:
        """Return the schema versions of the messages on a topic."""
        with Log(self.new.settings.kafka) as log:
            found = [orjson.loads(record.value) for record in log.read(name) if record.value]
        return {message["schema_version"] for message in found if message["schema"] == schema}

    def mapping_versions(self) -> set[int]:
        found = self.client.indices.get_mapping(index=f"{self.prefix}*").body
        return {body["mappings"]["_meta"]["mapping_version"] for body in found.values()}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[stand_in.Workspace]:
    with served_workspace(tmp_path / "slack.jsonl") as workspace:
        yield workspace


def test_an_upgrade_and_a_roll_back_lose_nothing_and_alert_once(
    engines: Engines, tmp_path: Path, workspace: stand_in.Workspace
) -> None:
    place = Place(engines, tmp_path, workspace.port)
    old, new = place.old, place.new
    old.command("setup")
    old.command("rules", "apply", str(place.rules))
    assert place.mapping_versions() == {1}
    assert place.versions(CONTROL_RULES, "control.rule") == {1}
    with ExitStack() as stack:
        wire = stack.enter_context(Wire(tmp_path / "wire.jsonl"))
        fleet = Fleet(stack, wire)
        services = ("tagger", "indexer", "alerter", "ingest")
        for name in services:
            fleet.start(old, name)

        # The new version's setup goes first: until then its services refuse to start.
        assert "run `presswatch setup`" in new.refused("indexer")
        said = new.command("setup")
        assert f"index {place.prefix}article-ids: mapping version 1 -> 2" in said
        assert "unsupported" in said
        for name in services:
            fleet.replace(new, name)
        assert place.versions(TAGGED, "article.tagged") == {1, 2}
        # What the new version puts into force, with objects of its own version, the old one reads after the roll-back.
        new.command("rules", "apply", str(place.rules))
        for name in reversed(services):
            fleet.replace(old, name)
        assert "was set up by a newer Presswatch" in old.refused("setup")
        for name in services:
            fleet.replace(new, name)

        wire.stop()
        everything = len(wire.told)
        wait_until(lambda: indexed(place) == everything, 120, "all that was written is in Elasticsearch")
        wait_until(place.settled, 60, "every stage has committed all")
        check(place, wire, workspace)


def indexed(place: Place) -> int:
    place.client.indices.refresh(index=f"{place.prefix}articles")
    return int(place.client.count(index=f"{place.prefix}articles")["count"])


def check(place: Place, wire: Wire, workspace: stand_in.Workspace) -> None:
    """Each article is there in its last wording; each alert went out once and no other; nothing died; the books balance."""
    found = {one["id"]: one["text"] for one in everything(place, "articles")}
    assert found == wire.told
    ledger = [alert for alert in everything(place, "alerts") if not is_canary(alert["article"])]
    sent = Counter((alert["rule"], alert["article"]) for alert in ledger if alert["state"] == "sent")
    assert set(sent) == wire.alerts
    assert set(sent.values()) == {1}
    assert len(workspace.messages) == len(wire.alerts)
    assert place.new.command("dlq", "list", "--json") == ""
    assert "Nothing is missing." in place.new.command("audit", "--since", "1h")


def everything(place: Place, name: str) -> list[dict[str, Any]]:
    place.client.indices.refresh(index=f"{place.prefix}{name}")
    hits = place.client.search(index=f"{place.prefix}{name}", size=10_000)["hits"]["hits"]
    return [hit["_source"] for hit in hits]
