"""`presswatch rules diff`: what an edit of rules would have changed over the articles that are indexed."""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from presswatch.commands import config_option, period
from presswatch.comparison import Comparison, Difference
from presswatch.core.plaintext import plain
from presswatch.core.rules.edits import Change, Edit, edits, list_edits
from presswatch.core.rules.printer import to_query
from presswatch.history import indexed
from presswatch.jsonlines import write
from presswatch.listing import MAX_HEADLINE, day_and_time, iso, quotes
from presswatch.rulefiles import load_rules
from presswatch.settings import load

LISTED = 20
"""Articles listed of each rule and sign, if nothing else is said; all are counted."""

MAX_WHY = 300
MAX_QUERY = 400

_HEADINGS: dict[Change, str] = {"changed": "changed", "added": "only in NEW", "removed": "only in OLD"}


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
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"List at most N articles of each rule and sign; {LISTED} if not given, with --json all. All are counted.",
)
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
        article = difference.article
        _line(
            {
                "rule": edit.id,
                "sign": difference.sign,
                **{name: article.get(name) for name in ("id", "title", "url", "source", "lang")},
                **{name: iso(article.get(name)) for name in ("published", "fetched")},
                "receipt": [receipt.shown() for receipt in difference.receipts],
                "failed": difference.failed,
            }
        )

    def end(self, edit: Edit, comparison: Comparison) -> None:
        super().end(edit, comparison)
        added, removed, both = comparison.added, comparison.removed, comparison.both
        _line({"rule": edit.id, "change": edit.change, "note": edit.note, "added": added, "removed": removed, "both": both})  # fmt: skip

    def close(self, made: list[Edit], articles: int) -> None:
        kinds = Counter(edit.change for edit in made)
        numbers = {kind: kinds[kind] for kind in ("changed", "added", "removed", "unchanged")}
        _line({"rules": numbers, "articles": articles, "added": sum(row[1] for row in self.rows), "removed": sum(row[2] for row in self.rows)})  # fmt: skip


class _Text(_Report):
    def begin(self, edit: Edit) -> None:
        note = f" ({edit.note})" if edit.note else ""
        _say(f"{edit.id}: {_HEADINGS[edit.change]}{note}")
        for name, rule in (("OLD", edit.old), ("NEW", edit.new)):
            if rule:
                _say(f"  {name}  {plain(to_query(rule.node), MAX_QUERY)}")
        for name, (came, went) in list_edits(edit).items():
            _say(f"  @{name}: {', '.join([*_terms('+', came), *_terms('-', went)])}")

    def article(self, edit: Edit, difference: Difference) -> None:
        article = difference.article
        title = plain(article.get("title") or article.get("text", "")[:MAX_HEADLINE], MAX_HEADLINE)
        _say(f"  {difference.sign} {day_and_time(article)}  {title}")
        _say(f"      {article['id']}  {plain(article.get('url') or '', 500) if article.get('url') else ''}".rstrip())
        _say(f"      matched: {quotes(difference.receipts)}")
        if difference.failed:
            _say(f"      {'OLD' if difference.sign == '+' else 'NEW'} fails at {plain(difference.failed, MAX_WHY)}")

    def end(self, edit: Edit, comparison: Comparison) -> None:
        super().end(edit, comparison)
        assert self.limit is not None
        for sign, number in (("+", comparison.added), ("-", comparison.removed)):
            if self.limit and number > self.limit:
                _say(f"  {sign} and {number - self.limit:,} more (--limit)")
        _say(f"  {_counts(comparison.added, comparison.removed, comparison.both)}\n")

    def close(self, made: list[Edit], articles: int) -> None:
        kinds = Counter(edit.change for edit in made)
        if self.rows:
            width = max(len(edit.id) for edit, *_ in self.rows)
            for edit, added, removed, both in self.rows:
                _say(f"{edit.id.ljust(width)}  {_counts(added, removed, both)}")
        told = [f"{kinds[kind]:,} {words}" for kind, words in _HEADINGS.items() if kinds[kind]]
        told.append(f"{kinds['unchanged']:,} unchanged")
        _say(f"{len(made):,} rule{'s' * (len(made) != 1)}: {', '.join(told)}; over {articles:,} articles")


def _terms(sign: str, terms: list[str]) -> list[str]:
    shown = [f"{sign}{plain(term, MAX_HEADLINE)}" for term in terms[:LISTED]]
    return [*shown, f"{sign}{len(terms) - LISTED:,} more"] if len(terms) > LISTED else shown


def _counts(added: int, removed: int, both: int) -> str:
    return f"+{added:,} article{'s' * (added != 1)}, -{removed:,}; {both:,} in both"


def _say(line: str) -> None:
    write(sys.stdout.buffer, f"{line}\n".encode("utf-8", "replace"))


def _line(data: dict[str, Any]) -> None:
    _say(json.dumps(data, ensure_ascii=False))
