"""`presswatch restore`: what `presswatch backup` wrote, put back."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from presswatch.commands import config_option


@click.command(
    epilog="""
    \b
    presswatch setup
    presswatch restore /var/backups/presswatch/2026-11-24

    Stop the services first. What is missing is written; what is there stays, so it can be run again. It then enters into
    the ledger what Kafka tells of alerts that went out after the backup, and erases what was to be forgotten after it.

    Exit code: 0; 1 if rules or packs were left, because others are in force; 2 if something is wrong.
    """
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Put the backup's rules and packs into force although others are.")
@config_option
def command(folder: Path, config: Path | None, *, replace: bool) -> None:
    """Put back what `presswatch backup` wrote into FOLDER."""
    from presswatch.adapters.elasticsearch import connect
    from presswatch.backup.folder import Backup
    from presswatch.backup.restore import Restorer
    from presswatch.runtime import configure_logs, now_ms
    from presswatch.settings import load

    settings = load(config).settings
    configure_logs(settings.log.model_copy(update={"level": "error"}), "restore")
    backup = Backup(folder)
    with connect(settings.elasticsearch) as client:
        whole = Restorer(settings, client, backup, now_ms(), click.echo, replace=replace).run()
    taken = datetime.fromtimestamp(backup.about.taken / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    click.echo(f"restored. Articles since then: presswatch replay --since {taken} --from kafka")
    sys.exit(0 if whole else 1)
