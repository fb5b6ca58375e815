"""The names of JSON types, for error texts that tell a person what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def json_type(value: Any) -> str:
    """Name the JSON type of a value with its article: "a string", "an array", "null"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    for kind, name in (
        (str, "a string"),
        (int | float, "a number"),
        (Mapping, "an object"),
        (list | tuple, "an array"),
    ):
        if isinstance(value, kind):
            return name
    return type(value).__name__
