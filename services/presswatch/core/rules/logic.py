"""Warnings about clauses that can never match, and about clauses that another makes superfluous.

What is warned of is certain (`implication`): wherever a form leaves a doubt nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations, permutations

from presswatch.core.rules.faults import Lint, excerpt
from presswatch.core.rules.implication import excludes, implies, slot_within, within
from presswatch.core.rules.model import And, AtLeast, Count, Exact, Near, Node, Not, Or, Phrase, Prefix, Raw, TextField
from presswatch.core.rules.printer import normal_form, to_query

MAX_COMPARED = 60
"""Clauses of one group up to which each is set against each; of longer ORs only words and phrases are, by a table."""

MAX_STEPS = 20_000
"""Leaves of one clause times leaves of the other, up to which the two are compared."""


def contradictions(node: Node) -> Iterator[Lint]:
    """Yield a warning for each clause that can never match."""
    for group in _all_nodes(node):
        if isinstance(group, And) and len(group.clauses) <= MAX_COMPARED:
            yield from _never(group)


def superfluous(node: Node) -> Iterator[Lint]:
    """Yield a warning for each clause without which the query matches the same."""
    for group in _all_nodes(node):
        match group:
            case Or(listed=None):
                yield from _adds_nothing(group.clauses)
            case And() if len(group.clauses) <= MAX_COMPARED:
                yield from _follows_from_another(group)
            case AtLeast() if len(group.clauses) <= MAX_COMPARED:
                yield from _counts_for_two(group)
            case Count(operand=Or(clauses=clauses)):
                yield from _counted_twice(_leaves(clauses))
                yield from _same_places(_leaves(clauses))
            case Near(left=left, right=right):
                yield from chain.from_iterable(_same_places(_leaves([side])) for side in (left, right))
            case _:
                pass


def _all_nodes(node: Node, *, operand: bool = False) -> Iterator[Node]:
    """Yield all clauses but lists. An OR that is an operand is left out: its places count, not whether it holds."""
    match node:
        case Or(listed=str()):
            return
        case Or(clauses=clauses):
            if not operand:
                yield node
            for clause in clauses:
                yield from _all_nodes(clause)
        case And(clauses=clauses) | AtLeast(clauses=clauses):
            yield node
            for clause in clauses:
                yield from _all_nodes(clause)
        case Not(clause=clause):
            yield node
            yield from _all_nodes(clause)
        case Near(left=left, right=right):
            yield node
            yield from _all_nodes(left, operand=True)
            yield from _all_nodes(right, operand=True)
        case Count(operand=inner):
            yield node
            yield from _all_nodes(inner, operand=True)
        case _:
            yield node


def _never(group: And) -> Iterator[Lint]:
    for one, other in combinations(group.clauses, 2):
        if not _comparable(one, other):
            continue
        if excludes(one, other):
            wanted, refused = (other, one) if isinstance(one, Not) else (one, other)
            why = (
                f"`{_shown(refused)}` excludes all that `{_shown(wanted)}` finds"
                if isinstance(refused, Not)
                else f"`{_shown(one)}` and `{_shown(other)}` cannot both hold"
            )
            yield Lint(
                f"this can never match: {why}", *_place(refused, group), "take one of the two away, or make it narrower"
            )
            return
        for either, beside in ((one, other), (other, one)):
            if isinstance(either, Or) and either.listed is None and len(either.clauses) <= MAX_COMPARED:
                for alternative in either.clauses:
                    if excludes(alternative, beside):
                        yield Lint(
                            f"this alternative can never match beside `{_shown(beside)}`",
                            *_place(alternative, group),
                            "take it away, or change what stands beside the OR",
                        )


def _follows_from_another(group: And) -> Iterator[Lint]:
    told: set[int] = set()
    for one, other in permutations(range(len(group.clauses)), 2):
        narrow, wide = group.clauses[one], group.clauses[other]
        if {one, other} & told or not _comparable(narrow, wide) or normal_form(narrow) == normal_form(wide):
            continue
        if implies(narrow, wide):
            told.add(other)
            yield Lint(
                f"`{_shown(wide)}` adds nothing: it holds wherever `{_shown(narrow)}` does",
                *_place(wide, group),
                f"leave it out; or leave out `{_shown(narrow)}`, if the wider one is meant",
            )


def _adds_nothing(clauses: Sequence[Node]) -> Iterator[Lint]:
    told: set[int] = set()
    for one, other in _covered(clauses):
        if {one, other} & told:
            continue
        told.add(one)
        yield _nothing_added(clauses[one], clauses[other])


def _nothing_added(narrow: Node, wide: Node) -> Lint:
    return Lint(
        f"`{_shown(narrow)}` adds nothing: `{_shown(wide)}` finds all that it finds",
        narrow.start,
        narrow.end,
        f"leave it out; or leave out `{_shown(wide)}`, if the narrower one is meant",
    )


def _covered(clauses: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """Yield pairs of alternatives of which the first finds nothing that the second does not find."""
    if len(clauses) <= MAX_COMPARED:
        for one, other in permutations(range(len(clauses)), 2):
            narrow, wide = clauses[one], clauses[other]
            if _comparable(narrow, wide) and implies(narrow, wide) and normal_form(narrow) != normal_form(wide):
                yield one, other
        return
    words: dict[tuple[TextField | None, str], int] = {}
    beginnings: dict[tuple[TextField | None, str], int] = {}
    for at, clause in enumerate(clauses):
        if isinstance(clause, Phrase) and len(clause.slots) == 1 == len(clause.slots[0]):
            test = clause.slots[0][0]
            if isinstance(test, Exact):
                words.setdefault((clause.field, test.token), at)
            elif isinstance(test, Prefix):
                beginnings.setdefault((clause.field, test.prefix), at)
    for at, clause in enumerate(clauses):
        if isinstance(clause, Phrase):
            found = next((wide for wide in _wider(clause, words, beginnings) if wide != at), None)
            if found is not None and normal_form(clause) != normal_form(clauses[found]):
                yield at, found


def _wider(
    clause: Phrase,
    words: dict[tuple[TextField | None, str], int],
    beginnings: dict[tuple[TextField | None, str], int],
) -> Iterator[int]:
    for slot in clause.slots:
        if len(slot) != 1 or not isinstance(slot[0], Exact | Prefix):
            continue
        text = slot[0].token if isinstance(slot[0], Exact) else slot[0].prefix
        for field in dict.fromkeys((None, clause.field)):
            if isinstance(slot[0], Exact) and (field, text) in words:
                yield words[field, text]
            yield from (
                beginnings[field, text[:size]] for size in range(1, len(text) + 1) if (field, text[:size]) in beginnings
            )


def _counts_for_two(group: AtLeast) -> Iterator[Lint]:
    told: set[int] = set()
    for one, other in permutations(range(len(group.clauses)), 2):
        narrow, wide = group.clauses[one], group.clauses[other]
        if {one, other} & told or group.number == 1 or not _comparable(narrow, wide) or not implies(narrow, wide):
            continue
        told.add(one)
        yield Lint(
            f"wherever `{_shown(narrow)}` holds, `{_shown(wide)}` does, so that one find counts as two of ATLEAST/{group.number}",
            *_place(narrow, group),
            "leave one of the two out, or join them with OR in parentheses",
        )


def _counted_twice(leaves: Sequence[Phrase | Raw]) -> Iterator[Lint]:
    words = [leaf for leaf in leaves if isinstance(leaf, Phrase) and len(leaf.slots) == 1]
    phrases = [leaf for leaf in leaves if isinstance(leaf, Phrase) and len(leaf.slots) > 1 and leaf.end]
    for phrase in phrases[:MAX_COMPARED]:
        for word in words[:MAX_COMPARED]:
            shared = word.field is None or phrase.field is None or word.field == phrase.field
            if shared and any(slot_within(slot, word.slots[0]) for slot in phrase.slots):
                yield Lint(
                    f"COUNT counts `{_shown(phrase)}` twice, since `{_shown(word)}` finds a word of it as well",
                    phrase.start,
                    phrase.end,
                    "leave one of the two out",
                )
                break


def _same_places(leaves: Sequence[Phrase | Raw]) -> Iterator[Lint]:
    """Warn of words all of whose places another word has; where places count, a phrase and its words are different ones."""
    told: set[int] = set()
    for one, other in _covered(leaves):
        narrow, wide = leaves[one], leaves[other]
        if narrow.end and not {one, other} & told and within(narrow, wide):
            told.add(one)
            yield _nothing_added(narrow, wide)


def _leaves(clauses: Iterable[Node]) -> list[Phrase | Raw]:
    found: list[Phrase | Raw] = []
    for clause in clauses:
        if isinstance(clause, Or):
            found += _leaves(clause.clauses)
        elif isinstance(clause, Phrase | Raw):
            found.append(clause)
    return found


def _comparable(one: Node, other: Node) -> bool:
    return _size(one) * _size(other) <= MAX_STEPS


def _size(node: Node) -> int:
    match node:
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            return sum(map(_size, clauses))
        case Not(clause=inner) | Count(operand=inner):
            return _size(inner)
        case Near(left=left, right=right):
            return _size(left) + _size(right)
        case _:
            return 1


def _place(node: Node, otherwise: Node) -> tuple[int, int]:
    return (node.start, node.end) if node.end else (otherwise.start, otherwise.end)


def _shown(node: Node) -> str:
    return excerpt(to_query(node))
