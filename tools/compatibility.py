"""Whether a reader that goes by one JSON Schema takes every message that another one permits; if not, where and why.

Knows the keywords that our models' schemas use, and no others: a new one is an error, so that nothing goes unlooked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_SAME = ("pattern", "format", "propertyNames")
_STRUCTURE = {"type", "properties", "required", "additionalProperties", "patternProperties", "items", "enum", "const"}
_ALTERNATIVES = ("anyOf", "oneOf")
_WORDS = {"title", "description", "default", "$schema", "$defs"}
_KNOWN = {*_LOWER, *_UPPER, *_SAME, *_STRUCTURE, *_ALTERNATIVES, *_WORDS, "$ref"}


def refusals(reader: Schema, writer: Schema) -> list[str]:
    """Return why `reader` may refuse what `writer` permits: one line each, with the field; empty if it takes all.

    Fields that the reader does not know are ignored by it. Where it is closed (rules and packs, which must not be
    understood by half) an optional one is no refusal: only who uses it is refused.
    """
    return list(_Comparison(reader, writer).of(reader, writer, ""))


class _Comparison:
    def __init__(self, reader: Schema, writer: Schema) -> None:
        self._reader = reader.get("$defs", {})
        self._writer = writer.get("$defs", {})

    def of(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        takes = _alternatives(reader, self._reader)
        for given in _alternatives(writer, self._writer):
            attempts = [list(self._one(one, given, at)) for one in takes]
            if all(attempts):  # no alternative of the reader takes it: tell of the one that is nearest
                yield from min(attempts, key=lambda faults: (len(faults), "type" in faults[0]))

    def _one(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        for schema in (reader, writer):
            if unknown := schema.keys() - _KNOWN:
                raise ValueError(
                    f"{at or 'message'}: tools/compatibility.py does not know {', '.join(sorted(unknown))}"
                )
        name = at or "the message"
        if (values := _values(reader)) is not None:
            given = _values(writer)
            more = None if given is None else [value for value in given if value not in values]
            if more is None:
                yield f"{name} may have any value, the reader takes {_listed(values)} only"
            elif more:
                yield f"{name} may be {_listed(more)}, the reader takes {_listed(values)} only"
            return
        type_of = reader.get("type")
        if (
            type_of is not None
            and writer.get("type") != type_of
            and (type_of, writer.get("type")) != ("number", "integer")
        ):
            yield f"{name} may be of type {writer.get('type', 'any')}, the reader takes {type_of}"
            return
        yield from self._bounds(reader, writer, name)
        if "items" in reader:
            yield from self.of(reader["items"], writer.get("items", {}), f"{at}[]")
        if type_of == "object":
            yield from self._fields(reader, writer, at)

    def _bounds(self, reader: Schema, writer: Schema, name: str) -> Iterator[str]:
        for key in (*_LOWER, *_UPPER):
            if key not in reader:
                continue
            ours, theirs = reader[key], writer.get(key)
            if theirs is None or (theirs < ours if key in _LOWER else theirs > ours):
                yield f"{name} has {key} {theirs if theirs is not None else 'none'}, the reader's is {ours}"
        for key in _SAME:
            if key in reader and not _same(reader[key], writer.get(key)):
                yield f"{name} has another {key} than the reader's"

    def _fields(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        known, given = reader.get("properties", {}), writer.get("properties", {})
        must, always = set(reader.get("required", ())), set(writer.get("required", ()))
        for field in sorted(must - always):
            yield f"{_join(at, field)} may be missing, the reader requires it"
        for field in sorted(known.keys() & given.keys()):
            yield from self.of(known[field], given[field], _join(at, field))
        if reader.get("additionalProperties") is False:
            for field in sorted((given.keys() - known.keys()) & always):
                yield f"{_join(at, field)} is always there, the reader refuses what it does not know"
        elif isinstance(values := reader.get("additionalProperties"), Mapping):
            more = writer.get("additionalProperties")
            yield from self.of(values, more if isinstance(more, Mapping) else {}, f"{at}.*")
        for pattern, values in reader.get("patternProperties", {}).items():
            yield from self.of(values, writer.get("patternProperties", {}).get(pattern, {}), f"{at}.*")


def _alternatives(schema: Schema, definitions: Mapping[str, Schema]) -> list[Schema]:
    if "$ref" in schema:
        return _alternatives(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    for key in _ALTERNATIVES:
        if key in schema:
            return [one for part in schema[key] for one in _alternatives(part, definitions)]
    return [schema]


def _values(schema: Schema) -> Sequence[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return {key: value for key, value in ours.items() if key not in _WORDS} == {
            key: value for key, value in theirs.items() if key not in _WORDS
        }
    return bool(ours == theirs)


def _listed(values: Sequence[Any]) -> str:
    return " or ".join(repr(value) for value in values)


def _join(at: str, field: str) -> str:
    return f"{at}.{field}" if at else field
