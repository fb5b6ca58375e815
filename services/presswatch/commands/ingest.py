"""`presswatch ingest`: read feeds and JSON Lines into Kafka, once or for ever."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from presswatch.commands import config_option

if TYPE_CHECKING:
    from presswatch.ingest.inputs import Input
    from presswatch.ingest.service import Options
    from presswatch.settings import Settings


@click.command("ingest")
@click.argument("inputs", nargs=-1, metavar="[FILE|URL|-]...")
@config_option
@click.option("--watch", is_flag=True, help="Stay: poll feeds at intervals, follow JSON Lines files as they grow.")
@click.option("--backfill", is_flag=True, help="These articles are old news: they never alert as if new.")
@click.option("--again", is_flag=True, help="Read everything from the start, also what was read before.")
@click.option("--no-breaker", is_flag=True, help="Go on however many records are bad; all of them are dead-lettered.")
@click.option(
    "--patience",
    type=click.FloatRange(min=1),
    default=120.0,
    show_default=True,
    help="Seconds to wait for Kafka before giving up; a service that stays never gives up.",
)
def command(
    inputs: tuple[str, ...],
    config: Path | None,
    *,
    watch: bool,
    backfill: bool,
    again: bool,
    no_breaker: bool,
    patience: float,
) -> None:
    """Read articles into Kafka (articles.raw).

    \b
    FILE  JSON Lines, one article a line, or an RSS or Atom feed
    URL   of an RSS or Atom feed
    -     JSON Lines from standard input

    With inputs, reads each of them once and tells what became of them: exit code 0 when all is well, 1 when a record
    was dead-lettered, a source failed or something is left to read. Files and feeds are read on from where an earlier
    run stopped. With --watch, and without inputs, stays as a service until SIGTERM; without inputs it polls the feeds
    of the setting ingest.feeds.
    """  # noqa: D301 (click wants the backspace character itself)
    from presswatch.ingest.inputs import classify, classify_feeds
    from presswatch.ingest.service import Options
    from presswatch.settings import load

    settings = load(config).settings
    stay = watch or not inputs
    found = classify(inputs) if inputs else classify_feeds(settings.ingest.feeds)
    options = Options(
        watch=stay,
        again=again,
        origin="backfill" if backfill else "live",
        patience_s=None if stay else patience,
        breaker=not no_breaker,
    )
    if stay:
        _serve(settings, found, options)
    else:
        _read_once(settings, found, options)


def _serve(settings: Settings, inputs: list[Input], options: Options) -> None:
    import structlog

    from presswatch.ingest.service import run, summary
    from presswatch.runtime import service

    with service("ingest", settings.http, settings.log) as (health, stop):
        log = structlog.get_logger("ingest")
        log.info("reading", feeds=sum("feed" in item.kind for item in inputs), inputs=len(inputs))
        if not inputs:
            log.warning("no feeds in the setting ingest.feeds: nothing to do")
        started = time.monotonic()
        tally = run(settings, inputs, options, health, stop)
        log.info("done", summary=summary(tally, time.monotonic() - started, stopped=False))


def _read_once(settings: Settings, inputs: list[Input], options: Options) -> None:
    from presswatch.core.errors import FatalError
    from presswatch.ingest.delivery import GaveUpError
    from presswatch.ingest.service import run, summary
    from presswatch.runtime import EXIT_FATAL, Health, StopSignal, configure_logs

    configure_logs(settings.log, "ingest")
    stop = StopSignal()
    stop.install()
    started = time.monotonic()
    try:
        tally = run(settings, inputs, options, Health(), stop)
    except GaveUpError as error:
        click.echo(f"presswatch: {error}", err=True)
        sys.exit(1)
    except FatalError as error:
        click.echo(f"presswatch: {error}", err=True)
        sys.exit(EXIT_FATAL)
    click.echo(summary(tally, time.monotonic() - started, stopped=stop.is_set()))
    sys.exit(1 if tally.dead or tally.faults or stop.is_set() else 0)
