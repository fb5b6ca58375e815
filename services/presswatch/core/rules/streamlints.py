"""Warnings that take the stream to tell: wildcards that are too wide, languages without words, values that nothing has. Pure.

`StreamFacts` is what has been learnt of a stream; `streamfacts` asks Elasticsearch for it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from presswatch.core.rules import blindness
from presswatch.core.rules.blindness import Languages
from presswatch.core.rules.document import Document
from presswatch.core.rules.faults import Lint, did_you_mean, excerpt
from presswatch.core.rules.lints import NOT_KNOWN, Linter
from presswatch.core.rules.model import (
    And,
    AtLeast,
    Count,
    Exact,
    Leaf,
    Meta,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Raw,
    Wildcard,
)
from presswatch.core.rules.vocabulary import Vocabulary

MAX_WORDS = 75
"""Different words that a wildcard stands for without a warning: the forms of a word in some languages, not of many words."""

MAX_SHARE = 0.2
"""Share of the articles that a wildcard occurs in without a warning."""

FEW = 100
"""Articles of a sample, or of a language, below which nothing is said."""

CARRIED = 0.05
"""Share of the articles from which on the stream carries a language in numbers."""

EXPECTED = 10.0
"""Articles in which words of a rule would stand if a language had them as often as the one that has them most. With fewer, none may be chance (e^-10 is 1 in 20,000)."""

BY_CHANCE = 0.02
"""Share of the expected ones up to which what was found is names and quotations, and not words of the language."""

SHOWN = 6
"""Words that a warning shows of what a wildcard stands for."""

ALIKE = 0.8
"""How much a value must look like one that articles have to be taken for a slip of the pen; names are many, so more than elsewhere."""

Pattern = Prefix | Wildcard
Value = tuple[str, str, bool]
"""Name of a metadata field, value, and whether the value is a beginning."""

CHECKED_VALUES = frozenset({"source", "domain", "country", "lang"})
"""Fields of which a value that no article has is probably misspelt. Authors are too many, topics are known."""


@dataclass(frozen=True, slots=True)
class Width:
    """What a wildcard stands for: number of different words, number of articles, and the words that come most often."""

    words: int
    articles: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What has been learnt of a stream.

    Args:
        read: articles of the sample.
        widths: of the wildcards asked for, in the sample.
        scripts: by language, the scripts that it is written in, as `scripts_of` names them.
        carried: articles by language (primary subtag), of all.
        found: by rule's tree, the articles by language in which any of its words stands, of all.
        values: articles that have a metadata value, of all.
        known: by metadata field, values that articles have, the most frequent first.
    """

    read: int = 0
    widths: Mapping[Pattern, Width] = field(default_factory=dict)
    scripts: Mapping[str, Collection[str]] = field(default_factory=dict)
    carried: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[Node, Mapping[str, int]] = field(default_factory=dict)
    values: Mapping[Value, int] = field(default_factory=dict)
    known: Mapping[str, Collection[str]] = field(default_factory=dict)


class StreamLinter(Linter):
    """Warns of what the stream shows as well."""

    def __init__(
        self, facts: StreamFacts, topics: Collection[str] | None = None, supported: Languages = NOT_KNOWN
    ) -> None:
        super().__init__(topics, supported)
        self._facts = facts

    def blind(self, node: Node) -> Iterator[Lint]:
        """Yield the warnings about blindness, with the share of the stream that it is."""
        yield from blindness.lints(node, self._supported, self._facts.carried)

    def more(self, node: Node) -> Iterator[Lint]:
        """Yield the warnings that the stream gives reason to."""
        for leaf in words_of(node, listed=False):
            yield from self.term(leaf)
        yield from self._values(node, alone=True)
        yield from self._languages(node)

    def term(self, leaf: Phrase | Raw) -> Iterator[Lint]:
        """Yield the warnings about the wildcards of a leaf."""
        for pattern in patterns_of(leaf):
            width = self._facts.widths.get(pattern)
            if width is None or self._facts.read < FEW:
                continue
            share = width.articles / self._facts.read
            if width.words <= MAX_WORDS and share <= MAX_SHARE:
                continue
            written = pattern.pattern if isinstance(pattern, Wildcard) else f"{pattern.prefix}*"
            message = (
                f"`{excerpt(written)}` is too wide: it stands for {width.words:,} different words, and {share:.0%} of "
                f"{self._facts.read:,} articles hold one: {', '.join(width.examples)}{', ...' * (width.words > len(width.examples))}"
            )
            yield Lint(message, leaf.start, leaf.end, "write more of its beginning, or list the words that you mean")

    def _values(self, node: Node, *, alone: bool) -> Iterator[Lint]:
        match node:
            case And(clauses=clauses):
                for clause in clauses:
                    yield from self._values(clause, alone=True)
            case Or(clauses=clauses) | AtLeast(clauses=clauses):
                for clause in clauses:
                    yield from self._values(clause, alone=False)
            case Not(clause=clause):
                yield from self._values(clause, alone=alone)
            case Meta(name=name, value=value) if self._facts.values.get((name, value, node.prefix)) == 0:
                close = did_you_mean(value, self._facts.known.get(name, ()), ALIKE)
                # of a long list some are always silent for a week; then only what looks misspelt is told
                if close or alone:
                    message = f"no article of that time has `{excerpt(node.written)}`"
                    mend = f"did you mean `{close}`?" if close else f"check how articles write their {name}"
                    yield Lint(message, node.start, node.end, mend)
            case _:
                return

    def _languages(self, node: Node) -> Iterator[Lint]:
        facts = self._facts
        found = facts.found.get(node)
        total = sum(facts.carried.values())
        if found is None or not total:
            return
        rates = {lang: found.get(lang, 0) / number for lang, number in facts.carried.items() if number >= FEW}
        best = max(rates, key=lambda lang: rates[lang], default="")
        own = scripts_of(node)
        lacking = [
            lang
            for lang in rates
            if facts.carried[lang] >= CARRIED * total
            and self._lacks(lang, found.get(lang, 0), rates[best] * facts.carried[lang], own)
        ]
        if not lacking or len(lacking) == len(rates):
            return
        parts = [f"{lang} ({facts.carried[lang] / total:.0%} of the articles)" for lang in sorted(lacking)]
        has = f": in {best} {found[best]:,} articles hold one" if found.get(best) else ""
        yield Lint(
            f"this rule has no words in {' and '.join(parts)}{has}",
            node.start,
            node.end,
            f"add its words in {' and '.join(sorted(lacking))}, or say with `lang:{best}` that the others are not meant",
        )

    def _lacks(self, lang: str, found: int, expected: float, own: Collection[str]) -> bool:
        theirs = self._facts.scripts.get(lang)
        if not found and own and theirs and not set(own) & set(theirs):
            return True
        return expected >= EXPECTED and found <= BY_CHANCE * expected


class Widths:
    """Counts in a sample what wildcards stand for, and which scripts languages are written in."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._vocabulary = Vocabulary()
        self._words: dict[Pattern, Counter[str]] = {pattern: Counter() for pattern in patterns}
        self._articles: Counter[Pattern] = Counter()
        self._keys = {pattern: self._vocabulary.acquire(pattern) for pattern in self._words}
        self._scripts: dict[str, Counter[str]] = {}
        self.read = 0

    def add(self, document: Document) -> None:
        """Count an article."""
        self.read += 1
        reading = self._vocabulary.read(document)
        for pattern, key in self._keys.items():
            if key in reading.present:
                self._articles[pattern] += 1
                self._words[pattern].update(reading.tokens_of(key))
        for lang in list(document.meta["lang"])[:1]:
            scripts = self._scripts.setdefault(lang, Counter())
            scripts.update(_script(token[0]) for token in document.title.texts if token[0].isalpha())

    def widths(self) -> dict[Pattern, Width]:
        """Return what each wildcard stands for."""
        return {
            pattern: Width(len(words), self._articles[pattern], tuple(word for word, _ in words.most_common(SHOWN)))
            for pattern, words in self._words.items()
        }

    def scripts(self) -> dict[str, frozenset[str]]:
        """Return by language the scripts of at least a seventh of its words; languages of a few words are left out."""
        return {
            lang: frozenset(script for script, number in counts.items() if number * 7 >= counts.total())
            for lang, counts in self._scripts.items()
            if counts.total() >= FEW
        }


def words_of(node: Node, *, listed: bool = True) -> Iterator[Phrase | Raw]:
    """Yield the text leaves of a rule that are not under NOT; with `listed`, those of named lists as well."""
    match node:
        case Or(listed=str()) if not listed:
            return
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            for clause in clauses:
                yield from words_of(clause, listed=listed)
        case Count(operand=operand):
            yield from words_of(operand, listed=listed)
        case Near(left=left, right=right):
            yield from words_of(left, listed=listed)
            yield from words_of(right, listed=listed)
        case Phrase() | Raw():
            yield node
        case _:
            return


def patterns_of(leaf: Leaf) -> list[Pattern]:
    """Return the wildcards of a leaf."""
    slots = leaf.slots if isinstance(leaf, Phrase) else ()
    return list(dict.fromkeys(test for slot in slots for test in slot if isinstance(test, Prefix | Wildcard)))


def values_of(node: Node) -> Iterator[Value]:
    """Yield the metadata values of a rule that are worth asking for."""
    match node:
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            for clause in clauses:
                yield from values_of(clause)
        case Not(clause=clause):
            yield from values_of(clause)
        case Meta(name=name, value=value, prefix=prefix) if name in CHECKED_VALUES:
            yield name, value, prefix
        case _:
            return


def narrowed(node: Node) -> bool:
    """Tell whether a rule says itself of which articles it speaks: by language, source, domain, country, author or address."""
    match node:
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            return any(map(narrowed, clauses))
        case Meta(name=name):
            return name != "topic"
        case Range() | Phrase() | Raw() | Near() | Count() | Not():
            return False


def scripts_of(node: Node) -> set[str]:
    """Return the scripts that the words of a rule are written in."""
    found: set[str] = set()
    for leaf in words_of(node):
        texts = [leaf.literal] if isinstance(leaf, Raw) else [_text(test) for slot in leaf.slots for test in slot]
        found.update(_script(ch) for text in texts for ch in text if ch.isalpha())
    return found


def _text(test: Exact | Prefix | Wildcard) -> str:
    match test:
        case Exact(token=text) | Prefix(prefix=text) | Wildcard(pattern=text):
            return text


@lru_cache(maxsize=1 << 14)
def _script(ch: str) -> str:
    """Return the first word of the character's name, which for letters is the script: LATIN, CYRILLIC, CJK."""
    return unicodedata.name(ch, "?").split(maxsplit=1)[0]
