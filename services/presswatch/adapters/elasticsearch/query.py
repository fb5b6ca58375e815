"""From a rule to an Elasticsearch query that finds every article the rule matches, and as few others as can be. Pure.

The matcher decides on what is found, so a query may be wider than the rule and must never be narrower. It asks for the
tokens that the matcher itself made (`core.rules.shadow`), so whatever analyzers the server has, its terms are ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, TypeGuard

from presswatch.core.rules.model import (
    TEXT_FIELDS,
    And,
    AtLeast,
    Bound,
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
    Slot,
    Test,
    TextField,
)
from presswatch.core.rules.shadow import LONGEST_VALUE, cut, fits, meta_term, pieces
from presswatch.core.text import fold_value

Query = dict[str, Any]

MAX_CLAUSES = 800
"""Leaves of one query. Elasticsearch takes 1,024 or more, by its heap (indices.query.bool.max_clause_count)."""

MAX_DEPTH = 25
"""Bool queries within one another; Elasticsearch takes 30 (indices.query.bool.max_nested_depth)."""

_MAX_TERMS = 50_000
"""Terms of one terms query; Elasticsearch takes 65,536 (index.max_terms_count)."""

_MAX_PATTERNS = 64
"""Prefixes and wildcards in one group of a query that has become too large; more are shortened until they coincide."""

_MAX_COUNTED = 4
"""COUNT asks for at most so many occurrences: more would hardly find fewer articles, at a higher price."""

_INT = 2**31 - 1


def superset(node: Node) -> list[Query]:
    """Return queries that each find all articles that a rule matches, one or more, each wider than the one before.

    The first is the one to use; the next if the server finds it too large, which hangs on how many words of its index
    begin with a prefix. The last one is never too large. A rule with a positive leaf in each alternative (the parser
    takes no other) never becomes a query for everything.

    Raises:
        ValueError: the rule, or an alternative of it, asks for nothing: it is no rule that the parser takes.
    """
    wide = (_Wide(positions=True).query(node), _Wide(positions=False).query(node))
    asked = [query for query in wide if clauses(query) <= MAX_CLAUSES and _depth(query) <= MAX_DEPTH]
    asked.append(_group(_cover(node), crowded=True))
    return [query for query, wider in zip_longest(asked, asked[1:]) if query != wider]


def clauses(query: Query) -> int:
    """Count the leaves of a query as Lucene does, a terms query as one."""
    kind, body = next(iter(query.items()))
    if kind == "bool":
        parts = [part for key in ("filter", "should", "must_not") for part in body.get(key, ())]
        return sum(map(clauses, parts))
    if kind == "intervals":
        return _sources(next(iter(body.values())))
    return 1


class _Wide:
    """Walks a tree and gives for each node a query that is at least as wide.

    `positions` False leaves out what hangs on where words stand, and all NOT: far fewer clauses, more articles.
    """

    def __init__(self, *, positions: bool) -> None:
        self._positions = positions

    def query(self, node: Node) -> Query:
        match node:
            case And(clauses=parts):
                return self._and(parts)
            case Or():
                return self._any_of(_alternatives(node))
            case Not(clause=clause):
                return self._not(clause) or {"match_all": {}}
            case AtLeast(number=number, clauses=parts):
                return _some(number, [self.query(part) for part in parts])
            case Near():
                return self._near(node)
            case Count():
                return self._count(node)
            case Phrase():
                return _any([self._phrase(node, field) for field in _fields(node)])
            case Raw():
                return _all([_piece(piece) for piece in _pieces(node)])
            case Meta():
                return _meta([node])
            case Range():
                return _range(node)

    def _and(self, parts: Sequence[Node]) -> Query:
        wanted = [self.query(part) for part in parts if not isinstance(part, Not)]
        refused = [self._not(part.clause) for part in parts if isinstance(part, Not)]
        return _all([*wanted, *(query for query in refused if query)]) if wanted or any(refused) else {"match_all": {}}

    def _not(self, clause: Node) -> Query | None:
        """Leave out what the clause certainly holds for; None if that cannot be said."""
        certain = narrow(clause) if self._positions else None
        return {"bool": {"must_not": [certain]}} if certain else None

    def _any_of(self, alternatives: Sequence[Node]) -> Query:
        """Join alternatives, all that is single words or values in few clauses."""
        leaves: list[Leaf] = []
        others: list[Node] = []
        for node in alternatives:
            match node:
                case Meta():
                    leaves.append(node)
                case Phrase() if len(node.slots) == 1:
                    leaves.append(node)
                case Raw() if len(_pieces(node)) == 1:
                    leaves.append(node)
                case _:
                    others.append(node)
        if not self._positions and len(others) > _MAX_PATTERNS:
            return _group([*leaves, *(leaf for node in others for leaf in _cover(node))], crowded=True)
        grouped = [_group(leaves, crowded=not self._positions)] if leaves else []
        return _any([*grouped, *map(self.query, others)])

    def _phrase(self, node: Phrase, field: TextField) -> Query:
        slots = node.slots
        if len(slots) == 1 or not self._positions:
            return _all([_any(_tests(field, slot)) for slot in slots])
        if node.slop is None and all(len(slot) == 1 and isinstance(slot[0], Exact) for slot in slots):
            words = [cut(test.token) for slot in slots for test in slot if isinstance(test, Exact)]
            return {"match_phrase": {_name(field): " ".join(words)}}
        return _intervals(field, slots, gaps=node.slop or 0, ordered=node.slop is None)

    def _near(self, node: Near) -> Query:
        """Ask for the last word of what comes first and the first word of what follows, and for whole phrases besides.

        Where a raw literal begins among the tokens, or which word of a window comes first, cannot be said beforehand,
        so there both sides must merely occur.
        """
        left, right = _alternatives(node.left), _alternatives(node.right)
        if not self._positions:
            return _all([self._any_of(left), self._any_of(right)])
        found: list[Query] = []
        for field in TEXT_FIELDS:
            here = [[leaf for leaf in side if _in_order(leaf) and field in _fields(leaf)] for side in (left, right)]
            if not all(here):
                continue
            pairs = [_near_in(field, here[0], here[1], node.distance)]
            if not node.ordered:
                pairs.append(_near_in(field, here[1], here[0], node.distance))
            whole = [
                _any([self._phrase(leaf, field) for leaf in side])
                for side in here
                if any(len(p.slots) > 1 for p in side)
            ]
            found.append(_all([_any(pairs), *whole]))
        for side, other in ((left, right), (right, left)):
            if unplaced := [leaf for leaf in side if not _in_order(leaf)]:
                found.append(_all([self._any_of(unplaced), self._any_of(other)]))
        return _any(found)

    def _count(self, node: Count) -> Query:
        """Ask for as many first words of what is counted; only where each place then has a first word of its own."""
        leaves = _alternatives(node.operand)
        phrases = [leaf for leaf in leaves if _in_order(leaf)]
        if (
            node.number == 1
            or not self._positions
            or len(phrases) < len(leaves)
            or len({len(p.slots) for p in phrases}) > 1
        ):
            return self._any_of(leaves)
        number = min(node.number, _MAX_COUNTED)
        shares = [
            [self._often("title", phrases, in_title), self._often("text", phrases, number - in_title)]
            for in_title in range(number + 1)
        ]
        return _any([_all([query for query in share if query]) for share in shares if None not in share])

    def _often(self, field: TextField, phrases: Sequence[Phrase], number: int) -> Query | None:
        """Ask for so many places in a field; {} if that is none, None if there can be none."""
        here = [phrase for phrase in phrases if field in _fields(phrase)]
        if number == 0:
            return {}
        if not here:
            return None
        if number == 1:
            return _any([self._phrase(phrase, field) for phrase in here])
        first = tuple(test for phrase in here for test in phrase.slots[0])
        often = _intervals(field, [first] * number, gaps=None, ordered=True)
        if len(here[0].slots) == 1:
            return often
        return _all([often, _any([self._phrase(phrase, field) for phrase in here])])


def narrow(node: Node) -> Query | None:
    """Return a query that finds only articles for which a node holds, as many as can be; None if there is none."""
    match node:
        case And(clauses=parts):
            found = [narrow(part) for part in parts]
            return _all([query for query in found if query]) if all(found) else None
        case Or():
            either = _alternatives(node)
            words = [part for part in either if _is_word(part) and all(map(_whole, part.slots))]
            others = [query for part in either if not _is_word(part) and (query := narrow(part))]
            grouped = [_group(words)] if words else []
            return _any([*grouped, *others]) if grouped or others else None
        case Not(clause=clause):
            return {"bool": {"must_not": [_Wide(positions=True).query(clause)]}}
        case AtLeast(number=number, clauses=parts):
            certain = [query for query in map(narrow, parts) if query]
            return _some(number, certain) if len(certain) >= number else None
        case Phrase() if _in_order(node) and all(map(_whole, node.slots)):
            return _Wide(positions=True).query(node)
        case Meta() if _surely_indexed(node):
            return _meta([node], ignored=False)
        case Range(name="words" | "published"):
            return _range(node)
        case _:
            return None


def _surely_indexed(node: Meta) -> bool:
    return len(node.value) < LONGEST_VALUE // 4 and (node.name != "lang" or node.value.isalnum())


def _in_order(node: Node) -> TypeGuard[Phrase]:
    """Tell whether the words of a leaf stand side by side, in order."""
    return isinstance(node, Phrase) and (node.slop is None or len(node.slots) == 1)


def _is_word(node: Node) -> TypeGuard[Phrase]:
    return isinstance(node, Phrase) and len(node.slots) == 1


def _whole(slot: Slot) -> bool:
    return all(fits(_written(test)) for test in slot)


# -- joining


def _all(queries: Iterable[Query]) -> Query:
    parts = list(queries)
    return parts[0] if len(parts) == 1 else {"bool": {"filter": parts}}


def _any(queries: Iterable[Query]) -> Query:
    parts = list(queries)
    if not parts:
        return {"match_none": {}}
    return parts[0] if len(parts) == 1 else _some(1, parts)


def _some(number: int, queries: Sequence[Query]) -> Query:
    return {"bool": {"should": list(queries), "minimum_should_match": number}}


def _alternatives(node: Node) -> list[Node]:
    """Return the alternatives of an OR, those of an OR in it among them; of anything else, itself."""
    if not isinstance(node, Or):
        return [node]
    return [alternative for clause in node.clauses for alternative in _alternatives(clause)]


# -- words


def _fields(leaf: Phrase) -> Sequence[TextField]:
    return TEXT_FIELDS if leaf.field is None else (leaf.field,)


def _name(field: TextField) -> str:
    return f"tok.{field}"


def _written(test: Test) -> str:
    match test:
        case Exact(token=token):
            return token
        case Prefix(prefix=prefix):
            return prefix
        case _:
            return test.pattern


def _tests(field: TextField, tests: Collection[Test]) -> Iterator[Query]:
    """Ask for a token by any of the tests."""
    words = sorted({cut(test.token) for test in tests if isinstance(test, Exact)})
    for first in range(0, len(words), _MAX_TERMS):
        yield {"terms": {_name(field): words[first : first + _MAX_TERMS]}}
    for test in dict.fromkeys(test for test in tests if not isinstance(test, Exact)):
        kind, pattern = _pattern(test)
        yield {kind: {_name(field): {"value": pattern}}}


def _pattern(test: Test) -> tuple[str, str]:
    """Return what kind of pattern finds a test's tokens, and the pattern; of one that is too long, its beginning."""
    written = _written(test)
    if isinstance(test, Prefix) or not fits(written):
        return "prefix", cut(written.split("?", 1)[0].rstrip("*") if not isinstance(test, Prefix) else written)
    return "wildcard", written


def _intervals(field: TextField, slots: Sequence[Slot], *, gaps: int | None, ordered: bool) -> Query:
    """Ask for one token of each slot. Sources are single tokens only: of longer ones Lucene overlooks some intervals.

    Args:
        gaps: tokens in between at most, in all.
        ordered: in this order; else in any, and a token may then stand for two slots.
    """
    body: Query = {"ordered": ordered, "intervals": [_source(slot) for slot in slots]}
    if gaps is not None:
        body["max_gaps"] = gaps
    return {"intervals": {_name(field): {"all_of": body}}}


def _source(slot: Slot) -> Query:
    sources: list[Query] = []
    for test in dict.fromkeys(slot):
        if isinstance(test, Exact):
            sources.append({"match": {"query": cut(test.token)}})
        else:
            kind, pattern = _pattern(test)
            sources.append({kind: {"prefix" if kind == "prefix" else "pattern": pattern}})
    return sources[0] if len(sources) == 1 else {"any_of": {"intervals": sources}}


def _near_in(field: TextField, first: Sequence[Phrase], second: Sequence[Phrase], distance: int) -> Query:
    ends = tuple(test for phrase in first for test in phrase.slots[-1])
    starts = tuple(test for phrase in second for test in phrase.slots[0])
    return _intervals(field, [ends, starts], gaps=distance, ordered=True)


def _pieces(node: Raw) -> list[str]:
    found = sorted(pieces(unicodedata.normalize("NFC", node.literal)))
    if not found:
        raise ValueError(f"{node.written} holds no token")
    return found


def _piece(*found: str) -> Query:
    """Ask for any of some pieces of an original text; one that is a folded token as well stands only among the tokens."""
    words = sorted(set(map(cut, found)))
    return _any({"terms": {name: words}} for name in ("tok.runs", "tok.title", "tok.text"))


# -- metadata and numbers


def _meta(nodes: Iterable[Meta], *, ignored: bool = True, crowded: bool = False) -> Query:
    """Ask for any of some values or their beginnings."""
    exact: set[str] = set()
    beginnings: set[str] = set()
    for node in nodes:
        value, prefix = node.value, node.prefix
        if node.name == "lang":
            value = value.replace("_", "-").split("-")[0]
            prefix = prefix and value == node.value
        (beginnings if prefix else exact).add(meta_term(node.name, value))
    if crowded:
        beginnings = _shortened(beginnings, least=len("country:"))
    found: list[Query] = [{"prefix": {"tok.meta": {"value": term}}} for term in sorted(beginnings)]
    terms = sorted(exact)
    found += ({"terms": {"tok.meta": terms[at : at + _MAX_TERMS]}} for at in range(0, len(terms), _MAX_TERMS))
    if ignored and (beginnings or any(len(term) > LONGEST_VALUE // 2 for term in terms)):
        found.append({"term": {"_ignored": "tok.meta"}})
    return _any(found)


def _range(node: Range) -> Query:
    if node.name == "words":
        return _words(node.lower, node.upper)
    if node.name == "published":
        bounds: dict[str, Any] = {"format": "epoch_millis"}
        if node.lower:
            bounds["gte" if node.lower.inclusive else "gt"] = str(int(node.lower.value))
        if node.upper:
            bounds["lte" if node.upper.inclusive else "lt"] = str(int(node.upper.value))
        return {"range": {"published": bounds}}
    # Scores are stored with the precision of a float, which keeps their order but makes neighbours equal.
    bounds = {}
    if node.lower:
        bounds["gte"] = node.lower.value
    if node.upper:
        bounds["lte"] = node.upper.value
    return {"range": {_number_field(node.name): bounds}}


def _number_field(name: str) -> str:
    topic = name.removeprefix("score.")
    return name if topic == name else f"score.{fold_value(topic)}"


def _words(lower: Bound | None, upper: Bound | None) -> Query:
    """Compare a whole number, as a keyword of Elasticsearch's integer field takes it."""
    least, most = 0, _INT
    if lower:
        least = max(least, int(lower.value) + (not lower.inclusive or lower.value != int(lower.value)))
    if upper:
        most = min(most, int(upper.value) - (not upper.inclusive and upper.value == int(upper.value)))
    if least > most:
        return {"match_none": {}}
    return {"range": {"words": {"gte": least, "lte": most}}}


# -- what a rule asks for at least, as single words and values


def _cover(node: Node) -> list[Leaf]:
    """Return leaves of which one holds in every article that the rule matches."""
    match node:
        case And(clauses=parts):
            return min((_cover(part) for part in parts if not isinstance(part, Not)), key=_dearness)
        case Or() | AtLeast():
            return [leaf for part in node.clauses for leaf in _cover(part)]
        case Near(left=left, right=right):
            return min(_cover(left), _cover(right), key=_dearness)
        case Count(operand=operand):
            return _cover(operand)
        case Not():
            raise ValueError("a clause that is only a negative asks for nothing")
        case _:
            return [node]


def _dearness(leaves: Sequence[Leaf]) -> tuple[int, int]:
    """Rank what an AND could be found by: words first, then metadata, then ranges; few before many."""
    kinds = [2 if isinstance(leaf, Range) else isinstance(leaf, Meta) and leaf.name != "url" for leaf in leaves]
    return max(kinds), len(leaves)


def _group(leaves: Sequence[Leaf], *, crowded: bool = False) -> Query:
    """Ask for any of some leaves in few clauses, of a phrase for its longest word.

    With `crowded`, what would still take too many is widened until it does not.
    """
    tests: dict[TextField, list[Test]] = {field: [] for field in TEXT_FIELDS}
    raws: list[str] = []
    metas: list[Meta] = []
    ranges: dict[str, list[Range]] = {}
    for leaf in leaves:
        match leaf:
            case Phrase():
                slot = max(leaf.slots, key=lambda slot: min(len(_written(test).rstrip("*")) for test in slot))
                for field in _fields(leaf):
                    tests[field] += slot
            case Raw():
                raws.append(max(_pieces(leaf), key=len))
            case Meta():
                metas.append(leaf)
            case Range():
                ranges.setdefault(leaf.name, []).append(leaf)
    found = [query for field in TEXT_FIELDS for query in _tests(field, _few(tests[field]) if crowded else tests[field])]
    found += (_piece(*raws[at : at + _MAX_TERMS]) for at in range(0, len(raws), _MAX_TERMS))
    if metas:
        found.append(_meta(metas, crowded=crowded))
    for name, several in ranges.items():
        if crowded and len(several) > _MAX_PATTERNS:
            found.append({"exists": {"field": _number_field(name)}})
        else:
            found += map(_range, several)
    return _any(found)


def _few(tests: Sequence[Test]) -> list[Test]:
    """Return tests that take at least the same tokens, of which few are patterns."""
    patterns = [test for test in tests if not isinstance(test, Exact)]
    if len(set(patterns)) <= _MAX_PATTERNS:
        return list(tests)
    beginnings = [_written(test).split("?", 1)[0].rstrip("*") for test in patterns]
    # A wildcard that begins with ? has no beginning; by the words of all languages there are few of them in a rule.
    open_ones = [test for test, beginning in zip(patterns, beginnings, strict=True) if not beginning]
    short = _shortened({beginning for beginning in beginnings if beginning}, least=1)
    return [
        *(test for test in tests if isinstance(test, Exact)),
        *map(Prefix, sorted(short)),
        *dict.fromkeys(open_ones),
    ]


def _shortened(beginnings: set[str], least: int) -> set[str]:
    """Shorten beginnings, longest first, until there are few of them or they have only `least` characters."""
    length = max(map(len, beginnings), default=least)
    while len(beginnings) > _MAX_PATTERNS and length > least:
        length -= 1
        beginnings = {beginning[:length] for beginning in beginnings}
    return beginnings


def _sources(source: Query) -> int:
    kind, body = next(iter(source.items()))
    return sum(map(_sources, body["intervals"])) if kind in {"all_of", "any_of"} else 1


def _depth(query: Query) -> int:
    body = query.get("bool")
    if body is None:
        return 0
    parts = [part for key in ("filter", "should", "must_not") for part in body.get(key, ())]
    return 1 + max(map(_depth, parts))
