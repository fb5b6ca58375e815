"""`presswatch tagger`: the stream processor that tags articles by topic."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.commands import config_option


@click.command("tagger")
@config_option
def command(config: Path | None) -> None:
    """Tag articles by topic, from articles.raw to articles.tagged, until SIGTERM."""
    from presswatch import matching
    from presswatch.core.topics import Tagger
    from presswatch.packfiles import load_packs
    from presswatch.runtime import configure_logs, service
    from presswatch.settings import load
    from presswatch.tagger.run import PARTS, run

    settings = load(config).settings
    configure_logs(settings.log, "tagger")
    tagger = Tagger(load_packs(settings.tagger.packs), engine=matching.announce(settings.engine))
    with service("tagger", settings.http, settings.log, PARTS) as (health, stop):
        tagger.make_ready()
        run(settings, tagger, health, stop)
