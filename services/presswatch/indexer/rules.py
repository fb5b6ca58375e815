"""The rules in force, ready to match, and how a new set of them takes over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import structlog

from presswatch import matching, metrics
from presswatch.core import canary
from presswatch.core.canary import CANARY, is_canary
from presswatch.core.control import ObjectSet
from presswatch.core.control_rules import AppliedRule, applied_of, mistaken
from presswatch.core.errors import RuleError
from presswatch.core.messages import RuleRef
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Expression, Match, Matcher
from presswatch.core.rules.syntax import parse

log = structlog.get_logger(__name__)

GONE = "unknown"
"""Severity of a match that is withdrawn because its rule is gone: nothing else is known of it."""

MOST_IN_PLACE = 1000
"""Rules at most that are changed in the matcher in use, between two batches: about 0.2 s. More make a new matcher."""

AT_ONCE = 100
"""Rules that the native core reads in one go, a millisecond or two."""


@dataclass(frozen=True, slots=True)
class RuleUpdate:
    """A set of rules on its way into force.

    Args:
        generation, applied: see `core.control.ObjectSet`.
        rules: all of them by id, enabled or not.
        expressions: by id, of new rules that were parsed for an engine that does not read queries itself.
        matcher: one that was made for this set because too much is different, or None.
        filed: version by id of the rules that this matcher holds.
    """

    generation: int
    applied: int
    rules: Mapping[str, AppliedRule]
    expressions: Mapping[str, Expression] = field(default_factory=dict)
    matcher: Matcher | None = None
    filed: Mapping[str, str] | None = None

    def replacing(self, earlier: RuleUpdate) -> RuleUpdate:
        """Return the update to take instead of an earlier one that was not taken: with its matcher, if this has none."""
        both = replace(self, expressions={**earlier.expressions, **self.expressions})
        if self.matcher is not None or earlier.matcher is None:
            return both
        return replace(both, matcher=earlier.matcher, filed=earlier.filed)


class RuleBuilder:
    """Makes rules of the objects of a set, in the thread that follows the control topic. Reads only what is new."""

    def __init__(self, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self._today = today
        self._known: dict[str, AppliedRule] = {}
        self._filed: dict[str, str] = {}

    def __call__(self, objects: ObjectSet, pace: Callable[[], None]) -> RuleUpdate:
        """Make a set ready; `pace` is called after each rule, or each hundred for the native core.

        Raises:
            BrokenSetError: an object cannot be read, or a query has a mistake.
        """
        engine = matching.engine()
        known: dict[str, AppliedRule] = {}
        for key, rule in applied_of(objects.objects, self._known):
            known[key] = rule
            pace()
        new = [rule for key, rule in known.items() if key not in self._known]
        expressions = {} if engine.reads_queries else _parsed(new, pace)
        today = self._today()
        in_force = [rule for rule in known.values() if rule.in_force(today)]
        filed = {rule.id: rule.version for rule in in_force}
        different = sum(self._filed.get(name) != version for name, version in filed.items())
        different += len(self._filed.keys() - filed.keys())
        update = RuleUpdate(
            objects.generation, objects.applied, {rule.id: rule for rule in known.values()}, expressions
        )
        if engine.reads_queries:
            _add(engine.matcher(()), new, {}, pace)  # so that a mistake refuses the set here, and stops nothing later
        if different > MOST_IN_PLACE:
            matcher = engine.matcher(())
            _add(matcher, in_force, expressions, pace)
            update = replace(update, matcher=matcher, filed=filed)
        self._known, self._filed = known, filed
        return update


class RuleSet:
    """Rules that are enabled and not expired, with the matcher made of them. For one thread.

    Args:
        rules: all rules, enabled or not.
        today: the day (UTC) on which a rule must not have expired.
    """

    def __init__(self, rules: Iterable[AppliedRule], today: date) -> None:
        self._rules: dict[str, AppliedRule] = {}
        self._filed: dict[str, str] = {}
        self._matcher = matching.matcher()
        self._put({rule.id: rule for rule in rules}, {}, today)

    def __len__(self) -> int:
        return len(self._rules)

    def take(self, update: RuleUpdate, today: date) -> None:
        """Put a set into force, all of it; call it between two batches."""
        if update.matcher is not None and update.filed is not None:
            self._matcher, self._filed = update.matcher, dict(update.filed)
        self._put(update.rules, update.expressions, today)
        log.info("rules in force", generation=update.generation, rules=len(self._rules))
        if not self._rules:
            log.warning("no rule is in force: articles are indexed, nothing alerts; see `presswatch rules apply`")

    def _put(self, rules: Mapping[str, AppliedRule], expressions: Mapping[str, Expression], today: date) -> None:
        self._today = today
        self._rules = {name: rule for name, rule in rules.items() if rule.in_force(today)}
        filed = {**self._rules, CANARY: canary.RULE}
        for name in self._filed.keys() - filed.keys():
            del self._filed[name]
            self._matcher.remove(name)
        new = [rule for name, rule in filed.items() if self._filed.get(name) != rule.version]
        _add(self._matcher, new, expressions, lambda: None)
        self._filed.update({rule.id: rule.version for rule in new})
        metrics.RULES.set(len(self._rules))

    def retire(self, today: date) -> None:
        """Take rules out that have expired since the last call; call it with the day (UTC) of each batch."""
        if today == self._today:
            return
        for rule in self._rules.values():
            if not rule.in_force(today):
                log.info("rule expired", rule=rule.id)
        self._put(self._rules, {}, today)

    def match(self, document: Document, *, of_canary: bool = False) -> list[Match]:
        """Return the rules that match, by id: of a canary its own rule alone, of any other article all but that one."""
        with metrics.MATCH_SECONDS.time():
            found = self._matcher.match(document)
        return [match for match in found if is_canary(match.id) == of_canary]

    def reference(self, rule: str, version: str) -> RuleRef:
        """Return what an alert shows of a rule. `version` is the one that matched."""
        there = canary.RULE if is_canary(rule) else self._rules.get(rule)
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


def _parsed(rules: Iterable[AppliedRule], pace: Callable[[], None]) -> dict[str, Expression]:
    expressions = {}
    for rule in rules:
        try:
            expressions[rule.id] = Expression(rule.id, rule.version, parse(rule.query, rule.lists))
        except RuleError as error:
            raise mistaken(rule.id, error) from error
        pace()
    return expressions


def _add(
    matcher: Matcher, rules: Sequence[AppliedRule], expressions: Mapping[str, Expression], pace: Callable[[], None]
) -> None:
    """Add rules to a matcher: those that are parsed as they are, the others by their text.

    Raises:
        BrokenSetError: a query has a mistake.
    """
    unparsed: list[AppliedRule] = []
    for rule in rules:
        expression = expressions.get(rule.id)
        if expression is None or expression.version != rule.version:
            unparsed.append(rule)
        else:
            matcher.add(expression)
            pace()
    for at in range(0, len(unparsed), AT_ONCE):
        some = unparsed[at : at + AT_ONCE]
        try:
            matcher.add_many([(rule.id, rule.version, rule.query, rule.lists) for rule in some])
        except RuleError:
            for rule in some:
                try:
                    matcher.add_query(rule.id, rule.version, rule.query, rule.lists)
                except RuleError as error:
                    raise mistaken(rule.id, error) from error
        pace()
