"""`presswatch setup`: create or update Kafka topics and Elasticsearch indices."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.commands import config_option


@click.command("setup")
@config_option
def command(config: Path | None) -> None:
    """Create the Kafka topics and the Elasticsearch templates and indices, or bring them up to date.

    It can be run at any time, also while services run: it adds and raises, and takes nothing away. Run it before a new
    version of a service starts.
    """
    from presswatch import provision
    from presswatch.adapters.elasticsearch import connect
    from presswatch.runtime import configure_logs, now_ms
    from presswatch.settings import load

    settings = load(config).settings
    configure_logs(settings.log.model_copy(update={"level": "error"}), "setup")
    client = connect(settings.elasticsearch)
    provision.run(settings.kafka, client, settings.elasticsearch, now_ms(), click.echo)
