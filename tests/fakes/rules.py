"""Rules for tests, made without files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from presswatch.core.rules.rule import RuleSpec, make_rule
from presswatch.indexer.rules import RuleSet


def ruleset(queries: Mapping[str, str]) -> RuleSet:
    """Return rules by id and query."""
    specs = [RuleSpec(id=name, name=name, query=query) for name, query in queries.items()]
    return RuleSet([make_rule(spec, {}) for spec in specs], date(2026, 11, 24))
