"""Rules and named lists as objects of the control plane: what is published of them, and how it becomes rules again. Pure.

A rule's object names the very versions of the lists that its query uses, so a changed list is a changed rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

import orjson
from pydantic import Field, field_serializer

from presswatch.core.control import BrokenSetError, Key, Object
from presswatch.core.errors import BadMessageError, RuleError
from presswatch.core.messages import Message
from presswatch.core.rules.model import And, AtLeast, Count, Near, Node, Not, Or
from presswatch.core.rules.rule import Rule, RuleSpec, make_rule, spec_of

RULE = "rule"
LIST = "list"
EXCLUSIVE = frozenset({RULE})
"""A rule's id is its name in matches and alerts, so it is one manager's. Lists are private to who manages them."""


class _Stored(Message):
    def canonical(self) -> bytes:
        """Return the message as bytes that are the same for the same content, whatever the order of its keys was."""
        return orjson.dumps(self.model_dump(mode="json", by_alias=True), option=orjson.OPT_SORT_KEYS)


class RuleObject(_Stored):
    """An alert rule. Topic control.rules, key: rule:ID@HASH."""

    SCHEMA: ClassVar[str] = "control.rule"
    schema_name: Literal["control.rule"] = Field(default="control.rule", alias="schema")
    schema_version: int = Field(default=2, ge=1)
    version: str | None = Field(
        default=None,
        description="Version of what the rule matches (`core.rules.rule.Rule`), so that no reader need parse for it. "
        "Objects of schema version 1 have none: then the reader parses.",
    )
    spec: RuleSpec
    lists: dict[str, str] = Field({}, description="Keys of the lists that the query uses (list:NAME@HASH), by name.")

    @field_serializer("spec")
    def _only_what_is_said(self, spec: RuleSpec) -> dict[str, Any]:
        """Leave defaults out, so that a key that a later version adds is no change of the rules that do not use it."""
        return spec.model_dump(mode="json", exclude_defaults=True)


class ListObject(_Stored):
    """A named list of terms. Topic control.rules, key: list:NAME@HASH."""

    SCHEMA: ClassVar[str] = "control.list"
    schema_name: Literal["control.list"] = Field(default="control.list", alias="schema")
    name: str
    terms: list[str] = Field(min_length=1)


def objects_of(rules: Iterable[Rule], lists: Mapping[str, Sequence[str]]) -> list[Object]:
    """Return the objects of rules and of the lists that they use.

    Args:
        rules: each id once.
        lists: the entries of the named lists, by name; of each name that a query uses.
    """
    found: list[Object] = []
    known: dict[str, Object] = {}
    for rule in rules:
        used = {}
        for name in sorted(_lists_in(rule.node)):
            if name not in known:
                known[name] = Object.of(LIST, name, ListObject(name=name, terms=list(lists[name])).canonical())
            used[name] = str(known[name].key)
        stored = RuleObject(version=rule.version, spec=spec_of(rule), lists=used)
        found.append(Object.of(RULE, rule.id, stored.canonical()))
    return [*known.values(), *found]


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """A rule of the control plane, not parsed: what the indexer needs of it.

    Args:
        lists: the entries of the named lists that the query uses, by name.
        The others are as in `core.rules.rule.Rule`.
    """

    id: str
    name: str
    version: str
    query: str
    lists: Mapping[str, Sequence[str]]
    severity: str
    notify: tuple[str, ...]
    late: Literal["alert", "record"]
    enabled: bool
    expires: date | None

    def in_force(self, today: date) -> bool:
        """Tell whether the rule is enabled and has not expired on this day (UTC)."""
        return self.enabled and (self.expires is None or today <= self.expires)


def applied_of(objects: Mapping[str, bytes], known: Mapping[str, AppliedRule]) -> Iterator[tuple[str, AppliedRule]]:
    """Yield key and rule of each rule among the objects of a set, one at a time.

    Queries are not parsed, other than those of objects of schema version 1.

    Args:
        objects: value by key.
        known: rules by the keys of their objects: they are not read again.

    Raises:
        BrokenSetError: an object is no rule or list.
    """
    for text, stored, lists in _stored_rules(objects, known):
        if stored is None:
            yield text, known[text]
            continue
        spec = stored.spec
        yield (
            text,
            AppliedRule(
                id=spec.id,
                name=spec.name,
                version=stored.version or _parsed(text, stored, lists).version,
                query=spec.query,
                lists=lists,
                severity=spec.severity,
                notify=tuple(spec.notify),
                late=spec.late,
                enabled=spec.enabled,
                expires=spec.expires,
            ),
        )


def rules_of(objects: Mapping[str, bytes]) -> Iterator[Rule]:
    """Yield each rule among the objects of a set, parsed.

    Raises:
        BrokenSetError: an object is no rule or list, or a query has a mistake: another version of Presswatch wrote it.
    """
    for text, stored, lists in _stored_rules(objects, {}):
        assert stored is not None
        yield _parsed(text, stored, lists)


def _parsed(key: str, stored: RuleObject, lists: Mapping[str, Sequence[str]]) -> Rule:
    try:
        return make_rule(stored.spec, lists)
    except RuleError as error:
        raise mistaken(key, error) from error


def mistaken(rule: str, error: RuleError) -> BrokenSetError:
    """Return what a rule (its key or id) means for the set whose query this version of Presswatch does not understand."""
    return BrokenSetError(
        "unreadable_object", f"the query of {rule} has a mistake for this version of Presswatch: {error.message}"
    )


def _stored_rules(
    objects: Mapping[str, bytes], known: Collection[str]
) -> Iterator[tuple[str, RuleObject | None, dict[str, tuple[str, ...]]]]:
    """Yield key, object and lists of each rule; None for one whose key is known.

    Rules that use the same lists get the same dictionary: whoever makes something of it need do so once.
    """
    terms: dict[str, tuple[str, ...]] = {}
    together: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
    for text, value in objects.items():
        key = Key.parse(text)
        if key is None or key.kind != RULE:
            continue
        if text in known:
            yield text, None, {}
            continue
        try:
            stored = RuleObject.decode(value)
            for at in stored.lists.values():
                if at not in terms:
                    terms[at] = tuple(ListObject.decode(objects.get(at)).terms)
            named = {name: terms[at] for name, at in stored.lists.items()}
            lists = together.setdefault(tuple(stored.lists.values()), named)
            if stored.spec.id != key.id:
                raise BadMessageError("invalid", f"it is the rule {stored.spec.id}")
        except BadMessageError as error:
            raise BrokenSetError("unreadable_object", f"{text} cannot be read: {error.detail}") from error
        yield text, stored, lists


def _lists_in(node: Node) -> set[str]:
    match node:
        case Or(clauses, listed):
            return {listed} if listed is not None else {name for each in clauses for name in _lists_in(each)}
        case And(clauses) | AtLeast(_, clauses):
            return {name for each in clauses for name in _lists_in(each)}
        case Not(clause) | Count(_, clause):
            return _lists_in(clause)
        case Near(left, right):
            return _lists_in(left) | _lists_in(right)
        case _:
            return set()
