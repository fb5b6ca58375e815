"""The subcommands of `presswatch`, one module each, with the attribute `command`."""

from __future__ import annotations

from pathlib import Path

import click

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings file (YAML); the file that PRESSWATCH_CONFIG names if not given.",
)
