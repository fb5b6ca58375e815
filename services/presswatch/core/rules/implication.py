"""Whether one clause holds wherever another does. Sound, and as complete as a reader expects: what it says is so is so.

For warnings only; the matcher asks nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from presswatch.core.rules.model import (
    And,
    AtLeast,
    Bound,
    Count,
    Exact,
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
    TextField,
    Wildcard,
)

MAX_SLOTS = 12
"""Words of a phrase or window up to which the words of two windows are set against one another."""


def implies(one: Node, other: Node) -> bool:
    """Tell whether every article that satisfies `one` satisfies `other`, as far as their forms say."""
    if one == other:
        return True
    # first what splits without loss: an OR on the left, an AND on the right
    if isinstance(one, Or):
        return all(implies(part, other) for part in one.clauses)
    if isinstance(other, And):
        return all(implies(one, part) for part in other.clauses)
    if isinstance(one, Not):
        return isinstance(other, Not) and implies(other.clause, one.clause)
    if isinstance(other, Or) and any(implies(one, part) for part in other.clauses):
        return True
    if isinstance(other, AtLeast) and sum(implies(one, part) for part in other.clauses) >= other.number:
        return True
    match one:
        case And(clauses=parts):
            return any(implies(part, other) for part in parts)
        case AtLeast(number=number, clauses=parts):
            # at most len - number clauses may fail, so of more than that many one holds
            return sum(implies(part, other) for part in parts) > len(parts) - number
        case Count(number=number, operand=operand):
            if isinstance(other, Count):
                return number >= other.number and within(operand, other.operand)
            return implies(operand, other)
        case Near():
            return _near_implies(one, other)
        case _:
            return _leaf_implies(one, other)


def excludes(one: Node, other: Node) -> bool:
    """Tell whether no article satisfies both."""
    if isinstance(other, Not) and implies(one, other.clause):
        return True
    if isinstance(one, Not) and implies(other, one.clause):
        return True
    if isinstance(one, Or):
        return all(excludes(part, other) for part in one.clauses)
    if isinstance(other, Or):
        return all(excludes(one, part) for part in other.clauses)
    if isinstance(one, And):
        return any(excludes(part, other) for part in one.clauses)
    if isinstance(other, And):
        return any(excludes(one, part) for part in other.clauses)
    return isinstance(one, Range) and isinstance(other, Range) and one.name == other.name and _apart(one, other)


def within(one: Node, other: Node) -> bool:
    """Tell whether each place of `one`, an operand of NEAR or COUNT, is a place of `other`."""
    if isinstance(one, Or):
        return all(within(part, other) for part in one.clauses)
    if isinstance(other, Or):
        return any(within(one, part) for part in other.clauses)
    if one == other:
        return True
    if not (isinstance(one, Phrase) and isinstance(other, Phrase)) or not _field_within(one.field, other.field):
        return False
    same = len(one.slots) == len(other.slots) and one.slop is other.slop is None
    return same and all(map(slot_within, one.slots, other.slots))


def slot_within(one: Slot, other: Slot) -> bool:
    """Tell whether each token that one position takes the other takes."""
    return all(any(test_within(test, wider) for wider in other) for test in one)


def test_within(one: Test, other: Test) -> bool:
    """Tell whether each token that passes one test passes the other."""
    if one == other:
        return True
    match one, other:
        case ((Exact(token=text) | Prefix(prefix=text)), Prefix(prefix=prefix)):
            return text.startswith(prefix)
        case Wildcard(pattern=pattern), Prefix(prefix=prefix):
            return pattern.split("?", 1)[0].startswith(prefix)
        case Exact(token=token), Wildcard(pattern=pattern):
            return re.fullmatch(_expression(pattern), token, re.DOTALL) is not None
        case _:
            return False


def _expression(pattern: str) -> str:
    stem = pattern.removesuffix("*")
    return "".join("." if ch == "?" else re.escape(ch) for ch in stem) + (".*" if stem != pattern else "")


def _field_within(one: TextField | None, other: TextField | None) -> bool:
    return other is None or one == other


def _near_implies(one: Near, other: Node) -> bool:
    if isinstance(other, Near):
        nearer = one.distance <= other.distance and (one.ordered or not other.ordered)
        straight = within(one.left, other.left) and within(one.right, other.right)
        crossed = not other.ordered and within(one.left, other.right) and within(one.right, other.left)
        if nearer and (straight or crossed):
            return True
    return implies(one.left, other) or implies(one.right, other)


def _leaf_implies(one: Node, other: Node) -> bool:
    match one, other:
        case Phrase(), Phrase():
            return _field_within(one.field, other.field) and _words_imply(one, other)
        case Phrase(), Near():
            return _phrase_implies_near(one, other)
        case Raw(), Raw():
            return one.literal == other.literal and _field_within(one.field, other.field)
        case Meta(), Meta():
            same = one.name == other.name
            return same and (
                one.value.startswith(other.value) if other.prefix else (not one.prefix and one.value == other.value)
            )
        case Range(), Range():
            return (
                one.name == other.name
                and _lower_within(one.lower, other.lower)
                and _upper_within(one.upper, other.upper)
            )
        case _:
            return False  # fmt: skip


def _words_imply(one: Phrase, other: Phrase) -> bool:
    if len(other.slots) == 1:
        return any(slot_within(slot, other.slots[0]) for slot in one.slots)
    spare = len(one.slots) - len(other.slots)
    if spare < 0:
        return False
    if one.slop is None and any(
        all(map(slot_within, one.slots[first : first + len(other.slots)], other.slots)) for first in range(spare + 1)
    ):
        return True
    if other.slop is None or len(one.slots) > MAX_SLOTS or spare + (one.slop or 0) > other.slop:
        return False
    return _matched(other.slots, one.slots)


def _matched(wider: Sequence[Slot], slots: Sequence[Slot]) -> bool:
    """Tell whether each of `wider` has one of `slots` of its own within it (augmenting paths)."""
    owner: dict[int, int] = {}

    def place(at: int, tried: set[int]) -> bool:
        for number, slot in enumerate(slots):
            if number not in tried and slot_within(slot, wider[at]):
                tried.add(number)
                if number not in owner or place(owner[number], tried):
                    owner[number] = at
                    return True
        return False

    return all(place(at, set()) for at in range(len(wider)))


def _phrase_implies_near(one: Phrase, other: Near) -> bool:
    """A phrase that holds a word of each side, near enough."""
    if one.slop is not None or len(one.slots) > MAX_SLOTS:
        return False
    words = [Phrase((slot,), "", one.field) for slot in one.slots]
    left, right = ([at for at, word in enumerate(words) if within(word, side)] for side in (other.left, other.right))
    return any(
        abs(first - last) - 1 <= other.distance and first != last and (first < last or not other.ordered)
        for first in left
        for last in right
    )


def _lower_within(one: Bound | None, other: Bound | None) -> bool:
    if other is None:
        return True
    return one is not None and (one.value, not one.inclusive) >= (other.value, not other.inclusive)


def _upper_within(one: Bound | None, other: Bound | None) -> bool:
    if other is None:
        return True
    return one is not None and (one.value, one.inclusive) <= (other.value, other.inclusive)


def _apart(one: Range, other: Range) -> bool:
    lower, upper = (one.lower, other.lower), (one.upper, other.upper)
    return _beyond(lower[0], upper[1]) or _beyond(lower[1], upper[0])


def _beyond(lower: Bound | None, upper: Bound | None) -> bool:
    if lower is None or upper is None:
        return False
    return lower.value > upper.value or (lower.value == upper.value and not (lower.inclusive and upper.inclusive))
