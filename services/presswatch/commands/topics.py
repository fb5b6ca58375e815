"""`presswatch topics`: try topic packs on the examples that stand in them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from presswatch.commands.mark import command as mark
from presswatch.packfiles import BUILT_IN, load_files
from presswatch.topictests import Outcome, run_examples


@click.group()
def command() -> None:
    """Look at topic packs, test them, and say where they are wrong."""


command.add_command(mark)


@command.command("test")
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(exists=True, path_type=Path))
def test(folder: Path | None) -> None:
    """Check the topic packs in DIR (or those that come with Presswatch), and run their must_tag and must_not_tag.

    Exit code: 0; 1 if an example failed; 2 if a pack is wrong.
    """
    outcomes = run_examples(load_files(folder or BUILT_IN))
    for outcome in outcomes:
        if not outcome.passed:
            click.echo(_picture(outcome))
    failed = sum(not outcome.passed for outcome in outcomes)
    topics = sorted({outcome.topic for outcome in outcomes})
    click.echo(f"{len(outcomes)} examples of {', '.join(topics) or 'no topic'}: {failed or 'none'} failed")
    sys.exit(1 if failed else 0)


def _picture(outcome: Outcome) -> str:
    verdict = "must be tagged, but is not" if outcome.wanted else "must not be tagged, but is"
    lines = [f"{outcome.topic} ({outcome.lang}): {verdict}: score {outcome.score:g}, threshold {outcome.threshold:g}"]
    lines += [f"  {name}: {value}" for name in ("title", "text") if (value := outcome.article[name])]
    lines += [
        f"  {weight:+g} {pattern}{': ' if quotes else ''}{', '.join(quotes)}"
        for pattern, weight, quotes in outcome.reasons
    ]
    return "\n".join([*lines, "" if outcome.reasons else "  no pattern matches, and no learned word\n"])
