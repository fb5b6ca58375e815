"""An alert rule: what stands in a rule file (`RuleSpec`), and what the services work with (`Rule`).

`rulefiles` reads the files; here nothing knows YAML, lines or folders.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from presswatch.core.rules.model import Node
from presswatch.core.rules.printer import normal_form
from presswatch.core.rules.syntax import parse

VERSION_DIGITS = 12
"""Hex digits of a rule's version: 48 bits, so that the versions of one rule never meet in practice."""

Kind = Literal["any", "frequency", "spike", "quiet", "new_term", "change", "cardinality", "list"]
Severity = Literal["low", "medium", "high", "critical"]
GroupBy = Literal["story", "article", "source", "domain", "country", "lang", "author", "topic"]

KINDS_CARRIED_OUT: frozenset[str] = frozenset({"any"})
RECEIVERS: tuple[str, ...] = ("slack", "email", "webhook")
RECEIVERS_CARRIED_OUT: frozenset[str] = frozenset({"slack"})


def _day(value: object) -> object:
    """Take whole days only: pydantic by itself would also read times and numbers of seconds."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return date.fromisoformat(value)
    if type(value) is date:
        return value
    raise ValueError("not a day")


# Names of union branches: pydantic puts them into the way to an error, so they must not look like keys.
UNION_TAGS = frozenset({"<text>", "<article>", "<list>", "<mapping>", "<number>"})


def _text_or_article(value: object) -> str | None:
    return "<text>" if isinstance(value, str) else "<article>" if isinstance(value, Mapping | ExampleArticle) else None


def _list_or_mapping(value: object) -> str | None:
    return "<list>" if isinstance(value, list | tuple) else "<mapping>" if isinstance(value, Mapping) else None


def _list_or_text(value: object) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<text>"


def _number_or_text(value: object) -> str:
    return "<number>" if isinstance(value, int) and not isinstance(value, bool) else "<text>"


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


Texts = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[list[str], Tag("<list>")],
    Discriminator(_list_or_text),
]
Time = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[int, Tag("<number>")],
    Discriminator(_number_or_text),
]


class When(_Spec):
    """What makes the rule alert."""

    kind: Kind = Field(
        "any", description="any: each article (or story) that matches. The others are not carried out yet."
    )


class ExampleTag(_Spec):
    """A topic that an example is tagged with."""

    topic: Text
    score: float | None = Field(None, ge=0, le=1)


class ExampleArticle(_Spec):
    """An article by way of example. Only what the rule looks at is needed."""

    title: str = ""
    text: str = ""
    lang: str | None = None
    source: Texts | None = None
    domain: str | None = None
    url: str | None = None
    country: Texts | None = None
    author: Texts | None = None
    published: Time | None = Field(None, description="ISO 8601, or milliseconds since 1970.")
    tags: list[ExampleTag] | None = Field(None, description="Topics; without this key the example is tagged first.")
    id: str | None = None


Example = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[ExampleArticle, Tag("<article>")],
    Discriminator(_text_or_article),
]
Labels = Annotated[
    Annotated[list[Text], Tag("<list>")] | Annotated[dict[str, str], Tag("<mapping>")],
    Discriminator(_list_or_mapping),
]


class RuleSpec(_Spec):
    """An alert rule as it stands in a file. Only id, name and query are required."""

    id: str = Field(
        max_length=100,
        pattern=r"^[a-z0-9][a-z0-9._-]*$",
        description="Stable and unique: lower-case letters, digits, hyphens, dots, underscores.",
    )
    name: Text = Field(description="What people call it; alerts show it.")
    query: str = Field(description="What an article must say, in the rule language (docs/rules.md).")
    severity: Severity = "medium"
    when: When = When()
    count: Literal["stories", "articles"] = Field("stories", description="stories: wire copies count once.")
    notify: list[Annotated[str, Field(pattern=r"^[a-z]+:\S+$")]] = Field(
        [], description="Receivers, such as slack:grain-desk; without any, the default channel."
    )
    group_by: GroupBy = Field("story", description="What is put together into one alert.")
    must_match: list[Example] = Field([], description="Texts or articles that the rule must match.")
    must_not_match: list[Example] = Field([], description="Texts or articles that the rule must not match.")
    window: str | None = Field(
        None, pattern=r"^[1-9]\d{0,3}[smhdw]$", description="Length of the window, such as 30m, 24h or 7d."
    )
    threshold: float | None = Field(None, gt=0, description="How much is enough, for kinds that count.")
    late: Literal["alert", "record"] = Field(
        "record", description="What becomes of matches found later, by backfill or replay."
    )
    labels: Labels = Field({}, description="Names, or names with values, for sorting and searching rules.")
    owner: Text | None = Field(None, description="Who answers for the rule.")
    desk: Text | None = Field(None, description="For whom the rule works.")
    enabled: bool = Field(True, description="false: the rule is checked, but matches nothing.")
    expires: Annotated[date, BeforeValidator(_day)] | None = Field(
        None, description="The last day (UTC) on which the rule is in force: 2026-12-31."
    )
    time_zone: Text | None = Field(
        None, description="An IANA name, such as Europe/Paris, in which its days are reckoned."
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert rule, ready to match.

    Args:
        version: `VERSION_DIGITS` hex digits, a hash of what decides a match: the normal form of the query with the terms of
            its lists. Not of its name, receivers or layout.
        labels: a label without a value has the value "".
        must_match, must_not_match: a text, or an article with the keys that were given.
        The others are as in `RuleSpec`; `when` is the kind.
    """

    id: str
    name: str
    query: str
    node: Node
    version: str
    severity: Severity = "medium"
    when: Kind = "any"
    count: Literal["stories", "articles"] = "stories"
    notify: tuple[str, ...] = ()
    group_by: GroupBy = "story"
    must_match: tuple[str | Mapping[str, Any], ...] = ()
    must_not_match: tuple[str | Mapping[str, Any], ...] = ()
    window: str | None = None
    threshold: float | None = None
    late: Literal["alert", "record"] = "record"
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    desk: str | None = None
    enabled: bool = True
    expires: date | None = None
    time_zone: str | None = None

    def in_force(self, today: date) -> bool:
        """Tell whether the rule is enabled and has not expired on this day (UTC)."""
        return self.enabled and (self.expires is None or today <= self.expires)


def make_rule(spec: RuleSpec, lists: Mapping[str, Sequence[str]]) -> Rule:
    """Return the rule that a valid spec describes.

    Args:
        spec: as it stands in a file.
        lists: the entries of the named lists, by name.

    Raises:
        RuleError: the first mistake in the query.
    """
    return rule_of(spec, parse(spec.query, lists))


def rule_of(spec: RuleSpec, node: Node) -> Rule:
    """Return the rule of a spec whose query has been parsed to `node`."""
    labels = dict.fromkeys(spec.labels, "") if isinstance(spec.labels, list) else dict(spec.labels)
    return Rule(
        id=spec.id,
        name=spec.name,
        query=spec.query,
        node=node,
        version=version_of(node),
        severity=spec.severity,
        when=spec.when.kind,
        count=spec.count,
        notify=tuple(spec.notify),
        group_by=spec.group_by,
        must_match=tuple(_example(each) for each in spec.must_match),
        must_not_match=tuple(_example(each) for each in spec.must_not_match),
        window=spec.window,
        threshold=spec.threshold,
        late=spec.late,
        labels=labels,
        owner=spec.owner,
        desk=spec.desk,
        enabled=spec.enabled,
        expires=spec.expires,
        time_zone=spec.time_zone,
    )


def spec_of(rule: Rule) -> RuleSpec:
    """Return the spec of a rule: what `rule_of` makes the rule of, but for the form of its labels."""
    values = {name: getattr(rule, name) for name in RuleSpec.model_fields if name != "when"}
    lists = {name: list(values[name]) for name in ("notify", "must_match", "must_not_match")}
    return RuleSpec.model_validate({**values, **lists, "labels": dict(rule.labels), "when": {"kind": rule.when}})


def version_of(node: Node) -> str:
    """Return the version of what a tree matches."""
    return hashlib.sha256(normal_form(node).encode("utf-8", "surrogatepass")).hexdigest()[:VERSION_DIGITS]


def rule_file_schema() -> dict[str, Any]:
    """Return the JSON Schema of a rule file: one rule, or a list of rules."""
    schema = RuleSpec.model_json_schema()
    definitions = schema.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Presswatch rule file",
        "description": "One alert rule, or a list of them.",
        "oneOf": [
            {"$ref": "#/$defs/RuleSpec"},
            {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/RuleSpec"}},
        ],
        "$defs": {**definitions, "RuleSpec": schema},
    }


def _example(example: str | ExampleArticle) -> str | Mapping[str, Any]:
    return example if isinstance(example, str) else example.model_dump(exclude_unset=True)
