"""`presswatch alerter`: decide on matches and deliver alerts to Slack."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.commands import config_option


@click.command("alerter")
@config_option
@click.option("--no-breaker", is_flag=True, help="Go on however many records are bad; all of them are dead-lettered.")
@click.option(
    "--only",
    type=click.Choice(["decide", "deliver"]),
    help="Run one half only, to scale them apart. Both run side by side if not given.",
)
def command(config: Path | None, only: str | None, *, no_breaker: bool) -> None:
    """Decide which matches are alerts (matches -> notifications) and deliver them to Slack, each once."""
    from presswatch.adapters.kafka import NoBreaker
    from presswatch.alerter.service import PARTS, run
    from presswatch.runtime import service
    from presswatch.settings import load

    settings = load(config).settings
    parts = tuple(part for part in PARTS if only in (None, part))
    with service("alerter", settings.http, settings.log, parts) as (health, stop):
        run(settings, parts, health, stop, NoBreaker() if no_breaker else None)
