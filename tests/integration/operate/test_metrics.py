"""The catalogue of metrics against a running system: each metric is there, no other is, labels stay within their bounds."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.operate.system import System, article
from tests.processes import wait_until

from presswatch.metrics import CATALOGUE
from presswatch.topology import RAW, STAGES

pytestmark = pytest.mark.engine

FEED = """<rss version="2.0"><channel><title>Feed</title>
<item><title>Wheat on the feed</title><link>https://feed.example/1</link><description>Wheat.</description></item>
</channel></rss>"""

Samples = dict[str, list[dict[str, str]]]


def samples(pages: list[str]) -> Samples:
    """Return the labels of every sample of ours, by the name of its metric in the catalogue."""
    found: Samples = defaultdict(list)
    for text in pages:
        for family in text_string_to_metric_families(text):
            if family.name.startswith("presswatch"):
                name = family.name + ("_total" if family.type == "counter" else "")
                name = (
                    name.removesuffix("_info") if family.type in ("info", "gauge") and name.endswith("_info") else name
                )
                found[name] += [{k: v for k, v in one.labels.items() if k != "le"} for one in family.samples]
                assert {one.name for one in family.samples} <= set(CATALOGUE[name].samples)
    return found


def test_every_metric_is_found_in_a_running_system_and_no_other(system: System, tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text(FEED)
    rules = system.sandbox.folder / "rules"
    told = [
        article("measured", "Wheat farmers in talks on a harvest of wheat; the ministry of agriculture sends seed."),
        article("rare", "Kalo is planted.", lang="haw"),
    ]
    with system.sandbox.service("ingest", "--watch", str(feed)) as ingest:
        ingest.wait_ready()
        wait_until(lambda: ingest.metric('presswatch_feed_entries_total{outcome="sent"}'), 60, "the feed is read")
        system.ingest(*told)
        system.put(RAW, b"garbage")
        (rules / "spelt.yaml").write_text("{id: spelt, name: Spelt, query: spelt}")
        system.command("rules", "apply", str(rules))
        rolled_out = 'presswatch_control_rollout_seconds_count{stage="indexer",topic="control.rules"}'
        wait_until(lambda: system.services["indexer"].metric(rolled_out), 60, "the new set is in force")
        arrived = 'presswatch_canary_seconds_count{stage="deliver"}'
        wait_until(lambda: system.services["alerter"].metric(arrived), 60, "a canary goes the whole way")
        system.wait_settled()
        processes = {"ingest": ingest, **system.services}
        found = samples([process.get("/metrics") for process in processes.values()])
    expected = {name for name, metric in CATALOGUE.items() if not metric.on_trouble}
    assert {name for name, labels in found.items() if labels} >= expected
    assert set(found) == set(CATALOGUE)
    for name, values in found.items():
        for label in CATALOGUE[name].labels:
            taken = {one[label.name] for one in values}
            assert len(taken) <= label.bound
            assert label.values is None or taken <= set(label.values), name
        if CATALOGUE[name].kind != "info":
            assert all(set(one) == {label.name for label in CATALOGUE[name].labels} for one in values), name
    assert "other" in {one["lang"] for one in found["presswatch_unsupported_language_total"]}
    assert {one["kind"] for one in found["presswatch_articles_ingested_total"]} == {"feed"}
    assert {one["stage"] for one in found["presswatch_canary_seconds"]} == set(STAGES)
    assert len(found["presswatch_canary_interval_seconds"]) == 1  # no process but the alerter has one
    system.command("dlq", "drop", "--stage", "tagger", "--because", "a test")
