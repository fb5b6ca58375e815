"""The indexer as a process, between real engines: killed, stopped, and with one of the engines away for a while."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from tests import outages
from tests.integration.indexer_kit import GRAIN, TAG, Desk, provision, rule_folder, tagged
from tests.processes import Sandbox, ServiceProcess, wait_until

from presswatch.adapters.kafka import connection
from presswatch.core.effects import document_version, match_id
from presswatch.core.messages import TaggedArticle
from presswatch.engines import EngineName, Engines
from presswatch.engines.ports import taken
from presswatch.topology import group

pytestmark = pytest.mark.engine

ENVIRON = {"PRESSWATCH_INSTANCE": "indexer"}


class System(Desk):
    """Topics and indices of the test's own, articles on them, and an indexer process to start."""

    def __init__(self, engines: Engines, folder: Path, batch: int) -> None:
        values: dict[str, dict[str, Any]] = {
            "indexer": {"batch": batch},
            "elasticsearch": {"timeout_s": 5},
        }
        self.sandbox = Sandbox(engines, folder, f"indexer-{uuid4().hex[:8]}-", values)
        provision(self.sandbox.settings)
        super().__init__(self.sandbox.settings, folder)
        self.apply(GRAIN)
        self.admin: Any = KafkaAdminClient(**connection(self.settings.kafka))

    def close(self) -> None:
        self.admin.close()
        super().close()

    def apply(self, text: str) -> str:
        """Put the rules of a rule file into force."""
        return self.sandbox.command("rules", "apply", str(rule_folder(self.folder / "rules", text)))

    def committed(self) -> int:
        """Return how many records the indexer has committed; 0 also while Kafka cannot tell."""
        name = group(self.settings.kafka, "indexer")
        try:
            offsets = self.admin.list_group_offsets([name])[name]
        except KafkaError:
            return 0
        return sum(max(0, at.offset) for at in offsets.values())

    def indexed(self) -> int:
        self.client.indices.refresh(index=self.index("articles"))
        return int(self.client.count(index=self.index("articles"))["count"])

    def wait_done(self, number: int, seconds: float = 120) -> None:
        """Wait until everything is committed."""
        wait_until(lambda: self.committed() == number, seconds, f"{number} records committed")


@pytest.fixture
def system(engines: Engines, tmp_path: Path) -> Iterator[System]:
    system = System(engines, tmp_path, batch=20)
    yield system
    system.close()


def articles(number: int) -> list[TaggedArticle]:
    """Return articles of which each third is about wheat, each fifth about barley."""

    def words(at: int) -> str:
        return " ".join([*(["wheat"] if at % 3 == 0 else []), *(["barley"] if at % 5 == 0 else []), f"number {at}"])

    return [tagged(f"{at:032x}", title=f"Report {at}", text=words(at)) for at in range(number)]


def assert_complete(system: System, sent: list[TaggedArticle]) -> None:
    """Each article is there once, in its version, with its tags and rules; each match is announced, under one id."""
    hits = system.search("articles", {"match_all": {}})
    assert len(hits) == len(sent)
    documents = {hit["_id"]: hit for hit in hits}
    assert set(documents) == {article.id for article in sent}
    expected: set[str] = set()
    for at, article in enumerate(sent):
        hit = documents[article.id]
        assert hit["_version"] == document_version(article.fetched, article.generation)
        assert hit["_source"]["tags"] == [TAG]
        rules = [*(["barley"] if at % 5 == 0 else []), *(["wheat"] if at % 3 == 0 else [])]
        assert hit["_source"]["rule"] == rules
        versions = {rule["id"]: rule["version"] for rule in hit["_source"]["rules"]}
        expected |= {match_id(rule, article.id, article.fetched, versions[rule]) for rule in rules}
    events = system.events()
    assert {event.id for event in events} == expected
    assert {event.kind for event in events} == {"matched"}
    for at in range(0, len(sent), 500):
        identities = system.store().identities(article.id for article in sent[at : at + 500])
        assert all(
            identity.known and not identity.unsettled and not identity.intent for identity in identities.values()
        )


def freeze_with_work_in_hand(system: System, process: ServiceProcess, least: int, most: int) -> tuple[int, int]:
    """Stop the process in its tracks while it has indexed more than it has committed; returns both numbers."""

    def frozen() -> tuple[int, int] | None:
        if system.indexed() < least:
            return None
        process.process.send_signal(signal.SIGSTOP)
        indexed, committed = system.indexed(), system.committed()
        if committed < indexed:
            return indexed, committed
        process.process.send_signal(signal.SIGCONT)
        return None

    indexed, committed = wait_until(frozen, 240, "more indexed than committed")
    assert indexed <= most, f"{indexed} were indexed before it could be killed"
    return indexed, committed


def kill_in_the_middle(system: System, number: int, kills: int) -> None:
    """Kill the indexer between 10 and 90 % of the work, each time with records indexed and not committed."""
    sent = articles(number)
    system.publish(sent)
    with system.sandbox.service("indexer", **ENVIRON) as process:
        for kill in range(1, kills + 1):
            least = number // 10 + (kill - 1) * (8 * number // 10) // kills
            indexed, committed = freeze_with_work_in_hand(system, process, least, number * 9 // 10)
            process.kill()
            assert number // 10 <= indexed
            process.start()
        system.wait_done(number, 240)
        taken = process.metric('presswatch_records_total{outcome="ok",stage="indexer"}')
        assert taken == number - committed, "it began where the last commit was"
        assert taken > number - indexed, "records that were indexed already were delivered again"
        assert process.metric('presswatch_records_total{outcome="dead",stage="indexer"}') == 0
    assert_complete(system, sent)


def test_killed_in_the_middle_nothing_is_lost_and_nothing_twice(system: System) -> None:
    kill_in_the_middle(system, 300, kills=1)


@pytest.mark.slow
def test_killed_three_times_over_two_thousand(system: System) -> None:
    kill_in_the_middle(system, 2000, kills=3)


def test_poison_is_put_aside_and_sigterm_ends_with_everything_in_hand_committed(system: System) -> None:
    sent = articles(60)
    system.publish([b"poison", *sent, b'{"schema": "match"}'])
    with system.sandbox.service("indexer", **ENVIRON) as process:
        wait_until(lambda: system.indexed() > 0, 60)
        assert process.terminate() == 0
        indexed, committed = system.indexed(), system.committed()
        assert indexed <= committed <= indexed + 2, "what was in hand is committed, with the poison among it"
        process.start()
        system.wait_done(62)
        process.wait_ready()
        assert process.metric("presswatch_rules") == 3
        assert process.terminate() == 0
    assert_complete(system, sent)
    reasons = sorted(headers["presswatch.reason"] for _, headers in system.dead_letters())
    assert reasons == ["not_json", "wrong_schema"]
    log = process.log.read_text()
    assert "Traceback" not in log


@contextmanager
def away(engines: Engines, engine: EngineName) -> Iterator[None]:
    """Kill an engine; start it again afterwards."""
    port = int((engines.bootstrap if engine == "kafka" else engines.url).rpartition(":")[2])
    outages.kill(engines, engine)
    try:
        yield
    finally:
        # The threads of a process that was killed may hold its sockets for a moment after it is gone.
        wait_until(lambda: not taken(port), 10)
        outages.start(engines, engine)


def test_elasticsearch_dies_and_comes_back(system: System, engines: Engines) -> None:
    sent = articles(200)
    system.publish(sent[:100])
    with system.sandbox.service("indexer", **ENVIRON) as process:
        system.wait_done(100)
        with away(engines, "elasticsearch"):
            system.publish([b"poison", *sent[100:]])
            retries = 'presswatch_retries_total{reason="UnreachableError",stage="indexer"}'
            wait_until(lambda: process.metric(retries) > 2, 60)
            assert not process.get("/readyz"), "ready while Elasticsearch is away"
            assert process.get("/healthz"), "waiting is not hanging"
        system.wait_done(201)
        wait_until(lambda: process.get("/readyz"), 30)
        assert process.metric('presswatch_articles_indexed_total{decision="new"}') == 200
        assert process.terminate() == 0
    assert_complete(system, sent)
    assert len(system.dead_letters()) == 1, "a dead letter for each attempt"


def test_kafka_dies_and_comes_back(system: System, engines: Engines) -> None:
    sent = articles(300)
    system.publish(sent)
    with system.sandbox.service("indexer", **ENVIRON) as process:
        wait_until(lambda: system.indexed() > 30, 60)
        before = system.indexed()
        with away(engines, "kafka"):
            pass
        assert before < 300, "nothing was left to do when Kafka died"
        system.wait_done(300)
        wait_until(lambda: process.get("/readyz"), 30)
        assert process.terminate() == 0
    assert_complete(system, sent)
    assert system.dead_letters() == []
