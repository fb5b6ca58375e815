"""Makes Kafka and Elasticsearch as `topology` says, and tells what it did. Running it again changes nothing.

It adds and raises; it never takes anything away: what could only be had by losing data or order is left, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from elasticsearch import ApiError, BadRequestError, Elasticsearch
from kafka.admin import ConfigResource, KafkaAdminClient
from kafka.errors import (
    AuthorizationError,
    InvalidReplicationFactorError,
    KafkaError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
    for_code,
)

from presswatch.adapters.elasticsearch import ensure_index, translated
from presswatch.adapters.elasticsearch.indices import families, mapping_version
from presswatch.adapters.kafka import connection
from presswatch.core.errors import ConfigError, RetryableError
from presswatch.settings import ElasticsearchSettings, KafkaSettings
from presswatch.topology import (
    INDICES,
    MAPPING_VERSION,
    TOPICS,
    IndexSpec,
    TopicSpec,
    index,
    month_index,
    topic,
    write_alias,
)

Result = Literal["created", "changed", "left", "unchanged"]


@dataclass(frozen=True, slots=True)
class Step:
    """What was done about one thing. ``left``: it differs from the settings, and stays so; `detail` says why."""

    thing: str
    result: Result
    detail: str = ""


def provision_kafka(kafka: KafkaSettings) -> Iterator[Step]:
    """Create the topics, raise their partitions and set their configuration.

    Raises:
        RetryableError: Kafka cannot be reached.
        ConfigError: Kafka refuses what the settings ask for.
    """
    with _kafka_errors(kafka):
        admin = KafkaAdminClient(**connection(kafka), bootstrap_timeout_ms=5_000, request_timeout_ms=20_000)
    try:
        with _kafka_errors(kafka):
            there = set(admin.list_topics())
            missing = [spec for spec in TOPICS if topic(kafka, spec.name) not in there]
            created = _create_topics(admin, kafka, missing) if missing else set()
        for spec in TOPICS:
            if spec.name in created:
                yield Step(_topic_label(kafka, spec), "created", _count(_partitions(kafka, spec), "partition"))
            else:
                with _kafka_errors(kafka):
                    steps = _adjust_topic(admin, kafka, spec)
                yield from steps
    finally:
        admin.close()


def _partitions(kafka: KafkaSettings, spec: TopicSpec) -> int:
    return spec.partitions or kafka.partitions


def _topic_label(kafka: KafkaSettings, spec: TopicSpec) -> str:
    return f"topic {topic(kafka, spec.name)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _create_topics(admin: KafkaAdminClient, kafka: KafkaSettings, specs: Sequence[TopicSpec]) -> set[str]:
    """Create topics and wait until they have leaders; return those of which nobody else was first."""
    wishes = {
        topic(kafka, spec.name): {
            "num_partitions": _partitions(kafka, spec),
            "replication_factor": kafka.replication,
            "configs": spec.config(),
        }
        for spec in specs
    }
    answer = admin.create_topics(wishes, raise_errors=False)
    created: set[str] = set()
    for told in answer["topics"]:
        if told["error_code"] == 0:
            created.add(told["name"].removeprefix(kafka.prefix))
        elif told["error_code"] != TopicAlreadyExistsError.errno:
            raise for_code(told["error_code"])(told["error_message"])
    admin.wait_for_topics(list(wishes))
    return created


def _adjust_topic(admin: KafkaAdminClient, kafka: KafkaSettings, spec: TopicSpec) -> list[Step]:
    name, label = topic(kafka, spec.name), _topic_label(kafka, spec)
    steps: list[Step] = []
    partitions = admin.describe_topics([name])[0]["partitions"]
    wanted = _partitions(kafka, spec)
    if len(partitions) < wanted:
        admin.create_partitions({name: wanted})
        detail = f"partitions {len(partitions)} -> {wanted}; keys move, so let consumers catch up before the next raise"
        steps.append(Step(label, "changed", detail))
    elif len(partitions) > wanted:
        detail = (
            f"has {_count(len(partitions), 'partition')}, the settings say {wanted}: Kafka cannot take partitions away"
        )
        steps.append(Step(label, "left", detail))
    replicas = min(len(partition["replica_nodes"]) for partition in partitions)
    if replicas != kafka.replication:
        detail = (
            f"has replication factor {replicas}, the settings say {kafka.replication}: "
            "change it with kafka-reassign-partitions"
        )
        steps.append(Step(label, "left", detail))
    wishes = spec.config()
    described = admin.describe_configs([ConfigResource("TOPIC", name, dict.fromkeys(wishes))], config_filter="all")
    actual = {key: about["value"] for key, about in described["topic"][name].items()}
    different = {key: value for key, value in wishes.items() if actual.get(key) != value}
    if different:
        admin.alter_configs([ConfigResource("TOPIC", name, different)])
        changes = ", ".join(f"{key} {actual.get(key)} -> {value}" for key, value in different.items())
        steps.append(Step(label, "changed", changes))
    return steps or [Step(label, "unchanged")]


@contextmanager
def _kafka_errors(kafka: KafkaSettings) -> Iterator[None]:
    try:
        yield
    except (AuthorizationError, SaslAuthenticationFailedError) as error:
        raise ConfigError(f"Kafka refuses us: {error!r}. Check kafka.sasl_* and the rights of that user") from error
    except InvalidReplicationFactorError as error:
        raise ConfigError(
            f"Kafka has fewer brokers than kafka.replication asks for ({kafka.replication}): lower it or add brokers"
        ) from error
    except KafkaTimeoutError as error:
        raise RetryableError(f"Kafka at {kafka.bootstrap} cannot be reached: is it running? ({error})") from error
    except KafkaError as error:
        raise RetryableError(f"Kafka at {kafka.bootstrap}: {error}") from error


def provision_elasticsearch(client: Elasticsearch, es: ElasticsearchSettings, now_ms: int) -> Iterator[Step]:
    """Put templates, bring existing indices to this version's mappings, create what is missing.

    Templates come first, so that an index made meanwhile is right; existing indices next, so that every index takes
    what a new version writes before that version starts.

    Raises:
        RetryableError: Elasticsearch cannot be reached or is busy.
        ConfigError: an index was made by a newer version, or holds a field of another type.
        FatalError: it refuses us.
    """
    for spec in INDICES:
        with translated():
            step = _put_template(client, es, spec)
        yield step
    for spec, expression in families(es, [spec.name for spec in INDICES]):
        with translated():
            found = client.indices.get(
                index=expression, allow_no_indices=True, ignore_unavailable=True, expand_wildcards="open"
            ).body
        for name in sorted(found):
            with translated():
                steps = _adjust_index(client, es, spec, name, found[name])
            yield from steps
        wanted = month_index(es, spec.name, now_ms) if spec.monthly else index(es, spec.name)
        if wanted not in found and ensure_index(client, spec, wanted, index(es, spec.name) if spec.monthly else None):
            yield Step(f"index {wanted}", "created")


def _put_template(client: Elasticsearch, es: ElasticsearchSettings, spec: IndexSpec) -> Step:
    name = index(es, spec.name)
    wish = spec.template(es)
    found = client.options(ignore_status=404).indices.get_index_template(name=name).body.get("index_templates", [])
    actual = found[0]["index_template"] if found else None
    if actual is not None and actual.get("version", 0) > MAPPING_VERSION:
        raise ConfigError(_newer(f"template {name}", actual["version"]))
    if actual is not None and _comparable(actual) == _comparable(wish):
        return Step(f"template {name}", "unchanged")
    client.indices.put_index_template(
        name=name,
        index_patterns=wish["index_patterns"],
        priority=wish["priority"],
        template=wish["template"],
        version=wish["version"],
        meta=wish["_meta"],
    )
    return Step(f"template {name}", "created" if actual is None else "changed")


def _newer(thing: str, version: int) -> str:
    return (
        f"{thing} was set up by a newer Presswatch (mapping version {version}, this one knows {MAPPING_VERSION}): "
        "run the setup of the newer one"
    )


def _comparable(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts of a template, in one form whether it comes from us or from the server."""
    body = template["template"]
    return {
        "patterns": sorted(template["index_patterns"]),
        "priority": template.get("priority"),
        "version": template.get("version"),
        "meta": template.get("_meta"),
        "mappings": body.get("mappings"),
        "aliases": body.get("aliases", {}),
        "settings": _flat(body.get("settings", {})),
    }


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return index settings by their full name, as text: index.number_of_shards -> "1"."""
    flat: dict[str, str] = {}
    for key, value in settings.items():
        name = prefix + key
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{name}.")
        else:
            flat[name if name.startswith("index.") else f"index.{name}"] = str(value)
    return flat


def _adjust_index(
    client: Elasticsearch, es: ElasticsearchSettings, spec: IndexSpec, name: str, found: Mapping[str, Any]
) -> list[Step]:
    label = f"index {name}"
    steps = [
        step
        for step in (
            _adjust_mapping(client, spec, name, found["mappings"]),
            _adjust_aliases(client, es, spec, name, found["aliases"]),
            *_adjust_settings(client, es, spec, name, _flat(found["settings"])),
        )
        if step is not None
    ]
    return steps or [Step(label, "unchanged")]


def _adjust_mapping(client: Elasticsearch, spec: IndexSpec, name: str, found: dict[str, Any]) -> Step | None:
    label = f"index {name}"
    version = mapping_version(found)
    if version > MAPPING_VERSION:
        raise ConfigError(_newer(label, version))
    missing = sorted(_paths(spec.mappings["properties"]) - _paths(found.get("properties", {})))
    if version == MAPPING_VERSION and not missing:
        return None
    wish = {key: value for key, value in spec.mappings.items() if key != "_source"}
    try:
        client.indices.put_mapping(
            index=name,
            dynamic=wish["dynamic"],
            properties=wish["properties"],
            dynamic_templates=wish.get("dynamic_templates"),
            meta=wish["_meta"],
        )
    except BadRequestError as error:
        raise ConfigError(
            f"{label} cannot take this version's mapping: {_why(error)}. Its documents must be moved: create another index "
            "with `presswatch setup` after renaming or removing this one, and replay the articles"
        ) from error
    fields = f"; new fields: {', '.join(missing)}" if missing else ""
    return Step(label, "changed", f"mapping version {version} -> {MAPPING_VERSION}{fields}")


def _why(error: ApiError) -> str:
    cause = error.body.get("error", {}) if isinstance(error.body, Mapping) else {}
    return str(cause.get("reason", error)) if isinstance(cause, Mapping) else str(error)


def _paths(properties: Mapping[str, Any], prefix: str = "") -> set[str]:
    """Return every field of a mapping as path:type."""
    paths: set[str] = set()
    for field, about in properties.items():
        inner = about.get("properties", {})
        # An object with fields loses its type in the server's answer.
        paths.add(f"{prefix}{field}:{about.get('type', 'object')}")
        paths |= _paths(inner, f"{prefix}{field}.")
        paths |= _paths(about.get("fields", {}), f"{prefix}{field}.")
    return paths


def _adjust_aliases(
    client: Elasticsearch, es: ElasticsearchSettings, spec: IndexSpec, name: str, found: Mapping[str, Any]
) -> Step | None:
    wanted = [write_alias(name), *([index(es, spec.name)] if spec.monthly else [])]
    missing = [alias for alias in wanted if alias not in found]
    for alias in missing:
        client.indices.put_alias(index=name, name=alias)
    return Step(f"index {name}", "changed", f"alias {', '.join(missing)}") if missing else None


def _adjust_settings(
    client: Elasticsearch, es: ElasticsearchSettings, spec: IndexSpec, name: str, found: Mapping[str, str]
) -> list[Step]:
    label = f"index {name}"
    steps: list[Step] = []
    wishes = _flat(spec.template(es)["template"]["settings"])
    shards = "index.number_of_shards"
    if found.get(shards) != wishes[shards]:
        detail = f"has {_count(int(found.get(shards, 1)), 'shard')}, the settings say {wishes[shards]}: it holds for the next index"
        steps.append(Step(label, "left", detail))
    different = {key: value for key, value in wishes.items() if key != shards and found.get(key) != value}
    if different:
        client.indices.put_settings(index=name, settings=different)
        changes = ", ".join(f"{key} {found.get(key)} -> {value}" for key, value in different.items())
        steps.append(Step(label, "changed", changes))
    return steps


def summary(steps: list[Step]) -> str:
    """Return the last line that setup prints."""
    counts: Mapping[Result, int] = {
        result: sum(step.result == result for step in steps) for result in ("created", "changed", "left", "unchanged")
    }
    if not counts["created"] and not counts["changed"]:
        return f"Nothing changed: {counts['unchanged']} topics, templates and indices are as they should be" + (
            f", {counts['left']} left as they are." if counts["left"] else "."
        )
    return ", ".join(f"{number} {result}" for result, number in counts.items() if number) + "."


def run(
    kafka: KafkaSettings, client: Elasticsearch, es: ElasticsearchSettings, now_ms: int, tell: Callable[[str], None]
) -> None:
    """Set up both engines; `tell` gets a line for each thing that was created, changed or left, and a summary."""
    steps: list[Step] = []
    for source in (provision_kafka(kafka), provision_elasticsearch(client, es, now_ms)):
        for step in source:
            steps.append(step)
            if step.result != "unchanged":
                tell(f"{step.result:8} {step.thing}{f': {step.detail}' if step.detail else ''}")
    tell(summary(steps))
