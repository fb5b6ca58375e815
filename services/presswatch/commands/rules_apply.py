"""`presswatch rules apply`: put a folder of rules into force, everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import click

from presswatch.commands.applying import BY_FILES, STAYS, Wish, apply_options, is_empty, publish, wish
from presswatch.core.control import Object
from presswatch.core.control_rules import EXCLUSIVE, objects_of
from presswatch.core.errors import ConfigError
from presswatch.core.rules.blindness import asks_for_topics, lints, named_languages
from presswatch.core.rules.rule import Rule
from presswatch.packsource import packs_in_force
from presswatch.rulefiles import FileMistakesError, check_rules, load_lists
from presswatch.ruletests import example_places, pictures, run_examples
from presswatch.settings import Settings, load


class RefusedError(FileMistakesError):
    """Rule files are wrong, so that what is in force stays."""

    consequence: ClassVar[str] = STAYS


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
@apply_options
def command(folder: Path | None, config: Path | None, *, allow_empty: bool, **how: bool | str) -> None:
    """Check all rules of DIR (or of the folder in the settings) and their examples, and put them into force as a whole."""
    settings = load(config).settings
    folder = folder or settings.rules
    if folder is None:
        raise click.UsageError("name a folder of rules, or set `rules` in the settings")
    asked = wish(**how)  # type: ignore[arg-type]
    objects: Sequence[Object] = ()
    if not (allow_empty and is_empty(folder)):
        rules = checked_rules(folder)
        objects = objects_of(rules, load_lists(folder))
        for line in blindness(rules, settings):
            click.echo(line, err=True)
    for line in publish_rules(settings, objects, asked):
        click.echo(line)


def blindness(rules: Sequence[Rule], settings: Settings) -> Iterator[str]:
    """Yield a warning for each rule that is limited to languages in which the packs in force cannot judge its topics.

    Raises:
        ConfigError, RetryableError: see `packsource.packs_in_force`.
    """
    asking = [rule for rule in rules if named_languages(rule.node) and asks_for_topics(rule.node)]
    if asking:
        packs = packs_in_force(settings)
        for rule in asking:
            for lint in lints(rule.node, packs.supported):
                yield f"warning: rule {rule.id}: {lint.message} (by {packs.name})"


def publish_rules(settings: Settings, objects: Sequence[Object], how: Wish = BY_FILES) -> Iterator[str]:
    """Put rules into force; yield the lines that say what was done. See `applying.publish`."""
    from presswatch.topology import CONTROL_RULES

    return publish(settings, CONTROL_RULES, objects, how, exclusive=EXCLUSIVE)


def objects_in(folder: Path) -> Sequence[Object]:
    """Return the objects of a folder of rules, after all checks.

    Raises:
        RefusedError, ConfigError: see `checked_rules`.
    """
    return objects_of(checked_rules(folder), load_lists(folder))


def checked_rules(folder: Path) -> Sequence[Rule]:
    """Return the rules of a folder, after all checks.

    Raises:
        RefusedError: a file is wrong, or there is no rule.
        ConfigError: an example of a rule fails.
    """
    checked = check_rules(folder)
    if checked.problems:
        raise RefusedError(checked.problems)
    failed = [outcome for outcome in run_examples(checked.rules) if not outcome.passed]
    if failed:
        number = f"{len(failed)} example{'s' * (len(failed) != 1)} failed"
        shown = "\n".join(pictures(failed, example_places(folder)))
        raise ConfigError(f"{shown}\n{number}: {STAYS}")
    return checked.rules
