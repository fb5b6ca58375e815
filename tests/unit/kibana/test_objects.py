"""Kibana's saved objects: their references, their JSON within JSON, and the fields that they name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from presswatch.kibana.ids import object_id
from presswatch.kibana.links import Discover
from presswatch.kibana.objects import ndjson, saved_objects
from presswatch.settings import KibanaSettings, Settings
from presswatch.topology import ALERTS, ARTICLES, INDICES

OBJECTS = saved_objects("desk-", ["diplomacy", "health"])
VERSIONS = {"index-pattern": "8.0.0", "search": "8.0.0", "lens": "8.9.0", "dashboard": "8.9.0"}


def fields_of(index: str) -> set[str]:
    (spec,) = [spec for spec in INDICES if spec.name == index]
    found = set()
    for name, field in spec.mappings["properties"].items():
        found |= {name} | {f"{name}.{sub}" for sub in field.get("fields", {})}
    return found


def named_fields(one: dict[str, Any]) -> Iterator[str]:
    attributes = one["attributes"]
    if one["type"] == "index-pattern":
        yield attributes["timeFieldName"]
        yield from json.loads(attributes["fieldFormatMap"])
        yield from json.loads(attributes["fieldAttrs"])
    if one["type"] == "search":
        yield from attributes["columns"]
        yield from (name for name, _ in attributes["sort"])
    if one["type"] == "lens":
        for layer in attributes["state"]["datasourceStates"]["formBased"]["layers"].values():
            assert layer["columnOrder"] == list(layer["columns"])
            yield from (column["sourceField"] for column in layer["columns"].values())


def test_each_object_has_the_shape_and_version_of_its_type() -> None:
    assert {one["type"] for one in OBJECTS} == set(VERSIONS)
    for one in OBJECTS:
        assert set(one) == {"type", "id", "attributes", "references", "coreMigrationVersion", "typeMigrationVersion"}
        assert (one["coreMigrationVersion"], one["typeMigrationVersion"]) == ("8.8.0", VERSIONS[one["type"]])
        assert one["id"].startswith("presswatch-desk-")
        assert one["attributes"]["title"]


def test_ids_are_unique_and_each_reference_finds_an_object_that_stands_before() -> None:
    seen: set[tuple[str, str]] = set()
    for one in OBJECTS:
        for reference in one["references"]:
            assert (reference["type"], reference["id"]) in seen
        key = (one["type"], one["id"])
        assert key not in seen
        seen.add(key)


def test_reference_names_are_those_that_kibana_looks_for() -> None:
    for one in OBJECTS:
        names = {reference["name"] for reference in one["references"]}
        if one["type"] == "search":
            source = json.loads(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
            assert names == {source["indexRefName"]} == {"kibanaSavedObjectMeta.searchSourceJSON.index"}
        elif one["type"] == "lens":
            assert names == {"indexpattern-datasource-layer-layer"}
        elif one["type"] == "dashboard":
            panels = json.loads(one["attributes"]["panelsJSON"])
            assert names == {f"{panel['panelIndex']}:{panel['panelRefName']}" for panel in panels}
            assert all(panel["gridData"]["x"] + panel["gridData"]["w"] <= 48 for panel in panels)


def test_every_field_that_is_named_is_mapped() -> None:
    views = {
        one["id"]: one["attributes"]["title"].removeprefix("desk-") for one in OBJECTS if one["type"] == "index-pattern"
    }
    assert set(views.values()) == {ARTICLES, ALERTS}
    looked_at = Counter[str]()
    for one in OBJECTS:
        ids = [one["id"], *(reference["id"] for reference in one["references"])]
        for name in named_fields(one):
            (index,) = {views[id_] for id_ in ids if id_ in views}
            assert name in fields_of(index) | {"___records___"}, f"{one['id']}: {name}"
            looked_at[one["type"]] += 1
    assert set(looked_at) == {"index-pattern", "search", "lens"}


def test_each_topic_has_a_search_and_a_colour() -> None:
    searches = {
        json.loads(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"]["query"]
        for one in OBJECTS
        if one["type"] == "search"
    }
    assert {'topic:"diplomacy"', 'topic:"health"'} <= searches
    for one in OBJECTS:
        if one["type"] == "index-pattern":
            colours = json.loads(one["attributes"]["fieldFormatMap"])["topic"]["params"]["colors"]
            assert [colour["regex"] for colour in colours] == ["diplomacy", "health"]


def test_a_file_for_the_import_has_one_object_a_line() -> None:
    assert [json.loads(line) for line in ndjson(OBJECTS).splitlines()] == OBJECTS


@pytest.mark.parametrize(
    ("space", "start"), [(None, "https://kibana.example/app/"), ("news", "https://kibana.example/s/news/app/")]
)
def test_links_open_discover_on_our_data_view(space: str | None, start: str) -> None:
    settings = Settings(kibana=KibanaSettings(url="https://kibana.example/", space=space))
    links = Discover.of(settings)
    assert links is not None
    address = links.rule("grain-export-bans")
    assert address.startswith(start + "discover#/?")
    assert f"index:%27{object_id('', 'articles')}%27" in address
    assert "query:%27rule:%22grain-export-bans%22%27" in address


def test_what_is_special_in_a_link_is_escaped() -> None:
    links = Discover("https://kibana.example", "view")
    assert r"""query:'id:"a!!b!'c\"d"'""" in unquote(links.article("a!b'c\"d"))
    assert Discover.of(Settings()) is None
