"""`presswatch backup` and `restore`: all that they are for is lost, for real, and is there again; and no alert goes out twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka.admin import KafkaAdminClient
from tests.integration.operate.system import System, article, prepared
from tests.processes import wait_until

from presswatch.adapters.kafka import connection
from presswatch.core.article import article_id
from presswatch.engines import Engines

pytestmark = pytest.mark.engine

SERVICES = ("tagger", "indexer", "alerter")


@pytest.fixture
def system(engines: Engines, tmp_path: Path) -> Iterator[System]:
    """A system of the test's own, to be destroyed; its services do not run yet."""
    with prepared(engines, tmp_path, "backup") as system:
        yield system


def start(system: System, stack: ExitStack) -> None:
    for name in SERVICES:
        system.services[name] = stack.enter_context(system.sandbox.service(name))
    for service in system.services.values():
        service.wait_ready()


def stop(system: System) -> None:
    for service in system.services.values():
        assert service.terminate() == 0, service.log.read_text()[-3000:]


def destroy_kafka(system: System) -> None:
    """Delete every topic of the system, as the loss of the cluster would."""
    admin: Any = KafkaAdminClient(**connection(system.settings.kafka))
    prefix = system.settings.kafka.prefix
    try:
        admin.delete_topics([name for name in admin.list_topics() if name.startswith(prefix)])
        wait_until(lambda: not [name for name in admin.list_topics() if name.startswith(prefix)], 60, "topics are gone")
    finally:
        admin.close()


def destroy_elasticsearch(system: System) -> None:
    """Delete every index of the system, as the loss of the cluster would."""
    prefix = system.settings.elasticsearch.prefix
    system.client.indices.delete(index=",".join(system.client.indices.get(index=f"{prefix}*")))


def told(name: str, text: str) -> dict[str, Any]:
    return article(name, text)


@pytest.mark.slow
def test_everything_is_lost_and_comes_back(system: System, tmp_path: Path) -> None:
    wheat, barley, private = told("mill", "Wheat."), told("malt", "Barley."), told("private", "Wheat of somebody.")
    kept = tmp_path / "backups" / "first"
    with ExitStack() as stack:
        system.command("rules", "apply", str(tmp_path / "rules"))
        start(system, stack)
        system.workspace.closed.add("#barley-desk")
        system.ingest(wheat, barley, private, b"no json", code=1)
        system.wait_settled()
        system.command("forget", private["url"], "--because", "asked for")
        system.command("dlq", "drop", "--stage", "ingest", "--because", "a broken export")
        rules, letters = system.lines("rules", "list"), system.lines("dlq", "list", "--all")
        assert [(one["letter"], one["reason"], one["state"]) for one in letters] == [
            ("ingest/0", "not_json", "dropped"),
            ("deliver/0", "slack_is_archived", "open"),
        ]
        assert system.command("backup", str(kept)).splitlines()[-1] == f"{kept} is complete"

        stop(system)
        destroy_kafka(system)
        destroy_elasticsearch(system)
        assert "run `presswatch setup` first" in system.run("restore", str(kept)).err
        system.command("setup")
        assert system.lines("rules", "list") != rules
        said = system.command("restore", str(kept))
        assert "control.rules   2 objects in force, as generation 1" in said
        assert "alerts          3 documents added" in said
        assert "article-ids     2 documents added" in said
        assert [{**one, "applied": 0} for one in system.lines("rules", "list")] == [
            {**one, "applied": 0} for one in rules
        ]
        assert told_of(system.lines("dlq", "list", "--all")) == told_of(letters)
        again = system.command("restore", str(kept))
        assert "generation 1 is in force already" in again
        assert "0 documents added, 3 here already" in again
        assert "deliver.dead    0 records added" in again

        # The feeds bring the same articles once more: nobody is alerted again, and what was forgotten stays so.
        start(system, stack)
        (tmp_path / "state.sqlite").unlink()
        system.ingest(wheat, barley, private)
        system.wait_settled()
        assert [message["channel_name"] for message in system.workspace.messages].count("#grain-desk") == 2
        found = {hit["_id"] for hit in everything(system, "articles")}
        assert found == {article_id(wheat["url"]), article_id(barley["url"])}
        # The dead letter is tried again, where it lies now.
        assert [one["reason"] for one in system.lines("dlq", "list")] == ["slack_is_archived"]
        system.workspace.closed.clear()
        assert "1 dead letter" in system.command("dlq", "retry", "--reason", "slack_is_archived")
        wait_until(lambda: "On malt" in str(system.workspace.messages), 60, "it is delivered after all")
        stop(system)


@pytest.mark.slow
def test_elasticsearch_is_lost_and_alerts_had_gone_out_since_the_backup(system: System, tmp_path: Path) -> None:
    early, late = told("early", "Wheat."), told("late", "Wheat, after the backup.")
    with ExitStack() as stack:
        system.command("rules", "apply", str(tmp_path / "rules"))
        start(system, stack)
        system.ingest(early)
        system.wait_settled()
        system.command("backup", str(tmp_path / "kept"))
        system.ingest(late)
        system.wait_settled()
        assert len(system.workspace.messages) == 2
        stop(system)
        destroy_elasticsearch(system)
        system.command("setup")
        said = system.command("restore", str(tmp_path / "kept"))
        assert "alerts          1 document added from Kafka, of alerts that went out after the backup" in said

        start(system, stack)
        (tmp_path / "state.sqlite").unlink()
        system.ingest(early, late)  # by their feed, before anybody replays
        system.wait_settled()
        since = said.splitlines()[-1].partition("--since ")[2].split()[0]
        system.command("replay", "--since", since, "--from", "kafka", "--job", str(tmp_path / "job.json"))
        system.wait_settled()
        assert len(system.workspace.messages) == 2
        assert {hit["_id"] for hit in everything(system, "articles")} == {
            article_id(one["url"]) for one in (early, late)
        }
        stop(system)


def told_of(letters: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what must be the same of dead letters; their numbers need not."""
    return [(one["stage"], one["reason"], one["failed"], one["state"], one.get("settled")) for one in letters]


def everything(system: System, name: str) -> list[dict[str, Any]]:
    system.client.indices.refresh(index=system.index(name))
    return list(system.client.search(index=system.index(name), size=1000)["hits"]["hits"])


def test_mistakes_are_named(system: System, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert "nothing was in force" not in system.command("backup", str(kept))
    assert system.run("backup", str(kept)).err == (
        f"presswatch: {kept} is there already: name a folder that does not exist yet, one for each backup\n"
    )
    assert "is no backup: its backup.json cannot be read (No such file" in system.run("restore", str(tmp_path)).err
    (tmp_path / "file").write_text("")
    assert "cannot be written to" in system.run("backup", str(tmp_path / "file" / "inside")).err
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    part = kept / "alerts.jsonl.gz"
    data = part.read_bytes()
    part.write_bytes(data + b"x")
    assert f"{part} is not what was written" in system.run("restore", str(kept)).err
    part.unlink()
    assert f"{part} is missing: the backup is not whole" in system.run("restore", str(kept)).err
    part.write_bytes(data)
    about = orjson.loads((kept / "backup.json").read_bytes())
    for change, message in (
        ({"format": 2}, "was written by a newer Presswatch"),
        ({"mapping_version": 99}, "the backup was taken by a newer Presswatch"),
        ({"prefixes": {"kafka": "other-", "elasticsearch": "other-"}}, "of a system with kafka.prefix 'other-'"),
    ):
        (kept / "backup.json").write_bytes(orjson.dumps(about | change))
        assert message in system.run("restore", str(kept)).err
    (kept / "backup.json").write_bytes(b"{")
    assert "backup.json is damaged" in system.run("restore", str(kept)).err


def test_a_scheduler_keeps_the_newest(system: System, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    system.command("backup", str(place / "by-hand"))
    for day in ("2026-01-01", "2026-01-02", "2026-01-03"):
        shutil.copytree(place / "by-hand", place / f"{day}T020000Z")
    said = system.command("backup", "--keep", "2", str(place))
    assert [line for line in said.splitlines() if "deleted" in line] == [
        f"deleted {place / '2026-01-01T020000Z'}",
        f"deleted {place / '2026-01-02T020000Z'}",
    ]
    left = sorted(path.name for path in place.iterdir())
    assert left[0] == "2026-01-03T020000Z"
    assert said.splitlines()[-1] == f"{place / left[1]} is complete"
    assert left[2:] == ["by-hand"]


def test_rules_that_are_in_force_here_are_not_replaced_unasked(system: System, tmp_path: Path) -> None:
    system.command("rules", "apply", str(tmp_path / "rules"))
    kept = tmp_path / "kept"
    system.command("backup", str(kept))
    (tmp_path / "rules" / "rules.yaml").write_text("{id: oats, name: Oats, query: oats}")
    system.command("rules", "apply", str(tmp_path / "rules"))
    done = system.run("restore", str(kept))
    assert done.code == 1
    assert "control.rules   left: generation 2 is in force here, with other objects than generation 1" in done.out
    assert "oats" in system.command("rules", "list")
    assert "2 objects in force, as generation 3" in system.command("restore", str(kept), "--replace")
    listed = system.command("rules", "list")
    assert "barley" in listed
    assert "oats" not in listed


def test_a_set_that_is_not_whole_is_left_out_and_said(system: System, tmp_path: Path) -> None:
    system.command("rules", "apply", str(tmp_path / "rules"))
    system.put("control.rules", b"no manifest", b"manifest")
    kept = tmp_path / "kept"
    done = system.run("backup", str(kept))
    assert done.code == 1
    assert "control.rules   left out: the manifest cannot be read" in done.out
    assert "is complete but for control.rules" in done.err
    assert "control.rules   nothing was in force" in system.command("restore", str(kept))
