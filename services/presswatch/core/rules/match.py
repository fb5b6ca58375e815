"""The matching engine: many expressions against one article at a time, with receipts.

Rules and topic patterns alike. Each distinct leaf is looked at once per article, and only if a rule in question needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from presswatch.core.rules.clauses import All, AnyOf, Clause, Close, No, Often, SomeOf, collect, covers
from presswatch.core.rules.document import Document
from presswatch.core.rules.evidence import Evidence
from presswatch.core.rules.guards import Entry, Guards
from presswatch.core.rules.leaves import MAX_OCCURRENCES, Leaves, MatchLeaf
from presswatch.core.rules.model import And, AtLeast, Count, Near, Node, Not, Or
from presswatch.core.rules.reading import Occurrence, Reading, Receipt
from presswatch.core.rules.syntax import parse
from presswatch.core.rules.vocabulary import Vocabulary

__all__ = ["PYTHON", "Document", "Engine", "Expression", "Match", "Matcher", "Occurrence", "Receipt"]


@dataclass(frozen=True, slots=True)
class Expression:
    """What is to be matched: the syntax tree of a rule or of a topic pattern, under an id."""

    id: str
    version: str
    node: Node


@dataclass(frozen=True, slots=True)
class Match:
    """An expression that an article satisfies.

    `receipts` holds the leaves that hold within satisfied clauses (nothing of what is under NOT, and under NEAR only places
    that satisfy it), in the order of the query, at most 5 places a leaf. `occurrences` is filled on demand: slices that
    cover the expression as a whole.
    """

    id: str
    version: str
    receipts: Sequence[Receipt]
    occurrences: tuple[Occurrence, ...] = ()


class Matcher:
    """A set of expressions, to which single ones are added and from which they are removed without a rebuild."""

    def __init__(self, expressions: Iterable[Expression] = ()) -> None:
        self._vocabulary = Vocabulary()
        self._leaves = Leaves(self._vocabulary)
        self._guards = Guards(self._vocabulary)
        self._entries: dict[str, Entry] = {}
        for expression in expressions:
            self.add(expression)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, expression_id: str) -> bool:
        return expression_id in self._entries

    def add(self, expression: Expression) -> None:
        """Add an expression; one with the same id is replaced."""
        leaves: list[MatchLeaf] = []
        clause = self._clause(expression.node, leaves)
        entry = Entry(expression.id, expression.version, clause, leaves)
        if expression.id in self._entries:
            self.remove(expression.id)
        self._entries[expression.id] = entry
        self._guards.file(entry)

    def add_query(self, id: str, version: str, query: str, lists: Mapping[str, Sequence[str]] | None = None) -> None:  # noqa: A002 (as in Expression)
        """Parse a query and add it under an id; one with the same id is replaced.

        Args:
            lists: the entries of the named lists that it may use, by name.

        Raises:
            RuleError: the first mistake in the query.
        """
        self.add(Expression(id, version, parse(query, lists or {})))

    def add_many(self, rules: Iterable[tuple[str, str, str, Mapping[str, Sequence[str]] | None]]) -> None:
        """Do what `add_query` does for many: id, version, query and lists of each."""
        for rule in rules:
            self.add_query(*rule)

    def remove(self, expression_id: str) -> None:
        """Remove an expression.

        Raises:
            KeyError: there is none with this id.
        """
        entry = self._entries.pop(expression_id)
        self._guards.unfile(entry)
        for leaf in entry.leaves:
            self._leaves.release(leaf)

    def asks_for_topics(self) -> bool:
        """Tell whether any expression looks at the tags of an article."""
        return self._leaves.ask_for_topics()

    def match(self, document: Document, *, cover: bool = False, most: int = MAX_OCCURRENCES) -> list[Match]:
        """Return the expressions that the document satisfies, sorted by id.

        With `cover`, each match has `occurrences`: for a leaf, OR, COUNT or NEAR the slices that satisfy it, from its first
        code point to its last (NEAR: a place of the left side and the nearest of the right); for AND and ATLEAST the first
        place of each leaf. At most `most`, in the order of the article.
        """
        reading, held = self._held(document)
        return [_match(entry, reading, most if cover else 0) for entry in held]

    def cover(
        self, document: Document, most: int, wanted: Callable[[str], bool]
    ) -> Iterator[tuple[str, Sequence[Occurrence]]]:
        """Yield what `match` finds by id, each with its `occurrences` and without receipts, for topics.

        Args:
            document: the article.
            most: occurrences of each.
            wanted: tells for an id whether its occurrences are; else it comes with none.
        """
        reading, held = self._held(document)
        for entry in held:
            yield entry.id, covers(entry.clause, reading, most) if wanted(entry.id) else ()

    def _held(self, document: Document) -> tuple[Reading, list[Entry]]:
        """Read a document, and return the expressions that it satisfies, sorted by id."""
        reading = self._vocabulary.read(document)
        self._vocabulary.documents += 1
        held = []
        for entry in self._guards.candidates(reading.present):
            if entry.clause.holds(reading):
                held.append(entry)
            else:
                self._guards.missed(entry)
        held.sort(key=lambda entry: entry.id)
        return reading, held

    def _clause(self, node: Node, leaves: list[MatchLeaf]) -> Clause:
        """Make a tree ready for matching; the leaves that it acquires are appended to `leaves`."""
        match node:
            case And(clauses):
                return All([self._clause(part, leaves) for part in clauses])
            case Or():
                return self._any_of(node, leaves)
            case Not(clause):
                return No(self._clause(clause, leaves))
            case Near(left, right, distance, ordered):
                return Close(self._any_of(left, leaves), self._any_of(right, leaves), distance, ordered=ordered)
            case AtLeast(number, clauses):
                return SomeOf(number, [self._clause(part, leaves) for part in clauses])
            case Count(number, operand):
                return Often(number, self._any_of(operand, leaves))
            case _:
                leaf = self._leaves.acquire(node)
                leaves.append(leaf)
                return leaf

    def _any_of(self, node: Node, leaves: list[MatchLeaf]) -> AnyOf:
        return AnyOf([self._clause(part, leaves) for part in _alternatives(node)])


def _alternatives(node: Node) -> list[Node]:
    """Return the alternatives of an OR, those of an OR in an OR among them; of anything else, itself."""
    if not isinstance(node, Or):
        return [node]
    return [alternative for clause in node.clauses for alternative in _alternatives(clause)]


def _match(entry: Entry, reading: Reading, most: int) -> Match:
    evidence = Evidence()
    collect(entry.clause, reading, evidence)
    receipts = tuple(dict.fromkeys(chain.from_iterable(evidence.receipts())))  # `wheat OR title:wheat` finds one twice
    return Match(entry.id, entry.version, receipts, tuple(covers(entry.clause, reading, most)) if most else ())


@dataclass(frozen=True, slots=True)
class Engine:
    """A form of the engine: makes matchers, and documents for them. Both forms answer alike; the core knows this one only.

    `reads_queries`: its matchers parse queries themselves, in microseconds. `judge`: makes of a `core.judging.Language` what
    judges articles in it; None if the core's own judge does with this engine.
    """

    matcher: Callable[[Iterable[Expression]], Matcher]
    document: Callable[[Mapping[str, Any]], Document]
    reads_queries: bool = False
    judge: Callable[[Any], Any] | None = None


PYTHON: Final = Engine(Matcher, Document.of)
