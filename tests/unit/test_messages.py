"""Messages on the wire, and schemas/ that say the same."""

from __future__ import annotations

import jsonschema
import orjson
import pytest
from tests.examples import match_event, notification

from presswatch.core.errors import BadMessageError
from presswatch.core.messages import MatchEvent, Notification, RawArticle, TaggedArticle
from presswatch.schemas import FOLDER, encode, generate, version_of

EXAMPLES = [
    RawArticle(id="a", title="t", fetched=1),
    TaggedArticle(id="a", title="t", fetched=1, tagged=2),
    match_event(),
    notification(),
]


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: message.SCHEMA)
def test_a_message_survives_the_wire_and_fits_its_schema(message: RawArticle | MatchEvent | Notification) -> None:
    assert type(message).decode(message.encode()) == message
    schema = orjson.loads((FOLDER / f"messages/{message.SCHEMA}.v{version_of(type(message))}.json").read_bytes())
    jsonschema.validate(orjson.loads(message.encode()), schema)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"{", "not_json"),
        (b"\xff", "not_json"),
        (b"[]", "wrong_schema"),
        (b'{"schema": "article.tagged", "id": "a", "fetched": 1}', "wrong_schema"),
        (b'{"schema": "article.raw", "fetched": 1}', "invalid"),
        (b'{"schema": "article.raw", "id": "a", "fetched": -1}', "invalid"),
        (b'{"schema": "article.raw", "id": "a", "fetched": 1, "title": 5}', "invalid"),
    ],
)
def test_what_is_no_message_has_a_bounded_reason(data: bytes | None, reason: str) -> None:
    with pytest.raises(BadMessageError) as error:
        RawArticle.decode(data)
    assert error.value.reason == reason


def test_an_older_reader_takes_a_newer_message() -> None:
    newer = orjson.loads(EXAMPLES[0].encode()) | {"schema_version": 2, "tomorrow": True}
    assert RawArticle.decode(orjson.dumps(newer)).id == "a"


def test_schemas_are_what_the_models_say() -> None:
    differ = [
        name
        for name, value in generate().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_bytes() != encode(value)
    ]
    assert not differ, "run `make schemas` and commit what it writes"
