"""`presswatch rules apply`: put a folder of rules into force, everywhere."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import click

from presswatch.commands import config_option
from presswatch.core.control import Object
from presswatch.core.control_rules import EXCLUSIVE, objects_of
from presswatch.core.errors import ConfigError
from presswatch.rulefiles import FileMistakesError, check_rules, load_lists, rule_files
from presswatch.ruletests import example_places, pictures, run_examples
from presswatch.settings import Settings, load

DEFAULT_MANAGER = "files"
_MANAGER = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")


class RefusedError(FileMistakesError):
    """Rule files are wrong, so that what is in force stays."""

    consequence: ClassVar[str] = "nothing was applied; the rules in force stay"


@click.command(
    epilog="""
    \b
    presswatch rules apply rules/
    presswatch rules apply rules/ --dry-run
    presswatch rules apply health-desk/ --as health-desk

    What NAME has in force becomes exactly what is in DIR: rules that are no longer there are removed. What others manage stays as it is. Applying again what is in
    force publishes nothing. Every indexer has the new rules within two seconds.

    Exit code: 0; 2 if a rule is wrong, an example of a rule fails, or Kafka is away: then the rules in force stay.
    """
)
@click.argument(
    "folder", required=False, metavar="[DIR]", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--as", "manager", metavar="NAME", default=DEFAULT_MANAGER, show_default=True, help="Who manages them.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--take-over", is_flag=True, help="Also take rules of these ids that somebody else manages.")
@click.option("--allow-empty", is_flag=True, help="DIR may hold no rule: then all rules of NAME are removed.")
@click.option("--repair", is_flag=True, help="Go on although the manifest in the topic cannot be read.")
@config_option
def command(
    folder: Path | None,
    manager: str,
    dry_run: bool,
    take_over: bool,
    allow_empty: bool,
    repair: bool,
    config: Path | None,
) -> None:
    """Check all rules of DIR (or of the folder in the settings) and their examples, and put them into force as a whole."""
    settings = load(config).settings
    folder = folder or settings.rules
    if folder is None:
        raise click.UsageError("name a folder of rules, or set `rules` in the settings")
    if not _MANAGER.fullmatch(manager):
        raise click.BadParameter(
            f"`{manager}` is no name: lower-case letters, digits, hyphens, dots, underscores", param_hint="--as"
        )
    objects = objects_in(folder, allow_empty=allow_empty)
    for line in publish(settings, objects, manager, take_over=take_over, repair=repair, dry_run=dry_run):
        click.echo(line)


def publish(
    settings: Settings,
    objects: Sequence[Object],
    manager: str = DEFAULT_MANAGER,
    *,
    take_over: bool = False,
    repair: bool = False,
    dry_run: bool = False,
) -> Iterator[str]:
    """Put objects of `objects_in` into force; yield the lines that say what was done. Arguments: see `control.apply`.

    Raises:
        ConfigError, RetryableError: see `control.apply`.
    """
    from presswatch.control.apply import apply
    from presswatch.control.report import lines
    from presswatch.runtime import configure_logs
    from presswatch.topology import CONTROL_RULES

    configure_logs(settings.log.model_copy(update={"level": "error"}), "rules apply")
    logging.getLogger("kafka.producer").setLevel(logging.CRITICAL)  # that others overtook us is no error
    change = apply(
        settings.kafka, CONTROL_RULES, manager, objects,
        exclusive=EXCLUSIVE, take_over=take_over, repair=repair, dry_run=dry_run,
    )  # fmt: skip
    return lines(change, manager, dry_run=dry_run)


def objects_in(folder: Path, *, allow_empty: bool = False) -> Sequence[Object]:
    """Return the objects of a folder of rules, after all checks.

    Raises:
        RefusedError: a file is wrong, or there is no rule and that is not allowed.
        ConfigError: an example of a rule fails.
    """
    if allow_empty and folder.is_dir() and not any(rule_files(folder)):
        return ()
    checked = check_rules(folder)
    if checked.problems:
        raise RefusedError(checked.problems)
    failed = [outcome for outcome in run_examples(checked.rules) if not outcome.passed]
    if failed:
        number = f"{len(failed)} example{'s' * (len(failed) != 1)} failed"
        shown = "\n".join(pictures(failed, example_places(folder)))
        raise ConfigError(f"{shown}\n{number}: {RefusedError.consequence}")
    return objects_of(checked.rules, load_lists(folder))
