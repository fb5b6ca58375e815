"""`presswatch dlq`: look at dead letters, try them again or drop them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from presswatch.commands import config_option, period
from presswatch.core.errors import ConfigError
from presswatch.settings import Settings, load
from presswatch.topology import STAGES, Stage

if TYPE_CHECKING:
    from presswatch.deadletters import Choice, Entry, Letters, Settler

_FILTERS = (
    click.option("--stage", type=click.Choice(STAGES), help="Only of this stage."),
    click.option("--reason", metavar="WORD", help="Only with this reason, such as not_json."),
    click.option("--rule", metavar="ID", help="Only about this rule."),
    click.option("--source", metavar="NAME", help="Only of this source; of ingest also: of this file or feed."),
    click.option("--article", metavar="ID|URL", help="Only about this article."),
    click.option(
        "--since", metavar="TIME", help="Only what failed from then on: 90m, 24h, 7d ago, or 2026-11-01T08:30."
    ),
)


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.group("dlq")
def command() -> None:
    """Look at dead letters, try them again or drop them.

    A dead letter is a record that a stage could not process: as it came, with the reason. Nothing here deletes one: what
    was retried or dropped is noted beside it, and it is listed no more.
    """


@command.command("list", short_help="List the dead letters with which nothing has been done.")
@_filters
@click.option("--all", "settled", is_flag=True, help="Also those that were retried or dropped.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N letters.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
def list_(config: Path | None, *, settled: bool, limit: int | None, as_json: bool, **filters: str | None) -> None:
    """List dead letters, oldest first within each stage: those with which nothing has been done."""
    from presswatch.deadletterlist import line, shown

    counts: Counter[tuple[str, str]] = Counter()
    with _letters(load(config).settings) as letters:
        for entry in letters.entries(_choice(filters), settled=settled):
            counts[entry.letter.stage, entry.letter.reason] += 1
            if limit is None or counts.total() <= limit:
                click.echo(line(entry) if as_json else shown(entry))
    if not as_json:
        click.echo(_summary(counts, limit, settled=settled), err=not counts)


@command.command("show", short_help="Show one: why, from where, its history, its value.")
@click.argument("letter", metavar="LETTER")
@click.option("--raw", is_flag=True, help="Only the value, byte for byte.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
def show(letter: str, config: Path | None, *, raw: bool, as_json: bool) -> None:
    """Show one dead letter, such as indexer/17: why, from where, its history, its value."""
    from presswatch.deadletterlist import line, page
    from presswatch.jsonlines import write

    with _letters(load(config).settings) as letters:
        entry = letters.named(letter)
    if raw:
        write(sys.stdout.buffer, entry.letter.value)
    else:
        click.echo(line(entry, value=True) if as_json else page(entry))


@command.command("retry", short_help="Send letters again, through the same code.")
@click.argument("names", metavar="[LETTER]...", nargs=-1)
@_filters
@click.option("--again", is_flag=True, help="Also LETTERs that were retried or dropped before.")
@config_option
def retry(config: Path | None, *, names: tuple[str, ...], again: bool, **filters: str | None) -> None:
    """Try dead letters again: those named, or all open ones that the options choose.

    Each goes, byte for byte, where it came from, and so through the same code as any other. What fails once more is a
    dead letter again, that tells how often. Exit code: 1 if one could not be sent.
    """
    from presswatch.forgetting.log import ForgottenArticles
    from presswatch.ingest.retry import Again

    settings = load(config).settings
    unsent = 0
    counts: Counter[tuple[str, str]] = Counter()
    with _letters(settings) as letters, _settler(settings) as settler, ForgottenArticles(settings.kafka) as forgotten:
        chosen = _chosen(letters, names, _choice(filters), again=again)
        ingest = Again(settings, settler.publisher, forgotten)
        for letter, why in settler.retry(chosen, {"ingest": ingest.send}, forgotten):
            if why is None:
                counts[letter.stage, letter.reason] += 1
            else:
                unsent += 1
                click.echo(f"{letter.id} was not sent: {why}", err=True)
    click.echo(_done(counts, "sent again", "no dead letter to send again"))
    sys.exit(1 if unsent else 0)


@command.command("drop", short_help="Be done with letters, for a reason that is kept.")
@click.argument("names", metavar="[LETTER]...", nargs=-1)
@_filters
@click.option("--because", metavar="TEXT", required=True, help="Why; it is kept beside the letter.")
@config_option
def drop(config: Path | None, *, names: tuple[str, ...], because: str, **filters: str | None) -> None:
    """Be done with dead letters: those named, or all open ones that the options choose.

    The letter stays in Kafka as long as any (30 days) and can be tried again until then: dlq retry --again LETTER.
    """
    if not because.strip():
        raise ConfigError("--because: say why, in a few words; it is kept beside the letter")
    settings = load(config).settings
    counts: Counter[tuple[str, str]] = Counter()
    with _letters(settings) as letters, _settler(settings) as settler:
        for letter in settler.drop(_chosen(letters, names, _choice(filters), again=False), because.strip()):
            counts[letter.stage, letter.reason] += 1
    click.echo(_done(counts, "dropped", "no dead letter to drop"))


@contextmanager
def _letters(settings: Settings) -> Iterator[Letters]:
    from presswatch.adapters.kafkalog import Log
    from presswatch.deadletters import Letters
    from presswatch.runtime import configure_logs

    configure_logs(settings.log.model_copy(update={"level": "error"}), "dlq")
    with Log(settings.kafka) as log:
        yield Letters(log)


@contextmanager
def _settler(settings: Settings) -> Iterator[Settler]:
    from presswatch.adapters.kafka import Publisher
    from presswatch.deadletters import Settler, operator

    publisher = Publisher(settings.kafka)
    try:
        yield Settler(settings.kafka, publisher, operator())
    finally:
        publisher.close()


def _choice(filters: dict[str, str | None]) -> Choice:
    from presswatch.core.article import id_of
    from presswatch.deadletters import Choice

    first, _ = period(filters["since"], None, time.time_ns() // 1_000_000)
    article = None if filters["article"] is None else id_of(filters["article"])
    return Choice(
        cast("Stage | None", filters["stage"]), filters["reason"], filters["rule"], filters["source"], article, first
    )


def _chosen(letters: Letters, names: tuple[str, ...], choice: Choice, *, again: bool) -> list[Entry]:
    """Return the letters that are meant; all are found before anything is done to one."""
    if names and choice:
        raise ConfigError("name letters or choose them by options, not both")
    if not names and not choice:
        raise ConfigError(
            "which letters? Name them (indexer/17), or choose them by --stage, --reason, --rule or the like"
        )
    if not names:
        return list(letters.entries(choice))
    entries = [letters.named(name) for name in dict.fromkeys(names)]
    done = [entry for entry in entries if entry.settled is not None]
    if done and not again:
        told = "; ".join(
            f"{entry.letter.id} was {entry.settled.action} by {entry.settled.by}" for entry in done if entry.settled
        )
        raise ConfigError(f"{told}. Nothing was done; to try such a letter once more: dlq retry --again")
    return entries


def _summary(counts: Counter[tuple[str, str]], limit: int | None, *, settled: bool) -> str:
    if not counts:
        return "no dead letters" if settled else "no open dead letters"
    parts = ", ".join(f"{stage} {reason} {number}" for (stage, reason), number in sorted(counts.items()))
    more = f"; the first {limit} are shown" if limit is not None and counts.total() > limit else ""
    return f"{counts.total()} dead letter{'s' * (counts.total() != 1)} ({parts}){more}"


def _done(counts: Counter[tuple[str, str]], what: str, nothing: str) -> str:
    if not counts:
        return nothing
    parts = ", ".join(f"{stage} {reason} {number}" for (stage, reason), number in sorted(counts.items()))
    return f"{counts.total()} dead letter{'s' * (counts.total() != 1)} {what} ({parts})"
