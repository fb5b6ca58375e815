"""Elasticsearch refuses writes, as it does when its disk is full or somebody blocks an index: nothing is lost, and it is counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from tests.integration.operate.system import System, article
from tests.processes import wait_until

from presswatch.core.article import article_id
from presswatch.runtime import EXIT_FATAL, now_ms

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@contextmanager
def blocked(system: System, name: str, block: str) -> Iterator[None]:
    system.client.indices.put_settings(index=system.index(name), settings={f"index.blocks.{block}": True})
    try:
        yield
    finally:
        system.client.indices.put_settings(index=system.index(name), settings={f"index.blocks.{block}": None})


def audited(system: System, since: int) -> str:
    return system.command("audit", "--since", datetime.fromtimestamp(since / 1000, UTC).isoformat())


@pytest.mark.parametrize("name", ["articles", "article-ids", "alerts"])
def test_a_full_disk_is_waited_out_and_told(system: System, name: str) -> None:
    system.ingest(article(f"before-{name}", "Wheat, so that every index is there."))
    system.wait_settled()
    since = now_ms()
    stage = system.services["alerter" if name == "alerts" else "indexer"]
    sample = (
        f'presswatch_retries_total{{reason="DiskFullError",stage="{"deliver" if name == "alerts" else "indexer"}"}}'
    )
    retries = stage.metric(sample)
    told = [article(f"full-{name}-{at}", f"Wheat of field {at}.") for at in range(3)]
    letters = system.command("dlq", "list", "--json")
    with blocked(system, name, "read_only_allow_delete"):
        system.ingest(*told)
        wait_until(lambda: stage.metric(sample) > retries, 60, "it tries again")
        wait_until(lambda: "room on its disk" in stage.waiting(), 60, "/readyz says why")
        assert stage.process.poll() is None
    system.wait_settled()
    assert all(system.client.exists(index=system.client_index(one), id=article_id(one["url"])) for one in told)
    assert len([one for one in system.workspace.messages if f"On full-{name}-" in str(one["blocks"])]) == 3
    assert system.command("dlq", "list", "--json") == letters
    assert "Nothing is missing." in audited(system, since)


def test_a_write_block_stops_the_stage_and_nothing_is_lost(system: System) -> None:
    system.ingest(article("before-block", "Wheat, so that every index is there."))
    system.wait_settled()
    since = now_ms()
    told = article("blocked", "Wheat behind a block.")
    stage = system.services["indexer"]
    with blocked(system, "articles", "write"):
        system.ingest(told)
        assert stage.process.wait(120) == EXIT_FATAL
        assert "write blocks on the index" in stage.log.read_text()
        assert "waits for indexer" in system.run("trace", told["url"]).out
    stage.start()
    stage.wait_ready()
    system.wait_settled()
    assert system.client.exists(index=system.client_index(told), id=article_id(told["url"]))
    assert "Nothing is missing." in audited(system, since)
