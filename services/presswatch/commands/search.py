"""`presswatch search`: the indexed articles that a query in the rule language matches, newest first."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Any

import click

from presswatch.commands import config_option, period
from presswatch.core.rules.match import Expression
from presswatch.history import Found, Search
from presswatch.jsonlines import write
from presswatch.listing import block, iso
from presswatch.settings import load
from presswatch.typed import parse_typed

PIPE_WIDTH = 120
"""Columns where the output is no terminal."""


@click.command(
    epilog="""
    \b
    presswatch search 'wheat NEAR/5 ban* AND topic:agriculture' --since 7d

    \b
    TIME is 90m, 24h, 7d or 2w ago, a day such as 2026-11-01, or a day and time such as 2026-11-01T08:30 (UTC).
    --json: {"id", "title", "url", "source", "lang", "published", "fetched", "topic",
             "receipt": [{"leaf", "field", "start", "end", "quote"}]}

    --since and --until go by the time of publication, or by when the article was fetched where it names none. Exit code: 0, also if nothing was found; 2 if the query
    is wrong or Elasticsearch is away.
    """
)
@click.argument("query")
@click.option("--since", metavar="TIME", help="Only articles from then on.")
@click.option("--until", metavar="TIME", help="Only articles before then; of a day, to its end.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N articles, the newest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, written as it is found.")
@click.option(
    "--rules",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of rule files whose lists (@name) the query may use; the one in the settings (`rules`) if not given.",
)
@config_option
def command(
    query: str,
    since: str | None,
    until: str | None,
    limit: int | None,
    as_json: bool,
    rules: Path | None,
    config: Path | None,
) -> None:
    """Search the indexed articles for QUERY, in the language of rules: newest first, exactly what an alert rule finds."""
    settings = load(config).settings
    now = time.time_ns() // 1_000_000
    first, end = period(since, until, now)
    node = parse_typed(query, rules or settings.rules)
    from presswatch.adapters.elasticsearch import connect

    width = shutil.get_terminal_size((PIPE_WIDTH, 24)).columns if sys.stdout.isatty() else PIPE_WIDTH
    shown = 0
    with connect(settings.elasticsearch) as client:
        search = Search(client, settings.elasticsearch, [Expression("query", "", node)], first, end)
        for found in search:
            text = _line(found) if as_json else block(found, width, colour=sys.stdout.isatty())
            write(sys.stdout.buffer, text.encode("utf-8", "replace"))
            shown += 1
            if shown == limit:
                break
    _close(search, shown, limit, timed=bool(since or until), as_json=as_json)


def _line(found: Found) -> str:
    import json

    article = found.article
    shown: dict[str, Any] = {
        **{name: article.get(name) for name in ("id", "title", "url", "source", "lang")},
        **{name: iso(article.get(name)) for name in ("published", "fetched")},
        "topic": article.get("topic", []),
        "receipt": [receipt.shown() for match in found.matches for receipt in match.receipts],
    }
    return json.dumps(shown, ensure_ascii=False) + "\n"


def _close(search: Search, shown: int, limit: int | None, *, timed: bool, as_json: bool) -> None:
    """Say on standard error what the output does not say."""
    for identity, reason in search.unreadable:
        click.echo(f"presswatch: article {identity} could not be read: {reason}", err=True)
    if search.outdated:
        click.echo(
            f"presswatch: {search.outdated} articles of this time were indexed by another version of Presswatch; they "
            "were found all the same, but each had to be read, which takes time",
            err=True,
        )
    if not shown:
        click.echo("no article of that time matches" if timed else "no article matches", err=True)
    elif shown == limit:
        click.echo(f"the newest {shown}; there may be more (--limit)", err=True)
    elif not as_json:
        click.echo(f"{shown} article{'s' * (shown != 1)}, newest first", err=True)
