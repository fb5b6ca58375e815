"""What a rule means, told in the most obvious way: every place of every leaf is tried, nothing is remembered.

Shares with the engine the syntax tree, the tokeniser and the folding of values, and nothing else. Slow on purpose.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from presswatch.core.rules.model import (
    And,
    AtLeast,
    Count,
    Exact,
    Leaf,
    Meta,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Raw,
    Slot,
    Test,
)
from presswatch.core.text import by_character, fold_value, tokenise

FIELDS = ("title", "text")
SHOWN = 5


class Place(NamedTuple):
    """Tokens `first` up to `last` (exclusive) of a field, and the characters from `start` to `end`."""

    field: str
    first: int
    last: int
    start: int
    end: int


Shown = tuple[str, str, int | None, int | None, str]


class Reference:
    """An article, and what holds of it."""

    def __init__(self, article: Mapping[str, Any]) -> None:
        self.article = article
        self.fields = {name: tokenise(article.get(name) or "", article.get("lang")) for name in FIELDS}

    def holds(self, node: Node) -> bool:
        match node:
            case And(clauses=clauses):
                return all(self.holds(clause) for clause in clauses)
            case Or(clauses=clauses):
                return any(self.holds(clause) for clause in clauses)
            case Not(clause=clause):
                return not self.holds(clause)
            case AtLeast(number=number, clauses=clauses):
                return len([clause for clause in clauses if self.holds(clause)]) >= number
            case Count(number=number, operand=operand):
                return len({(place.field, place.first, place.last) for place in self.places(operand)}) >= number
            case Near():
                return bool(self.pairs(node))
            case Phrase() | Raw():
                return bool(self.places(node))
            case Meta():
                return bool(self.values(node))
            case Range():
                return self.in_range(node)

    def pairs(self, node: Near) -> list[tuple[Place, Place]]:
        """All pairs of places that satisfy a NEAR."""
        return [
            (left, right)
            for left in self.places(node.left)
            for right in self.places(node.right)
            if left.field == right.field
            and (
                0 <= right.first - left.last <= node.distance
                or (not node.ordered and 0 <= left.first - right.last <= node.distance)
            )
        ]

    def places(self, node: Node) -> list[Place]:
        """All places of a text leaf or of an OR of them."""
        match node:
            case Or(clauses=clauses):
                return [place for clause in clauses for place in self.places(clause)]
            case Phrase(slop=None):
                found = self._phrase(node)
            case Phrase():
                found = self._window(node)
            case Raw():
                found = self._raw(node)
            case _:
                raise AssertionError(f"{node} has no places")
        return sorted(found, key=lambda place: (FIELDS.index(place.field), place.start, place.end))

    def values(self, node: Meta) -> list[str]:
        wanted = node.value.split("-")[0] if node.name == "lang" else node.value
        found: dict[str, str] = {}
        for value in self._metadata(node.name):
            folded = fold_value(value)
            if node.name == "lang":
                folded = folded.split("-")[0]
            if folded == wanted or (node.prefix and folded.startswith(wanted)):
                found.setdefault(folded, value)
        return list(found.values())

    def in_range(self, node: Range) -> bool:
        value = self._number(node.name)
        if value is None:
            return False
        if node.lower and (value < node.lower.value or (value == node.lower.value and not node.lower.inclusive)):
            return False
        return not (
            node.upper and (value > node.upper.value or (value == node.upper.value and not node.upper.inclusive))
        )

    def receipt(self, node: Node) -> set[Shown]:
        """Leaf, field, start, end and quote of what must be shown for an article that matches."""
        near: dict[Leaf, list[Shown]] = {}
        plain: dict[Leaf, list[Shown]] = {}
        self._gather(node, near, plain)
        shown: set[Shown] = set()
        for leaf in [*near, *plain]:
            shown.update(list(dict.fromkeys([*near.get(leaf, []), *plain.get(leaf, [])]))[:SHOWN])
        return shown

    def _gather(self, node: Node, near: dict[Leaf, list[Shown]], plain: dict[Leaf, list[Shown]]) -> None:
        match node:
            case Not():
                return
            case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
                for clause in clauses:
                    if self.holds(clause):
                        self._gather(clause, near, plain)
            case Count(operand=operand):
                self._gather(operand, near, plain)
            case Near():
                pairs = self.pairs(node)
                for operand, side in ((node.left, 0), (node.right, 1)):
                    taking_part = {pair[side] for pair in pairs}
                    for leaf in leaves(operand):
                        places = [place for place in self.places(leaf) if place in taking_part]
                        if places:
                            near.setdefault(leaf, []).extend(self._shown(leaf, place) for place in places)
            case Phrase() | Raw():
                plain[node] = [self._shown(node, place) for place in self.places(node)]
            case Meta():
                plain[node] = [(node.written, node.name, None, None, value) for value in self.values(node)]
            case Range():
                value = self.article["published"] if node.name == "published" else f"{self._number(node.name):g}"
                plain[node] = [(node.written, node.name, None, None, str(value))]

    def _shown(self, leaf: Phrase | Raw, place: Place) -> Shown:
        quote = self.fields[place.field].original[place.start : place.end]
        return (leaf.written, place.field, place.start, place.end, quote)

    def _place(self, field: str, first: int, last: int) -> Place:
        tokens = self.fields[field]
        return Place(field, first, last, tokens.starts[first], tokens.ends[last - 1])

    def _searched(self, leaf: Phrase | Raw) -> list[str]:
        return [leaf.field] if leaf.field else list(FIELDS)

    def _phrase(self, leaf: Phrase) -> Iterator[Place]:
        for field in self._searched(leaf):
            texts = self.fields[field].texts
            for first in range(len(texts) - len(leaf.slots) + 1):
                if all(fits(slot, texts[first + at]) for at, slot in enumerate(leaf.slots)):
                    yield self._place(field, first, first + len(leaf.slots))

    def _window(self, leaf: Phrase) -> Iterator[Place]:
        assert leaf.slop is not None
        size = len(leaf.slots)
        for field in self._searched(leaf):
            texts = self.fields[field].texts
            holding = [
                (first, last)
                for first in range(len(texts))
                for last in range(first + size, min(len(texts), first + size + leaf.slop) + 1)
                if filled(leaf.slots, {at: texts[at] for at in range(first, last)})
            ]
            for first, last in holding:
                within = [(f, e) for f, e in holding if (f, e) != (first, last) and first <= f and e <= last]
                if not within:
                    yield self._place(field, first, last)

    def _raw(self, leaf: Raw) -> Iterator[Place]:
        for field in self._searched(leaf):
            original = self.fields[field].original
            literal = nfc(leaf.literal)
            heads = [nfc(original[:at]) for at in range(len(original) + 1)]
            tails = [nfc(original[at:]) for at in range(len(original) + 1)]
            for start, end in combinations(range(len(original) + 1), 2):
                same = heads[start] + literal + tails[end] == heads[-1]
                if same and stands_alone(heads[start], literal, tails[end]):
                    yield self._characters(field, start, end)

    def _characters(self, field: str, start: int, end: int) -> Place:
        tokens = self.fields[field]
        touched = [at for at in range(len(tokens.texts)) if tokens.starts[at] < end and tokens.ends[at] > start]
        if touched:
            return Place(field, touched[0], touched[-1] + 1, start, end)
        gap = len([at for at in range(len(tokens.texts)) if tokens.ends[at] <= start])
        return Place(field, gap, gap, start, end)

    def _metadata(self, name: str) -> list[str]:
        if name == "topic":
            return [tag["topic"] for tag in self.article.get("tags", [])]
        if name == "domain":
            host = urlsplit(self.article.get("url") or "").hostname or ""
            return [host.removeprefix("www.")] if host else []
        value = self.article.get(name)
        values = [value] if isinstance(value, str) else value or []
        return [value for value in values if value.strip()]

    def _number(self, name: str) -> float | None:
        if name == "words":
            return sum(len(tokens.texts) for tokens in self.fields.values())
        if name == "published":
            published = self.article.get("published")
            if isinstance(published, str):
                moment = datetime.fromisoformat(published)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
                return round(moment.timestamp() * 1000)
            return None if published is None else float(published)
        topic = name.removeprefix("score.")
        scores = [tag["score"] for tag in self.article.get("tags", []) if fold_value(tag["topic"]) == topic]
        return max(scores, default=None)


def leaves(operand: Node) -> list[Phrase | Raw]:
    """The text leaves of an operand of NEAR."""
    if isinstance(operand, Or):
        return [leaf for clause in operand.clauses for leaf in leaves(clause)]
    assert isinstance(operand, Phrase | Raw)
    return [operand]


def filled(slots: Sequence[Slot], tokens: Mapping[int, str]) -> bool:
    """Tell whether each slot can have a token of its own."""
    return not slots or any(
        fits(slots[0], token) and filled(slots[1:], {other: tokens[other] for other in tokens if other != at})
        for at, token in tokens.items()
    )


def fits(slot: Slot, token: str) -> bool:
    """Tell whether a token is one of the alternatives at a position."""
    return any(_fits(test, token) for test in slot)


def _fits(test: Test, token: str) -> bool:
    match test:
        case Exact(token=wanted):
            return token == wanted
        case Prefix(prefix=prefix):
            return token.startswith(prefix)
    pattern = test.pattern
    if pattern.endswith("*"):
        pattern = pattern[:-1]
        token = token[: len(pattern)]
    return len(token) == len(pattern) and all(
        wanted in ("?", found) for wanted, found in zip(pattern, token, strict=True)
    )


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def stands_alone(before: str, literal: str, after: str) -> bool:
    """Tell whether no letter, digit or mark touches the literal, save in scripts without spaces."""
    for outer, inner in ((before[-1:], literal[0]), (after[:1], literal[-1])):
        solid = outer != "" and (outer.isalnum() or unicodedata.category(outer).startswith("M"))
        if solid and not by_character(outer) and not by_character(inner):
            return False
    return True
