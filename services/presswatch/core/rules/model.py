"""The typed syntax tree of the rule language. Frozen values; `start`/`end` are code points within the query.

Field scopes (``title:( ... )``) are pushed down to the leaves by the parser and named lists become `Or`
groups, so whoever walks the tree meets few kinds of node.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Literal

TextField = Literal["title", "text"]
TEXT_FIELDS: tuple[TextField, ...] = ("title", "text")


@dataclass(frozen=True, slots=True)
class Exact:
    """One token, folded."""

    token: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """Any token that begins with this folded text (``vaccin*``)."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A folded pattern in which ``?`` is exactly one code point and a last ``*`` any number of them."""

    pattern: str


Test = Exact | Prefix | Wildcard
Slot = tuple[Test, ...]
"""The alternatives at one position: more than one where an apostrophe can be read two ways."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word, phrase, wildcard or window.

    Args:
        slots: one or more positions.
        written: the leaf as the analyst wrote it, without its field; the `leaf` of a receipt.
        field: the only field it looks at, or None for either.
        slop: None for side by side, in order; n for all slots at distinct positions, in any order, in a
            window whose length in tokens less their number is at most n.
    """

    slots: tuple[Slot, ...]
    written: str
    field: TextField | None = None
    slop: int | None = None
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Raw:
    """These characters (NFC) in the original text, no letter, digit or mark touching either end."""

    literal: str
    written: str
    field: TextField | None = None
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Meta:
    """A whole metadata value, case folded, or its beginning. `name` is topic, source, domain, ..."""

    name: str
    value: str
    prefix: bool
    written: str
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range. `published` counts milliseconds since 1970 in UTC, `words` tokens, `score.*` 0 to 1."""

    value: float
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Range:
    """``published:[a TO b]``, ``words:>300``, ``score.health:>0.8``; None is an open end."""

    name: str
    lower: Bound | None
    upper: Bound | None
    written: str
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


Leaf = Phrase | Raw | Meta | Range


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more clauses."""

    clauses: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more clauses. `listed` is the name of the list (`@name`) that it stands for."""

    clauses: tuple[Node, ...]
    listed: str | None = None


@dataclass(frozen=True, slots=True)
class Not:
    """The article does not satisfy the clause."""

    clause: Node


@dataclass(frozen=True, slots=True)
class Near:
    """Some match of `left` and some of `right` in one field, sharing no token, at most `distance` tokens between.

    Operands are a `Phrase`, a `Raw`, or an `Or` of those. `ordered`: the left one first.
    """

    left: Node
    right: Node
    distance: int
    ordered: bool
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `number` of the clauses, each of them positive."""

    number: int
    clauses: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """At least `number` distinct occurrences of a leaf or an `Or` of leaves; a shared token counts once."""

    number: int
    operand: Node


Node = Phrase | Raw | Meta | Range | And | Or | Not | Near | AtLeast | Count
