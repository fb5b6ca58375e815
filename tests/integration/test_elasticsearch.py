"""What a real Elasticsearch answers to the faults that we count on: the edge reads it as the table of docs/decisions/0005."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch import Bulk, Outcome, Write, connect, ensure_index, ensure_monthly_index, reach
from presswatch.adapters.elasticsearch.client import DiskFullError, UnavailableError
from presswatch.adapters.elasticsearch.indices import forget_index
from presswatch.core.errors import ConfigError, FatalError
from presswatch.engines import Engines
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLE_IDS, INDICES, write_alias

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def client(engines: Engines) -> Iterator[Elasticsearch]:
    client = connect(ElasticsearchSettings(url=engines.url))
    reach(client)
    yield client
    client.close()


@pytest.fixture
def index(client: Elasticsearch) -> Iterator[str]:
    """An index for articles of the test's own, with its aliases."""
    concrete = f"edge-{uuid4().hex[:8]}-articles-2026.11"
    ensure_monthly_index(client, concrete)
    yield concrete
    client.indices.delete(index=concrete, ignore_unavailable=True)


def write(client: Elasticsearch, *writes: Write, shard_wait_s: float = 15.0) -> list[Outcome]:
    return Bulk(client, "indexer", lambda _: False, shard_wait_s=shard_wait_s).write(writes)


def document(index: str, identity: str = "1", source: bytes = b'{"words": 3}', version: int = 5) -> Write:
    return Write(write_alias(index), identity, source, version=version)


def test_versions(client: Elasticsearch, index: str) -> None:
    outcomes = write(client, document(index), document(index), document(index, version=4), document(index, version=6))
    assert [outcome.state for outcome in outcomes] == ["written", "written", "superseded", "written"]
    assert client.get(index=index, id="1")["_version"] == 6


def test_compare_and_set(client: Elasticsearch, index: str) -> None:
    alias = write_alias(index)
    (created,) = write(client, Write(alias, "1", b"{}", create=True))
    (again,) = write(client, Write(alias, "1", b"{}", create=True))
    (changed,) = write(client, Write(alias, "1", b"{}", seen=created.seen))
    (late,) = write(client, Write(alias, "1", b"{}", seen=created.seen))
    (gone,) = write(client, Write(alias, "2", b"{}", seen=(0, 1)))
    states = [outcome.state for outcome in (created, again, changed, late, gone)]
    assert states == ["written", "conflict", "written", "conflict", "conflict"]
    assert changed.seen != created.seen


def test_a_value_that_the_mapping_does_not_take_is_rejected_and_the_rest_written(
    client: Elasticsearch, index: str
) -> None:
    bad, good = write(client, document(index, source=b'{"words": "many"}'), document(index, "2"))
    assert (bad.state, good.state) == ("rejected", "written")
    assert bad.detail.startswith("document_parsing_exception: ")
    assert "words" in bad.detail
    assert "number_format_exception" in bad.detail


def test_a_field_that_the_mapping_does_not_have_stops(client: Elasticsearch, index: str) -> None:
    with pytest.raises(FatalError, match="presswatch setup"):
        write(client, document(index, source=b'{"mood": "good"}'))


def test_scores_of_new_topics_need_no_setup(client: Elasticsearch, index: str) -> None:
    (outcome,) = write(client, document(index, source=b'{"score": {"space-weather": 1}}'))
    assert outcome.state == "written"
    mapping = client.indices.get_mapping(index=index)[index]["mappings"]
    assert mapping["properties"]["score"]["properties"]["space-weather"] == {"type": "float"}


def test_a_name_that_is_no_alias_is_never_created(client: Elasticsearch) -> None:
    name = f"edge-{uuid4().hex[:8]}-articles-2026.12"
    outcomes = write(client, Write(name, "1", b"{}", version=1), Write(write_alias(name), "1", b"{}", version=1))
    assert [outcome.state for outcome in outcomes] == ["missing", "missing"]
    assert not client.indices.exists(index=name)
    assert not client.indices.exists(index=write_alias(name))


def test_a_write_block_stops(client: Elasticsearch, index: str) -> None:
    client.indices.put_settings(index=index, settings={"index.blocks.write": True})
    with pytest.raises(FatalError, match="403 cluster_block_exception"):
        write(client, document(index))


def test_the_flood_stage_is_waited_out(client: Elasticsearch, index: str) -> None:
    # What the server itself sets when its disk is full.
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    with pytest.raises(DiskFullError, match="flood-stage"):
        write(client, document(index))
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": None})
    assert write(client, document(index))[0].state == "written"


def test_a_red_index_is_waited_out(client: Elasticsearch) -> None:
    index = f"edge-{uuid4().hex[:8]}-red"
    nowhere = {"index.routing.allocation.require._name": "nobody"}
    client.indices.create(index=index, settings=nowhere, aliases={write_alias(index): {}}, wait_for_active_shards=0)
    with pytest.raises(UnavailableError, match="503 unavailable_shards_exception"):
        write(client, document(index), shard_wait_s=0.2)
    client.indices.delete(index=index)


def test_an_index_made_without_us_is_taken_over_only_with_our_mapping(client: Elasticsearch) -> None:
    name = f"edge-{uuid4().hex[:8]}-articles-2026.11"
    client.indices.create(index=name)
    with pytest.raises(ConfigError, match="older than version"):
        ensure_monthly_index(client, name)
    client.indices.delete(index=name)
    (ids,) = [spec for spec in INDICES if spec.name == ARTICLE_IDS]
    mine = f"edge-{uuid4().hex[:8]}-article-ids"
    client.indices.create(index=mine, mappings=ids.mappings)
    assert not ensure_index(client, ids, mine)
    forget_index(client, mine)
    assert client.indices.exists_alias(index=mine, name=write_alias(mine))
    client.indices.delete(index=mine)
