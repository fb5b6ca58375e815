"""The subcommands of `presswatch`, one module each, with the attribute `command`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import click

from presswatch.core.errors import ConfigError
from presswatch.core.periods import moment

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings file (YAML); the file that PRESSWATCH_CONFIG names if not given.",
)


def packs_option(otherwise: str) -> Callable[[Any], Any]:
    """Return the option `--packs`, which becomes the argument `packs`; `otherwise` says which are used without it."""
    return click.option(
        "--packs",
        metavar="DIR|applied|built-in",
        help="Topic packs: those of a folder, `applied` (what taggers use now, from Kafka), or `built-in` (those that come with "
        f"Presswatch). If not given, {otherwise}.",
    )


def sample_option(default: int) -> Callable[[Any], Any]:
    """Return the option `--sample`, which becomes the argument `size`: how many articles a command reads, about."""
    return click.option(
        "--sample", "size", type=click.IntRange(min=1), default=default, show_default=True, metavar="N",
        help="Articles read, about; all, if they are no more. Of more, those whose ids begin lowest, which is as good as by chance.",
    )  # fmt: skip


class LazyGroup(click.Group):
    """A group that imports the modules of some commands on first use only, so that `presswatch tag` never pays for Kafka."""

    lazy: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """By name of the command, the module whose attribute `command` it is, and the line about it in the help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a newcomer meets them."""
        return [*(name for name in super().list_commands(ctx) if name not in self.lazy), *self.lazy]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None if there is none of that name."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        command = import_module(self.lazy[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing the lazy ones."""
        rows = [
            (name, self.lazy[name][1] if name in self.lazy else self.commands[name].get_short_help_str(200))
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def period(since: str | None, until: str | None, now: int) -> tuple[int | None, int | None]:
    """Return what `--since` and `--until` say as milliseconds since 1970, the second exclusive; None where not given.

    Args:
        since, until: as typed, see `core.periods.moment`.
        now: milliseconds since 1970.

    Raises:
        ConfigError: one is no time, or there is nothing between them.
    """
    times: list[int | None] = []
    for option, written in (("--since", since), ("--until", until)):
        try:
            times.append(None if written is None else moment(written, now, end=option == "--until"))
        except ValueError as error:
            raise ConfigError(f"{option}: {error}") from error
    first, end = times
    if first is not None and end is not None and first >= end:
        raise ConfigError(f"--since {since} is not before --until {until}: there is nothing between them")
    return first, end
