"""`presswatch retention` on real indices: months that are over go, with the identities that lead to them, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch
from tests.processes import Sandbox

from presswatch.adapters.elasticsearch import connect, ensure_monthly_index
from presswatch.engines import Engines
from presswatch.retention import _month
from presswatch.runtime import now_ms
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ALERTS, ARTICLE_IDS, ARTICLES, REVISIONS, index, month_index, write_alias

pytestmark = pytest.mark.engine

OLD = int(datetime(2025, 1, 15, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def sandbox(engines: Engines, tmp_path: Path) -> Sandbox:
    values: dict[str, dict[str, Any]] = {"elasticsearch": {"keep_months": 3}}
    return Sandbox(engines, tmp_path, f"keep-{uuid4().hex[:8]}-", values)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Elasticsearch]:
    sandbox.command("setup")
    with connect(sandbox.settings.elasticsearch) as client:
        yield client
        for name in client.indices.get(index=f"{sandbox.settings.elasticsearch.prefix}*").body:
            client.indices.delete(index=name)


def put(client: Elasticsearch, es: ElasticsearchSettings, at: int, article: str) -> None:
    """Put an article of a time, its identity, an earlier wording and an alert."""
    for family, fields in (
        (ARTICLES, {"id": article}),
        (REVISIONS, {"article": article}),
        (ALERTS, {"article": article}),
    ):
        name = month_index(es, family, at)
        ensure_monthly_index(client, name)
        client.index(index=write_alias(name), id=article, document={"@timestamp": at, **fields})
    ids = index(es, ARTICLE_IDS)
    client.index(
        index=write_alias(ids), id=article, document={"index": month_index(es, ARTICLES, at), "first_seen": at}
    )


def months(client: Elasticsearch, es: ElasticsearchSettings, family: str) -> set[str]:
    return {name[-7:] for name in client.indices.get(index=f"{index(es, family)}-2*").body}


def test_months_that_are_over_go_with_their_identities(sandbox: Sandbox, client: Elasticsearch) -> None:
    es = sandbox.settings.elasticsearch
    now = now_ms()
    put(client, es, OLD, "old")
    put(client, es, now, "new")
    client.indices.refresh(index=f"{es.prefix}*")
    told = sandbox.command("retention", "--dry-run")
    assert f"would delete {es.prefix}articles-2025.01: 1 documents" in told
    assert "2025.01" in months(client, es, ARTICLES)
    told = sandbox.command("retention")
    assert told.splitlines() == [
        f"deleted {es.prefix}articles-2025.01: 1 documents",
        f"deleted {es.prefix}revisions-2025.01: 1 documents",
    ]
    for family in (ARTICLES, REVISIONS):
        assert months(client, es, family) == {_month(now, 0)}
    assert "2025.01" in months(client, es, ALERTS)  # kept: nothing was said of alerts
    ids = client.search(index=index(es, ARTICLE_IDS))["hits"]["hits"]
    assert [hit["_id"] for hit in ids] == ["new"]
    assert sandbox.command("retention") == "nothing is older than what is kept\n"


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert [_month(OLD, before) for before in (0, 1, 13)] == ["2025.01", "2024.12", "2023.12"]
