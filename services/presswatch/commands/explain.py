"""`presswatch explain`: why a rule matches an article, or why not. No engine is needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

from presswatch.articles import id_of
from presswatch.core.errors import BadMessageError, ConfigError
from presswatch.core.rules.explain import Explainer, lines, reason
from presswatch.core.rules.faults import did_you_mean
from presswatch.core.rules.nearmiss import LINE, short
from presswatch.core.rules.rule import Rule
from presswatch.documents import document_of
from presswatch.jsonlines import parse_object
from presswatch.rulefiles import load_rules


@click.command(
    epilog="""
    \b
    presswatch explain --rules rules --rule grain-export-bans --article article.json

    Each line of the answer is a clause, with yes or no, and what was found or is missing. Exit code: 0, whether or not the rule matches; 1 if an article cannot be
    read; 2 if a rule is wrong.
    """
)
@click.option("--rule", "rule_id", required=True, metavar="ID", help="The rule.")
@click.option(
    "--rules",
    "path",
    required=True,
    metavar="DIR",
    type=click.Path(exists=True, path_type=Path),
    help="Folder of rule files, or one such file.",
)
@click.option(
    "--article",
    "stream",
    required=True,
    metavar="FILE",
    type=click.File("rb"),
    help="An article in JSON, or several, one a line, as `match` takes them; - is standard input.",
)
def command(rule_id: str, path: Path, stream: BinaryIO) -> None:
    """Tell why a rule matches an article, or why not: what held, what failed first, and what came nearest to it.

    An article without tags is tagged first, if the rule asks for topics.
    """
    rule = _rule(rule_id, path)
    if not rule.in_force(datetime.now(UTC).date()):
        click.echo(f"rule {rule.id} is disabled or has expired, so it alerts to nothing; this is what it would match\n")
    explainer = Explainer(rule.node)
    unread = 0
    for place, article in _articles(stream.read()):
        try:
            if isinstance(article, BadMessageError):
                raise article
            click.echo(_answer(rule, explainer, article))
        except BadMessageError as error:
            unread += 1
            click.echo(f"{stream.name}{place}: {error.detail}", err=True)
    sys.exit(1 if unread else 0)


def _rule(rule_id: str, path: Path) -> Rule:
    rules = {rule.id: rule for rule in load_rules(path)}
    if rule_id in rules:
        return rules[rule_id]
    near = did_you_mean(rule_id, rules)
    hint = f"do you mean `{near}`?" if near else "`presswatch rules print` shows them all"
    raise ConfigError(f"there is no rule `{rule_id}` in {path}; {hint}")


def _answer(rule: Rule, explainer: Explainer, article: dict[str, Any]) -> str:
    verdict = explainer.explain(document_of(article, topics=explainer.asks_for_topics()))
    title = short(str(article.get("title") or article.get("text") or ""), LINE)
    told = [
        f"article {id_of(article)}: {title}",
        f"rule {rule.id} ({rule.name}): {'matches' if verdict.holds else 'does not match'}",
    ]
    if not verdict.holds:
        told.append(f"failed first: {reason(verdict)}")
    return "\n".join([*told, "", *(f"  {line}" for line in lines(verdict)), ""])


def _articles(data: bytes) -> Iterator[tuple[str, dict[str, Any] | BadMessageError]]:
    """Yield the one article that a file is, however it is laid out, or those on its lines; with the place of each."""
    whole = _read(data, first=True)
    rows = data.split(b"\n")
    if isinstance(whole, dict):
        yield "", whole
    elif any(row.startswith(b"{") and isinstance(_read(row), dict) for row in rows):
        for number, row in enumerate(rows, start=1):
            if row.strip():
                yield f":{number}", _read(row, first=number == 1)
    elif isinstance(whole.__cause__, json.JSONDecodeError):
        at = whole.__cause__
        yield f":{at.lineno}:{at.colno}", BadMessageError("not_json", f"this is not JSON: {at.msg}")
    else:
        yield "", BadMessageError(whole.reason, whole.detail.replace("the line", "the file", 1))


def _read(data: bytes, *, first: bool = False) -> dict[str, Any] | BadMessageError:
    try:
        return parse_object(data, first=first)
    except BadMessageError as error:
        return error
