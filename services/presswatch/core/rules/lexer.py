"""Cuts a query into operators, parentheses and finished leaves.

Own work and not lark's, because where a word ends depends on what stands before it: a value of ``url:`` runs to white
space, a comma separates only within ATLEAST, ``-`` is an operator only at the start of a word.
"""

from __future__ import annotations

import re
from dataclasses import replace

from presswatch.core.errors import RuleError
from presswatch.core.rules import complaints
from presswatch.core.rules.faults import Faults
from presswatch.core.rules.model import TEXT_FIELDS, Or, Phrase, Raw, TextField
from presswatch.core.rules.ranges import is_range_field, read_range
from presswatch.core.rules.scanner import Lexeme, Resolve, Scanner
from presswatch.core.rules.terms import EXAMPLES, metadata, phrase_slots, raw_literal, word_slots

MAX_NUMBER = 1000
"""Ours: a distance, window or count beyond this is longer than most articles."""

FIELDS = (*TEXT_FIELDS, "raw", *EXAMPLES, "published", "words")

_OPERATORS = {"AND": "AND", "&&": "AND", "OR": "OR", "||": "OR", "NOT": "NOT"}
_SIMPLE = re.compile(r"\w[\w.'’-]*\*?(?=[\s)]|\Z)")
_WORD = re.compile(r'(?:[^\s()"\\&|]|\\.|&(?!&)|\|(?!\|))+', re.DOTALL)
_WORD_IN_LIST = re.compile(r'(?:[^\s()"\\&|,]|\\.|&(?!&)|\|(?!\|))+', re.DOTALL)
_WINDOW = re.compile(r"~([^\s()^,]*)")
_NUMBERED = re.compile(r"(NEAR|COUNT|ATLEAST)(?:/(.*))?", re.DOTALL)
_NUMBER = re.compile(r"[0-9]+")
_FIELD = re.compile(r"((?:[^\\:]|\\.)*):", re.DOTALL)
_SPECIAL = re.compile(r"\\.|([~^])", re.DOTALL)
_STRAY = re.compile(r"[~^][0-9.]*")
_LIST_NAME = re.compile(r"@([\w-]+)")
_REGEX = re.compile(r"/(?:[^/\\\n]|\\.)+/(?=[\s)]|\Z)")
_BRACKETED = re.compile(r"[\[{][^\]})(]*[\]}]")
_UNCLOSED_BRACKET = re.compile(r"[\[{][^)]*")
_COMPARED = re.compile(r"(?:>=|<=|>|<)\s*")
_WIDE = re.compile(rf"[（）]|^(?:{'|'.join(FIELDS)})：")
_VALUE_TAIL = re.compile(r"(?<!\\)([~^])[0-9.]*$")
_SCORE = re.compile(r"score\.[\w-]+")
_KNOWN_FIELD = re.compile(rf"({'|'.join(FIELDS)}|score\.[\w-]+):")


def lex(query: str, resolve: Resolve, faults: Faults) -> list[Lexeme]:
    """Return the tokens of a query. Whatever is wrong goes to `faults`, and the tokens stay usable."""
    backslashes = len(query) - len(query.rstrip("\\"))
    if backslashes % 2:
        faults.note(complaints.dangling_backslash(len(query) - 1))
        query = query[:-1]
    return _Lexer(query, resolve, faults).run()


class _Lexer(Scanner):
    def run(self) -> list[Lexeme]:
        query, size = self.query, len(self.query)
        while True:
            self._skip_white()
            if self.at >= size:
                break
            ch = query[self.at]
            field = self.pending or (self.groups[-1].field if self.groups else None)
            if ch == "(":
                self._open(field)
            elif ch == ")":
                self._close()
            elif field is None or field in TEXT_FIELDS:
                self._text(ch, field)
            else:
                self._value(field)
        self._end_field()
        for group in self.groups:
            self.faults.note(complaints.unclosed_group(group.start))
            self._emit("RPAR", size, size)
        return self.tokens

    # -- words, phrases, operators

    def _text(self, ch: str, field: TextField | None) -> None:
        query, start = self.query, self.at
        found = _SIMPLE.match(query, start)
        if found is None:
            if ch == '"':
                return self._phrase(field)
            if ch in "-!":
                return self._minus(ch)
            if ch == "," and self._separated():
                return self._operator("COMMA", start, start + 1)
            if query.startswith(("&&", "||"), start):
                return self._operator(_OPERATORS[query[start : start + 2]], start, start + 2)
            if ch == "@":
                return self._list(field)
            if ch in "~^+/[{":
                return self._foreign(ch)
            found = (_WORD_IN_LIST if self._separated() else _WORD).match(query, start)
            assert found is not None
        word = found.group()
        if word in _OPERATORS:
            return self._operator(_OPERATORS[word], start, found.end())
        if numbered := _NUMBERED.fullmatch(word):
            return self._numbered(numbered.group(1), numbered.group(2), start, found.end())
        if ":" in word and (named := _FIELD.match(word)):
            return self._field(named.group(1), start, start + named.end(), field)
        return self._word(word, start, field)

    def _word(self, word: str, start: int, field: TextField | None) -> None:
        end = start + len(word)
        if not word.isascii() and _WIDE.search(word):
            self._wrong(complaints.wide_signs(word, start), start, end)
            return
        if "~" in word or "^" in word:
            sign = next((found for found in _SPECIAL.finditer(word) if found.group(1)), None)
            if sign:
                error = (
                    complaints.fuzzy(word[: sign.start()], start, end)
                    if sign.group() == "~"
                    else complaints.boost(start + sign.start(), end)
                )
                self._wrong(error, start, end)
                return
        try:
            slots = word_slots(word, start)
        except RuleError as error:
            self._wrong(error, start, end)
        else:
            self._leaf(start, end, Phrase(slots, word, field, None, self._origin(start), end))

    def _phrase(self, field: TextField | None) -> None:
        start = self.at
        quoted = self._quoted()
        if quoted is None:
            return
        end = quoted.end()
        slop = None
        if window := _WINDOW.match(self.query, end):
            end = window.end()
            slop = self._number("a window", window.group(1), start, end)
        try:
            slots = phrase_slots(quoted.group(1), start + 1)
        except RuleError as error:
            self._wrong(error, start, end)
        else:
            node = Phrase(slots, self.query[start:end], field, slop, self._origin(start), end)
            self._leaf(start, end, node)
        if self.query.startswith("*", end):
            self.faults.note(complaints.star_outside_quotation(quoted.group(), end))
            self.at = end + 1

    def _minus(self, sign: str) -> None:
        start = self.at
        following = self.query[start + 1 : start + 2]
        if following and not following.isspace() and following != ")":
            self._operator("NOT", start, start + 1)
        else:
            self._wrong(complaints.lone_minus(sign, start), start, start + 1)

    def _numbered(self, name: str, number: str | None, start: int, end: int) -> None:
        ordered = name == "NEAR" and number is not None and number.endswith("f")
        digits = number[:-1] if ordered and number else number
        self._operator(name, start, end, self._number(name, digits, start, end), ordered=ordered)

    def _number(self, what: str, digits: str | None, start: int, end: int) -> int:
        """Read the number of an operator; note a missing or wild one and go on with the least."""
        least = 0 if what in {"NEAR", "a window"} else 1
        if not digits:
            self.faults.note(complaints.number_missing(what, start, end, bare=digits is None))
        elif not _NUMBER.fullmatch(digits):
            self.faults.note(complaints.number_unreadable(what, digits, start, end))
        elif len(digits) > 9 or not least <= int(digits) <= MAX_NUMBER:
            self.faults.note(complaints.number_out_of_bounds(what, least, MAX_NUMBER, start, end))
        else:
            return int(digits)
        return least

    def _list(self, field: TextField | None) -> None:
        start = self.at
        named = _LIST_NAME.match(self.query, start)
        if named is None:
            found = self._run()
            assert found is not None
            self._wrong(complaints.list_without_name(start), start, found.end())
        elif self.query.startswith(":", named.end()):
            self._field(named.group(), start, named.end() + 1, field)
        else:
            try:
                terms = self.resolve(named.group(1), field, start)
            except RuleError as error:
                self._wrong(error, start, named.end())
            else:
                self._leaf(start, named.end(), Or(terms, named.group(1), self._origin(start), named.end()))
            if self.query.startswith("*", named.end()):
                self.faults.note(complaints.star_after_list(named.group(1), named.end()))
                self.at = named.end() + 1

    # -- fields

    def _field(self, name: str, start: int, end: int, field: TextField | None) -> None:
        """Take the name of a field; `end` is after its colon."""
        self.at = end
        if name not in FIELDS and not _SCORE.fullmatch(name):
            self._unknown_field(name, start)
        elif name == "raw":
            self._raw(start, field)
        else:
            if field is not None and name != field:
                self.faults.note(complaints.field_under_field(name, field, start, end))
            if self.pending != name:
                self.pending = name
                self.pending_at = start

    def _unknown_field(self, name: str, start: int) -> None:
        end = self.at
        # skip what it would have looked for; a group, or a word after white space, stays and is the operand
        ch = self.query[end : end + 1]
        skipped = self._match_quoted() if ch == '"' else _BRACKETED.match(self.query, end)
        if skipped is None and ch != "(":
            skipped = self._run()
        value = skipped.group() if skipped else ch.strip()
        self.faults.note(complaints.unknown_field(name, value, start, end, FIELDS))
        if skipped:
            self._leaf(start, skipped.end())
            return
        self._skip_white()
        following = self._run()
        if following is None or self._is_operator(following.group()):
            self._leaf(start, end)

    def _raw(self, start: int, field: TextField | None) -> None:
        spaced = self._skip_white()
        at = self.at
        if self.query.startswith("(", at):
            self.faults.note(complaints.raw_group(start, at + 1))
            return
        if self.query.startswith('"', at):
            found = self._quoted()
            if found is None:
                return
            written = found.group(1)
        else:
            found = self._run()
            written = found.group() if found else ""
        if found is None or (spaced and self._is_operator(written)):
            self._wrong(complaints.nothing_after_field("raw", start), start, start + len("raw:"))
            self.at = at
            return
        try:
            literal = raw_literal(written, start, found.end())
        except RuleError as error:
            self._wrong(error, start, found.end())
        else:
            node = Raw(literal, f"raw:{found.group()}", field, self._origin(start), found.end())
            self._leaf(start, found.end(), node)

    def _is_operator(self, word: str) -> bool:
        return word in _OPERATORS or _NUMBERED.fullmatch(word) is not None

    def _value(self, field: str) -> None:
        """Read one value of a metadata or range field, or an operator between values in parentheses."""
        start = self.at
        direct = self.pending is not None
        found = self._run()
        if found is None:  # within ATLEAST a comma can end a value before it begins
            self._operator("COMMA", start, start + 1)
            return
        word, end = found.group(), found.end()
        if not direct or self.query[start - 1].isspace():
            head = word.partition("(")[0]  # as in NOT(en OR es)
            if head in _OPERATORS:
                self._operator(_OPERATORS[head], start, start + len(head))
                return
            if numbered := _NUMBERED.fullmatch(head):
                self._numbered(numbered.group(1), numbered.group(2), start, start + len(head))
                return
        if word[0] in "-!" and not direct:
            self._minus(word[0])
            return
        try:
            if word[0] in "-!":
                raise complaints.sign_after_field(field, word[0], word[1:], self.pending_at, start + 1)
            if known := _KNOWN_FIELD.match(word):
                raise complaints.field_under_field(known.group(1), field, start, start + known.end())
            if is_range_field(field):
                self._range(field, end)
            elif word[0] == '"':
                if quoted := self._quoted():
                    end = quoted.end()
                    node = metadata(field, quoted.group(1), start, end, quoted=True)
                    self._leaf(start, end, replace(node, start=self._origin(start)))
            elif word[0] in "[{<>":
                bracketed = _BRACKETED.match(self.query, start)
                end = bracketed.end() if bracketed else end
                raise complaints.range_of_text(field, start, end)
            elif field != "url" and (tail := _VALUE_TAIL.search(word)):
                at = start + tail.start()
                raise (
                    complaints.boost(at, end)
                    if tail.group(1) == "^"
                    else complaints.fuzzy(word[: tail.start()], start, end)
                )
            else:
                node = metadata(field, word, start, end, quoted=False)
                self._leaf(start, end, replace(node, start=self._origin(start)))
        except RuleError as error:
            self._wrong(error, start, max(self.at, end))

    def _range(self, field: str, end: int) -> None:
        query, start = self.query, self.at
        if query[start] in "[{":
            found = _BRACKETED.match(query, start)
            if found is None:
                unclosed = _UNCLOSED_BRACKET.match(query, start)
                assert unclosed is not None
                self.at = unclosed.end()
                raise complaints.unclosed_range(field, start)
            end = found.end()
        elif query[start] == '"':
            quoted = self._quoted()
            if quoted is None:
                return
            end = quoted.end()
        elif compared := _COMPARED.match(query, start):
            self.at = compared.end()
            found = self._run()
            end = found.end() if found else self.at
        self.at = end
        node = read_range(field, query[start:end], start)
        self._leaf(start, end, replace(node, start=self._origin(start)))

    # -- what Lucene has and this language has not

    def _foreign(self, sign: str) -> None:
        start = self.at
        found = (
            _STRAY.match(self.query, start)
            or (_REGEX.match(self.query, start) if sign == "/" else _BRACKETED.match(self.query, start))
            or self._run()
        )
        assert found is not None
        end = found.end()
        if sign == "+":
            alone = not self.query[start + 1 : start + 2].strip()
            if alone:
                self._wrong(complaints.plus(start, alone=True), start, start + 1)
                return
            self.faults.note(complaints.plus(start, alone=False))
            self.at = start + 1
            if self._after_operand():
                self._emit("AND", start, start + 1)  # as Lucene reads it, so that reading can go on
        elif sign == "/":
            self._wrong(complaints.slash(start, end), start, end)
        elif sign in "[{":
            self._wrong(complaints.range_without_field(start, end), start, end)
        else:
            error = complaints.boost(start, end) if sign == "^" else complaints.stray_distance(start, end)
            if self._after_operand() and self.tokens[-1].end == start:
                self.faults.note(error)
                self.at = end
            else:
                self._wrong(error, start, end)
