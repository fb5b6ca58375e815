"""Random queries of the rule language, each with the tree that it must become.

The tree is built here from the shape that was drawn, without the parser: tests compare what the parser makes of the text.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from presswatch.core.rules.model import (
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
    Raw,
    TextField,
    Wildcard,
)
from presswatch.core.rules.ranges import read_range

WORDS = ("wheat", "maize", "ban", "bans", "export", "grain", "кошка", "έλλειψη", "حظر", "कृषि", "농업", "vaccine", "who")
LISTS = {
    "grains": ("wheat", "maize", "durum wheat", "vaccin*"),
    "bodies": ("raw:WHO", '"world health organi?ation"'),
    "one": ("export",),
}
OR, AND, NOT, NEAR, PRIMARY = range(5)  # how tightly an expression binds


@dataclass(frozen=True)
class Query:
    """A text, the tree it stands for, and how tightly its outermost operator binds."""

    text: str
    node: Node
    binds: int = PRIMARY
    positive: bool = True


def _fold(word: str) -> str:
    return word.replace("έ", "ε")


def _slot(word: str) -> tuple[Exact | Prefix | Wildcard, ...]:
    if "?" in word:
        return (Wildcard(_fold(word)),)
    return (Prefix(_fold(word[:-1])) if word.endswith("*") else Exact(_fold(word)),)


_plain = st.sampled_from(WORDS)
_starred = st.sampled_from([word + "*" for word in WORDS if len(word) > 2])
_marked = st.sampled_from(["organi?ation", "gr?in*", "whea?"])
_any_word = st.one_of(_plain, _plain, _starred, _marked)


def _scoped(text: str, field: TextField | None) -> str:
    return text if field is None else f"{field}:{text}"


def _word(word: str, field: TextField | None) -> Query:
    return Query(_scoped(word, field), Phrase((_slot(word),), word, field))


def _phrase(words: list[str], slop: int | None, field: TextField | None) -> Query:
    written = f'"{" ".join(words)}"' + ("" if slop is None else f"~{slop}")
    return Query(_scoped(written, field), Phrase(tuple(_slot(word) for word in words), written, field, slop))


def _raw(value: str, field: TextField | None) -> Query:
    return Query(_scoped(f"raw:{value}", field), Raw(value.strip('"'), f"raw:{value}", field))


def _named(name: str, field: TextField | None) -> Query:
    def term(entry: str) -> Phrase | Raw:
        if entry.startswith("raw:"):
            return Raw(entry[4:], entry, field)
        words = entry.strip('"').split()
        written = f'"{entry}"' if len(words) > 1 and '"' not in entry else entry
        return Phrase(tuple(_slot(word) for word in words), written, field)

    return Query(_scoped(f"@{name}", field), Or(tuple(term(entry) for entry in LISTS[name]), name))


_VALUES = {
    "lang": "en",
    "topic": "health",
    "source": "reuters",
    "country": "fr",
    "domain": "example.org",
    "author": "jane",
}


def _value(name: str, starred: bool, quoted: bool) -> Query:
    value = _VALUES[name]
    shown = value + "*" * starred
    text = f'{name}:"{shown}"' if quoted else f"{name}:{shown}"
    return Query(text, Meta(name, value, starred, text))


def _range(name: str, written: str) -> Query:
    return Query(f"{name}:{written}", read_range(name, written, 0))


_field: st.SearchStrategy[TextField | None] = st.sampled_from([None, None, "title", "text"])


def _proximate(field: TextField | None) -> st.SearchStrategy[Query]:
    """An operand of NEAR and COUNT under one field."""
    leaf = st.one_of(
        _any_word.map(lambda word: _word(word, field)),
        st.lists(_any_word, min_size=2, max_size=3).map(lambda words: _phrase(words, None, field)),
        st.sampled_from(['"C++"', "WHO", '"AI Act"']).map(lambda value: _raw(value, field)),
        st.sampled_from(sorted(LISTS)).map(lambda name: _named(name, field)),
    )
    groups = st.lists(leaf, min_size=2, max_size=3).map(lambda leaves: _joined(leaves, OR))
    return st.one_of(leaf, leaf, groups)


def _window(field: TextField | None) -> st.SearchStrategy[Query]:
    return st.builds(_phrase, st.lists(_any_word, min_size=1, max_size=3), st.integers(0, 20), st.just(field))


_metadata = st.one_of(
    st.builds(_value, st.sampled_from(sorted(_VALUES)), st.booleans(), st.booleans()),
    st.builds(
        lambda pair: _range(*pair),
        st.sampled_from(
            [
                ("words", ">300"),
                ("words", "[10 TO *]"),
                ("score.health", "{0.5 TO 0.75]"),
                ("published", "[2026-01-01 TO 2026-01-31}"),
                ("published", "<=2026-02-28"),
            ]
        ),
    ),
)


def _inside(query: Query, least: int) -> str:
    return query.text if query.binds >= least else f"({query.text})"


def _joined(clauses: list[Query], binds: int, sign: str = "") -> Query:
    """Join with AND or OR; clauses of the same kind are taken in, as the parser promises."""
    kind = And if binds == AND else Or
    taken: list[Node] = []
    for clause in clauses:
        same = isinstance(clause.node, kind) and not (isinstance(clause.node, Or) and clause.node.listed)
        taken += clause.node.clauses if same and isinstance(clause.node, And | Or) else (clause.node,)
    sign = sign or ("AND" if binds == AND else "OR")
    text = f" {sign} ".join(_inside(clause, binds) for clause in clauses)
    return Query(text, kind(tuple(taken)), binds, any(clause.positive for clause in clauses))


def _near(left: Query, right: Query, distance: int, *, ordered: bool) -> Query:
    text = f"{_inside(left, PRIMARY)} NEAR/{distance}{'f' * ordered} {_inside(right, PRIMARY)}"
    return Query(text, Near(left.node, right.node, distance, ordered), NEAR)


def _count(number: int, operand: Query) -> Query:
    return Query(f"COUNT/{number} {_inside(operand, PRIMARY)}", Count(number, operand.node))


def _negated(query: Query, sign: str) -> Query:
    inside = _inside(query, PRIMARY if sign in "-!" else NOT)
    text = f"NOT {inside}" if sign == "NOT" else sign + inside
    node = query.node.clause if isinstance(query.node, Not) else Not(query.node)
    return Query(text, node, NOT, isinstance(query.node, Not))


def _at_least(number: int, clauses: list[Query]) -> Query:
    text = ", ".join(f"({clause.text})" if "," in clause.text else clause.text for clause in clauses)
    node = AtLeast(min(number, len(clauses)), tuple(clause.node for clause in clauses))
    return Query(f"ATLEAST/{node.number} ({text})", node)


def _bracketed(query: Query) -> Query:
    return Query(f"( {query.text})", query.node, PRIMARY, query.positive)


_leaves = st.one_of(
    _field.flatmap(_proximate).filter(lambda query: query.binds == PRIMARY),
    _field.flatmap(_window),
    _metadata,
    _field.flatmap(
        lambda field: st.builds(
            lambda left, right, distance, ordered: _near(left, right, distance, ordered=ordered),
            _proximate(field),
            _proximate(field),
            st.integers(0, 30),
            st.booleans(),
        )
    ),
    _field.flatmap(lambda field: st.builds(_count, st.integers(1, 9), _proximate(field))),
)


def _grow(inner: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    positive = inner.filter(lambda query: query.positive)
    several = st.lists(positive, min_size=2, max_size=4)
    return st.one_of(
        st.builds(_joined, several, st.just(OR), st.sampled_from(["OR", "||"])),
        st.builds(_joined, several, st.just(AND), st.sampled_from(["AND", "&&"])),
        st.builds(
            _but_not, positive, st.lists(inner, min_size=1, max_size=2), st.sampled_from(["AND NOT", "NOT", "-", "!"])
        ),
        st.builds(_at_least, st.integers(1, 3), st.lists(positive, min_size=1, max_size=4)),
        positive.map(_bracketed),
    )


def _but_not(kept: Query, excluded: list[Query], sign: str) -> Query:
    """``a NOT b -c``, in every form."""
    text = _inside(kept, AND)
    nodes: list[Node] = list(kept.node.clauses) if isinstance(kept.node, And) else [kept.node]
    for query in excluded:
        negated = _negated(query, sign.removeprefix("AND "))
        text += f" AND {negated.text}" if sign.startswith("AND") else f" {negated.text}"
        nodes.extend(negated.node.clauses if isinstance(negated.node, And) else (negated.node,))
    return Query(text, And(tuple(nodes)), AND)


queries: st.SearchStrategy[Query] = st.recursive(_leaves, _grow, max_leaves=12)
"""Whole rules: correct, positive, over all forms of the language."""
