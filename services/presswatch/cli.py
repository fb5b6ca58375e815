"""The command `presswatch`. Commands live in `presswatch.commands`, one module each, imported only when called."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from presswatch.core.errors import PresswatchError

COMMANDS = {
    "ingest": "Read feeds and JSON Lines into Kafka.",
    "tagger": "Tag articles by topic (a stream processor).",
    "indexer": "Match alert rules and index articles.",
    "alerter": "Decide on alerts and deliver them to Slack.",
    "setup": "Create or update Kafka topics and Elasticsearch indices.",
    "engines": "Start and stop Kafka and Elasticsearch on this machine.",
    "doctor": "Tell what this machine has and lacks.",
    "config": "Show the settings in force and where each comes from.",
    "tag": "Tag articles by topic: JSON Lines in, JSON Lines out.",
    "topics": "Test topic packs on the examples that stand in them.",
    "match": "Match rules: JSON Lines in, JSON Lines out.",
    "rules": "Print, test and lint rules, before they are in force.",
    "explain": "Tell why a rule matches an article, or why not.",
    "search": "Search the indexed articles in the rule language.",
    "demo": "Run the whole system once on articles made for it.",
    "dlq": "Look at dead letters, try them again or drop them.",
    "up": "Run the whole system on this machine, to stay.",
    "down": "Stop what `up` started.",
}


class LazyGroup(click.Group):
    """Imports a command's module on first use, so that `presswatch tag` never pays for Kafka."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"presswatch.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="presswatch")
def cli() -> None:
    """Media monitoring over Kafka and Elasticsearch."""


def main() -> None:
    """Run the command line; a mistake of the user's ends with its text and exit code 2."""
    try:
        cli(prog_name="presswatch")
    except PresswatchError as error:
        click.echo(f"presswatch: {error}", err=True)
        sys.exit(2)
