"""The command `presswatch`. Commands live in `presswatch.commands`, one module each, imported only when called."""

from __future__ import annotations

import sys
from typing import ClassVar

import click

from presswatch.commands import LazyGroup
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
    "topics": "Test, measure and apply topic packs; list those in force.",
    "match": "Match rules: JSON Lines in, JSON Lines out.",
    "rules": "Print, test, lint, compare and apply rules; list those in force.",
    "explain": "Tell why a rule matches an article, or why not.",
    "search": "Search the indexed articles in the rule language.",
    "audit": "Prove that nothing is missing, or name it and send it again.",
    "trace": "Show the way of one article, with times.",
    "dlq": "Look at dead letters, try them again or drop them.",
    "replay": "Send articles through all stages once more, behind the live ones.",
    "retention": "Delete months that need not be kept any longer.",
    "forget": "Have articles erased, and never taken in again.",
    "backup": "Back up control plane, dead letters and the ledger of alerts.",
    "restore": "Put a backup back.",
    "demo": "Run the whole system once on articles made for it.",
    "up": "Run the whole system on this machine, to stay.",
    "down": "Stop what `up` started.",
}


class LazyCommands(LazyGroup):
    """The commands of `COMMANDS`."""

    lazy: ClassVar = {name: (f"presswatch.commands.{name}", about) for name, about in COMMANDS.items()}


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
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
