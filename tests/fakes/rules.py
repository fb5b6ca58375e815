"""Rules for tests, made without files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from presswatch.core.control_rules import AppliedRule, applied_of, objects_of
from presswatch.core.rules.rule import Rule, RuleSpec, make_rule
from presswatch.indexer.rules import RuleSet


def applied(rules: Iterable[Rule], lists: Mapping[str, Sequence[str]] | None = None) -> list[AppliedRule]:
    """Return rules as the control plane hands them to an indexer."""
    objects = {str(each.key): each.value for each in objects_of(rules, lists or {})}
    return [rule for _, rule in applied_of(objects, {})]


def ruleset(queries: Mapping[str, str]) -> RuleSet:
    """Return rules by id and query."""
    specs = [RuleSpec(id=name, name=name, query=query) for name, query in queries.items()]
    return RuleSet(applied(make_rule(spec, {}) for spec in specs), date(2026, 11, 24))
