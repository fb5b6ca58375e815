"""`presswatch rules lint`: what is correct and probably not meant; with --since, also what the stream of that time shows."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import click

from presswatch.commands import config_option, packs_option, period
from presswatch.core.rules.blindness import asks_for_topics
from presswatch.core.rules.lints import Linter
from presswatch.core.rules.streamlints import FEW, StreamLinter
from presswatch.packsource import PackSet, own_packs, packs_named, packs_where_reachable
from presswatch.rulefiles import RuleFileError, check_rules, load_rules
from presswatch.settings import Settings, load

SAMPLE = 5000


@click.command(
    epilog="""
    \b
    presswatch rules lint rules
    presswatch rules lint rules --since 7d

    Without --since no engine is needed. With it the articles indexed since then tell of wildcards that stand for too many words, of languages in which articles come
    and a rule has no words, of sources, domains, countries and languages that no article has, and of the share of articles for which a rule on a topic is blind.

    Exit code: 0, with or without warnings; 2 if a rule is wrong, or with --since if Elasticsearch is away.
    """
)
@click.argument("path", metavar="DIR|FILE", type=click.Path(exists=True, path_type=Path))
@click.option("--since", metavar="TIME", help="Ask the articles indexed from then on as well; TIME as for `search`.")
@click.option("--until", metavar="TIME", help="And before then; of a day, to its end.")
@click.option(
    "--sample", "size", type=click.IntRange(min=1), default=SAMPLE, show_default=True, metavar="N",
    help="Articles read for wildcards, about; all, if they are no more.",
)  # fmt: skip
@packs_option(
    "those of the setting tagger.packs, or that come with Presswatch; with --since `applied`, where Kafka is reachable"
)
@config_option
def command(
    path: Path, since: str | None, until: str | None, size: int, packs: str | None, config: Path | None
) -> None:
    """Show what is probably not meant, in rules that are correct: each warning with its place and a mend."""
    settings = load(config).settings
    asks_stream = since is not None or until is not None
    own = packs_where_reachable if asks_stream else own_packs
    chosen = packs_named(packs, settings) if packs else own(settings)
    linter = Linter(chosen.topics, chosen.supported)
    if asks_stream:
        linter = _of_stream(settings, path, chosen, period(since, until, time.time_ns() // 1_000_000), size)
    checked = check_rules(path, linter)
    if checked.problems:
        raise RuleFileError(checked.problems)
    for warning in checked.warnings:
        click.echo(f"{warning}\n")
    number, rules = len(checked.warnings), len(checked.rules)
    places = Counter(warning.rule or warning.file for warning in checked.warnings)
    found = f"{number} warning{'s' * (number != 1)} in {len(places)} rule{'s' * (len(places) != 1)}"
    click.echo(f"{found if number else 'no warnings'}; {rules} rule{'s' * (rules != 1)} checked")
    if any(asks_for_topics(rule.node) for rule in checked.rules):
        click.echo(f"topics: by {chosen.name}")


def _of_stream(
    settings: Settings, path: Path, packs: PackSet, times: tuple[int | None, int | None], size: int
) -> Linter:
    from presswatch.adapters.elasticsearch import connect
    from presswatch.streamfacts import learn

    rules = load_rules(path)
    with connect(settings.elasticsearch) as client:
        facts = learn(client, settings.elasticsearch, [rule.node for rule in rules], *times, size)
    if facts.read < FEW:
        click.echo(f"presswatch: only {facts.read} articles of that time are indexed, too few to judge by", err=True)
    return StreamLinter(facts, packs.topics, packs.supported)
