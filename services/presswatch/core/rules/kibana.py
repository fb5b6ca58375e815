"""Writes a rule as Kibana's search bar takes it in Lucene mode: fully parenthesised, for the indexed articles.

It asks for the fields of our own folded tokens and values (`core.rules.shadow`), so a word means there what it means in a
rule. What Lucene's syntax has no form for is written wider, or left out if it excludes: what is printed finds all that the rule
matches, and perhaps more. Syntax: Lucene's classic query parser, as in Elasticsearch's query_string.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, islice, permutations, product
from math import comb

from presswatch.core.rules.model import (
    TEXT_FIELDS,
    And,
    AtLeast,
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
    Slot,
    Test,
    TextField,
)
from presswatch.core.rules.printer import to_query
from presswatch.core.rules.shadow import meta_term, pieces

MAX_FORMS = 64
"""Phrases or combinations that one operator is written out into; where it takes more, it counts as having no form."""

_SPECIAL = re.compile(r'([-+=&|!(){}\[\]^"~*?:\\/\s])')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that Lucene's syntax has no form for: the clause as the printer prints it, and what stands for it."""

    clause: str
    instead: str


@dataclass(frozen=True, slots=True)
class Kibana:
    """A query for Kibana, and what it cannot say; without gaps it finds what the rule matches and nothing else."""

    query: str
    gaps: tuple[Gap, ...]


def to_kibana(node: Node) -> Kibana:
    """Return a rule in Lucene's syntax."""
    writer = _Writer()
    query = writer.write(node)
    return Kibana(query or "*:*", tuple(dict.fromkeys(writer.gaps)))


class _Writer:
    def __init__(self) -> None:
        self.gaps: list[Gap] = []

    def write(self, node: Node) -> str | None:
        """Return the query for a clause; None if nothing asks for it, so that every article is found."""
        match node:
            case And(clauses):
                return _all(self.write(part) for part in clauses)
            case Or():
                return self._or(node)
            case Not(clause):
                return self._not(node, clause)
            case AtLeast():
                return self._at_least(node)
            case Near():
                return self._near(node)
            case Count(number, operand):
                if number > 1:
                    self._gap(node, "one occurrence is enough")
                return self.write(operand)
            case Phrase():
                return self._words([node])
            case Raw():
                self._gap(node, "its letters and digits are enough, anywhere in the article")
                return _all(
                    _any(f"{name}:{_word(piece)}" for name in ("tok.runs", "tok.title", "tok.text"))
                    for piece in sorted(pieces(unicodedata.normalize("NFC", node.literal)))
                )
            case Meta():
                return f"tok.meta:{_value(node)}"
            case Range():
                return _range(node)

    def _gap(self, node: Node, instead: str) -> None:
        self.gaps.append(Gap(to_query(node), instead))

    def _or(self, node: Or) -> str | None:
        """Write words of the same field, and metadata, in one group each."""
        words: dict[TextField | None, list[Phrase]] = {}
        values: list[str] = []
        others: list[str | None] = []
        for part in _alternatives(node):
            if isinstance(part, Phrase):
                words.setdefault(part.field, []).append(part)
            elif isinstance(part, Meta):
                values.append(_value(part))
            else:
                others.append(self.write(part))
        grouped = [self._words(leaves) for leaves in words.values()]
        return _any([*grouped, *([f"tok.meta:{_any(values)}"] if values else []), *others])

    def _not(self, node: Not, clause: Node) -> str | None:
        before = len(self.gaps)
        query = self.write(clause)
        if len(self.gaps) == before and query is not None:
            return f"NOT {query}"
        del self.gaps[before:]  # what is too wide would exclude too much
        self._gap(node, "it is left out")
        return None

    def _at_least(self, node: AtLeast) -> str | None:
        number, parts = node.number, [self.write(part) for part in node.clauses]
        if comb(len(parts), number) > MAX_FORMS:
            self._gap(node, "one of its clauses is enough")
            number = 1
        return _any(_all(chosen) for chosen in combinations(parts, number))

    # -- words, in one field

    def _words(self, leaves: Sequence[Phrase]) -> str | None:
        inner = _any(self._phrase(leaf) for leaf in leaves)
        fields = TEXT_FIELDS if leaves[0].field is None else (leaves[0].field,)
        return _any(f"tok.{field}:{inner}" for field in fields)

    def _phrase(self, node: Phrase) -> str:
        """Return the words, phrase or window without its field."""
        slots, slop = node.slots, node.slop
        if len(slots) == 1:
            return _slot(slots[0])
        orders = [slots] if slop is None else permutations(slots)
        forms = list(islice((form for order in orders for form in product(*order)), MAX_FORMS + 1))
        if len(forms) <= MAX_FORMS and all(isinstance(test, Exact) for slot in slots for test in slot):
            return _joined(" OR ", (_quoted([_token(test) for test in form], slop or 0) for form in forms))
        self._gap(node, "its words are enough, anywhere in one field")
        return _joined(" AND ", map(_slot, slots))

    def _near(self, node: Near) -> str | None:
        left, right = list(_alternatives(node.left)), list(_alternatives(node.right))
        if any(isinstance(leaf, Raw) for leaf in (*left, *right)):
            self._gap(node, "both sides are enough, anywhere in the article")
            return _all([self.write(node.left), self.write(node.right)])
        found: list[str] = []
        for field in TEXT_FIELDS:
            sides = [
                [leaf for leaf in side if isinstance(leaf, Phrase) and leaf.field in {None, field}]
                for side in (left, right)
            ]
            if all(sides):
                found.append(f"tok.{field}:{self._pairs(node, *sides)}")
        return _any(found)

    def _pairs(self, node: Near, left: Sequence[Phrase], right: Sequence[Phrase]) -> str:
        """Write single words in pairs, as phrases with a slop; of all else only that both sides stand in the field."""
        words, more_words = [[leaf for leaf in side if _is_word(leaf)] for side in (left, right)]
        others, more_others = [[leaf for leaf in side if not _is_word(leaf)] for side in (left, right)]
        firsts, seconds = _tokens(words), _tokens(more_words)
        orders = 1 if node.ordered else 2
        if len(firsts) * len(seconds) * orders > MAX_FORMS:
            firsts, words, more_words, others, more_others = [], [], [], list(left), list(right)
        forms = [
            _quoted(pair, node.distance)
            for first, second in product(firsts, seconds)
            for pair in ((first, second), (second, first))[:orders]
        ]
        wide = [(others, right), (words, more_others)]
        for first_side, second_side in wide:
            if first_side and second_side:
                self._gap(node, "both sides are enough, anywhere in one field")
                sides = (_joined(" OR ", map(self._phrase, side)) for side in (first_side, second_side))
                forms.append(_joined(" AND ", sides))
        if node.ordered and node.distance > 1 and words and more_words:
            self._gap(node, "the other order is found as well")  # two moves take one word past the other
        return _joined(" OR ", forms)


def _alternatives(node: Node) -> Iterator[Node]:
    if isinstance(node, Or):
        for part in node.clauses:
            yield from _alternatives(part)
    else:
        yield node


def _all(parts: Iterable[str | None]) -> str | None:
    """Join with AND what asks for something; Lucene finds nothing by negations alone, so those get something to exclude from."""
    asked = list(dict.fromkeys(part for part in parts if part is not None))
    if not asked:
        return None
    if all(part.startswith("NOT ") for part in asked):
        asked.insert(0, "*:*")
    return _joined(" AND ", asked)


def _any(parts: Iterable[str | None]) -> str | None:
    """Join with OR; None if one of the parts is."""
    asked = list(parts)
    if not all(asked):
        return None
    return _joined(" OR ", (f"(*:* AND {part})" if part and part.startswith("NOT ") else part for part in asked))


def _joined(sign: str, parts: Iterable[str | None]) -> str:
    distinct = list(dict.fromkeys(part for part in parts if part))
    return distinct[0] if len(distinct) == 1 else f"({sign.join(distinct)})"


def _is_word(leaf: Phrase) -> bool:
    return len(leaf.slots) == 1 and all(isinstance(test, Exact) for test in leaf.slots[0])


def _tokens(words: Iterable[Phrase]) -> list[str]:
    return list(dict.fromkeys(_token(test) for word in words for test in word.slots[0]))


def _token(test: Test) -> str:
    assert isinstance(test, Exact)
    return test.token


def _slot(slot: Slot) -> str:
    return _joined(" OR ", map(_test, slot))


def _test(test: Test) -> str:
    if isinstance(test, Exact):
        return _word(test.token)
    if isinstance(test, Prefix):
        return f"{_escaped(test.prefix)}*"
    stem = test.pattern.removesuffix("*")
    return "?".join(map(_escaped, stem.split("?"))) + "*" * (stem != test.pattern)


def _word(token: str) -> str:
    plain = token.isalnum() and token not in {"AND", "OR", "NOT", "TO"}
    return token if plain else _quoted([token])


def _quoted(tokens: Iterable[str], slop: int = 0) -> str:
    inner = " ".join(tokens).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"' + (f"~{slop}" if slop else "")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _value(node: Meta) -> str:
    term = meta_term(node.name, node.value)
    return f"{_escaped(term)}*" if node.prefix else _quoted([term])


def _range(node: Range) -> str:
    shown = _time if node.name == "published" else "{:.15g}".format
    lower = "[*" if node.lower is None else ("[" if node.lower.inclusive else "{") + shown(node.lower.value)
    upper = "*]" if node.upper is None else shown(node.upper.value) + ("]" if node.upper.inclusive else "}")
    return f"{_escaped(node.name)}:{lower} TO {upper}"


def _time(millis: float) -> str:
    """Write an instant in UTC, since Kibana takes a bare day for one of the reader's time zone."""
    try:
        instant = _EPOCH + timedelta(milliseconds=millis)
    except OverflowError:  # the end of the year 9999
        return str(int(millis))
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ") if instant.year >= 1000 else str(int(millis))
