"""`presswatch indexer`: match alert rules and index articles."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.commands import config_option


@click.command("indexer")
@config_option
def command(config: Path | None) -> None:
    """Match alert rules against tagged articles and index them (articles.tagged -> Elasticsearch, matches)."""
    from presswatch.indexer.rules import rules_in
    from presswatch.indexer.service import run
    from presswatch.runtime import configure_logs, service
    from presswatch.settings import load

    settings = load(config).settings
    configure_logs(settings.log, "indexer")
    rules = rules_in(settings.indexer.rules)
    with service("indexer", settings.http, settings.log) as (health, stop):
        run(settings, rules, health, stop)
