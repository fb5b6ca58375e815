"""Named lists: a text with one term a line becomes the leaves that `@name` stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from presswatch.core.errors import RuleError
from presswatch.core.rules.faults import Faults, excerpt
from presswatch.core.rules.lexer import lex
from presswatch.core.rules.model import Phrase, Raw, TextField

_OPERATORS = frozenset({"AND", "OR", "NOT", "&&", "||"})


def read_entries(text: str) -> list[tuple[int, str]]:
    """Return the entries of a list's text with the numbers of their lines, from 1.

    A line is one entry. Empty lines, and lines of which ``#`` is the first word, are left out.
    """
    lines = ((number, line.strip()) for number, line in enumerate(text.split("\n"), start=1))
    return [(number, line) for number, line in lines if line and line.split(maxsplit=1)[0] != "#"]


def read_term(entry: str) -> Phrase | Raw:
    """Return the leaf for one entry: a word, phrase, wildcard, or text after ``raw:``, as in a query.

    Several words without quotation marks are a phrase: ``flu vaccin*`` is ``"flu vaccin*"``.

    Raises:
        RuleError: it is anything else; the places are code points within the entry.
    """
    everything = (0, len(entry))
    if entry.startswith("#"):
        raise RuleError(
            f"`{excerpt(entry)}` is neither a term nor a comment",
            *everything,
            f'for a comment put a space after the #; for the characters themselves write `raw:"{entry}"`',
        )
    faults = Faults()
    if '"' not in entry and not entry.startswith("raw:") and len(words := entry.split()) > 1:
        operator = next((word for word in words if word in _OPERATORS or word.startswith("NEAR/")), None)
        if operator:
            raise RuleError(
                f"{operator} is an operator, and a list holds terms only",
                *everything,
                "give each term a line of its own, or write the whole expression into the rule's query",
            )
        entry = f'"{entry}"'
        everything = (0, len(entry))
    tokens = lex(entry, _no_list, faults)
    if faults:
        raise faults.in_order()[0]
    node = tokens[0].node if len(tokens) == 1 else None
    if (
        not isinstance(node, Phrase | Raw)
        or node.field is not None
        or (isinstance(node, Phrase) and node.slop is not None)
    ):
        raise RuleError(
            "this entry is not a single term",
            *everything,
            "a list holds words, phrases, wildcards and `raw:` texts, one a line, without fields, windows and operators",
        )
    return replace(node, start=0, end=0)


@lru_cache(maxsize=1024)
def list_terms(entries: tuple[str, ...], field: TextField | None) -> tuple[Phrase | Raw, ...]:
    """Return the leaves of a list under a field; the same objects for every rule that uses the list.

    Raises:
        RuleError: an entry is wrong; its places are within the entry.
    """
    if field is not None:
        return tuple(replace(term, field=field) for term in list_terms(entries, None))
    return tuple(dict.fromkeys(read_term(entry) for entry in entries))


def entry_errors(entries: Sequence[str]) -> list[tuple[int, RuleError]]:
    """Return what is wrong with a list: the index of each wrong entry, and its mistake."""
    found: list[tuple[int, RuleError]] = []
    for index, entry in enumerate(entries):
        try:
            read_term(entry)
        except RuleError as error:
            found.append((index, error))
    return found


def _no_list(name: str, _field: TextField | None, start: int) -> tuple[Phrase | Raw, ...]:
    raise RuleError(
        f"a list cannot hold another list (`@{name}`)",
        start,
        start + 1 + len(name),
        "copy its terms here, or name both lists in the query, joined by OR",
    )
