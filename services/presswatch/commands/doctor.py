"""`presswatch doctor`: what this machine has and lacks."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from presswatch.commands import config_option
from presswatch.doctor import Check, examine


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: ok, and the checks.")
@config_option
def command(*, as_json: bool, config: Path | None) -> None:
    """Tell what this machine has and lacks. Exit code 1 if something that `make demo` needs lacks."""
    checks = []
    for check in examine(config):
        checks.append(check)
        if not as_json:
            _print(check)
    lacking = [check for check in checks if check.required and not check.ok]
    if as_json:
        click.echo(json.dumps({"ok": not lacking, "checks": [asdict(check) for check in checks]}, indent=2))
    elif lacking:
        click.echo(f"\n`make demo` cannot run here yet: {', '.join(check.name for check in lacking)}")
    else:
        click.echo("\nall that `make demo` needs is here")
    sys.exit(1 if lacking else 0)


def _print(check: Check) -> None:
    word = "ok" if check.ok else "lacks"
    first, *others = check.found.splitlines() or [""]
    click.echo(f"{click.style(f'{word:<5}', fg='green' if check.ok else 'red')}  {check.name:<22} {first}")
    for line in others:
        click.echo(f"{'':<30}{line}")
    if not check.ok:
        click.echo(f"{'':<30}needed for: {check.needed_for}{'' if check.required else ' (make demo does without)'}")
        click.echo(f"{'':<30}mend: {check.mend}")
