"""Rules into force on real Kafka: applied, changed, removed, refused; by several at once; while an indexer works."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import orjson
import pytest
from tests.integration.indexer_kit import Desk, provision, rule_folder, tagged
from tests.processes import Sandbox, ServiceProcess, wait_until

from presswatch.adapters.kafka import Outgoing
from presswatch.control.apply import apply
from presswatch.control.topic import OvertakenError, Writer, consumer, read
from presswatch.core.control import MANIFEST_KEY, BrokenSetError, Object, plan
from presswatch.core.messages import TaggedArticle
from presswatch.engines import Engines
from presswatch.provision import provision_kafka
from presswatch.runtime import now_ms
from presswatch.topology import CONTROL_RULES, TAGGED, topic

pytestmark = pytest.mark.engine

TWO = "- {id: a, name: A, query: wheat}\n- {id: b, name: B, query: '@cereals', notify: [slack:x]}\n"


class Control:
    """A control topic of the test's own, and the command line before it."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self.sandbox = Sandbox(engines, folder, f"control-{uuid4().hex[:8]}-", {})
        self.kafka = self.sandbox.settings.kafka
        list(provision_kafka(self.kafka))
        self.rules = folder / "rules"
        (self.rules / "lists").mkdir(parents=True)
        (self.rules / "lists" / "cereals.txt").write_text("barley\n")

    def write(self, text: str) -> None:
        rule_folder(self.rules, text)

    def apply(self, *arguments: str) -> str:
        return self.sandbox.command("rules", "apply", str(self.rules), *arguments)

    def refused(self, *arguments: str) -> str:
        return self.sandbox.refused("rules", "apply", str(self.rules), *arguments)

    def records(self) -> int:
        """Return how many records a reader from the beginning is given."""
        reader, partition = consumer(self.kafka, CONTROL_RULES)
        with closing(reader):
            end, found = reader.end_offsets([partition])[partition], 0
            while reader.position(partition) < end:
                found += len(reader.poll(timeout_ms=100).get(partition, ()))
            return found


@pytest.fixture
def control(engines: Engines, tmp_path: Path) -> Control:
    return Control(engines, tmp_path)


def objects(**content: str) -> list[Object]:
    return [Object.of("rule", name, value.encode()) for name, value in content.items()]


def test_a_folder_is_applied_changed_and_refused_as_a_whole(control: Control) -> None:
    assert "nothing was ever applied" in control.sandbox.command("rules", "list")
    control.write(TWO)
    assert "would be 3 added" in control.apply("--dry-run")
    assert control.records() == 0
    assert control.apply().splitlines() == [
        "added    list cereals",
        "added    rule a",
        "added    rule b",
        "published generation 1 by files: 3 added",
    ]
    before = control.records()
    assert control.apply() == "nothing to do: 1 list, 2 rules by files unchanged; generation 1 stays\n"
    assert control.records() == before, "an unchanged set publishes nothing"
    listed = control.sandbox.command("rules", "list")
    assert [line.split()[0] for line in listed.splitlines()[1:-1]] == ["a", "b"]
    assert "2 rules, 1 list; generation 1, applied " in listed

    control.write("- {id: a, name: A, query: wheat AND}\n- {id: c, name: C, query: rye}\n")
    refused = control.refused()
    assert "rules.yaml:1:" in refused
    assert "nothing was applied; what is in force stays" in refused
    control.write("- {id: a, name: A, query: wheat, must_match: [barley]}\n")
    refused = control.refused()
    assert "a: must_match 1 does not match" in refused
    assert "1 example failed: nothing was applied; what is in force stays" in refused
    assert control.records() == before

    control.write("- {id: a, name: A, query: wheat OR rye}\n")
    assert control.apply().splitlines() == [
        "changed  rule a",
        "removed  list cereals",
        "removed  rule b",
        "published generation 2 by files: 1 changed, 2 removed",
    ]
    assert "nothing was published: generation 3 by desk would be 1 added" in control.apply(
        "--as", "desk", "--take-over", "--dry-run"
    )
    assert "rule a: managed by `files`, not by `desk`" in control.refused("--as", "desk")


def test_many_apply_at_once_and_no_change_is_lost(control: Control) -> None:
    rounds, managers = 4, ("ana", "ben", "cem")
    start = threading.Barrier(len(managers))

    def work(manager: str) -> None:
        start.wait(30)
        for at in range(rounds):
            apply(control.kafka, CONTROL_RULES, manager, objects(**{manager: str(at), f"{manager}-{at}": "x"}))

    with ThreadPoolExecutor(len(managers)) as pool:
        for done in [pool.submit(work, manager) for manager in managers]:
            done.result()
    found = read(control.kafka, CONTROL_RULES).current()
    assert found.generation == rounds * len(managers)
    last = [each for name in managers for each in objects(**{name: str(rounds - 1), f"{name}-{rounds - 1}": "x"})]
    assert found.objects == {str(each.key): each.value for each in last}


def test_who_is_overtaken_publishes_nothing_and_who_dies_half_way_hinders_nobody(control: Control) -> None:
    def planned(manager: str) -> Any:
        return plan(read(control.kafka, CONTROL_RULES), manager, objects(**{manager: "1"}), now_ms())

    with closing(Writer(control.kafka, CONTROL_RULES)) as slow:
        change = planned("slow")
        with closing(Writer(control.kafka, CONTROL_RULES)) as quick:
            quick.publish(planned("quick"))
        with pytest.raises(OvertakenError):
            slow.publish(change)
    assert set(read(control.kafka, CONTROL_RULES).current().managers.values()) == {"quick"}

    dying = Writer(control.kafka, CONTROL_RULES)
    dying._producer.begin_transaction()
    sent = dying._producer.send(topic(control.kafka, CONTROL_RULES), key=MANIFEST_KEY, value=b"half", partition=0)
    sent.get(timeout=30)
    assert read(control.kafka, CONTROL_RULES).current().generation == 1, "what is not committed cannot be seen"
    assert apply(control.kafka, CONTROL_RULES, "after", objects(c="1")).generation == 2
    assert set(read(control.kafka, CONTROL_RULES).current().managers.values()) == {"quick", "after"}
    dying.close()


# While an indexer works.

GENERATION = 'presswatch_control_generation{stage="indexer",topic="control.rules"}'
BROKEN = 'presswatch_control_broken{stage="indexer",topic="control.rules"}'


class System(Desk):
    """An indexer process on topics and indices of the test's own."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self.sandbox = Sandbox(engines, folder, f"control-{uuid4().hex[:8]}-", {"indexer": {"batch": 50}})
        provision(self.sandbox.settings)
        super().__init__(self.sandbox.settings, folder)
        self._sent = 0

    def apply(self, text: str) -> str:
        return self.sandbox.command("rules", "apply", str(rule_folder(self.folder / "rules", text)))

    def in_force(self, process: ServiceProcess, generation: int) -> None:
        wait_until(lambda: process.metric(GENERATION) == generation, 30, f"generation {generation}")

    def send(self, title: str) -> str:
        self._sent += 1
        name = f"{self._sent:032x}"
        self.publish([tagged(name, title=title, text="")])
        return name

    def matched(self, article: str) -> set[str]:
        """Wait until an article is indexed; return the rules that it matched."""

        def found() -> list[dict[str, Any]]:
            return self.search("articles", {"ids": {"values": [article]}})

        return set(wait_until(found, 60, f"article {article}")[0]["_source"]["rule"])


@pytest.fixture
def system(engines: Engines, tmp_path: Path) -> Iterator[System]:
    system = System(engines, tmp_path)
    yield system
    system.close()


def test_an_indexer_has_all_rules_before_its_first_article_and_each_change_while_it_runs(system: System) -> None:
    first = system.send("wheat")
    system.apply("- {id: wheat, name: Wheat, query: wheat}\n")
    with system.sandbox.service("indexer") as process:
        assert system.matched(first) == {"wheat"}
        process.wait_ready()
        system.apply("- {id: wheat, name: Wheat, query: wheat}\n- {id: rye, name: Rye, query: rye}\n")
        system.in_force(process, 2)
        assert system.matched(system.send("wheat and rye")) == {"wheat", "rye"}
        system.apply("- {id: wheat, name: Wheat, query: oats}\n")
        system.in_force(process, 3)
        assert system.matched(system.send("wheat and rye and oats")) == {"wheat"}
        assert process.metric("presswatch_rules") == 1
        assert process.metric('presswatch_control_rollout_seconds_count{stage="indexer",topic="control.rules"}') == 2
        assert process.terminate() == 0


def test_where_nothing_was_ever_applied_articles_are_indexed_and_nothing_matches(system: System) -> None:
    with system.sandbox.service("indexer") as process:
        assert system.matched(system.send("wheat")) == set()
        assert "no rule is in force" in process.log.read_text()
        assert process.get("/readyz")


def test_a_broken_set_is_refused_loudly_and_the_one_before_stays(system: System) -> None:
    name = topic(system.settings.kafka, CONTROL_RULES)
    system.apply("- {id: wheat, name: Wheat, query: wheat}\n")
    (key,) = read(system.settings.kafka, CONTROL_RULES).objects
    with system.sandbox.service("indexer") as process:
        process.wait_ready()
        for record, why in (
            (Outgoing(name, key.encode(), b"rubbish"), f"{key} is damaged"),
            (Outgoing(name, key.encode(), None), f"{key} is missing"),
            (Outgoing(name, MANIFEST_KEY, b"rubbish"), "the manifest cannot be read"),
        ):
            system.publisher.publish([record])
            wait_until(lambda why=why: why in process.waiting(), 30, why)  # type: ignore[misc]
            assert "generation 1 stays" in process.waiting()
            assert process.metric(BROKEN) == 1
            assert system.matched(system.send("wheat")) == {"wheat"}
            with pytest.raises(BrokenSetError):
                read(system.settings.kafka, CONTROL_RULES).current()
        assert process.metric(GENERATION) == 1
        process.kill()
        waiting = system.send("wheat")
        process.start()
        wait_until(lambda: "nothing is in force yet" in process.waiting(), 60, "it waits")
        assert not system.search("articles", {"ids": {"values": [waiting]}}), "an article went by without rules"
        folder = str(system.folder / "rules")
        assert "--repair" in system.sandbox.refused("rules", "apply", folder)
        system.sandbox.command("rules", "apply", folder, "--repair")
        assert system.matched(waiting) == {"wheat"}
        wait_until(lambda: process.get("/readyz"), 30, "ready again")
        assert process.metric(BROKEN) == 0
    assert process.log.read_text().count('"set refused"') == 4


class Stream:
    """Articles on articles.tagged, one batch after another, until it is left."""

    def __init__(self, system: System, size: int) -> None:
        self._system, self._size = system, size
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.sent: list[str] = []

    def _run(self) -> None:
        while not self._end.wait(0.05):
            names = [f"{len(self.sent) + at:032x}" for at in range(self._size)]
            text = " ".join(f"w{(len(self.sent) * 7 + at) % 5000}" for at in range(300))
            self._system.publish([tagged(name, title="wheat and rye", text=text) for name in names])
            self.sent += names

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


@pytest.mark.slow
def test_ten_thousand_rules_are_applied_while_articles_flow_and_none_is_missed(system: System) -> None:
    number = 10_000
    taken = 'presswatch_records_total{outcome="ok",stage="indexer"}'
    base = "- {id: wheat, name: Wheat, query: wheat}\n"
    many = "".join(
        f"- {{id: r{at}, name: R, query: '(w{at % 5000} OR x{at}) NEAR/8 y{at % 700} AND \"w{at % 4999} z{at}\"'}}\n"
        for at in range(number)
    )
    system.apply(base)
    with system.sandbox.service("indexer") as process:
        process.wait_ready()
        with Stream(system, 5) as stream:
            wait_until(lambda: process.metric(taken) > 20, 60, "articles flow")
            rule_folder(system.folder / "rules", base + "- {id: rye, name: Rye, query: rye}\n" + many)
            shown = system.sandbox.command("rules", "apply", str(system.folder / "rules"))
            before = process.metric(taken)
            assert f"published generation 2 by files: {number + 1} added, 1 unchanged" in shown
            wait_until(lambda: process.metric(GENERATION) == 2, 120, "the rules are in force")
            assert process.metric(taken) > before, "articles went on while the rules were read"
            after = len(stream.sent)
            wait_until(lambda: len(stream.sent) > after + 100, 60, "articles flow")
        wait_until(lambda: process.metric(taken) == len(stream.sent), 120, "all that was sent is indexed")
        assert process.metric("presswatch_rules") == number + 2
        assert process.get("/readyz")
    documents = {hit["_id"]: set(hit["_source"]["rule"]) for hit in system.search("articles", {"match_all": {}})}
    assert set(documents) == set(stream.sent)
    assert all("wheat" in rules for rules in documents.values()), "a rule of both sets was out of force for a moment"
    assert all("rye" in documents[name] for name in stream.sent[after:]), "an article missed a rule in force"
    events = [(event.rule.id, event.article.id) for event in system.events() if event.rule.id in {"wheat", "rye"}]
    assert sorted(events) == sorted(
        (rule, name) for name, rules in documents.items() for rule in rules & {"wheat", "rye"}
    )


PACK = "topic: weather\npatterns: {{en: [{{match: '{match}', weight: 2}}]}}\nmust_tag: {{en: [{{title: {title}}}]}}\n"
PACKS_IN_FORCE = 'presswatch_control_generation{stage="tagger",topic="control.packs"}'


def test_topic_packs_are_applied_while_a_tagger_works_and_each_article_tells_its_generation(system: System) -> None:
    folder = system.folder / "packs"
    folder.mkdir()

    def tagged_as(title: str) -> tuple[set[str], int]:
        system.sandbox.command("ingest", "-", stdin=orjson.dumps({"title": title, "lang": "en", "url": f"https://a.example/{uuid4().hex}"}))  # fmt: skip

        def found() -> TaggedArticle | None:
            articles = [TaggedArticle.decode(record.value) for record in system.read(TAGGED)]
            return next((article for article in articles if article.title == title), None)

        article: TaggedArticle = wait_until(found, 60, title)
        return {tag.topic for tag in article.tags}, article.generation

    def apply_pack(match: str, title: str, *arguments: str) -> str:
        (folder / "weather.yaml").write_text(PACK.format(match=match, title=title))
        return system.sandbox.command("topics", "apply", str(folder), *arguments)

    assert "no pack is applied" in system.sandbox.command("topics", "list")
    with system.sandbox.service("tagger") as process:
        process.wait_ready(120)
        assert tagged_as("Storm warning, grain harvest and wheat prices") == ({"agriculture"}, 0)
        assert "published generation 1 by files: 1 added" in apply_pack("storm*", "Storm warning")
        wait_until(lambda: process.metric(PACKS_IN_FORCE) == 1, 30, "generation 1")
        assert tagged_as("Storm near the coast") == ({"weather"}, 1)
        (folder / "weather.yaml").write_text(PACK.format(match="storm*", title="Sunshine"))
        refused = system.sandbox.refused("topics", "apply", str(folder))
        assert "must be tagged, but is not" in refused
        assert "1 example failed: nothing was applied; what is in force stays" in refused
        apply_pack("rain*", "Rainy")
        wait_until(lambda: process.metric(PACKS_IN_FORCE) == 2, 30, "generation 2")
        assert tagged_as("Storm again") == (set(), 2)
        assert "weather" in system.sandbox.command("topics", "list")
        (folder / "weather.yaml").unlink()
        system.sandbox.command("topics", "apply", str(folder), "--allow-empty")
        wait_until(lambda: process.metric(PACKS_IN_FORCE) == 3, 60, "generation 3")
        assert tagged_as("Grain harvest and wheat prices") == ({"agriculture"}, 3)
        assert process.terminate() == 0
