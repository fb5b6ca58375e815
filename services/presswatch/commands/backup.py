"""`presswatch backup`: what cannot be had again, into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from presswatch.commands import config_option


@click.command(
    epilog="""
    \b
    presswatch backup /var/backups/presswatch/before-the-upgrade
    presswatch backup --keep 14 /var/backups/presswatch             for a scheduler

    It holds rules and packs in force, what is to be forgotten, dead letters and what was done about them, the ledger by
    which each alert goes out once, and the identity of each article. It holds no articles: take snapshots of
    Elasticsearch for those. Services may run meanwhile. `presswatch restore` puts it back.

    Exit code: 0; 1 if a set of rules or packs is not whole and was left out; 2 if there is no backup.
    """
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Write into a new folder in FOLDER, named by the time; of these the newest N stay.",
)
@config_option
def command(folder: Path, config: Path | None, keep: int | None) -> None:
    """Back up the control plane, dead letters and the ledger of alerts into a new FOLDER."""
    from presswatch.adapters.elasticsearch import connect
    from presswatch.backup.folder import dated, older
    from presswatch.backup.take import take
    from presswatch.runtime import configure_logs, now_ms
    from presswatch.settings import load

    settings = load(config).settings
    configure_logs(settings.log.model_copy(update={"level": "error"}), "backup")
    now = now_ms()
    place = folder if keep is None else folder / dated(now)
    with connect(settings.elasticsearch) as client:
        about = take(settings, client, place, now, click.echo)
    if keep is not None:
        for old in older(folder, keep):
            click.echo(f"deleted {old}")
    if about.left_out:
        click.echo(
            f"{folder} is complete but for {' and '.join(about.left_out)}: mend that, and take another backup", err=True
        )
        sys.exit(1)
    click.echo(f"{place} is complete")
