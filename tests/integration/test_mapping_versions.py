"""A service and the mappings that it finds: older ones stop it at its start, newer ones do not, and setup brings old months along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from elasticsearch import Elasticsearch
from tests.processes import Sandbox

from presswatch.adapters.elasticsearch import connect, ensure_monthly_index
from presswatch.adapters.elasticsearch.indices import mapping_version
from presswatch.engines import Engines
from presswatch.topology import ALERTS, ARTICLES, INDICES, MAPPING_VERSION

pytestmark = pytest.mark.engine

SERVICES = [("indexer", ARTICLES), ("indexer", "article-ids"), ("indexer", "revisions"), ("alerter", ALERTS)]


class Place:
    """A set-up prefix, and hands on its mappings."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self.sandbox = Sandbox(engines, folder, f"mapping-{uuid4().hex[:8]}-", {})
        self.prefix = self.sandbox.settings.elasticsearch.prefix
        self.client: Elasticsearch = connect(self.sandbox.settings.elasticsearch)
        self.sandbox.command("setup")

    def indices(self, family: str = "") -> list[str]:
        return sorted(self.client.indices.get(index=f"{self.prefix}{family}*"))

    def set_version(self, index: str, version: int, **fields: Any) -> None:
        self.client.indices.put_mapping(index=index, meta={"mapping_version": version}, properties=fields or None)

    def version(self, index: str) -> int:
        return mapping_version(self.client.indices.get_mapping(index=index)[index]["mappings"])

    def newer(self) -> None:
        """Do what the setup of the next version may do: fields and versions, in indices and templates."""
        for index in self.indices():
            self.set_version(index, MAPPING_VERSION + 1, tomorrow={"type": "keyword"})
        for spec in INDICES:
            body = spec.template(self.sandbox.settings.elasticsearch)
            mappings = body["template"]["mappings"]
            mappings = {
                **mappings,
                "_meta": {"mapping_version": MAPPING_VERSION + 1},
                "properties": {**mappings["properties"], "tomorrow": {"type": "keyword"}},
            }
            self.client.indices.put_index_template(
                name=self.prefix + spec.name,
                index_patterns=body["index_patterns"],
                priority=body["priority"],
                template={**body["template"], "mappings": mappings},
                version=MAPPING_VERSION + 1,
            )


@pytest.fixture(scope="module")
def place(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(engines, tmp_path_factory.mktemp("mappings"))
    yield place
    place.client.close()


@pytest.mark.parametrize(("service", "family"), SERVICES)
def test_a_service_refuses_to_start_on_an_older_mapping_and_says_the_mend(
    place: Place, service: str, family: str
) -> None:
    (index,) = place.indices(family if family == "article-ids" else f"{family}-2")
    place.set_version(index, MAPPING_VERSION - 1)
    said = place.sandbox.refused(service, code=2).splitlines()[-1]
    assert said == (
        f"presswatch: the mapping of {index} is older than version {MAPPING_VERSION}, which this program needs: "
        "run `presswatch setup`, then start again"
    )
    assert f"index {index}: mapping version {MAPPING_VERSION - 1} -> {MAPPING_VERSION}" in place.sandbox.command(
        "setup"
    )
    with place.sandbox.service(service) as process:
        if service == "alerter":  # without a Slack it says that it waits for one
            process.wait_for("deliver")
        else:
            process.wait_ready()
        assert process.terminate() == 0


def test_a_month_of_the_version_before_is_brought_along_with_what_it_holds(place: Place) -> None:
    index = f"{place.prefix}articles-2020.01"
    spec = next(spec for spec in INDICES if spec.name == ARTICLES)
    properties = {name: about for name, about in spec.mappings["properties"].items() if name != "unsupported"}
    before = {**spec.mappings, "properties": properties, "_meta": {"mapping_version": 1}}
    place.client.indices.delete_index_template(name=f"{place.prefix}articles")
    place.client.indices.create(index=index, mappings=before, aliases={f"{place.prefix}articles": {}})
    document = {"@timestamp": 1_578_000_000_000, "id": "old", "title": "Wheat of 2020", "text": "Old wheat.", "lang": "en",
                "fetched": 1_578_000_000_000, "tok": {"title": "wheat of 2020", "text": "old wheat"}}  # fmt: skip
    place.client.index(index=index, id="old", document=document, refresh=True)
    assert "run `presswatch setup`" in place.sandbox.refused("indexer")
    assert f"index {index}: mapping version 1 -> {MAPPING_VERSION}; new fields: unsupported:keyword" in (
        place.sandbox.command("setup")
    )
    found = place.sandbox.command("search", "--json", "title:wheat")
    assert [orjson.loads(line)["id"] for line in found.splitlines()] == ["old"]
    place.client.update(index=index, id="old", doc={"unsupported": ["health"]})


def test_a_newer_mapping_is_taken_and_its_months_are_made_as_the_newer_one_wants_them(
    engines: Engines, tmp_path: Path
) -> None:
    place = Place(engines, tmp_path)
    place.newer()
    with place.sandbox.service("indexer") as indexer, place.sandbox.service("alerter") as alerter:
        indexer.wait_ready()
        alerter.wait_for("deliver")
        assert (indexer.terminate(), alerter.terminate()) == (0, 0)
    made = f"{place.prefix}articles-2031.01"
    ensure_monthly_index(place.client, made)
    assert place.version(made) == MAPPING_VERSION + 1
    mapping = place.client.indices.get_mapping(index=made)[made]["mappings"]
    assert mapping["dynamic"] == "strict"
    assert mapping["properties"]["tomorrow"] == {"type": "keyword"}
    assert mapping["properties"]["unsupported"]["type"] == "keyword"
    place.client.close()


def test_without_a_template_a_month_has_the_mapping_and_version_of_who_makes_it(
    engines: Engines, tmp_path: Path
) -> None:
    place = Place(engines, tmp_path)
    place.client.indices.delete_index_template(name=f"{place.prefix}articles")
    made = f"{place.prefix}articles-2031.01"
    ensure_monthly_index(place.client, made)
    assert place.version(made) == MAPPING_VERSION
    assert place.client.indices.get_mapping(index=made)[made]["mappings"]["dynamic"] == "strict"
    place.client.close()
