"""The state of a lexer: where it is in the query, which groups are open, which field waits for its operand.

It keeps the stack of parentheses, so it knows the field that every leaf stands under, and hands on balanced ones only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, Self

from lark import Token

from presswatch.core.errors import RuleError
from presswatch.core.rules import complaints
from presswatch.core.rules.faults import Faults
from presswatch.core.rules.model import Leaf, Or, Phrase, Raw, TextField

BROKEN = Phrase((), "")
"""Stands in for an operand that is wrong or missing, so that reading can go on and find further mistakes."""

Resolve = Callable[[str, TextField | None, int], tuple[Phrase | Raw, ...]]
"""Gives the terms of the list of that name, under a field; raises `RuleError` at the given place if it cannot."""

_WHITE = re.compile(r"\s*")
_VALUE = re.compile(r"(?:[^\s)\\]|\\.)+", re.DOTALL)
_VALUE_IN_LIST = re.compile(r"(?:[^\s)\\,]|\\.)+", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


class Lexeme(Token):
    """A lark token that carries the leaf it stands for, or the number of its operator."""

    __slots__ = ("end", "node", "number", "ordered", "start")

    start: int
    end: int
    node: Leaf | Or
    number: int
    ordered: bool

    def __new__(  # noqa: D102 - the class says it
        cls, kind: str, text: str, start: int, node: Leaf | Or = BROKEN, number: int = 0, *, ordered: bool = False
    ) -> Self:
        self = str.__new__(cls, text)
        self.type = kind
        self.start = start
        self.end = start + len(text)
        self.node = node
        self.number = number
        self.ordered = ordered
        return self


class _Group(NamedTuple):
    start: int
    field: str | None
    separated: bool
    """Whether commas separate clauses: right within the parentheses of ATLEAST."""


class Scanner:
    """What is read so far, and the moves that every reading of a token is made of."""

    def __init__(self, query: str, resolve: Resolve, faults: Faults) -> None:
        self.query = query
        self.resolve = resolve
        self.faults = faults
        self.at = 0
        self.tokens: list[Lexeme] = []
        self.groups: list[_Group] = []
        self.pending: str | None = None  # a field whose operand is still to come
        self.pending_at = 0

    def _skip_white(self) -> bool:
        before = self.at
        white = _WHITE.match(self.query, before)
        assert white is not None
        self.at = white.end()
        return self.at > before

    def _emit(
        self, kind: str, start: int, end: int, node: Leaf | Or = BROKEN, number: int = 0, *, ordered: bool = False
    ) -> None:
        self.tokens.append(Lexeme(kind, self.query[start:end], start, node, number, ordered=ordered))
        self.at = max(self.at, end)

    def _origin(self, start: int) -> int:
        """Return where an operand begins: at its field, if that stands right before it."""
        return self.pending_at if self.pending else start

    def _leaf(self, start: int, end: int, node: Leaf | Or = BROKEN) -> None:
        self._emit("LEAF", self._origin(start), end, node)
        self.pending = None

    def _wrong(self, error: RuleError, start: int, end: int) -> None:
        """Note a mistake in what should have been an operand, and go on after it."""
        self.faults.note(error)
        self._leaf(start, end)

    def _operator(self, kind: str, start: int, end: int, number: int = 0, *, ordered: bool = False) -> None:
        if kind == "NOT" and self.pending:
            self.at = end
            self._skip_white()
            value = self._run()
            sign, shown = self.query[start:end], value.group() if value else "wheat"
            self.faults.note(complaints.sign_after_field(self.pending, sign, shown, self.pending_at, end))
            return
        if kind not in {"COUNT", "ATLEAST"}:
            self._end_field()
        self._emit(kind, start, end, number=number, ordered=ordered)

    def _end_field(self) -> None:
        """Complain if a field still waits for its operand."""
        if self.pending:
            end = self.pending_at + len(self.pending) + 1
            self._wrong(complaints.nothing_after_field(self.pending, self.pending_at), self.pending_at, end)

    def _open(self, field: str | None) -> None:
        separated = bool(self.tokens) and self.tokens[-1].type == "ATLEAST"
        self.groups.append(_Group(self.at, field, separated))
        self._emit("LPAR", self._origin(self.at), self.at + 1)
        self.pending = None

    def _close(self) -> None:
        self._end_field()
        if self.groups:
            self.groups.pop()
            self._emit("RPAR", self.at, self.at + 1)
        else:
            self.faults.note(complaints.unopened_group(self.at))
            self.at += 1

    def _separated(self) -> bool:
        return bool(self.groups) and self.groups[-1].separated

    def _after_operand(self) -> bool:
        return bool(self.tokens) and self.tokens[-1].type in {"LEAF", "RPAR"}

    def _run(self) -> re.Match[str] | None:
        """Match an unquoted value: it runs to white space or ``)``, right within ATLEAST to a comma as well."""
        return (_VALUE_IN_LIST if self._separated() else _VALUE).match(self.query, self.at)

    def _match_quoted(self) -> re.Match[str] | None:
        return _QUOTED.match(self.query, self.at)

    def _quoted(self) -> re.Match[str] | None:
        """Match a string in quotation marks; if its end is missing, note that and go to the end of the query."""
        found = self._match_quoted()
        if found is None:
            self._wrong(complaints.unclosed_quotation(self.query, self.at), self.at, len(self.query))
        return found
