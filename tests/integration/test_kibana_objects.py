"""What Kibana's objects ask of Elasticsearch, asked of the real one: every field in the live mapping, every query, every chart."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch
from tests.integration.history_corpus import corpus, put

from presswatch import provision
from presswatch.adapters.elasticsearch import connect
from presswatch.engines import Engines
from presswatch.kibana.objects import saved_objects
from presswatch.runtime import now_ms
from presswatch.settings import ElasticsearchSettings, KafkaSettings

pytestmark = pytest.mark.engine

AGGREGATIONS: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "date_histogram": lambda field, _: {"date_histogram": {"field": field, "fixed_interval": "1h"}},
    "terms": lambda field, params: {"terms": {"field": field, "size": params["size"]}},
    "percentile": lambda field, params: {"percentiles": {"field": field, "percents": [params["percentile"]]}},
}


@pytest.fixture
def place(engines: Engines) -> Iterator[tuple[Elasticsearch, ElasticsearchSettings]]:
    prefix = f"kibana-{uuid4().hex[:8]}-"
    es = ElasticsearchSettings(url=engines.url, prefix=prefix)
    kafka = KafkaSettings(bootstrap=engines.bootstrap, prefix=prefix)
    with connect(es) as client:
        provision.run(kafka, client, es, now_ms(), lambda _: None)
        yield client, es
        for name in client.indices.get(index=f"{prefix}*", allow_no_indices=True).body:
            client.indices.delete(index=name)


def test_every_field_query_and_chart_works_on_the_live_indices(
    place: tuple[Elasticsearch, ElasticsearchSettings],
) -> None:
    client, es = place
    put(client, es, corpus(3, 40))
    objects = saved_objects(es.prefix, ["health"])
    titles = {one["id"]: one["attributes"]["title"] for one in objects if one["type"] == "index-pattern"}
    for one in objects:
        attributes = one["attributes"]
        index = next((titles[ref["id"]] for ref in one["references"] if ref["id"] in titles), "")
        if one["type"] == "index-pattern":
            labelled = json.loads(attributes["fieldAttrs"])
            there = client.field_caps(index=attributes["title"], fields=list(labelled))["fields"]
            assert set(there) == set(labelled)
            (time,) = there["@timestamp"]
            assert time == "date"
        elif one["type"] == "search":
            source = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
            query = source["query"]["query"] or "*:*"
            sort = [{field: order} for field, order in attributes["sort"]]
            client.search(index=index, query={"query_string": {"query": query}}, sort=sort)
        elif one["type"] == "lens":
            assert _buckets(client, index, attributes)


def _buckets(client: Elasticsearch, index: str, attributes: dict[str, Any]) -> dict[str, Any]:
    layer = attributes["state"]["datasourceStates"]["formBased"]["layers"]["layer"]
    aggs = {
        name: AGGREGATIONS[column["operationType"]](column["sourceField"], column["params"])
        for name, column in layer["columns"].items()
        if column["operationType"] != "count"
    }
    found: dict[str, Any] = client.search(index=index, size=0, aggs=aggs)["aggregations"]
    return found
