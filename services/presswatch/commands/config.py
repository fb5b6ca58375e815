"""`presswatch config`: the settings in force, and where each comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson
from pydantic import SecretStr

from presswatch.commands import config_option
from presswatch.settings import Loaded, load, variable


@click.group("config")
def command() -> None:
    """Show the settings in force and where each comes from."""


@command.command("show")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object: setting -> value and origin.")
def show(config: Path | None, as_json: bool) -> None:
    """Print every setting, its value (secrets masked) and its origin: default, FILE:LINE or a variable."""
    rows = describe(load(config))
    if as_json:
        click.echo(orjson.dumps({path: {"value": value, "from": origin} for path, value, origin in rows}).decode())
        return
    texts = [(path, orjson.dumps(value).decode(), origin) for path, value, origin in rows]
    wide = max(len(path) for path, _, _ in texts)
    value_wide = min(60, max(len(value) for _, value, _ in texts))
    for path, value, origin in texts:
        click.echo(f"{path:<{wide}}  {value:<{value_wide}}  {origin}")
    click.echo(
        f"\nEach can be set in the file given by --config or PRESSWATCH_CONFIG, or by a variable such as {variable(rows[0][0])}."
    )


def describe(loaded: Loaded) -> list[tuple[str, Any, str]]:
    """Return (dotted path, value for people, origin) of every setting; secrets come out as ``<secret>``."""
    rows = []
    for path, origin in loaded.origins.items():
        value: Any = loaded.settings
        for part in path.split("."):
            value = getattr(value, part)
        if isinstance(value, SecretStr):
            value = "<secret>"
        elif isinstance(value, Path):
            value = str(value)
        rows.append((path, value, origin))
    return rows
