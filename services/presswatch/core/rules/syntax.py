"""Reads a query: text to tree, or to all the mistakes in it.

`lexer` cuts the text into operators, parentheses and finished leaves; lark's LALR parser puts them together, `builder`
makes the nodes. Where the parser meets a token that cannot stand there, `_Reader` says why, mends the sequence and
goes on, so that one look finds all mistakes that do not hang together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from lark import Lark, Token, UnexpectedToken
from lark.lexer import Lexer

from presswatch.core.errors import RuleError
from presswatch.core.rules import complaints
from presswatch.core.rules.builder import FAULTS, Builder, Part, check_whole
from presswatch.core.rules.faults import Faults
from presswatch.core.rules.lexer import lex
from presswatch.core.rules.lists import list_terms
from presswatch.core.rules.model import Node, Phrase, Raw, TextField
from presswatch.core.rules.scanner import BROKEN, Lexeme, Resolve
from presswatch.core.rules.sidebyside import name, side_by_side

GRAMMAR = """
    ?start: any_of

    ?any_of: all_of
        | any_of OR all_of -> either

    ?all_of: clause
        | all_of AND clause -> both
        | all_of negation -> but_not

    ?clause: negation
        | near

    negation: NOT clause

    ?near: primary
        | near NEAR primary -> near

    ?primary: LEAF -> leaf
        | LPAR any_of RPAR -> group
        | COUNT primary -> count
        | ATLEAST LPAR clauses RPAR -> at_least

    clauses: any_of
        | clauses COMMA any_of -> more_clauses

    %declare LEAF LPAR RPAR AND OR NOT NEAR COUNT ATLEAST COMMA
"""
"""Precedence from tight to loose: NEAR, NOT, AND, OR. A NOT after a clause means AND NOT."""

_NO_LISTS: Mapping[str, Sequence[str]] = {}
_BINARY = frozenset({"AND", "OR", "NEAR", "COMMA"})


def parse(query: str, lists: Mapping[str, Sequence[str]] = _NO_LISTS) -> Node:
    """Return the tree of a query.

    Args:
        query: in the rule language.
        lists: the entries of the named lists, by name.

    Raises:
        RuleError: the first mistake in it.
    """
    node, errors = parse_all(query, lists)
    if node is None:
        raise errors[0]
    return node


def parse_all(
    query: str, lists: Mapping[str, Sequence[str]] = _NO_LISTS
) -> tuple[Node, list[RuleError]] | tuple[None, list[RuleError]]:
    """Return the tree of a query and no mistakes, or None and all mistakes that can be told apart, by place."""
    faults = Faults()
    tokens = lex(query, _resolver(lists), faults)
    if not tokens:
        if not faults:
            faults.add("the query is empty", 0, len(query), "write what to look for, as in `wheat AND ban*`")
        return None, faults.in_order()
    context = FAULTS.set(faults)
    try:
        part = _Reader(faults).read(tokens, len(query))
        check_whole(part)
    finally:
        FAULTS.reset(context)
    if faults:
        return None, faults.in_order()
    return part.finish(), []


def _resolver(lists: Mapping[str, Sequence[str]]) -> Resolve:
    def resolve(name: str, field: TextField | None, start: int) -> tuple[Phrase | Raw, ...]:
        end = start + 1 + len(name)
        entries = lists.get(name)
        if entries is None:
            raise complaints.unknown_list(name, lists, start, end)
        if not entries:
            raise RuleError(f"the list `@{name}` is empty", start, end, "write its terms into it, one a line")
        try:
            return list_terms(tuple(entries), field)
        except RuleError as error:
            raise RuleError(
                f"the list `@{name}` holds a mistake: {error.message}", start, end, f"in the list: {error.mend}"
            ) from error

    return resolve


class _Tokens(Lexer):
    """Satisfies lark, which wants to be given a lexer; ours has run before."""

    def __init__(self, conf: object) -> None:
        pass

    def lex(self, data: Iterable[Token]) -> Iterator[Token]:  # type: ignore[override]
        return iter(data)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer=_Tokens, transformer=Builder())


class _Reader:
    """Feeds the parser, and keeps it going where a token cannot stand."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.parser = _parser().parse_interactive()
        self.previous: Lexeme | None = None
        self.runs: list[list[Lexeme]] = []  # clauses with no operator between them
        self.blamed: Lexeme | None = None  # an operator with nothing before it

    def read(self, tokens: list[Lexeme], size: int) -> Part:
        for token in tokens:
            self._feed(token)
        part = self._feed(Lexeme("$END", "", size))
        assert isinstance(part, Part)
        for run in self.runs:
            self.faults.note(side_by_side(run))
        return part

    def _feed(self, token: Lexeme) -> object:
        """Give a token to the parser, after what must stand before it, or drop it; either way the mistake is noted."""
        while True:
            try:
                result = self.parser.feed_token(token)
            except UnexpectedToken as unexpected:
                if not self._mend(token, unexpected.expected):
                    return None
            else:
                self.previous = token
                return result

    def _insert(self, *kinds: str, at: int) -> None:
        for kind in kinds:
            self.parser.feed_token(Lexeme(kind, "", at))

    def _mend(self, token: Lexeme, expected: set[str]) -> bool:
        """Note why this token cannot stand here. True: mended, try it again. False: it is left out."""
        previous = self.previous
        if "LEAF" not in expected and "LPAR" not in expected:  # an operator, or the end of the group
            if token.type in {"LEAF", "LPAR", "COUNT", "ATLEAST"}:
                assert previous is not None
                self._missing_operator(previous, token)
                self._insert("AND", at=token.start)
                return True
            return False
        if previous is not None and previous.type == "ATLEAST":
            self.faults.add(
                f"{previous} needs its clauses in parentheses",
                previous.start,
                previous.end,
                f"write `{previous} (wheat, maize, rice)`",
            )
            self._insert("LPAR", "LEAF", "RPAR", at=previous.end)
            return token.type != "LEAF"
        if token.type == "NOT":
            assert previous is not None
            self.faults.add(
                f"{previous} cannot take {token}",
                previous.start,
                token.end,
                "exclude with AND NOT beside it, as in `(wheat NEAR/5 ban) AND NOT corn`",
            )
            return False
        if previous is None or previous.type == "LPAR":
            if token.type in _BINARY:
                self.blamed = token
                self.faults.add(
                    f"{name(token)} has nothing before it",
                    token.start,
                    token.end,
                    "write a clause before it, or take it away",
                )
            elif previous is not None and token.start < token.end:
                self.faults.add(
                    "these parentheses are empty",
                    previous.start,
                    token.end,
                    "write something into them, or take them away",
                )
        elif token.type in _BINARY - {"COMMA"}:
            self.faults.add(
                f"{token} follows {previous} with nothing between them",
                previous.start,
                token.end,
                "write a clause between them, or take one of them away",
            )
            return False
        elif previous is not self.blamed:
            self.faults.add(
                f"{name(previous)} has nothing after it",
                previous.start,
                previous.end,
                "write a clause after it, or take it away",
            )
        self._insert("LEAF", at=token.start)
        return True

    def _missing_operator(self, left: Lexeme, right: Lexeme) -> None:
        if _is_noise(left) or _is_noise(right):
            return  # its own mistake is noted already
        if self.runs and self.runs[-1][-1] is left:
            self.runs[-1].append(right)
        else:
            self.runs.append([left, right])


def _is_noise(token: Lexeme) -> bool:
    broken = token.type == "LEAF" and token.node is BROKEN
    return broken and (token.startswith('"') or not any(ch.isalnum() for ch in token))
