"""The rules in force, ready to match."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import structlog

from presswatch import metrics
from presswatch.core.errors import ConfigError
from presswatch.core.messages import RuleRef
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Expression, Match, Matcher
from presswatch.core.rules.rule import Rule
from presswatch.rulefiles import load_rules

log = structlog.get_logger(__name__)

GONE = "unknown"
"""Severity of a match that is withdrawn because its rule is gone: nothing else is known of it."""


class RuleSet:
    """Rules that are enabled and not expired, with the matcher made of them.

    Args:
        rules: all rules, enabled or not.
        today: the day (UTC) on which a rule must not have expired.
    """

    def __init__(self, rules: Sequence[Rule], today: date) -> None:
        self._today = today
        self._rules = {rule.id: rule for rule in rules if rule.in_force(today)}
        metrics.RULES.set(len(self._rules))
        self._matcher = Matcher(Expression(rule.id, rule.version, rule.node) for rule in self._rules.values())

    def __len__(self) -> int:
        return len(self._rules)

    def retire(self, today: date) -> None:
        """Take rules out that have expired since the last call; call it with the day (UTC) of each batch."""
        if today == self._today:
            return
        self._today = today
        for rule in [rule for rule in self._rules.values() if not rule.in_force(today)]:
            log.info("rule expired", rule=rule.id)
            del self._rules[rule.id]
            self._matcher.remove(rule.id)
        metrics.RULES.set(len(self._rules))

    def match(self, document: Document) -> list[Match]:
        """Return the rules that match, by id."""
        with metrics.MATCH_SECONDS.time():
            return self._matcher.match(document)

    def reference(self, rule: str, version: str) -> RuleRef:
        """Return what an alert shows of a rule. `version` is the one that matched."""
        there = self._rules.get(rule)
        if there is None:
            return RuleRef(id=rule, version=version, name=rule, severity=GONE)
        return RuleRef(
            id=rule,
            version=version,
            name=there.name,
            severity=there.severity,
            notify=list(there.notify),
            late=there.late,
        )


def rules_in(folder: Path) -> RuleSet:
    """Read the rules of a folder.

    Raises:
        ConfigError: there is no such folder, or no rule in it, or a rule in it is wrong; the text says where and how to mend it.
    """
    if not folder.exists():
        raise ConfigError(
            f"{folder}: there is no such folder of rules; make it, or name another (indexer.rules in the settings, "
            "PRESSWATCH_INDEXER_RULES in the environment)"
        )
    rules = RuleSet(load_rules(folder), datetime.now(UTC).date())
    if not len(rules):
        log.warning("no rule is in force: articles are indexed, nothing alerts", folder=str(folder))
    return rules
