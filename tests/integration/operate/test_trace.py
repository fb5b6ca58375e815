"""`presswatch trace`: the whole way of an article, where it waits, and what is said of one that nobody knows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.integration.operate.system import System, article

from presswatch import trace
from presswatch.adapters.kafkalog import Log
from presswatch.core.article import article_id
from presswatch.core.messages import RawArticle
from presswatch.topology import RAW, TAGGED

pytestmark = pytest.mark.engine


def test_the_way_of_an_article_from_feed_to_slack(system: System) -> None:
    told = article("bread", "Wheat is short in Orsal; farmers fear for the harvest of winter wheat.")
    system.ingest(told)
    system.wait_settled()
    system.ingest({**told, "text": told["text"] + " The ministry of agriculture sends seed from its stores."})
    system.wait_settled()
    system.client.indices.refresh(index=f"{system.index('alerts')},{system.index('revisions')}")
    [found] = system.lines("trace", told["url"] + "?utm_source=feed#top")
    identity = article_id(told["url"])
    assert (found["article"], found["title"]) == (identity, "On bread")
    steps = [(step["stage"], step["what"].partition(":")[0].partition(" (")[0]) for step in found["steps"]]
    first = [
        ("ingest", "fetched"), ("ingest", "published"), ("tagger", "tagged"), ("indexer", "rule wheat matched"),
        ("decide", "alert of rule wheat to slack"), ("deliver", "alert of rule wheat to slack"),
    ]  # fmt: skip
    assert [step for step in steps if step in first][: len(first)] == first
    assert steps.count(("ingest", "fetched")) == steps.count(("tagger", "tagged")) == 2
    assert ("indexer", "an earlier wording kept, of " + str(_seq(system, identity))) in steps
    assert ("indexer", "indexed") in steps
    assert all(one["at"] <= other["at"] for one, other in pairwise(found["steps"]))
    assert (found["waiting"], found["open_dead_letters"]) == ([], [])
    assert found["index"] == system.client_index(told)
    said = system.command("trace", identity)
    assert "On bread" in said
    assert f"In Elasticsearch: {found['index']}." in said


def test_a_trace_reads_what_it_must_and_the_rest_on_demand(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every producer puts an article into the partition of its key; only there, around known times, a trace looks."""
    told = [article(f"loaf-{at}", f"Wheat for loaf {at}.") for at in range(6)]
    system.ingest(*told)
    system.wait_settled()
    with Log(system.settings.kafka) as log:
        for name in (RAW, TAGGED):
            records = [record for record in log.read(name) if record.key]
            assert records
            assert all(log.partition_of(name, record.key) == record.partition for record in records if record.key)
    # Of an article that Elasticsearch has lost, its partition is read; of one that it knows, what lies around its times.
    lost, kept = (article_id(one["url"]) for one in told[:2])
    system.client.delete(index=system.client_index(told[0]), id=lost, refresh=True)
    system.client.delete(index=system.index("article-ids"), id=lost, refresh=True)
    monkeypatch.setattr(trace, "AROUND_MS", 1)
    [found] = system.lines("trace", lost)
    assert [step["stage"] for step in found["steps"]][:3] == ["ingest", "ingest", "tagger"]
    [found] = system.lines("trace", kept)
    assert not found["read_whole"]
    [whole] = system.lines("trace", kept, "--since", "1h")
    assert whole["read_whole"]
    assert {step["what"] for step in found["steps"]} <= {step["what"] for step in whole["steps"]}
    assert "shows with --since" in system.command("trace", kept)
    system.command("audit", "--since", "1h", "--repair")


def _seq(system: System, identity: str) -> int:
    query = {"term": {"article": identity}}
    [hit] = system.client.search(index=system.index("revisions"), query=query)["hits"]["hits"]
    return int(hit["_source"]["seq"])


def test_one_id_stands_in_the_log_lines_of_every_stage(system: System) -> None:
    told = article("cake", "Wheat for cakes.")
    system.ingest(told)
    system.wait_settled()
    identity = article_id(told["url"])
    heard: set[str] = set()
    for service in system.services.values():
        for line in Path(service.log).read_bytes().splitlines():
            if identity.encode() in line:
                heard.add(orjson.loads(line)["event"])
                assert orjson.loads(line)["article"] == identity
    assert heard == {"article tagged", "article indexed", "alert decided", "alert sent"}


@pytest.mark.slow
def test_an_article_that_waits_and_one_that_died(system: System) -> None:
    system.services["indexer"].terminate()
    try:
        waiting = article("rye", "Rye is dear.")
        system.ingest(waiting)
        dead = RawArticle(id="a-dead", title="Old", text="Text", fetched=7).encode()
        system.put(RAW, dead, b"a-dead")
        [found] = _until_waiting(system, waiting["url"])
        assert found["index"] is None
        # the tagger may not have committed yet, so that the article waits for it as well
        assert "waits for indexer" in found["waiting"][-1]
    finally:
        system.services["indexer"].start()
    system.wait_settled()
    [found] = system.lines("trace", waiting["url"])
    assert (found["waiting"], found["index"] is not None) == ([], True)
    [found] = system.lines("trace", "a-dead")
    assert [step["stage"] for step in found["steps"]] == ["ingest", "ingest", "tagger", "indexer"]
    [letter] = found["open_dead_letters"]
    assert f"dlq show {letter}" in system.command("trace", "a-dead")
    system.command("dlq", "drop", letter, "--because", "its clock was wrong")
    [found] = system.lines("trace", "a-dead")
    assert found["open_dead_letters"] == []
    assert "its clock was wrong" in found["steps"][-1]["what"]


def _until_waiting(system: System, url: str) -> list[dict[str, Any]]:
    from tests.processes import wait_until

    def tagged() -> list[dict[str, Any]] | None:
        done = system.run("trace", url, "--json")
        return [orjson.loads(done.out)] if "waits for indexer" in done.out else None

    found: list[dict[str, Any]] = wait_until(tagged, 60, "the article waits for the indexer")
    return found


def test_an_article_nobody_knows(system: System) -> None:
    done = system.run("trace", "https://nowhere.example/x")
    assert done.code == 1
    assert "nothing is known of article" in done.err
    assert done.out == ""
    assert system.run("trace", "x", "--since", "soon").code == 2
