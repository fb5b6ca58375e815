"""The canary: through every stage to its end, traced and swept away, and seen by nobody who looks at articles."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.integration.operate.system import System
from tests.processes import ServiceProcess, wait_until

from presswatch.core.canary import CANARY, canary
from presswatch.retention import delete_canaries
from presswatch.runtime import now_ms

pytestmark = pytest.mark.engine

CATCHER = "{id: catcher, name: Catcher, query: 'source:Presswatch OR (wheat AND hospitals)', notify: [slack:catcher]}"
ARRIVED = 'presswatch_canary_seconds_count{stage="deliver"}'
OF_ARTICLES = (
    "presswatch_articles_ingested_total", "presswatch_latency_seconds_count", "presswatch_tags_total",
    "presswatch_articles_indexed_total", "presswatch_match_events_total", "presswatch_alert_decisions_total",
    "presswatch_notifications_total", "presswatch_slack_requests_total",
)  # fmt: skip


def of_articles(services: dict[str, ServiceProcess]) -> list[str]:
    """Return all samples of what is counted of articles."""
    pages = [service.get("/metrics") for _, service in sorted(services.items())]
    return [line for page in pages for line in page.splitlines() if line.startswith(OF_ARTICLES)]


def test_a_canary_goes_the_whole_way_and_no_analyst_sees_it(system: System) -> None:
    catcher = system.sandbox.folder / "rules" / "catcher.yaml"
    catcher.write_text(CATCHER)
    system.command("rules", "apply", str(catcher.parent))
    system.wait_settled()
    posted, since = len(system.workspace.messages), datetime.fromtimestamp(now_ms() / 1000, UTC).isoformat()
    before, alerter = of_articles(system.services), system.services["alerter"]
    try:
        with system.sandbox.service("ingest", "--watch", PRESSWATCH_CANARY_INTERVAL_S="0.5") as ingest:
            ingest.wait_ready()
            begun = alerter.metric(ARRIVED)
            wait_until(lambda: alerter.metric(ARRIVED) >= begun + 2, 60, "canaries arrive")
            assert not [line for line in of_articles({"ingest": ingest}) if not line.endswith(" 0.0")]
        system.wait_settled()
    finally:
        catcher.unlink()
        system.command("rules", "apply", str(catcher.parent))
    arrived = alerter.metric('presswatch_canary_arrived_timestamp_seconds{stage="deliver"}')
    assert abs(arrived * 1000 - now_ms()) < 60_000
    assert of_articles(system.services) == before
    assert len(system.workspace.messages) == posted

    system.client.indices.refresh(index=system.index("*"))
    hits = system.client.search(index=system.index("canary"), size=100)["hits"]["hits"]
    assert len(hits) >= 2
    assert {(*hit["_source"]["rule"], hit["_source"]["source"]) for hit in hits} == {(CANARY, "Presswatch")}
    assert "agriculture" in hits[0]["_source"]["topic"]
    for name in ("articles", "revisions", "alerts"):
        everything: dict[str, Any] = {"query_string": {"query": "*canary* OR bilateral OR Presswatch"}}
        assert system.client.count(index=system.index(name), query=everything)["count"] == 0, name
    assert system.command("search", "source:Presswatch OR bilateral", "--json") == ""
    books = orjson.loads(system.command("audit", "--since", since, "--json"))
    assert [account["in"] for account in books["accounts"][1:]] == [0] * 5
    job = str(system.sandbox.folder / "canary.job")
    replay = ("replay", "--since", "1h", "--source", "Presswatch", "--from", "kafka", "--job", job)
    assert system.command(*replay) == "no article of that time and choice\n"

    [found] = system.lines("trace", CANARY)
    last = max(hit["_id"] for hit in hits)
    assert found["article"] == last
    assert [step["stage"] for step in found["steps"]] == ["ingest", "ingest", "tagger", "indexer", "indexer", "decide"]
    assert "The canary went the whole way." in system.command("trace", last)
    for service in (ingest, *system.services.values()):
        told = [orjson.loads(line) for line in Path(service.log).read_bytes().splitlines() if last.encode() in line]
        assert told
        assert all(line["article"] == last for line in told)

    es = system.settings.elasticsearch
    assert delete_canaries(system.client, es, int(last.split("-")[1])) == len(hits) - 1
    assert delete_canaries(system.client, es, now_ms() + 1) == 1
    assert system.client.count(index=system.index("canary"))["count"] == 0
    identities = system.client.mget(index=system.index("article-ids"), ids=[hit["_id"] for hit in hits])["docs"]
    assert not any(one["found"] for one in identities)


def test_an_indexer_sweeps_old_canaries_away(system: System) -> None:
    old = canary(now_ms() - 13 * 60 * 60 * 1000, 1)
    where = system.index("canary")
    system.client.index(index=where, id=old.id, document={"id": old.id, "fetched": old.fetched}, refresh=True)
    indexer = system.services["indexer"]
    assert indexer.terminate() == 0
    indexer.start()
    indexer.wait_ready()
    wait_until(lambda: not system.client.exists(index=where, id=old.id), 30, "it is gone")


def test_there_is_no_trace_of_a_canary_that_was_not_sent(system: System) -> None:
    done = system.run("trace", f"{CANARY}-1000-1")
    assert (done.code, done.out) == (1, "")
    assert "nothing is known of article" in done.err
