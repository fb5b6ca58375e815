"""Makes nodes of what the grammar puts together, and checks what grammar cannot say.

Negatives alone, operands of NEAR and COUNT, numbers against lists, depth: each is checked where the node is made, so
that its place in the query is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from lark import Transformer

from presswatch.core.rules.faults import Faults
from presswatch.core.rules.model import (
    MAX_DEPTH,
    And,
    AtLeast,
    Count,
    Meta,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Range,
    Raw,
    TextField,
)
from presswatch.core.rules.scanner import BROKEN, Lexeme

FAULTS: ContextVar[Faults] = ContextVar("faults")
"""Where mistakes go. lark binds a builder to its parser once and for all, so it cannot hold those of one query."""


@dataclass(slots=True)
class Part:
    """A part of a query on its way to a node, which stays open as long as more clauses may join it.

    Args:
        start, end: its place in the query, parentheses included.
        node: the node, where it is finished.
        joins: `And` or `Or` while it gathers `clauses`.
        negated: what a NOT before it excludes.
        positive: whether it says something that must occur.
        depth: of the node, leaves being 1.
    """

    start: int
    end: int
    node: Node = BROKEN
    joins: type[And | Or] | None = None
    clauses: list[Node] = field(default_factory=list)
    negated: Part | None = None
    positive: bool = True
    depth: int = 1

    def finish(self) -> Node:
        """Return the node."""
        if self.joins is not None:
            return self.joins(tuple(self.clauses), start=self.start, end=self.end)
        if self.negated is not None:
            return Not(self.negated.finish(), self.start, self.end)
        return self.node


class Builder(Transformer[Lexeme, Part]):
    """One method for each alternative of the grammar in `syntax`."""

    def leaf(self, children: list[Lexeme]) -> Part:
        """A word, phrase, value, range or list."""
        token = children[0]
        return Part(token.start, token.end, token.node)

    def group(self, children: tuple[Lexeme, Part, Lexeme]) -> Part:
        """``( ... )``: leaves no trace but its place."""
        opening, part, closing = children
        part.start, part.end = opening.start, closing.end
        return part

    def either(self, children: tuple[Part, Lexeme, Part]) -> Part:
        """``a OR b``."""
        left, _, right = children
        for part in (left, right):
            if not part.positive and part.joins is not Or:
                FAULTS.get().add(
                    "this alternative of OR only says what must not occur, so it would match almost everything",
                    part.start,
                    part.end,
                    "add something that must occur, as in `(wheat AND NOT corn)`, or take it out of the OR",
                )
                part.positive = True
        return _join(Or, left, right)

    def both(self, children: tuple[Part, Lexeme, Part]) -> Part:
        """``a AND b``."""
        return _join(And, children[0], children[2])

    def but_not(self, children: tuple[Part, Part]) -> Part:
        """``a NOT b``."""
        return _join(And, children[0], children[1])

    def negation(self, children: tuple[Lexeme, Part]) -> Part:
        """``NOT a``; a double one is none."""
        sign, part = children
        if part.negated is not None:
            inner = part.negated
            inner.start, inner.end = sign.start, part.end
            return inner
        if part.start == part.end:  # put in by the reader, which has complained already
            return part
        return _within_depth(Part(sign.start, part.end, negated=part, positive=False, depth=part.depth + 1))

    def near(self, children: tuple[Part, Lexeme, Part]) -> Part:
        """``a NEAR/5 b``."""
        left, operator, right = children
        made = Part(left.start, right.end)
        if isinstance(left.node, Near):
            FAULTS.get().add(
                "NEAR joins two operands and no more",
                left.start,
                right.end,
                "for a chain write `(a NEAR/5 b) AND (b NEAR/5 c)`",
            )
            return made
        if not (_proximate(left, "NEAR") and _proximate(right, "NEAR")):
            return made
        nodes = _in_one_field(left, right, operator)
        if nodes:
            made.node = Near(*nodes, operator.number, operator.ordered, made.start, made.end)
            made.depth = 1 + max(left.depth, right.depth)
        return made

    def count(self, children: tuple[Lexeme, Part]) -> Part:
        """``COUNT/3 a``."""
        operator, operand = children
        made = Part(operator.start, operand.end)
        if _proximate(operand, "COUNT"):
            made.node = Count(operator.number, operand.finish(), made.start, made.end)
            made.depth = 1 + operand.depth
        return made

    def clauses(self, children: list[Part]) -> list[Part]:
        """The first clause of ATLEAST."""
        return children

    def more_clauses(self, children: tuple[list[Part], Lexeme, Part]) -> list[Part]:
        """A further clause of ATLEAST."""
        clauses, _, clause = children
        clauses.append(clause)
        return clauses

    def at_least(self, children: tuple[Lexeme, Lexeme, list[Part], Lexeme]) -> Part:
        """``ATLEAST/2 (a, b, c)``."""
        operator, opening, clauses, closing = children
        if opening.start == opening.end:  # put in by the reader, which has complained already
            return Part(operator.start, operator.end)
        for clause in clauses:
            if not clause.positive:
                FAULTS.get().add(
                    "this clause of ATLEAST only says what must not occur",
                    clause.start,
                    clause.end,
                    "let each clause say something that must occur, and put NOT outside: `ATLEAST/2 (...) AND NOT corn`",
                )
        complete = all(clause.start < clause.end for clause in clauses)
        if complete and operator.number > len(clauses):
            FAULTS.get().add(
                f"{operator} asks for {operator.number} of {_number_of(len(clauses), 'clause')}",
                operator.start,
                operator.end,
                f"write a number from 1 to {len(clauses)}, or add clauses, separated by commas"
                if len(clauses) > 1
                else f"separate the clauses by plain commas, as in `{operator} (wheat, maize, rice)`",
            )
        nodes = tuple(clause.finish() for clause in clauses)
        node = AtLeast(operator.number, nodes, operator.start, closing.end)
        depth = 1 + max(clause.depth for clause in clauses)
        return _within_depth(Part(operator.start, closing.end, node, depth=depth))


def check_whole(part: Part) -> None:
    """Check a whole query."""
    if not part.positive:
        FAULTS.get().add(
            "this rule only says what must not occur, so it would match almost everything",
            part.start,
            part.end,
            "add at least one thing that must occur, as in `wheat AND NOT corn`",
        )


def _join(kind: type[And | Or], left: Part, right: Part) -> Part:
    if left.joins is kind:
        made = left
        made.end = right.end
    else:
        made = Part(left.start, right.end, joins=kind, clauses=[left.finish()], positive=left.positive)
        made.depth = left.depth + 1
    if right.joins is kind:
        made.clauses += right.clauses
        made.depth = max(made.depth, right.depth)
    else:
        made.clauses.append(right.finish())
        made.depth = max(made.depth, right.depth + 1)
    made.positive = made.positive or right.positive
    return _within_depth(made)


def _within_depth(part: Part) -> Part:
    if part.depth <= MAX_DEPTH:
        return part
    FAULTS.get().add(
        f"groups are nested more than {MAX_DEPTH} deep here",
        part.start,
        part.end,
        "take away parentheses that change nothing, and join alternatives in one group: `(a OR b OR c)`",
    )
    return Part(part.start, part.end)


def _number_of(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


# -- operands of NEAR and COUNT


def _leaves(node: Node) -> Iterator[Node]:
    """Walk into OR groups only; yields whatever else there is."""
    if isinstance(node, Or):
        for clause in node.clauses:
            yield from _leaves(clause)
    else:
        yield node


def _proximate(part: Part, operator: str) -> bool:
    """Tell whether this is a word, phrase, wildcard, raw text, list, or an OR group of those; else say what is wrong."""
    node = part.finish()
    for leaf in _leaves(node):
        if isinstance(leaf, Raw) or (isinstance(leaf, Phrase) and leaf.slop is None):
            continue
        mend = f"{operator} takes words, phrases, wildcards, `raw:` texts, lists (`@name`), and groups of those joined by OR"
        if isinstance(leaf, And) and operator == "NEAR":
            mend = "for `(a AND b) NEAR/5 c` write `(a NEAR/5 c) AND (b NEAR/5 c)`"
        whole = leaf is node or leaf.end == 0
        kind = _kind(leaf)
        FAULTS.get().add(
            f"{operator} cannot take {'another ' if kind == operator else ''}{kind}",
            part.start if whole else leaf.start,
            part.end if whole else leaf.end,
            mend,
        )
        return False
    return True


def _kind(node: Node) -> str:
    if isinstance(node, Meta | Range):
        return f"`{node.name}:`, which looks at metadata"
    names: dict[type, str] = {
        And: "clauses joined by AND",
        Not: "NOT",
        Near: "NEAR",
        AtLeast: "ATLEAST",
        Count: "COUNT",
        Phrase: 'a window (`"..."~n`)',
    }
    return names[type(node)]


def _in_one_field(left: Part, right: Part, operator: Lexeme) -> tuple[Node, Node] | None:
    """Let a field that one operand alone names hold for both; None, with a fault, where the fields exclude each other."""
    nodes = left.finish(), right.finish()
    named: list[set[TextField | None]] = [
        {leaf.field for leaf in _leaves(node) if isinstance(leaf, Phrase | Raw)} for node in nodes
    ]
    for mine, other in (named, reversed(named)):
        if None not in other and not mine - {None} <= other:
            FAULTS.get().add(
                "NEAR joins different fields here, and words in different fields are never near one another",
                left.start,
                right.end,
                f"let both look at the same field, as in `title:(a {operator} b)`, or join them with AND",
            )
            return None
    if len(named[0]) == 1 and None not in named[0] and named[1] == {None}:
        return nodes[0], _under(nodes[1], next(iter(named[0])))
    if len(named[1]) == 1 and None not in named[1] and named[0] == {None}:
        return _under(nodes[0], next(iter(named[1]))), nodes[1]
    return nodes


def _under(node: Node, text_field: TextField | None) -> Node:
    if isinstance(node, Or):
        return replace(node, clauses=tuple(_under(clause, text_field) for clause in node.clauses))
    assert isinstance(node, Phrase | Raw)
    return replace(node, field=text_field)
