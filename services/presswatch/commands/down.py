"""`presswatch down`: stop what `up` started, or a demo that was kept."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.commands import config_option
from presswatch.commands.up import run_option


@click.command("down")
@config_option
@run_option
def command(config: Path | None, run: Path) -> None:
    """Stop services and engines, each finishing what it has in hand. Data stays for the next `up`."""
    from presswatch.local.system import stop_all
    from presswatch.settings import load

    click.echo("stopped" if stop_all(run, load(config).settings.engines_home) else f"nothing runs in {run}")
