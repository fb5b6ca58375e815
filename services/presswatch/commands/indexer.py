"""`presswatch indexer`: match alert rules and index articles."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.commands import config_option


@click.command("indexer")
@config_option
@click.option("--no-breaker", is_flag=True, help="Go on however many records are bad; all of them are dead-lettered.")
def command(config: Path | None, *, no_breaker: bool) -> None:
    """Match alert rules against tagged articles and index them (articles.tagged -> Elasticsearch, matches).

    The rules are those that `presswatch rules apply` published; a change is in force within two seconds.
    """
    from presswatch import matching
    from presswatch.adapters.kafka import NoBreaker
    from presswatch.indexer.service import RULES_PART, run
    from presswatch.runtime import configure_logs, service
    from presswatch.settings import load

    settings = load(config).settings
    configure_logs(settings.log, "indexer")
    matching.announce(settings.engine)
    with service("indexer", settings.http, settings.log, ("service", RULES_PART)) as (health, stop):
        run(settings, health, stop, NoBreaker() if no_breaker else None)
