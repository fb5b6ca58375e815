"""Writes schemas/ from the typed models: message schemas, topics, Elasticsearch templates, settings, rule files, topic packs.

Run by `make schemas`; a test fails when what is committed differs from what this returns. The schema of a message's version
is written once and kept: processes of other versions, and messages in Kafka, go by it (docs/decisions/0017).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from presswatch.core.control import Manifest
from presswatch.core.control_packs import PackObject
from presswatch.core.control_rules import ListObject, RuleObject
from presswatch.core.deadletters import HEADERS
from presswatch.core.messages import MESSAGES, Message
from presswatch.core.packspec import pack_file_schema
from presswatch.core.rules.rule import rule_file_schema
from presswatch.metricsdoc import page
from presswatch.settings import Settings
from presswatch.topology import INDICES, TOPICS

FOLDER = Path(__file__).resolve().parents[2] / "schemas"
METRICS_PAGE = Path("docs") / "metrics.md"
MESSAGES_FOLDER = FOLDER / "messages"
KEPT = "KEPT"
"""Names the schemas of all versions, each with a digest of what it takes: titles and descriptions may get better."""

_WORDS = frozenset({"title", "description"})

CONTROL_MESSAGES: tuple[type[Message], ...] = (Manifest, RuleObject, ListObject, PackObject)


def generate() -> dict[str, Any]:
    """Return what belongs into schemas/, by file name."""
    defaults = Settings()
    files: dict[str, Any] = {}
    for message in (*MESSAGES, *CONTROL_MESSAGES):
        files[f"messages/{message.SCHEMA}.v{version_of(message)}.json"] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **message.model_json_schema(by_alias=True, mode="validation"),
        }
    files["topics.json"] = [
        {
            "topic": spec.name,
            "key": spec.key,
            "schema": spec.message.SCHEMA if spec.message else None,
            "partitions": spec.partitions or defaults.kafka.partitions,
            "config": spec.config(),
            "meaning": spec.meaning,
        }
        for spec in TOPICS
    ]
    files["dead-letter.headers.json"] = HEADERS
    for index in INDICES:
        files[f"elasticsearch/{index.name}.template.json"] = index.template(defaults.elasticsearch)
    files["settings.schema.json"] = Settings.model_json_schema()
    files["rules.schema.json"] = rule_file_schema()
    files["pack.schema.json"] = pack_file_schema()
    return files


def encode(value: Any) -> bytes:
    """Return a schema as it is kept in its file: indented, keys in a fixed order."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def version_of(message: type[Message]) -> int:
    """Return the version of a message that this code writes."""
    version: int = message.model_fields["schema_version"].default
    return version


def misplaced(folder: Path = MESSAGES_FOLDER) -> Iterator[str]:
    """Yield what is wrong with the schemas kept of each version of each message, each with its mend."""
    kept = _kept(folder)
    for name, digest in sorted(kept.items()):
        path = folder / name
        if not path.exists():
            yield f"schemas/messages/{name} is gone: every version is kept. Bring it back (git checkout)"
        elif shape(orjson.loads(path.read_bytes())) != digest:
            yield (
                f"schemas/messages/{name} is not what was kept of it. Bring it back (git checkout), and raise the model's "
                "schema_version if its fields changed"
            )
    for message in (*MESSAGES, *CONTROL_MESSAGES):
        for version in range(1, version_of(message) + 1):
            name = f"{message.SCHEMA}.v{version}.json"
            if name not in kept:
                yield f"schemas/messages/{name} was not kept: run `make schemas`, one version after the other"


def main(folder: Path = FOLDER) -> int:
    """Write every file whose content differs, other than kept ones; return the exit code."""
    refused = 0
    messages = folder / MESSAGES_FOLDER.name
    kept = _kept(messages)
    for name, value in generate().items():
        path = folder / name
        data = encode(value)
        if path.exists() and path.read_bytes() == data:
            continue
        if path.parent == messages and kept.get(path.name, shape(value)) != shape(value):
            message, _, version = path.stem.rpartition(".v")
            sys.stderr.write(
                f"schemas/{name} is kept as it is, and the model of {message} differs from it: raise its schema_version to "
                f"{int(version) + 1} and run this again. (A version that nobody else has yet: take its line out of "
                "schemas/messages/KEPT first.)\n"
            )
            refused = 1
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        sys.stdout.write(f"wrote schemas/{name}\n")
    _keep(messages)
    metrics = folder.parent / METRICS_PAGE
    if not metrics.exists() or metrics.read_text() != page():
        metrics.parent.mkdir(parents=True, exist_ok=True)
        metrics.write_text(page())
        sys.stdout.write(f"wrote {METRICS_PAGE}\n")
    return refused


def shape(schema: dict[str, Any]) -> str:
    """Return a digest of what a schema takes, whatever it says about it in words."""

    def bare(part: Any, *, names: bool = False) -> Any:
        if isinstance(part, list):
            return [bare(one) for one in part]
        if not isinstance(part, dict):
            return part
        return {
            key: bare(value, names=not names and key in {"properties", "patternProperties", "$defs"})
            for key, value in part.items()
            if names or key not in _WORDS
        }

    return hashlib.sha256(encode(bare(schema))).hexdigest()[:16]


def _kept(folder: Path) -> dict[str, str]:
    lines = (folder / KEPT).read_text().splitlines() if (folder / KEPT).exists() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _keep(folder: Path) -> None:
    found = {path.name: shape(orjson.loads(path.read_bytes())) for path in folder.glob("*.v*.json")}
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted((found | _kept(folder)).items()))
    if not (folder / KEPT).exists() or (folder / KEPT).read_text() != lines:
        (folder / KEPT).write_text(lines)
        sys.stdout.write(f"wrote schemas/messages/{KEPT}\n")


if __name__ == "__main__":
    sys.exit(main())
