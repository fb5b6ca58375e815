"""How much work rules make: how often the matcher must look at each, and for which of its words. Pure.

A rule costs next to nothing while none of its guards (`guards`) occurs in an article. Where one does, the matcher looks at the
rule: a look. Looks are what a rule costs, and what its clauses cost is told by which guard called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from presswatch.core.rules.document import Document
from presswatch.core.rules.guards import Entry, Guard
from presswatch.core.rules.match import Expression, Matcher
from presswatch.core.rules.printer import to_query

PER = 1000
"""Articles to which looks and hits are set in proportion."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one rule costs.

    Args:
        rule: its id.
        guards: how many there are.
        looks: per 1,000 articles, how often the matcher looks at the rule.
        hits: per 1,000 articles, how often it then matches.
        clause: the words that call most often: one leaf of the rule, or two that occur together.
        clause_looks: per 1,000 articles, in how many they do; looks that other words call for as well among them.
    """

    rule: str
    guards: int
    looks: float
    hits: float
    clause: str
    clause_looks: float


class Meter(Matcher):
    """The matcher, counting its looks: first `learn` from articles how often words occur, as one does that has run for long, then `measure`."""

    def __init__(self, rules: Iterable[Expression]) -> None:
        super().__init__(rules)
        self._looks: Counter[Entry] = Counter()
        self._hits: Counter[Entry] = Counter()
        self._calls: dict[Entry, Counter[Guard]] = {}
        self.articles = 0

    def learn(self, document: Document) -> None:
        """Count which words an article holds."""
        for key in self._vocabulary.read(document).present:
            key.seen += 1
        self._vocabulary.documents += 1

    def settle(self) -> None:
        """File all rules by what was learnt."""
        for entry in self._entries.values():
            self._guards.unfile(entry)
            self._guards.file(entry)

    def measure(self, document: Document) -> None:
        """Count which rules the matcher looks at for an article, and which match."""
        self.articles += 1
        reading = self._vocabulary.read(document)
        present = reading.present
        for entry in self._guards.candidates(present):
            self._looks[entry] += 1
            self._hits[entry] += entry.clause.holds(reading)
            self._calls.setdefault(entry, Counter()).update(
                guard for guard in entry.guards if guard[0] in present and (guard[1] is None or guard[1] in present)
            )

    def costs(self) -> list[Cost]:
        """Return what each rule costs, the dearest first."""
        each = PER / max(1, self.articles)
        found = []
        for entry in self._entries.values():
            ((guard, number),) = (self._calls.get(entry) or Counter({entry.guards[0]: 0})).most_common(1)
            found.append(
                Cost(
                    entry.id,
                    len(entry.guards),
                    self._looks[entry] * each,
                    self._hits[entry] * each,
                    _written(entry, guard),
                    number * each,
                )
            )
        return sorted(found, key=lambda cost: (-cost.looks, cost.rule))


def _written(entry: Entry, guard: Guard) -> str:
    """Return the leaves of a rule that hold the keys of a guard, as the analyst wrote them."""
    words = [
        to_query(leaf.node)
        for key in guard
        if key is not None
        for leaf in [leaf for leaf in entry.leaves if key in leaf.keys.values()][:1]
    ]
    return " with ".join(dict.fromkeys(words))
