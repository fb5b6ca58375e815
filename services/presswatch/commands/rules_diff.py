"""`presswatch rules diff`: what an edit of rules would have changed over the articles that are indexed."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from presswatch.commands import config_option, period
from presswatch.commands.differences import (
    HEADINGS,
    LISTED,
    about,
    counts,
    head,
    limit_option,
    more,
    say,
    say_json,
    summary,
    terms,
)
from presswatch.comparison import Comparison, Difference
from presswatch.core.plaintext import plain
from presswatch.core.rules.edits import Edit, edits, list_edits
from presswatch.core.rules.printer import to_query
from presswatch.history import indexed
from presswatch.listing import quotes
from presswatch.rulefiles import load_rules
from presswatch.settings import load

MAX_WHY = 300
MAX_QUERY = 400


@click.command(
    epilog="""
    \b
    presswatch rules diff rules-before rules --since 30d
    git worktree add /tmp/before main && presswatch rules diff /tmp/before/rules rules --since 30d

    TIME is as for `presswatch search`. A rule that is disabled or has expired matches nothing.

    \b
    --json, one object a line:
      {"rule", "sign": "+" | "-", "id", "title", "url", "source", "lang", "published", "fetched", "receipt": [...], "failed"}
      {"rule", "change": "changed" | "added" | "removed", "note", "added", "removed", "both"}      after those of each rule
      {"rules": {"changed", "added", "removed", "unchanged"}, "articles", "added", "removed"}     last

    Exit code: 0, whatever differs; 2 if a rule is wrong or Elasticsearch is away.
    """
)
@click.argument("old", metavar="OLD", type=click.Path(exists=True, path_type=Path))
@click.argument("new", metavar="NEW", type=click.Path(exists=True, path_type=Path))
@click.option("--since", metavar="TIME", default="30d", show_default=True, help="Only articles from then on.")
@click.option("--until", metavar="TIME", help="Only articles before then; of a day, to its end.")
@limit_option("rule")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, written as it is found.")
@config_option
def command(
    old: Path, new: Path, since: str, until: str | None, limit: int | None, as_json: bool, config: Path | None
) -> None:
    """Compare two versions of rules, OLD and NEW, over the articles indexed: which would come, which would go, and why.

    Rules are compared by id. Those whose version is the same are not read again.
    """
    settings = load(config).settings
    first, end = period(since, until, time.time_ns() // 1_000_000)
    made = edits(load_rules(old), load_rules(new), datetime.now(UTC).date())
    from presswatch.adapters.elasticsearch import connect

    report = _Json(limit) if as_json else _Text(LISTED if limit is None else limit)
    with connect(settings.elasticsearch) as client:
        articles = indexed(client, settings.elasticsearch, first, end)
        for edit in made:
            if edit.change == "unchanged":
                continue
            comparison = Comparison(client, settings.elasticsearch, edit, first, end)
            report.begin(edit)
            listed: Counter[str] = Counter()
            for difference in comparison:
                listed[difference.sign] += 1
                if report.limit is None or listed[difference.sign] <= report.limit:
                    report.article(edit, difference)
            report.end(edit, comparison)
            _complain(comparison)
        report.close(made, articles)
    if made and not any(edit.old and edit.new for edit in made):
        click.echo("presswatch: OLD and NEW have no id in common; rules are compared by their ids", err=True)


def _complain(comparison: Comparison) -> None:
    if comparison.search.outdated:
        number = f"{comparison.search.outdated:,} articles of this time were"
        click.echo(f"presswatch: {number} indexed by another version of Presswatch: each had to be read", err=True)
    for identity, why in comparison.search.unreadable:
        click.echo(f"presswatch: article {identity} could not be read: {why}", err=True)


class _Report(ABC):
    """Writes while it is read; of what is written only numbers are kept."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.rows: list[tuple[Edit, int, int, int]] = []

    @abstractmethod
    def begin(self, edit: Edit) -> None: ...

    @abstractmethod
    def article(self, edit: Edit, difference: Difference) -> None: ...

    def end(self, edit: Edit, comparison: Comparison) -> None:
        self.rows.append((edit, comparison.added, comparison.removed, comparison.both))

    @abstractmethod
    def close(self, made: list[Edit], articles: int) -> None: ...


class _Json(_Report):
    def begin(self, edit: Edit) -> None: ...

    def article(self, edit: Edit, difference: Difference) -> None:
        say_json(
            {
                "rule": edit.id,
                "sign": difference.sign,
                **about(difference.article),
                "receipt": [receipt.shown() for receipt in difference.receipts],
                "failed": difference.failed,
            }
        )

    def end(self, edit: Edit, comparison: Comparison) -> None:
        super().end(edit, comparison)
        added, removed, both = comparison.added, comparison.removed, comparison.both
        say_json({"rule": edit.id, "change": edit.change, "note": edit.note, "added": added, "removed": removed, "both": both})  # fmt: skip

    def close(self, made: list[Edit], articles: int) -> None:
        kinds: Counter[str] = Counter(edit.change for edit in made)
        numbers = {kind: kinds[kind] for kind in ("changed", "added", "removed", "unchanged")}
        say_json({"rules": numbers, "articles": articles, "added": sum(row[1] for row in self.rows), "removed": sum(row[2] for row in self.rows)})  # fmt: skip


class _Text(_Report):
    def begin(self, edit: Edit) -> None:
        note = f" ({edit.note})" if edit.note else ""
        say(f"{edit.id}: {HEADINGS[edit.change]}{note}")
        for name, rule in (("OLD", edit.old), ("NEW", edit.new)):
            if rule:
                say(f"  {name}  {plain(to_query(rule.node), MAX_QUERY)}")
        for name, (came, went) in list_edits(edit).items():
            say(f"  @{name}: {', '.join([*terms('+', came), *terms('-', went)])}")

    def article(self, edit: Edit, difference: Difference) -> None:
        for line in head(difference.sign, difference.article):
            say(line)
        say(f"      matched: {quotes(difference.receipts)}")
        if difference.failed:
            say(f"      {'OLD' if difference.sign == '+' else 'NEW'} fails at {plain(difference.failed, MAX_WHY)}")

    def end(self, edit: Edit, comparison: Comparison) -> None:
        super().end(edit, comparison)
        assert self.limit is not None
        for sign, number in (("+", comparison.added), ("-", comparison.removed)):
            for line in more(sign, number, self.limit):
                say(line)
        say(f"  {counts(comparison.added, comparison.removed, comparison.both)}\n")

    def close(self, made: list[Edit], articles: int) -> None:
        kinds: Counter[str] = Counter(edit.change for edit in made)
        if self.rows:
            width = max(len(edit.id) for edit, *_ in self.rows)
            for edit, added, removed, both in self.rows:
                say(f"{edit.id.ljust(width)}  {counts(added, removed, both)}")
        say(f"{summary(kinds, 'rule')}; over {articles:,} articles")
