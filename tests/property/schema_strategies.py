"""Values that a JSON Schema permits, for the keywords that our message schemas use; others are an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]
JSON = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5)
FEW = 3
ALPHABET = "abhsw019.:_-"
"""Of texts with a pattern: few, so that drawing them is quick."""


def from_schema(schema: Schema) -> st.SearchStrategy[Any]:
    """Return a strategy of what a schema permits, with fields that it does not name where it is open."""
    return _strategy(schema, schema.get("$defs", {}))


def _strategy(schema: Schema, definitions: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _strategy(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return st.one_of([_strategy(one, definitions) for one in schema[key]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from([schema["const"]] if "const" in schema else schema["enum"])
    match schema["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum", schema.get("exclusiveMaximum", 2**63) - 1))
        case "number":
            return st.floats(
                schema.get("minimum", schema.get("exclusiveMinimum", -1e9)), schema.get("maximum", 1e9),
                exclude_min="exclusiveMinimum" in schema,
            )  # fmt: skip
        case "string":
            return _text(schema)
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(_strategy(schema["items"], definitions), min_size=least, max_size=least + FEW)
        case "object":
            return _object(schema, definitions)
    raise ValueError(f"no values for {schema!r}")


def _text(schema: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") == "date":
        return st.dates().map(str)
    least, most = schema.get("minLength", 0), schema.get("maxLength", 40)
    if "pattern" in schema:
        fits = st.from_regex(schema["pattern"], fullmatch=True, alphabet=ALPHABET)
        return fits.map(lambda text: text[:most]) if least <= 1 else fits.filter(lambda text: len(text) >= least)
    return st.text(min_size=least, max_size=min(most, least + 20))


def _object(schema: Schema, definitions: Mapping[str, Schema]) -> st.SearchStrategy[dict[str, Any]]:
    properties = schema.get("properties", {})
    must = set(schema.get("required", ())) | ({"schema"} & properties.keys())
    fields = {name: _strategy(about, definitions) for name, about in properties.items()}
    named = st.fixed_dictionaries(
        {name: values for name, values in fields.items() if name in must},
        optional={name: values for name, values in fields.items() if name not in must},
    )
    more = schema.get("additionalProperties", True)
    if more is False:
        return named
    values = JSON if more is True else _strategy(more, definitions)
    unknown = st.dictionaries(st.text("abcdefg", min_size=1, max_size=4).map("x_".__add__), values, max_size=2)
    return st.tuples(named, unknown).map(lambda both: {**both[1], **both[0]})
