"""Runs the examples of rules: must_match and must_not_match, each by the rule in which it stands.

An edge: finds again in the files where an example that failed stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from presswatch import matching
from presswatch.core.errors import BadMessageError
from presswatch.core.rules.explain import Explainer, Verdict, lines, reason
from presswatch.core.rules.match import Expression
from presswatch.core.rules.nearmiss import short
from presswatch.core.rules.picture import place
from presswatch.core.rules.rule import Rule
from presswatch.documents import document_of
from presswatch.rulefiles import rule_files
from presswatch.yamlsource import Loc, read_yaml

KEYS = ("must_match", "must_not_match")

SHOWN_TEXT = 300
"""Code points of an example that are shown, of its title and of its text."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one example.

    Args:
        rule: its id.
        key: must_match or must_not_match.
        number: which example of that key, from 1.
        article: the example; a text is an article with that text.
        matched: whether the rule matches it; None if it could not be read.
        verdict: why; only of an example that failed.
        error: why it could not be read.
    """

    rule: str
    key: str
    number: int
    article: Mapping[str, Any]
    matched: bool | None
    verdict: Verdict | None = None
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether the rule does with the example what it must."""
        return self.matched is (self.key == "must_match")


def run_examples(rules: Iterable[Rule]) -> list[Outcome]:
    """Run all examples, in the order of the rules; those of disabled and expired rules as well."""
    return [outcome for rule in rules for outcome in _run(rule)]


def _run(rule: Rule) -> Iterable[Outcome]:
    examples = [
        (key, number, {"text": example} if isinstance(example, str) else example)
        for key, given in zip(KEYS, (rule.must_match, rule.must_not_match), strict=True)
        for number, example in enumerate(given, start=1)
    ]
    if not examples:
        return
    matcher = matching.matcher([Expression(rule.id, rule.version, rule.node)])
    topics = matcher.asks_for_topics()
    for key, number, article in examples:
        try:
            document = document_of(article, topics=topics)
        except BadMessageError as error:
            yield Outcome(rule.id, key, number, article, None, error=error.detail)
            continue
        matched = bool(matcher.match(document))
        failed = matched is not (key == "must_match")
        verdict = Explainer(rule.node).explain(document) if failed else None
        yield Outcome(rule.id, key, number, article, matched, verdict)


def example_places(folder: Path) -> dict[tuple[str, str, int], tuple[str, int]]:
    """Return file and line of every example, by id of the rule, key and number; of rules that have been loaded."""
    found: dict[tuple[str, str, int], tuple[str, int]] = {}
    for path in rule_files(folder):
        source = read_yaml(path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
        rules = list(enumerate(source.data)) if isinstance(source.data, list) else [(None, source.data)]
        for (index, rule), key in product(rules, KEYS):
            way: Loc = (key,) if index is None else (index, key)
            for number in range(len(rule.get(key, ()))):
                at: Loc = (*way, number)
                while at not in source.places:  # an alias stands there
                    at = at[:-1]
                found[rule["id"], key, number + 1] = str(path), place(source.text, source.places[at].start)[0]
    return found


def pictures(failed: Iterable[Outcome], places: Mapping[tuple[str, str, int], tuple[str, int]]) -> Iterable[str]:
    """Yield a text for each example that failed: where it stands, what it did, why. `places` as of `example_places`."""
    for outcome in failed:
        file, line = places[outcome.rule, outcome.key, outcome.number]
        yield "\n".join([f"{file}:{line}: {headline(outcome)}", *details(outcome), ""])


def headline(outcome: Outcome) -> str:
    """Return what an example did, in one line."""
    example = f"{outcome.rule}: {outcome.key} {outcome.number}"
    if outcome.matched is None:
        return f"{example} cannot be read: {outcome.error}"
    return f"{example} {'matches' if outcome.matched else 'does not match'}"


def details(outcome: Outcome) -> list[str]:
    """Return the lines that show an example that failed, and why it did."""
    texts = [(name, outcome.article.get(name)) for name in ("title", "text")]
    shown = [f"  {name}: {short(text, SHOWN_TEXT)}" for name, text in texts if text]
    if outcome.verdict is None:
        return shown
    first = [] if outcome.verdict.holds else [f"  failed first: {reason(outcome.verdict)}"]
    return [*shown, *first, *(f"  {line}" for line in lines(outcome.verdict))]
