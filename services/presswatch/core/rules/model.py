"""The typed syntax tree of the rule language. Frozen values; `start`/`end` are code points within the query.

The parser pushes field scopes (``title:( ... )``) down to the leaves, turns named lists into `Or` groups, joins an
AND within an AND and an OR within an OR, and drops double negation, so whoever walks the tree meets few shapes.
A tree is at most `MAX_DEPTH` nodes deep. Leaves of a named list are shared between rules and have `start == end == 0`.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Literal

TextField = Literal["title", "text"]
TEXT_FIELDS: tuple[TextField, ...] = ("title", "text")

MAX_DEPTH = 100
"""Ours: twenty is more than a person can read, and walks of a tree this deep stay far from Python's recursion limit."""


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
        written: the leaf as the analyst wrote it, without ``title:`` or ``text:``; the `leaf` of a receipt.
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
    """These characters (NFC) in the original text, no letter, digit or mark touching either end.

    `written` is ``raw:WHO``, without ``title:`` or ``text:``.
    """

    literal: str
    written: str
    field: TextField | None = None
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Meta:
    """A whole metadata value, case folded, or its beginning.

    Args:
        name: topic, source, domain, country, lang, author or url.
        value: folded by `text.fold_value`; of a language only the primary subtag.
        prefix: whether values that begin with `value` match as well.
        written: a query by itself: ``lang:en``, also where the analyst wrote ``lang:(en OR es)``.
    """

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
    """``published:[a TO b]``, ``words:>300``, ``score.health:>0.8``; None is an open end.

    The days of ``published`` are already turned into instants: `upper` of ``[* TO 2026-01-31]`` is the first
    millisecond of 1 February, exclusive. `written` is a query by itself, as in `Meta`.
    """

    name: str
    lower: Bound | None
    upper: Bound | None
    written: str
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


Leaf = Phrase | Raw | Meta | Range


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more clauses, none of them an `And`."""

    clauses: tuple[Node, ...]
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more clauses. `listed` is the name of the list (`@name`) that it stands for.

    A listed one has `Phrase` and `Raw` clauses only, one or more; others have no `Or` among their clauses but listed ones.
    """

    clauses: tuple[Node, ...]
    listed: str | None = None
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The article does not satisfy the clause, which is no `Not`."""

    clause: Node
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Near:
    """Some match of `left` and some of `right` in one field, sharing no token, at most `distance` tokens between.

    Operands are a `Phrase` without slop, a `Raw`, or an `Or` of those and of listed ones. Where every leaf of one operand
    names one field and no leaf of the other names any, the parser has given the other that field. `ordered`: the
    left one first.
    """

    left: Node
    right: Node
    distance: int
    ordered: bool
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `number` of the clauses, each of them positive; there are `number` or more."""

    number: int
    clauses: tuple[Node, ...]
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Count:
    """At least `number` distinct spans of tokens that the operand, which is as in `Near`, matches. Spans may overlap."""

    number: int
    operand: Node
    start: int = dataclass_field(default=0, compare=False)
    end: int = dataclass_field(default=0, compare=False)


Node = Phrase | Raw | Meta | Range | And | Or | Not | Near | AtLeast | Count
