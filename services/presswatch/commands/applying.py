"""What `presswatch rules apply` and `presswatch topics apply` share: their options, and the way into force."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from presswatch.commands import config_option
from presswatch.core.control import BrokenSetError, Object, ObjectSet
from presswatch.core.errors import ConfigError
from presswatch.settings import Settings

DEFAULT_MANAGER = "files"
_MANAGER = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")

STAYS = "nothing was applied; what is in force stays"


@dataclass(frozen=True, slots=True)
class Wish:
    """How to apply; see `core.control.plan`."""

    manager: str = DEFAULT_MANAGER
    dry_run: bool = False
    take_over: bool = False
    repair: bool = False


BY_FILES = Wish()


def apply_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of an `apply` command; of them `wish` makes a `Wish`."""
    for option in reversed(
        (
            click.option(
                "--as", "manager", metavar="NAME", default=DEFAULT_MANAGER, show_default=True, help="Who manages them."
            ),
            click.option("--dry-run", is_flag=True, help="Only show what would change."),
            click.option(
                "--take-over", is_flag=True, help="Also take what somebody else manages under the same names."
            ),
            click.option(
                "--allow-empty", is_flag=True, help="DIR may be empty: then all that NAME manages is removed."
            ),
            click.option("--repair", is_flag=True, help="Go on although the manifest in the topic cannot be read."),
            config_option,
        )
    ):
        command = option(command)
    return command


def wish(*, manager: str, dry_run: bool, take_over: bool, repair: bool) -> Wish:
    """Return what the options ask for.

    Raises:
        click.BadParameter: the manager's name is none.
    """
    if not _MANAGER.fullmatch(manager):
        raise click.BadParameter(
            f"`{manager}` is no name: lower-case letters, digits, hyphens, dots, underscores", param_hint="--as"
        )
    return Wish(manager, dry_run, take_over, repair)


def publish(
    settings: Settings, name: str, objects: Sequence[Object], how: Wish = BY_FILES, *, exclusive: Collection[str]
) -> Iterator[str]:
    """Put objects into force; yield the lines that say what was done.

    Args:
        name: the control topic.
        exclusive: kinds of which an id belongs to one manager only.

    Raises:
        ConfigError, RetryableError: see `control.apply`.
    """
    from presswatch.control.apply import apply
    from presswatch.control.report import lines

    _quiet(settings)
    change = apply(
        settings.kafka, name, how.manager, objects,
        exclusive=exclusive, take_over=how.take_over, repair=how.repair, dry_run=how.dry_run,
    )  # fmt: skip
    return lines(change, how.manager, dry_run=how.dry_run)


def in_force(settings: Settings, name: str) -> ObjectSet:
    """Return the set that a control topic holds.

    Raises:
        ConfigError: it is not whole, or Kafka refuses us.
        RetryableError: Kafka is away.
    """
    from presswatch.control.topic import read

    _quiet(settings)
    try:
        return read(settings.kafka, name).current()
    except BrokenSetError as error:
        raise ConfigError(
            f"what was applied last is not whole: {error}\nServices keep the set that they had before; "
            "apply again to mend it"
        ) from error


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def is_empty(folder: Path) -> bool:
    """Tell whether a folder holds no YAML file at any depth."""
    return folder.is_dir() and not any(path.suffix.lower() in {".yaml", ".yml"} for path in folder.rglob("*"))


def _quiet(settings: Settings) -> None:
    from presswatch.runtime import configure_logs

    configure_logs(settings.log.model_copy(update={"level": "error"}), "apply")
    logging.getLogger("kafka.producer").setLevel(logging.CRITICAL)  # that others overtook us is no error
