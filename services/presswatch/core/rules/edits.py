"""What became of each rule between two versions of a set of rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from presswatch.core.rules.model import And, AtLeast, Count, Near, Node, Not, Or, Phrase, Raw
from presswatch.core.rules.rule import Rule

Change = Literal["added", "removed", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One rule in two sets.

    Args:
        id: of the rule.
        change: what the edit does to the articles that it matches; added or removed also where the rule stands in both sets but is in
            force in one of them only.
        old, new: the rule, where it is in force.
        note: why a rule that stands in a set is not in force there; else "".
    """

    id: str
    change: Change
    old: Rule | None
    new: Rule | None
    note: str = ""


def edits(old: Iterable[Rule], new: Iterable[Rule], today: date) -> list[Edit]:
    """Return what became of each rule of either set, by id.

    A rule is unchanged if its version is: neither a new name nor another layout of its query changes what it matches.

    Args:
        old, new: the sets; ids are unique within each.
        today: the day (UTC) on which rules are or are not in force.
    """
    before, after = ({rule.id: rule for rule in rules} for rules in (old, new))
    return [_edit(rule, before.get(rule), after.get(rule), today) for rule in sorted(before.keys() | after.keys())]


def _edit(rule: str, old: Rule | None, new: Rule | None, today: date) -> Edit:
    notes = [f"{_why_not(each)} in {name}" for each, name in ((old, "OLD"), (new, "NEW")) if _idle(each, today)]
    if _idle(old, today):
        old = None
    if _idle(new, today):
        new = None
    change: Change
    if old is not None and new is not None:
        change = "unchanged" if old.version == new.version else "changed"
    elif old is None and new is None:
        change = "unchanged"
    else:
        change = "removed" if new is None else "added"
    return Edit(rule, change, old, new, ", ".join(notes))


def _idle(rule: Rule | None, today: date) -> bool:
    return rule is not None and not rule.in_force(today)


def _why_not(rule: Rule | None) -> str:
    assert rule is not None
    return f"expired on {rule.expires}" if rule.enabled else "disabled"


def list_edits(edit: Edit) -> dict[str, tuple[list[str], list[str]]]:
    """Return, by name of each list that both versions of a rule use, the terms that came and those that went, if any did."""
    if edit.old is None or edit.new is None:
        return {}
    old, new = dict(_lists(edit.old.node)), dict(_lists(edit.new.node))
    found = {name: (_without(new[name], old[name]), _without(old[name], new[name])) for name in old.keys() & new.keys()}
    return {name: terms for name, terms in sorted(found.items()) if any(terms)}


def _without(terms: Or, others: Or) -> list[str]:
    known = {term.written for term in others.clauses if isinstance(term, Phrase | Raw)}
    return [term.written for term in terms.clauses if isinstance(term, Phrase | Raw) and term.written not in known]


def _lists(node: Node) -> Iterator[tuple[str, Or]]:
    match node:
        case Or(listed=str(name)):
            yield name, node
        case And(clauses) | Or(clauses) | AtLeast(clauses=clauses):
            for clause in clauses:
                yield from _lists(clause)
        case Not(inner) | Count(operand=inner):
            yield from _lists(inner)
        case Near(left, right):
            yield from _lists(left)
            yield from _lists(right)
