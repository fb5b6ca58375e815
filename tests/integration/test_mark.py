"""An article in Elasticsearch is marked by its id or by its address, as the analyst has it before them."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from tests.integration.history_corpus import FETCHED, put

from presswatch import marks
from presswatch.adapters.elasticsearch import connect
from presswatch.commands import topics
from presswatch.core.article import article_id
from presswatch.core.messages import TaggedArticle
from presswatch.engines import Engines
from presswatch.settings import ElasticsearchSettings

pytestmark = pytest.mark.engine

ADDRESS = "https://harbour-courier.example/health/measles?utm_source=feed"


def test_marked_by_id_and_by_address(engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    es = ElasticsearchSettings(url=engines.url, prefix=f"mark-{uuid4().hex[:8]}-")
    path = tmp_path / "marks.jsonl"
    for name, value in {
        "KAFKA_BOOTSTRAP": engines.bootstrap, "ELASTICSEARCH_URL": es.url, "ELASTICSEARCH_PREFIX": es.prefix, "TAGGER_MARKS": str(path),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"PRESSWATCH_{name}", value)
    identity = article_id(ADDRESS)
    stored = TaggedArticle.model_validate(
        {
            "id": identity, "title": "Measles spreads", "text": "Sixty patients in two weeks.", "lang": "en",
            "url": ADDRESS, "fetched": FETCHED, "tagged": FETCHED,
        }
    )  # fmt: skip
    with connect(es) as client:
        try:
            missing = CliRunner().invoke(topics.command, ["mark", identity, "+health"])
            assert (missing.exit_code, "there is no article" in missing.output) == (1, True)
            put(client, es, [stored])
            for written, said in (
                (identity, "+health"),
                (ADDRESS, "-diplomacy"),
                (f"{ADDRESS}&utm_medium=x", "-agriculture"),
            ):
                result = CliRunner().invoke(topics.command, ["mark", written, said])
                assert result.exit_code == 0, (result.output, result.exception)
                assert "Measles spreads" in result.output
        finally:
            for name in client.indices.get(index=f"{es.prefix}*", allow_no_indices=True).body:
                client.indices.delete(index=name)
    [row] = marks.rows(path)
    assert row["id"] == identity
    assert row["text"] == "Sixty patients in two weeks."
    assert (row["topics"], row["judges"]) == (["health"], ["agriculture", "diplomacy", "health"])
