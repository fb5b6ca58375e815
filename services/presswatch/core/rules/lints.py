"""Warnings about queries that are correct and probably not what the analyst means. They never stop anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from presswatch.core.rules.faults import excerpt
from presswatch.core.rules.model import And, AtLeast, Count, Leaf, Meta, Near, Node, Not, Or, Phrase, Raw
from presswatch.core.rules.printer import normal_form
from presswatch.core.text import by_character

_STAR = re.compile(r"\\.|(.)\*", re.DOTALL)
_ENDS_WITH_QUESTION = re.compile(r"(?:^|[^\\])\?\"?$")
_LOST_SIGN = re.compile(r"\w[+#]+$")
_NO_SUBTAG = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Lint:
    """A warning: `start` and `end` are code points within the query, both 0 within a named list."""

    message: str
    start: int
    end: int
    mend: str


def lint(node: Node) -> list[Lint]:
    """Return all warnings about a query, by place."""
    return sorted(_of(node), key=lambda each: (each.start, each.end))


def _of(node: Node) -> Iterator[Lint]:
    if isinstance(node, And | Or | AtLeast):
        if isinstance(node, And | Or):
            yield from _repeated(node)
        for clause in node.clauses:
            yield from _of(clause)
    elif isinstance(node, Not):
        yield from _of(node.clause)
    elif isinstance(node, Near):
        yield from _of(node.left)
        yield from _of(node.right)
    elif isinstance(node, Count):
        yield from _of(node.operand)
    else:
        yield from _of_leaf(node)


def _of_leaf(leaf: Leaf) -> Iterator[Lint]:
    written = leaf.written
    if isinstance(leaf, Phrase):
        if any(found.group(1) and by_character(found.group(1)) for found in _STAR.finditer(written)):
            message = (
                f"the * in `{excerpt(written)}` changes nothing: in this script each character is a word by itself"
            )
            yield Lint(message, leaf.start, leaf.end, "leave it out")
        if _ENDS_WITH_QUESTION.search(written):
            message = f"the ? at the end of `{excerpt(written)}` stands for exactly one character more"
            yield Lint(
                message, leaf.start, leaf.end, "if it ends a sentence, leave it out; the character itself is \\?"
            )
        if leaf.slop is None and _LOST_SIGN.search(written):
            message = f"of `{excerpt(written)}` only the letters count: + and # are no part of a word"
            yield Lint(message, leaf.start, leaf.end, f'for these very characters write `raw:"{written}"`')
    elif isinstance(leaf, Raw):
        if "*" in leaf.literal or "?" in leaf.literal:
            message = f"wildcards mean nothing in `{excerpt(written)}`: raw: looks for the very characters"
            yield Lint(message, leaf.start, leaf.end, "leave raw: out, or the wildcard")
    elif isinstance(leaf, Meta):
        if leaf.name == "lang" and not _NO_SUBTAG.fullmatch(leaf.value):
            message = f"`{leaf.value}` is no language code, so that nothing may ever match it"
            yield Lint(message, leaf.start, leaf.end, "write two or three letters, such as en, es or zh")
        if leaf.name == "domain" and re.search(r"[/:]", leaf.value):
            message = f"`{excerpt(leaf.value)}` is more than a domain, so that nothing can match it"
            yield Lint(message, leaf.start, leaf.end, "write the host only, as in domain:example.org, or use url:")


def _repeated(node: And | Or) -> Iterator[Lint]:
    seen: set[str] = set()
    for clause in node.clauses:
        form = normal_form(clause)
        if form in seen and node.end:
            yield Lint("this clause stands here twice", clause.start, clause.end, "leave one of them out")
        seen.add(form)
