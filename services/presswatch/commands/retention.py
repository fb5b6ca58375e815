"""`presswatch retention`: delete months that need not be kept any longer."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.commands import config_option


@click.command(
    epilog="""
    The settings say what is kept: elasticsearch.keep_months for articles and their earlier wordings,
    elasticsearch.keep_alert_months for alerts; so many months besides the present one, and all if unset.
    Let a scheduler run it daily. Kafka deletes by itself, by its topics' retention.
    """
)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@config_option
def command(config: Path | None, *, dry_run: bool) -> None:
    """Delete the indices of months that need not be kept any longer, and the identities of their articles."""
    from presswatch.adapters.elasticsearch import connect
    from presswatch.core.errors import ConfigError
    from presswatch.retention import delete, expired
    from presswatch.runtime import configure_logs, now_ms
    from presswatch.settings import load

    settings = load(config).settings
    es = settings.elasticsearch
    if es.keep_months is None and es.keep_alert_months is None:
        raise ConfigError("everything is kept: set elasticsearch.keep_months or elasticsearch.keep_alert_months")
    configure_logs(settings.log.model_copy(update={"level": "error"}), "retention")
    with connect(es) as client:
        found = expired(client, es, now_ms())
        for one in found:
            if not dry_run:
                delete(client, es, one)
            click.echo(f"{'would delete' if dry_run else 'deleted'} {one.name}: {one.documents:,} documents")
    if not found:
        click.echo("nothing is older than what is kept")
