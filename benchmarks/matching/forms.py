"""A rule as the benchmark's generator makes it, and the same rule as each engine takes it.

Words are lower-case ASCII letters, which all engines cut and fold alike, so that match sets must be identical.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FIELD = "f"
"""The peers' one field: title and text are two values of it, with a gap between them."""


@dataclass(frozen=True, slots=True)
class Word:
    text: str


@dataclass(frozen=True, slots=True)
class Prefix:
    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """All of `parts`, none of `without`."""

    parts: tuple[Form, ...]
    without: tuple[Form, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Words, phrases, or groups of those, with at most `distance` other words between, in either order."""

    left: Form
    right: Form
    distance: int


Form = Word | Prefix | Phrase | All | AnyOf | Near


def query(form: Form) -> str:
    """Write a rule in our language."""
    match form:
        case Word(text):
            return text
        case Prefix(text):
            return f"{text}*"
        case Phrase(words):
            return f'"{" ".join(words)}"'
        case All(parts, without):
            return " AND ".join([*map(_group, parts), *(f"NOT {_group(part)}" for part in without)])
        case AnyOf(parts):
            return " OR ".join(map(_group, parts))
        case Near(left, right, distance):
            return f"{_group(left)} NEAR/{distance} {_group(right)}"


def _group(form: Form) -> str:
    return query(form) if isinstance(form, Word | Prefix | Phrase) else f"({query(form)})"


def polish(form: Form) -> str:
    """Write a rule for java/monitor/Queries.java: operators before their operands, with a count."""
    match form:
        case Word(text):
            return f"word {text}"
        case Prefix(text):
            return f"prefix {text}"
        case Phrase(words):
            return f"phrase {len(words)} {' '.join(words)}"
        case All(parts, without):
            return " ".join(["and", str(len(parts)), *map(polish, parts), str(len(without)), *map(polish, without)])
        case AnyOf(parts):
            return " ".join(["or", str(len(parts)), *map(polish, parts)])
        case Near(left, right, distance):
            return f"near {distance} {polish(left)} {polish(right)}"


def dsl(form: Form) -> dict[str, Any]:
    """Write a rule in OpenSearch's query language, unscored."""
    match form:
        case Word(text):
            return {"term": {FIELD: text}}
        case Prefix(text):
            return {"prefix": {FIELD: text}}
        case Phrase(words):
            return {"match_phrase": {FIELD: " ".join(words)}}
        case All(parts, without):
            return {"bool": {"filter": [dsl(part) for part in parts], "must_not": [dsl(part) for part in without]}}
        case AnyOf(parts):
            return {"bool": {"should": [dsl(part) for part in parts]}}
        case Near(left, right, distance):
            return {"span_near": {"clauses": [_span(left), _span(right)], "slop": distance, "in_order": False}}


def _span(form: Form) -> dict[str, Any]:
    match form:
        case Word(text):
            return {"span_term": {FIELD: text}}
        case Phrase(words):
            clauses = [{"span_term": {FIELD: word}} for word in words]
            return {"span_near": {"clauses": clauses, "slop": 0, "in_order": True}}
        case AnyOf(parts):
            return {"span_or": {"clauses": [_span(part) for part in parts]}}
        case _:
            raise ValueError(f"NEAR takes no {type(form).__name__}")


def terms(form: Form) -> int:
    """Count the words, prefixes and phrases of a rule."""
    match form:
        case All(parts, without):
            return sum(map(terms, (*parts, *without)))
        case AnyOf(parts):
            return sum(map(terms, parts))
        case Near(left, right):
            return terms(left) + terms(right)
        case _:
            return 1
