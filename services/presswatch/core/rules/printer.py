"""Writes a tree back as a query, and as the normal form that a rule's version is made of."""

from __future__ import annotations

import json
from typing import Any

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
    Test,
)


def to_query(node: Node) -> str:
    """Return a query that `syntax.parse` turns into an equal tree (with the same lists, where it names any).

    Leaves are as the analyst wrote them, operators in one form, groups in as many parentheses as make them plain.
    """
    if isinstance(node, Phrase | Raw):
        return node.written if node.field is None else f"{node.field}:{node.written}"
    if isinstance(node, Meta | Range):
        return node.written
    if isinstance(node, And):
        return " AND ".join(_operand(clause) for clause in node.clauses)
    if isinstance(node, Or):
        if node.listed is not None:
            first = node.clauses[0]
            field = first.field if isinstance(first, Phrase | Raw) else None
            return f"@{node.listed}" if field is None else f"{field}:@{node.listed}"
        return " OR ".join(_operand(clause) for clause in node.clauses)
    if isinstance(node, Not):
        return f"NOT {_operand(node.clause)}"
    if isinstance(node, Near):
        sign = f"NEAR/{node.distance}{'f' if node.ordered else ''}"
        return f"{_operand(node.left)} {sign} {_operand(node.right)}"
    if isinstance(node, Count):
        return f"COUNT/{node.number} {_operand(node.operand)}"
    return f"ATLEAST/{node.number} ({', '.join(_listed_clause(clause) for clause in node.clauses)})"


def normal_form(node: Node) -> str:
    """Return a text that is the same for two trees if they match the same by construction.

    What does not decide a match is left out or put in order: how a leaf was written, parentheses, names of lists
    (their terms stand there instead), the order of clauses, repeated clauses.
    """
    return json.dumps(_normal(node), ensure_ascii=False, separators=(",", ":"))


def _operand(node: Node) -> str:
    text = to_query(node)
    plain = isinstance(node, Phrase | Raw | Meta | Range | Not | AtLeast) or (
        isinstance(node, Or) and node.listed is not None
    )
    return text if plain else f"({text})"


def _listed_clause(node: Node) -> str:
    text = to_query(node)
    return f"({text})" if "," in text else text  # a comma would end the clause


def _normal(node: Node) -> list[Any]:
    if isinstance(node, Phrase):
        slots = [sorted(_test(test) for test in slot) for slot in node.slots]
        return ["words", node.field, node.slop, slots if node.slop is None else sorted(slots)]
    if isinstance(node, Raw):
        return ["raw", node.field, node.literal]
    if isinstance(node, Meta):
        return ["value", node.name, node.value, node.prefix]
    if isinstance(node, Range):
        return ["range", node.name, _bound(node.lower), _bound(node.upper)]
    if isinstance(node, And | Or):
        clauses = _in_order(node.clauses)
        distinct = [clause for at, clause in enumerate(clauses) if at == 0 or clause != clauses[at - 1]]
        return distinct[0] if len(distinct) == 1 else ["and" if isinstance(node, And) else "or", *distinct]
    if isinstance(node, Not):
        return ["not", _normal(node.clause)]
    if isinstance(node, Near):
        operands = node.left, node.right
        sides = [_normal(side) for side in operands] if node.ordered else _in_order(operands)
        return ["near", node.distance, node.ordered, *sides]
    if isinstance(node, Count):
        return ["count", node.number, _normal(node.operand)]
    return ["atleast", node.number, *_in_order(node.clauses)]


def _in_order(nodes: tuple[Node, ...]) -> list[list[Any]]:
    return sorted((_normal(node) for node in nodes), key=lambda normal: json.dumps(normal, ensure_ascii=False))


def _test(test: Test) -> list[str]:
    if isinstance(test, Exact):
        return ["token", test.token]
    if isinstance(test, Prefix):
        return ["prefix", test.prefix]
    return ["pattern", test.pattern]


def _bound(bound: Bound | None) -> list[Any] | None:
    return None if bound is None else [float(bound.value), bound.inclusive]
