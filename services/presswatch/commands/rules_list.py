"""`presswatch rules list`: the rules in force."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from presswatch.commands import config_option
from presswatch.commands.applying import in_force, table
from presswatch.control.report import when
from presswatch.core.control import Key, ObjectSet
from presswatch.core.control_rules import LIST, RULE, RuleObject
from presswatch.core.errors import BadMessageError, ConfigError
from presswatch.core.plaintext import plain
from presswatch.core.rules.rule import RuleSpec
from presswatch.settings import load


@click.command(
    epilog="""
    \b
    --json: {"rule", "state": "in force" | "disabled" | "expired", "managed_by", "hash", "spec"}, one object a line
    """
)
@click.option("--as", "manager", metavar="NAME", help="Only those that NAME manages.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with the whole rule.")
@config_option
def command(manager: str | None, as_json: bool, config: Path | None) -> None:
    """List the rules in force, from the topic that every indexer follows, and who manages them."""
    settings = load(config).settings
    from presswatch.topology import CONTROL_RULES

    found = in_force(settings, CONTROL_RULES)
    today = datetime.now(UTC).date()
    rows = [row for row in _rows(found, today) if manager is None or row["managed_by"] == manager]
    if as_json:
        import orjson

        for row in rows:
            click.echo(orjson.dumps({**row, "spec": row["spec"].model_dump(mode="json", exclude_defaults=True)}))
        return
    head = ("RULE", "STATE", "SEVERITY", "MANAGED BY", "NAME")
    cells = [
        (row["rule"], row["state"], row["spec"].severity, row["managed_by"], plain(row["spec"].name, 80))
        for row in rows
    ]
    for line in table([head, *cells]) if rows else ():
        click.echo(line)
    click.echo(_summary(found, rows, manager))


def _rows(found: ObjectSet, today: date) -> list[dict[str, Any]]:
    rows = []
    for text, value in found.objects.items():
        key = Key.parse(text)
        if key is None or key.kind != RULE:
            continue
        try:
            spec = RuleObject.decode(value).spec
        except BadMessageError as error:
            raise ConfigError(f"{text} cannot be read by this version of Presswatch: {error.detail}") from error
        rows.append(
            {"rule": key.id, "state": _state(spec, today), "managed_by": found.managers[text], "hash": key.hash, "spec": spec}
        )  # fmt: skip
    return sorted(rows, key=lambda row: str(row["rule"]))


def _state(spec: RuleSpec, today: date) -> str:
    if not spec.enabled:
        return "disabled"
    return "in force" if spec.expires is None or today <= spec.expires else "expired"


def _summary(found: ObjectSet, rows: list[dict[str, Any]], manager: str | None) -> str:
    if not found.generation:
        return "nothing was ever applied: no rule is in force (presswatch rules apply DIR)"
    lists = sum(key.startswith(f"{LIST}:") and manager in (None, found.managers[key]) for key in found.objects)
    idle = sum(row["state"] != "in force" for row in rows)
    number = f"{len(rows)} rule{'s' * (len(rows) != 1)}" + (f" ({idle} disabled or expired)" if idle else "")
    number += f", {lists} list{'s' * (lists != 1)}" if lists else ""
    whose = f" of {manager}" if manager else ""
    return f"{number}{whose}; {when(found)}"
