"""Versions of the messages: every one is kept, and today's code and that of each kept version read one another."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from tools.compatibility import refusals

from presswatch import schemas
from presswatch.core.messages import MESSAGES
from presswatch.schemas import CONTROL_MESSAGES, FOLDER, KEPT, MESSAGES_FOLDER, misplaced, version_of

PAGE = "docs/decisions/0017-messages-change-by-versions-that-read-one-another.md"
VERSIONS = [
    (message.SCHEMA, version, version_of(message))
    for message in (*MESSAGES, *CONTROL_MESSAGES)
    for version in range(1, version_of(message) + 1)
]


def kept(name: str, version: int) -> dict[str, Any]:
    schema: dict[str, Any] = orjson.loads((MESSAGES_FOLDER / f"{name}.v{version}.json").read_bytes())
    return schema


def test_every_version_is_kept_as_it_was() -> None:
    assert list(misplaced()) == []


@pytest.mark.parametrize(("name", "version", "present"), VERSIONS)
def test_each_kept_version_and_the_present_one_read_one_another(name: str, version: int, present: int) -> None:
    older, newer = kept(name, version), kept(name, present)
    mend = f"; what to do instead: {PAGE}"
    assert not (why := refusals(newer, older)), f"the present {name} refuses messages of v{version}: {why}{mend}"
    assert not (why := refusals(older, newer)), (
        f"a reader of {name} v{version} refuses what is written now: {why}{mend}"
    )


def test_older_versions_are_among_what_is_compared() -> None:
    assert ("article.tagged", 1, 2) in VERSIONS
    assert ("control.rule", 1, 2) in VERSIONS


def changed(where: str, **keywords: Any) -> dict[str, Any]:
    """Return the schema of tagged articles with other keywords at a field; None takes one away."""
    schema = copy.deepcopy(kept("article.tagged", 2))
    part: Any = schema
    for step in where.split("/"):
        part = part[step] if step else part
    for key, value in keywords.items():
        part.pop(key, None)
        if value is not None:
            part[key] = value
    return schema


@pytest.mark.parametrize(
    ("where", "keywords", "older_refuses", "newer_refuses"),
    [
        ("properties/title", {"type": "integer"}, "title may be of type integer", "title may be of type string"),
        ("properties/lang_from", {"enum": ["given"]}, None, "lang_from may be 'detected' or 'unknown', the reader takes"),
        ("properties/origin", {"enum": ["live", "backfill", "replay", "canary"]}, "origin may be 'canary'", None),
        ("properties/fetched", {"minimum": 5}, None, "fetched has minimum 0, the reader's is 5"),
        ("properties/fetched", {"exclusiveMaximum": None}, "fetched has exclusiveMaximum none", None),
        ("properties/id", {"maxLength": 512}, "id has maxLength 512, the reader's is 256", None),
        ("properties/id", {"pattern": "^[0-9a-f]+$"}, None, "id has another pattern"),
        ("properties/author/items", {"type": "null"}, "author[] may be of type null", "author[] may be of type string"),
        ("properties/lang", {"anyOf": [{"type": "string"}]}, None, "lang may be of type null, the reader takes string"),
        ("$defs/Tag/properties/score", {"maximum": 100}, "tags[].score has maximum 100", None),
        ("$defs/Tag", {"required": ["topic"]}, "tags[].pack may be missing, the reader requires it", None),
        ("", {"required": ["id", "fetched", "tagged", "lang"]}, None, "lang may be missing, the reader requires it"),
    ],
)  # fmt: skip
def test_a_change_that_one_of_them_refuses_is_named(
    where: str, keywords: dict[str, Any], older_refuses: str | None, newer_refuses: str | None
) -> None:
    older, newer = kept("article.tagged", 2), changed(where, **keywords)
    for wanted, found in ((older_refuses, refusals(older, newer)), (newer_refuses, refusals(newer, older))):
        if wanted is None:
            assert found == []
        else:
            assert any(wanted in fault for fault in found), found


def test_an_optional_field_may_come_and_go_and_words_may_change() -> None:
    older = kept("article.tagged", 2)
    newer = changed("properties", story={"type": "string", "default": ""}, unsupported=None)
    newer["description"] = "Said better."
    assert refusals(older, newer) == refusals(newer, older) == []


def test_a_closed_object_lets_optional_fields_come_but_none_that_is_always_there() -> None:
    older = kept("control.rule", 2)
    newer = copy.deepcopy(older)
    newer["$defs"]["RuleSpec"]["properties"]["urgency"] = {"type": "string", "default": "any"}
    assert refusals(older, newer) == refusals(newer, older) == []
    newer["$defs"]["RuleSpec"]["required"].append("urgency")
    assert refusals(older, newer) == ["spec.urgency is always there, the reader refuses what it does not know"]


def test_a_keyword_that_nobody_looks_at_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"author: tools/compatibility\.py does not know uniqueItems"):
        refusals(kept("article.tagged", 2), changed("properties/author", uniqueItems=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of schemas/ to spoil."""
    shutil.copytree(FOLDER, tmp_path / "schemas")
    return tmp_path / "schemas"


def edit(path: Path, where: str, **keywords: Any) -> None:
    schema = orjson.loads(path.read_bytes())
    schema[where].update(keywords)
    path.write_bytes(schemas.encode(schema))


def test_a_version_that_is_gone_or_edited_is_named_with_the_mend(folder: Path) -> None:
    messages = folder / "messages"
    (messages / "article.tagged.v1.json").unlink()
    edit(messages / "match.v1.json", "properties", more={"type": "string"})
    assert list(misplaced(messages)) == [
        "schemas/messages/article.tagged.v1.json is gone: every version is kept. Bring it back (git checkout)",
        (
            "schemas/messages/match.v1.json is not what was kept of it. Bring it back (git checkout), and raise the model's "
            "schema_version if its fields changed"
        ),
    ]


def test_a_version_that_was_never_kept_is_named(folder: Path) -> None:
    sums = folder / "messages" / KEPT
    sums.write_text("".join(line for line in sums.read_text().splitlines(keepends=True) if "tagged.v1" not in line))
    (only,) = misplaced(folder / "messages")
    assert only.startswith("schemas/messages/article.tagged.v1.json was not kept")


def test_make_schemas_overwrites_no_kept_version(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The model differs from what was kept of its version: as after a field was added without raising the version."""
    path = folder / "messages" / "match.v1.json"
    sums = folder / "messages" / KEPT
    before = schemas.shape(orjson.loads(path.read_bytes()))
    edit(path, "properties", more={"type": "string"})
    spoiled = path.read_bytes()
    sums.write_text(sums.read_text().replace(before, schemas.shape(orjson.loads(spoiled))))
    assert schemas.main(folder) == 1
    assert "differs from it: raise its schema_version to 2 and run this again" in capsys.readouterr().err
    assert path.read_bytes() == spoiled


def test_make_schemas_keeps_a_new_version_and_betters_words(folder: Path) -> None:
    messages = folder / "messages"
    untouched = {path.name: path.read_bytes() for path in messages.iterdir()}
    sums = messages / KEPT
    sums.write_text("".join(line for line in sums.read_text().splitlines(keepends=True) if "tagged.v2" not in line))
    (messages / "article.tagged.v2.json").unlink()
    edit(
        messages / "match.v1.json", "properties", id={"type": "string", "minLength": 1, "maxLength": 256, "title": "ID"}
    )
    assert schemas.main(folder) == 0
    assert {path.name: path.read_bytes() for path in messages.iterdir()} == untouched
