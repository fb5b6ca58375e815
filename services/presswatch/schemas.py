"""Writes schemas/ from the typed models: message schemas, topics, Elasticsearch templates, settings, rule files, topic packs.

Run by `make schemas`; a test fails when what is committed differs from what this returns.
"""

from __future__ import annotations

import sys
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
METRICS_PAGE = FOLDER.parent / "docs" / "metrics.md"


CONTROL_MESSAGES: tuple[type[Message], ...] = (Manifest, RuleObject, ListObject, PackObject)


def generate() -> dict[str, Any]:
    """Return what belongs into schemas/, by file name."""
    defaults = Settings()
    files: dict[str, Any] = {}
    for message in (*MESSAGES, *CONTROL_MESSAGES):
        version = message.model_fields["schema_version"].default
        files[f"messages/{message.SCHEMA}.v{version}.json"] = {
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


def main() -> None:
    """Write every file whose content differs."""
    for name, value in generate().items():
        path = FOLDER / name
        data = encode(value)
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            sys.stdout.write(f"wrote schemas/{name}\n")
    if not METRICS_PAGE.exists() or METRICS_PAGE.read_text() != page():
        METRICS_PAGE.write_text(page())
        sys.stdout.write("wrote docs/metrics.md\n")


if __name__ == "__main__":
    main()
