"""The wording of mistakes in the keys of a rule file: from what pydantic found to what an analyst can use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from presswatch.core.rules.faults import did_you_mean, excerpt
from presswatch.core.rules.rule import (
    KINDS_CARRIED_OUT,
    RECEIVERS,
    RECEIVERS_CARRIED_OUT,
    UNION_TAGS,
    ExampleArticle,
    ExampleTag,
    Kind,
    RuleSpec,
    When,
)

_FORMS = {
    "id": "write lower-case letters, digits, hyphens, dots and underscores, as in `id: grain-export-bans`",
    "name": "write what people call the rule, as in `name: Grain export bans`",
    "query": "write `query: >` and the query on the next line, indented by two spaces",
    "severity": "write low, medium, high or critical",
    "when": "write `when: {kind: any}`",
    "kind": "write `kind: any`",
    "count": "write stories or articles",
    "notify": "write a list of receivers in brackets: `notify: [slack:grain-desk]`",
    "group_by": "write story, article, source, domain, country, lang, author or topic",
    "must_match": "write a list: each entry on its own line, beginning with `- `, a text in quotation marks or an article",
    "must_not_match": "write a list: each entry on its own line, beginning with `- `, a text in quotation marks or an article",
    "window": "write a number and s, m, h, d or w, as in `window: 24h`",
    "threshold": "write a number above 0, as in `threshold: 5`",
    "late": "write alert or record",
    "labels": "write a list, `labels: [trade, asia]`, or names with values, `labels: {region: asia}`",
    "owner": "write a name, as in `owner: trade desk`",
    "desk": "write a name, as in `desk: agriculture`",
    "enabled": "write true or false, without quotation marks",
    "expires": "write a day as year-month-day: `expires: 2026-12-31`",
    "time_zone": "write a name such as `time_zone: Europe/Paris`",
    "tags": "write `tags: [{topic: agriculture, score: 0.9}]`",
    "topic": "write the name of a topic, as in `topic: agriculture`",
    "score": "write a number from 0 to 1",
    "published": "write a day or a time: `published: 2026-01-31`",
}
_MODELS: dict[str | int, type[BaseModel]] = {"when": When, "<article>": ExampleArticle, "tags": ExampleTag}


@dataclass(frozen=True, slots=True)
class SpecMistake:
    """A mistake in the keys of a rule.

    Args:
        loc: the way to it, from the rule: keys and indices.
        message: what is wrong, one sentence without a full stop.
        mend: what to write instead.
        at_key: whether to point at the key (it is unknown, or missing and `loc` leads to what should hold it).
    """

    loc: tuple[str | int, ...]
    message: str
    mend: str
    at_key: bool = False


def explain(error: Mapping[str, Any]) -> SpecMistake:
    """Word one entry of `ValidationError.errors()`."""
    raw: tuple[str | int, ...] = error["loc"]
    loc = tuple(part for part in raw if part not in UNION_TAGS)
    key = next((part for part in reversed(loc) if isinstance(part, str)), "")
    kind, value = error["type"], error["input"]
    mend = _FORMS.get(key, "put the value into quotation marks if it is text")
    if kind == "missing":
        there = loc[:-1]
        holder = next((part for part in reversed(there) if isinstance(part, str)), None)
        what = "the rule" if holder is None else f"this entry of `{holder}`"
        return SpecMistake(there, f"{what} has no `{key}`", mend, at_key=True)
    if kind == "extra_forbidden":
        return _unknown(raw, loc, key)
    if value is None:
        return SpecMistake(loc, f"`{key}` has no value", mend, at_key=True)
    if kind in {"string_type", "string_too_short", "string_pattern_mismatch"}:
        return _wrong_text(loc, key, value, mend)
    if kind == "string_too_long":
        return SpecMistake(loc, f"`{key}` is longer than {error['ctx']['max_length']} characters", "shorten it")
    if kind == "literal_error":
        close = did_you_mean(value.lower(), _words(error)) if isinstance(value, str) else None
        mend = f"did you mean `{close}`? Else {mend}" if close else mend
        return SpecMistake(loc, f"`{key}` cannot be `{_shown(value)}`", mend)
    if kind == "value_error" and key == "expires":
        return SpecMistake(loc, f"`{_shown(value)}` is no day of the calendar", mend)
    if kind.startswith(("greater_than", "less_than")):
        return SpecMistake(loc, f"`{key}` cannot be `{_shown(value)}`", mend)
    return SpecMistake(loc, f"`{key}` cannot be {_kind_of(value)}", mend)


def not_yet(rule: Mapping[str, Any]) -> Iterator[SpecMistake]:
    """Refuse what the language knows and this version does not carry out: better than a rule that never fires."""
    when = rule.get("when")
    kind = when.get("kind") if isinstance(when, Mapping) else None
    if kind in get_args(Kind) and kind not in KINDS_CARRIED_OUT:
        yield SpecMistake(
            ("when", "kind"),
            f"`{kind}` is not available yet in this version: the rule would never fire",
            "write `kind: any` for an alert on each match, or take the rule out until a later version",
        )
    notify = rule.get("notify")
    for index, receiver in enumerate(notify if isinstance(notify, list) else ()):
        name = receiver.partition(":")[0] if isinstance(receiver, str) else None
        if name is None or not re.fullmatch(r"[a-z]+:\S+", receiver) or name in RECEIVERS_CARRIED_OUT:
            continue
        if name in RECEIVERS:
            message = f"receivers of the kind `{name}` are not available yet in this version: nobody would be told"
            mend = "write `slack:` and a name, as in `slack:grain-desk`"
        else:
            message = f"there is no kind of receiver `{name}`"
            mend = (
                f"did you mean `{close}:`?" if (close := did_you_mean(name, RECEIVERS)) else "write `slack:grain-desk`"
            )
        yield SpecMistake(("notify", index), message, mend)


def _unknown(raw: tuple[str | int, ...], loc: tuple[str | int, ...], key: str) -> SpecMistake:
    inner = next((part for part in reversed(raw[:-1]) if part in _MODELS), None)
    model = RuleSpec if inner is None else _MODELS[inner]
    keys = list(model.model_fields)
    close = did_you_mean(key.lower().replace("-", "_"), keys)
    if model is RuleSpec and key in {"rules", "lists"}:
        mend = (
            "a file holds one rule, or a list in which each rule begins with `- id:`"
            if key == "rules"
            else "named lists are files beside the rules: lists/NAME.txt, one term a line"
        )
    elif close:
        mend = f"did you mean `{close}`?"
    else:
        mend = f"take it away; the keys are {', '.join(keys)}"
    return SpecMistake(loc, f"there is no key `{excerpt(key)}`", mend, at_key=True)


def _wrong_text(loc: tuple[str | int, ...], key: str, value: Any, mend: str) -> SpecMistake:
    if not isinstance(value, str):
        shown = _shown(value)
        if isinstance(value, bool):
            word = "yes, no, on, off, true and false"
            return SpecMistake(
                loc,
                f"`{key}` must be text, and YAML reads this as `{shown}`: it does so with {word}",
                f'put it into quotation marks: `{key}: "..."`',
            )
        if isinstance(value, int | float):
            quoted = f'put it into quotation marks: `{key}: "{shown}"`'
            return SpecMistake(
                loc, f"`{key}` must be text, and YAML reads this as a number", mend if key == "window" else quoted
            )
        hint = "; YAML reads a value that begins with [ or { so" if key == "query" else ""
        return SpecMistake(loc, f"`{key}` must be text, not {_kind_of(value)}{hint}", mend)
    if not value.strip():
        return SpecMistake(loc, f"`{key}` is empty", mend)
    if key == "id":
        slug = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")
        mend += f"; here, perhaps `{slug}`" if slug else ""
    if key == "notify":
        mend = "write a kind and a name, without spaces, as in `slack:grain-desk`"
    return SpecMistake(loc, f"`{key}` cannot be `{excerpt(value)}`", mend)


def _words(error: Mapping[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", error["ctx"]["expected"])


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else excerpt(str(value))


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{_shown(value)}`"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, Mapping) else "empty"
