"""`presswatch setup` on real engines: again and again, after changes of the settings, and over what others did."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch
from kafka.admin import ConfigResource, KafkaAdminClient, NewTopic
from tests.processes import Sandbox

from presswatch import provision
from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.kafka import connection
from presswatch.core.errors import ConfigError
from presswatch.engines import Engines
from presswatch.runtime import now_ms
from presswatch.settings import Settings
from presswatch.topology import ARTICLES, INDICES, MAPPING_VERSION, TOPICS, write_alias

pytestmark = pytest.mark.engine


class Place:
    """A prefix on the engines, and a look at what is there."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self.engines, self.folder = engines, folder
        self.prefix = f"setup-{uuid4().hex[:8]}-"
        self.settings: Settings = self.sandbox().settings
        self.client: Elasticsearch = connect(self.settings.elasticsearch)
        self.admin: Any = KafkaAdminClient(**connection(self.settings.kafka))

    def sandbox(self, **values: dict[str, Any]) -> Sandbox:
        return Sandbox(self.engines, self.folder, self.prefix, values)

    def setup(self, **values: dict[str, Any]) -> str:
        settings = self.sandbox(**values).settings
        lines: list[str] = []
        provision.run(settings.kafka, self.client, settings.elasticsearch, now_ms(), lines.append)
        return "\n".join(lines)

    def partitions(self, name: str) -> int:
        return len(self.admin.describe_topics([self.prefix + name])[0]["partitions"])

    def retention(self, name: str) -> str:
        wanted = ConfigResource("TOPIC", self.prefix + name, {"retention.ms": None})
        found = self.admin.describe_configs([wanted], config_filter="all")
        return str(found["topic"][self.prefix + name]["retention.ms"]["value"])

    def month(self, name: str) -> str:
        """Return the only index of a family."""
        (index,) = self.client.indices.get(index=f"{self.prefix}{name}-2*")
        return str(index)


@pytest.fixture
def place(engines: Engines, tmp_path: Path) -> Iterator[Place]:
    place = Place(engines, tmp_path)
    yield place
    place.client.close()
    place.admin.close()


def test_the_first_time_it_makes_everything_the_second_time_nothing(place: Place) -> None:
    everything = len(TOPICS) + 2 * len(INDICES)
    first = place.sandbox().command("setup")
    assert first.count("created  ") == everything
    assert first.splitlines()[-1] == f"{everything} created."
    assert {name for name in place.admin.list_topics() if name.startswith(place.prefix)} == {
        place.prefix + spec.name for spec in TOPICS
    }
    for spec in INDICES:
        index = place.month(spec.name) if spec.monthly else place.prefix + spec.name
        aliases = {write_alias(index), *([place.prefix + spec.name] if spec.monthly else [])}
        assert set(place.client.indices.get_alias(index=index)[index]["aliases"]) == aliases
    second = place.sandbox().command("setup")
    assert second == f"Nothing changed: {everything} topics, templates and indices are as they should be.\n"


def test_partitions_are_raised_and_never_taken_away(place: Place) -> None:
    place.setup()
    raised = place.setup(kafka={"partitions": 5})
    assert f"changed  topic {place.prefix}articles.raw: partitions 3 -> 5" in raised
    assert place.partitions("articles.raw") == place.partitions("matches") == 5
    assert place.partitions("indexer.dead") == 1
    fewer = place.setup(kafka={"partitions": 2})
    assert f"left     topic {place.prefix}matches: has 5 partitions, the settings say 2" in fewer
    assert fewer.splitlines()[-1].startswith("Nothing changed")
    assert place.partitions("matches") == 5


def test_a_topic_that_somebody_else_made_gets_its_configuration(place: Place) -> None:
    name = place.prefix + "articles.raw"
    place.admin.create_topics([NewTopic(name, 1, 1, topic_configs={"retention.ms": "1000"})])
    said = place.setup()
    assert f"changed  topic {name}: partitions 1 -> 3" in said
    assert f"changed  topic {name}: retention.ms 1000 -> 604800000" in said
    assert place.retention("articles.raw") == "604800000"


def test_more_brokers_than_there_are_is_an_error_that_names_the_setting(place: Place) -> None:
    with pytest.raises(ConfigError, match=r"kafka\.replication asks for \(3\)"):
        place.setup(kafka={"replication": 3})


def test_settings_of_existing_indices_follow_and_shards_are_said_to_wait(place: Place) -> None:
    place.setup()
    index = place.month(ARTICLES)
    place.client.indices.put_settings(index=index, settings={"index.refresh_interval": "60s"})
    said = place.setup(elasticsearch={"shards": 2})
    assert f"changed  index {index}: index.refresh_interval 60s -> 1s" in said
    assert f"left     index {index}: has 1 shard, the settings say 2: it holds for the next index" in said
    assert f"changed  template {place.prefix}articles\n" in said


def test_indices_of_an_older_version_get_the_new_fields_and_aliases(place: Place) -> None:
    place.setup()
    old = f"{place.prefix}articles-2020.01"
    place.client.indices.delete_index_template(name=f"{place.prefix}articles")
    old_mapping = {
        "dynamic": "strict",
        "_meta": {"mapping_version": 0},
        "properties": {"title": {"type": "text", "analyzer": "standard"}},
    }
    place.client.indices.create(index=old, mappings=old_mapping)
    said = place.setup()
    assert f"changed  index {old}: mapping version 0 -> {MAPPING_VERSION}; new fields: @timestamp:date" in said
    assert f"changed  index {old}: alias {write_alias(old)}, {place.prefix}articles" in said
    mapping = place.client.indices.get_mapping(index=old)[old]["mappings"]
    assert mapping["_meta"] == {"mapping_version": MAPPING_VERSION}
    assert mapping["properties"]["rules"] == {"type": "object", "enabled": False}
    assert place.setup().startswith("Nothing changed")


def test_an_index_that_cannot_take_the_mapping_is_named_with_the_reason(place: Place) -> None:
    place.setup()
    old = f"{place.prefix}articles-2020.01"
    place.client.indices.delete_index_template(name=f"{place.prefix}articles")
    place.client.indices.create(index=old, mappings={"properties": {"title": {"type": "keyword"}}})
    with pytest.raises(ConfigError, match=rf"index {old} cannot take .* \[keyword\] to \[text\]"):
        place.setup()


def test_what_a_newer_version_set_up_is_left_alone(place: Place) -> None:
    place.setup()
    index = place.month(ARTICLES)
    place.client.indices.put_mapping(index=index, meta={"mapping_version": MAPPING_VERSION + 1})
    with pytest.raises(ConfigError, match=f"index {index} was set up by a newer Presswatch"):
        place.setup()


@pytest.mark.parametrize("engine", ["Kafka", "Elasticsearch"])
def test_an_engine_that_is_not_there_is_named(place: Place, engine: str) -> None:
    away = {"Kafka": {"bootstrap": "127.0.0.1:1"}, "Elasticsearch": {"url": "http://127.0.0.1:1"}}
    sandbox = place.sandbox(**{engine.lower(): away[engine]})
    environ = {**os.environ, "PRESSWATCH_CONFIG": str(sandbox.config)}
    command = [sys.executable, "-m", "presswatch", "setup"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"presswatch: {engine}")
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
