"""`presswatch topics apply` and `topics list`: put a folder of topic packs into force, everywhere; tell what is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import click

from presswatch.commands import config_option
from presswatch.commands.applying import STAYS, apply_options, in_force, is_empty, publish, table, wish
from presswatch.control.report import when
from presswatch.core.control import BrokenSetError, Object
from presswatch.core.control_packs import EXCLUSIVE, object_of, spec_in
from presswatch.core.errors import ConfigError
from presswatch.packfiles import PackFileError, load_files
from presswatch.settings import load
from presswatch.topictests import picture, run_examples
from presswatch.topology import CONTROL_PACKS


class RefusedError(PackFileError):
    """Topic packs are wrong, so that what is in force stays."""

    consequence: ClassVar[str] = STAYS


@click.command(
    "apply",
    epilog="""
    \b
    presswatch topics apply packs/ --dry-run
    presswatch topics apply packs/

    What NAME has in force becomes exactly what is in DIR. From the first time on, taggers use what was applied and no longer the packs that come with Presswatch: put
    those that you want to keep into DIR. Exit code: 0; 2 if a pack is wrong, an example fails, or Kafka is away: then the packs in force stay.
    """,
)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@apply_options
def apply(folder: Path, config: Path | None, *, allow_empty: bool, **how: bool | str) -> None:
    """Check the topic packs of DIR and their examples, and put them into force as a whole, in every tagger."""
    settings = load(config).settings
    asked = wish(**how)  # type: ignore[arg-type]
    objects = () if allow_empty and is_empty(folder) else objects_in(folder)
    for line in publish(settings, CONTROL_PACKS, objects, asked, exclusive=EXCLUSIVE):
        click.echo(line)


def objects_in(folder: Path) -> Sequence[Object]:
    """Return the objects of a folder of topic packs, after all checks.

    Raises:
        RefusedError: a file is wrong, or there is no pack.
        ConfigError: an example fails.
    """
    try:
        files = load_files(folder)
    except PackFileError as error:
        raise RefusedError(error.problems) from error
    failed = [outcome for outcome in run_examples(files) if not outcome.passed]
    if failed:
        number = f"{len(failed)} example{'s' * (len(failed) != 1)} failed"
        raise ConfigError("\n".join([*map(picture, failed), f"{number}: {STAYS}"]))
    return [object_of(file.spec, file.learned) for file in files]


@click.command("list")
@config_option
def list_packs(config: Path | None) -> None:
    """List the topic packs in force, from the topic that every tagger follows, and who manages them."""
    found = in_force(load(config).settings, CONTROL_PACKS)
    if not found.objects:
        click.echo(
            "no pack is applied: taggers use those that come with Presswatch, or those of the setting tagger.packs"
        )
        return
    rows = [("TOPIC", "THRESHOLD", "LEARNED", "MANAGED BY", "LANGUAGES")]
    for key, value in sorted(found.objects.items()):
        try:
            stored = spec_in(key, value)
        except BrokenSetError as error:
            raise ConfigError(f"{error}; this version of Presswatch may be too old for it") from error
        learned = "yes" if stored.learned else "no"
        languages = " ".join(sorted(stored.spec.patterns))
        rows.append((stored.spec.topic, f"{stored.spec.threshold:g}", learned, found.managers[key], languages))
    for line in table(rows):
        click.echo(line)
    click.echo(f"{len(rows) - 1} topic{'s' * (len(rows) != 2)}; {when(found)}")
