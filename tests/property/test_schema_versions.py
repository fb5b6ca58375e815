"""Messages drawn from each kept schema are read by today's code; what today's code writes fits each kept schema."""

from __future__ import annotations

from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.schema_strategies import from_schema

from presswatch.core.control_packs import PackObject
from presswatch.core.messages import MESSAGES, Message, RawArticle, TaggedArticle
from presswatch.schemas import CONTROL_MESSAGES, MESSAGES_FOLDER, version_of

OPEN = tuple(message for message in (*MESSAGES, *CONTROL_MESSAGES) if message is not PackObject)
"""A pack's text must hold together in ways that no schema says; tests/property/test_learned.py and tests/unit/topics draw packs."""

EACH = pytest.mark.parametrize(
    ("message", "version"),
    [pytest.param(one, at, id=f"{one.SCHEMA}.v{at}") for one in OPEN for at in range(1, version_of(one) + 1)],
)


def kept(message: type[Message], version: int) -> dict[str, Any]:
    schema: dict[str, Any] = orjson.loads((MESSAGES_FOLDER / f"{message.SCHEMA}.v{version}.json").read_bytes())
    return schema


@EACH
@given(data=st.data())
@settings(max_examples=min(20, settings().max_examples) if settings().derandomize else settings().max_examples)
def test_each_version_and_today_read_one_another(message: type[Message], version: int, data: st.DataObject) -> None:
    written = data.draw(from_schema(kept(message, version)))
    read = message.decode(orjson.dumps(written))
    told = read.model_dump(mode="json", by_alias=True)
    for name, value in written.items():
        if name not in told:
            assert name.startswith("x_"), f"{name} of v{version} was dropped"
        elif not isinstance(value, dict | list | float):
            assert told[name] == value, name
    # Whatever is in it, what today writes of it fits the versions before and after that one.
    for each in range(1, version_of(message) + 1):
        jsonschema.validate(orjson.loads(read.encode()), kept(message, each))
    if version < version_of(message):
        newest = message.decode(orjson.dumps(data.draw(from_schema(kept(message, version_of(message))))))
        jsonschema.validate(orjson.loads(newest.encode()), kept(message, version))


@given(st.dictionaries(st.text("abc", min_size=1).map("x_".__add__), st.integers(0, 9), min_size=1))
def test_a_stage_hands_on_no_field_that_it_does_not_know(unknown: dict[str, int]) -> None:
    raw = RawArticle.decode(orjson.dumps({"schema": "article.raw", "id": "a", "fetched": 1, **unknown}))
    body = raw.model_dump(exclude={"schema_name", "schema_version"})
    assert not unknown.keys() & TaggedArticle(**body, tagged=2).model_dump().keys()
