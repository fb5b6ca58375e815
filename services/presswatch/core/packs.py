"""A topic pack: weighted patterns in the rule language, by language of the article. Plain data, with a version.

`packfiles` reads packs from disk, `topics` tags articles with them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field

from presswatch.core.errors import RuleError
from presswatch.core.learned import Learned
from presswatch.core.rules.model import And, AtLeast, Count, Leaf, Meta, Near, Node, Not, Or, Range
from presswatch.core.rules.syntax import parse_all

FORMULA = 2
"""To be raised when the same pack begins to give other scores (`scoring`, `proclitics`): it is part of pack versions."""

_NO_LISTS: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One wording of an idea.

    Args:
        match: in the rule language; it looks at title and text only (see `faults`).
        weight: what it says for the topic (1 is enough in a headline by itself) or, negative, against it. One that is not
            positive voids the positive ones that lie within it; with weight 0 that is all it does.
        idea: number of the idea within pack and language; the places of all its wordings are counted together.
    """

    match: str
    weight: float
    idea: int


@dataclass(frozen=True, slots=True)
class Pack:
    """A topic: what to look for in each language, and what is enough.

    Args:
        topic: its name on tags, in rules (``topic:health``) and in the index.
        threshold: least score of a tag, above 0 and at most 1, in languages that the learned part was not trained in.
        patterns: by primary language subtag. That they can be parsed is known from `faults`.
        lists: by language, the named lists (``@name``) of its patterns.
        learned: the learned part, if there is one.
        version: 12 hex digits, a hash of all that decides a tag.
    """

    topic: str
    threshold: float
    patterns: Mapping[str, Sequence[Pattern]]
    lists: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    learned: Learned | None = None
    version: str = field(init=False)

    def __post_init__(self) -> None:
        patterns = {lang: [astuple(pattern) for pattern in patterns] for lang, patterns in self.patterns.items()}
        lists = {lang: {name: list(terms) for name, terms in lists.items()} for lang, lists in self.lists.items()}
        learned = self.learned.version if self.learned else None
        decides = [FORMULA, self.topic, self.threshold, patterns, lists, learned]
        object.__setattr__(
            self, "version", hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]
        )

    @property
    def with_patterns(self) -> frozenset[str]:
        """The languages that it has patterns for."""
        return frozenset(lang for lang, patterns in self.patterns.items() if patterns)

    @property
    def languages(self) -> frozenset[str]:
        """The languages in which it can judge: it has patterns, or its learned part was trained there."""
        return self.with_patterns | (self.learned.languages if self.learned else frozenset())


def faults(match: str, lists: Mapping[str, Sequence[str]] = _NO_LISTS) -> list[RuleError]:
    """Return what keeps an expression from being a topic pattern: all mistakes in it, or that it looks at metadata."""
    node, errors = parse_all(match, lists)
    if node is None:
        return errors
    return [
        RuleError(
            f"a topic pattern looks at title and text only, not at `{leaf.written}`",
            leaf.start,
            leaf.end,
            "take it away; conditions on source, language, date and the like belong into alert rules",
        )
        for leaf in _leaves(node)
        if isinstance(leaf, Meta | Range)
    ]


def _leaves(node: Node) -> Iterator[Leaf]:
    match node:
        case And(clauses) | Or(clauses) | AtLeast(clauses=clauses):
            for clause in clauses:
                yield from _leaves(clause)
        case Not(clause):
            yield from _leaves(clause)
        case Near(left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case Count(operand=operand):
            yield from _leaves(operand)
        case _:
            yield node
