"""`presswatch topics`: try topic packs on the examples that stand in them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from presswatch.commands import config_option, packs_option, period
from presswatch.commands.mark import command as mark
from presswatch.commands.topics_apply import apply, list_packs
from presswatch.commands.topics_diff import diff
from presswatch.packfiles import BUILT_IN, load_files
from presswatch.packsource import packs_named, packs_where_reachable
from presswatch.settings import load
from presswatch.topictests import picture, run_examples

if TYPE_CHECKING:
    from presswatch.coverage import Line


@click.group()
def command() -> None:
    """Look at topic packs, test them, and say where they are wrong."""


command.add_command(mark)
command.add_command(apply)
command.add_command(list_packs)
command.add_command(diff)


@command.command("test")
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(exists=True, path_type=Path))
def test(folder: Path | None) -> None:
    """Check the topic packs in DIR (or those that come with Presswatch), and run their must_tag and must_not_tag.

    Exit code: 0; 1 if an example failed; 2 if a pack is wrong.
    """
    outcomes = run_examples(load_files(folder or BUILT_IN))
    for outcome in outcomes:
        if not outcome.passed:
            click.echo(picture(outcome))
    failed = sum(not outcome.passed for outcome in outcomes)
    topics = sorted({outcome.topic for outcome in outcomes})
    click.echo(f"{len(outcomes)} examples of {', '.join(topics) or 'no topic'}: {failed or 'none'} failed")
    sys.exit(1 if failed else 0)


@command.command("coverage")
@click.option("--since", metavar="TIME", default="7d", show_default=True, help="Only articles from then on.")
@packs_option("`applied`; where Kafka is away, those of the setting tagger.packs, or that come with Presswatch")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a language and line.")
@config_option
def coverage(since: str, packs: str | None, config: Path | None, *, as_json: bool) -> None:
    """Show which share of the indexed stream each topic can judge, by language: with patterns, with learned words, with neither.

    Where there is neither, articles get no tag and are marked `unsupported`, and rules on that topic are blind.
    TIME is 90m, 24h, 7d or 2w ago, or a day such as 2026-11-01. Exit code: 0; 2 if Elasticsearch is away.
    """
    import json
    import time

    from presswatch.adapters.elasticsearch import connect
    from presswatch.coverage import counted
    from presswatch.coverage import coverage as lines_of

    settings = load(config).settings
    first, _ = period(since, None, time.time_ns() // 1_000_000)
    chosen = packs_named(packs, settings) if packs else packs_where_reachable(settings)
    with connect(settings.elasticsearch) as client:
        lines = lines_of(chosen.packs, counted(client, settings.elasticsearch, first))
    if as_json:
        for line in lines:
            click.echo(json.dumps({"lang": line.lang, "articles": line.articles, "topics": dict(line.means)}))
        click.echo(f"presswatch: by {chosen.name}", err=True)
    elif lines:
        click.echo(coverage_table(lines, chosen.topics))
        click.echo(f"by {chosen.name}")
    else:
        click.echo(f"no article is indexed since {since}")


def coverage_table(lines: Sequence[Line], topics: Sequence[str]) -> str:
    """Return the answer of `coverage` for a person: a line for each language, and the shares below."""
    from presswatch.coverage import shares

    whole = sum(line.articles for line in lines)
    rows = [["language", "articles", "share", *topics]]
    rows += [
        [line.lang, str(line.articles), f"{line.articles / whole:.1%}", *(line.means[topic] for topic in topics)]
        for line in lines
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told.append("")
    for topic in topics:
        parts = [f"{name} {share:.1%}" for name, share in shares(lines, topic).items()]
        told.append(f"{topic}: {', '.join(parts)}")
    return "\n".join(told)
