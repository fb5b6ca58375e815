"""`presswatch rules`: look at rules before they are in force. What stands in this module needs no engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

import click

from presswatch.commands import LazyGroup
from presswatch.core.errors import ConfigError
from presswatch.core.rules.kibana import Gap, to_kibana
from presswatch.core.rules.model import Node
from presswatch.core.rules.printer import to_query
from presswatch.junit import Case, report
from presswatch.rulefiles import load_rules
from presswatch.ruletests import Outcome, details, example_places, headline, pictures, run_examples
from presswatch.typed import parse_typed

_rules_argument = click.argument("path", metavar="DIR|FILE", type=click.Path(exists=True, path_type=Path))


class RulesCommands(LazyGroup):
    """Those that need Elasticsearch or Kafka have modules of their own."""

    lazy: ClassVar = {
        "apply": ("presswatch.commands.rules_apply", "Put a folder of rules into force, everywhere."),
        "list": ("presswatch.commands.rules_list", "List the rules in force, and who manages them."),
        "lint": ("presswatch.commands.rules_lint", "Show what is probably not meant, in rules that are correct."),
        "diff": ("presswatch.commands.rules_diff", "Compare two versions of rules over the articles indexed."),
        "cost": ("presswatch.commands.rules_cost", "Tell which rules the matcher looks at often, and for which words."),
    }


@click.group(cls=RulesCommands)
def command() -> None:
    """Print, test and lint rules, before they are in force."""


@command.command(
    "print",
    epilog="""
    \b
    presswatch rules print rules/grain.yaml
    presswatch rules print --kibana -q 'wheat NEAR/5 ban* AND topic:agriculture'

    With --kibana what has no form in Lucene's syntax is written wider, so that nothing that the rule matches is missed, and is named: on standard error with -q, else
    below the rule.
    """,
)
@click.argument("path", required=False, metavar="[DIR|FILE]", type=click.Path(exists=True, path_type=Path))
@click.option("-q", "--query", metavar="QUERY", help="Print this query; DIR is then the folder of its lists (@name).")
@click.option("--kibana", is_flag=True, help="As Kibana takes it in Lucene mode, fully parenthesised.")
def print_rules(path: Path | None, query: str | None, kibana: bool) -> None:
    """Print rules in their normal form: operators in one way, groups in as many parentheses as make them plain."""
    if query is not None:
        text, gaps = _printed(parse_typed(query, path), kibana=kibana)
        click.echo(text)
        for gap in gaps:
            click.echo(_told(gap), err=True)
        return
    if path is None:
        raise click.UsageError("name a folder or file of rules, or a query: presswatch rules print -q 'wheat AND ban*'")
    for rule in load_rules(path):
        text, gaps = _printed(rule.node, kibana=kibana)
        click.echo("\n".join([rule.id, f"  {text}", *(f"  {_told(gap)}" for gap in gaps)]))


def _printed(node: Node, *, kibana: bool) -> tuple[str, tuple[Gap, ...]]:
    if not kibana:
        return to_query(node), ()
    written = to_kibana(node)
    return written.query, written.gaps


def _told(gap: Gap) -> str:
    return f"Kibana has no form for {gap.clause}: {gap.instead}"


@command.command("test")
@_rules_argument
@click.option("--junit", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML too.")
def test_rules(path: Path, junit: Path | None) -> None:
    """Run the examples of rules: must_match and must_not_match, also those of disabled and expired rules.

    An article without tags is tagged first, if its rule asks for topics. Exit code: 0; 1 if an example failed; 2 if a rule is wrong.
    """
    rules = load_rules(path)
    outcomes = run_examples(rules)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    places = example_places(path) if failed else {}
    for picture in pictures(failed, places):
        click.echo(picture)
    if junit:
        cases = [_case(outcome, places.get((outcome.rule, outcome.key, outcome.number))) for outcome in outcomes]
        _save(junit, report("presswatch rules test", cases))
    tested = {outcome.rule for outcome in outcomes}
    if idle := [rule.id for rule in rules if rule.id not in tested]:
        shown = ", ".join(idle[:5]) + (", ..." if len(idle) > 5 else "")
        click.echo(f"{_number(len(idle), 'rule')} without examples: {shown}")
    click.echo(f"{_number(len(outcomes), 'example')} of {_number(len(tested), 'rule')}: {len(failed) or 'none'} failed")
    sys.exit(1 if failed else 0)


def _case(outcome: Outcome, place: tuple[str, int] | None) -> Case:
    name = f"{outcome.key} {outcome.number}"
    if outcome.passed:
        return Case(outcome.rule, name)
    kind = "error" if outcome.matched is None else "failure"
    file, line = place or ("", 0)
    return Case(outcome.rule, name, kind, headline(outcome), "\n".join(details(outcome)), file, line)


def _save(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"--junit: cannot write {file}: {error.strerror}") from error


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
