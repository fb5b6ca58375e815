"""`presswatch match`: which rules match each article, and why; JSON Lines in and out, no engine needed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from presswatch import matching
from presswatch.articles import id_of
from presswatch.core.rules.match import Expression, Match, Matcher
from presswatch.documents import document_of
from presswatch.jsonlines import files_argument, run
from presswatch.rulefiles import load_rules


@click.command(
    epilog="""
    \b
    In:  {"id"?, "url"?, "lang"?, "title", "text", "source"?, "country"?, "author"?, "published"?, "tags"?}
    Out: {"id", "matches": [{"rule", "version", "receipt": [{"leaf", "field", "start", "end", "quote"}]}]}

    A receipt's entry for metadata has no start and end. An article without "tags" is tagged first; [] means tagged with none. A line that cannot be read gives
    {"error", "line"} in its place. Exit code: 0; 1 if there was such a line; 2 if a rule is wrong.
    """
)
@click.option(
    "--rules",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(exists=True, path_type=Path),
    help="Folder of rule files, or one such file. Rules that are disabled or have expired match nothing.",
)
@files_argument
def command(folder: Path, files: tuple[str, ...]) -> None:
    """Match rules against articles, from FILEs or standard input: one JSON line out per line in, in order."""
    today = datetime.now(UTC).date()
    rules = [rule for rule in load_rules(folder) if rule.in_force(today)]
    matcher = matching.matcher(Expression(rule.id, rule.version, rule.node) for rule in rules)
    topics = matcher.asks_for_topics()
    run(files, lambda article: answer(article, matcher, topics=topics))


def answer(article: Mapping[str, Any], matcher: Matcher, *, topics: bool) -> dict[str, Any]:
    """Return the line out for an article.

    Args:
        article: the object of the line in.
        matcher: the rules.
        topics: whether any of them looks at tags, so that an article without is to be tagged.

    Raises:
        BadMessageError: a value of the article has the wrong type or shape.
    """
    matches = matcher.match(document_of(article, topics=topics))
    return {"id": id_of(article), "matches": [_shown(match) for match in matches]}


def _shown(match: Match) -> dict[str, Any]:
    return {"rule": match.id, "version": match.version, "receipt": [receipt.shown() for receipt in match.receipts]}
