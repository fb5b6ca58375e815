"""`presswatch tagger`: the stream processor that tags articles by topic."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.commands import config_option


@click.command("tagger")
@config_option
@click.option("--no-breaker", is_flag=True, help="Go on however many records are bad; all of them are dead-lettered.")
def command(config: Path | None, *, no_breaker: bool) -> None:
    """Tag articles by topic, from articles.raw to articles.tagged, until SIGTERM.

    The topic packs are those that `presswatch topics apply` published; where none was, those of the setting tagger.packs.
    """
    from presswatch import matching
    from presswatch.adapters.kafka import NoBreaker
    from presswatch.packfiles import load_packs
    from presswatch.runtime import configure_logs, service
    from presswatch.settings import load
    from presswatch.tagger.packs import PackBuilder
    from presswatch.tagger.run import PARTS, run

    settings = load(config).settings
    configure_logs(settings.log, "tagger")
    own = load_packs(settings.tagger.packs)  # now, so that a mistake in them is told at once
    build = PackBuilder(own, matching.announce(settings.engine))
    with service("tagger", settings.http, settings.log, PARTS) as (health, stop):
        run(settings, build, health, stop, NoBreaker() if no_breaker else None)
