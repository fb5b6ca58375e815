"""`presswatch topics diff`: which of the indexed articles would gain or lose a tag by other topic packs, and why."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from presswatch import matching
from presswatch.commands import config_option, period, sample_option
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
)
from presswatch.commands.topics_reasons import edited, scores, told
from presswatch.core.errors import BadMessageError
from presswatch.core.plaintext import plain
from presswatch.core.retagging import Difference, PackEdit, Retagging
from presswatch.packsource import PackSet, packs_named
from presswatch.settings import load

if TYPE_CHECKING:
    from presswatch.sample import Sample

SAMPLE = 10_000
MOST_LANGUAGES = 20
"""Languages of which the numbers are shown, those with most differences."""


@click.command(
    "diff",
    epilog="""
    \b
    presswatch topics diff applied packs --since 30d       what applying the folder `packs` would change
    presswatch topics diff packs-before packs
    presswatch topics diff built-in packs --sample 100000

    OLD and NEW are folders of topic packs (or one file); `applied`: those that taggers use now, from Kafka; `built-in`: those that come with Presswatch. (A folder of such
    a name is ./applied.) TIME is as for `presswatch search`. Both versions tag the articles anew; the tags that are stored are not looked at.

    \b
    --json, one object a line:
      {"topic", "sign": "+" | "-", "id", "title", "url", "source", "lang", "published", "fetched", "old": {"score", "threshold"}, "new": {...},
       "reasons": [{"kind", "name", "old", "new", "quotes"}]}     null: that version cannot judge the article
      {"topic", "change": "changed" | "added" | "removed", "added", "removed", "both", "languages": {LANG: {"added", "removed", "both"}}}
      {"topics": {"changed", "added", "removed", "unchanged"}, "articles_read", "articles", "sample", "added", "removed", "old", "new"}     last

    Exit code: 0, whatever differs; 2 if a pack is wrong, or Elasticsearch or, for `applied`, Kafka is away.
    """,
)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--since", metavar="TIME", default="30d", show_default=True, help="Only articles from then on.")
@click.option("--until", metavar="TIME", help="Only articles before then; of a day, to its end.")
@sample_option(SAMPLE)
@limit_option("topic")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, written as it is found.")
@config_option
def diff(
    old: str, new: str, since: str, until: str | None, size: int, limit: int | None, as_json: bool, config: Path | None
) -> None:
    """Compare two versions of topic packs, OLD and NEW, over the articles indexed: which would gain a tag, which would lose one, and why.

    Topics are compared by name. Those whose packs decide alike are left out.
    """
    settings = load(config).settings
    first, end = period(since, until, time.time_ns() // 1_000_000)
    sets = packs_named(old, settings), packs_named(new, settings)
    retagging = Retagging(sets[0].packs, sets[1].packs, matching.engine())
    from presswatch.adapters.elasticsearch import connect
    from presswatch.sample import Sample

    with connect(settings.elasticsearch) as client:
        sample = Sample(client, settings.elasticsearch, first, end, size)
        report = _Json(retagging, sample, sets, limit) if as_json else _Text(retagging, sample, sets, limit)
        report.read()
    report.close()
    if not set(sets[0].topics) & set(sets[1].topics):
        click.echo("presswatch: OLD and NEW have no topic in common; packs are compared by their topics", err=True)
    if not sample.total:
        click.echo("presswatch: no article of that time is indexed, so nothing could be compared", err=True)


@dataclass
class _Report(ABC):
    """Reads and tells; of what is read only numbers are kept, and articles up to the limit.

    Args:
        retagging: compares.
        sample: the articles.
        sets: OLD and NEW.
        limit: articles of each topic and sign; None if not given.
    """

    retagging: Retagging
    sample: Sample
    sets: tuple[PackSet, PackSet]
    limit: int | None
    articles: int = 0

    def read(self) -> None:
        """Compare all articles, if there is anything to compare."""
        if all(edit.change == "unchanged" for edit in self.retagging.edits):
            return
        listed: Counter[tuple[str, str]] = Counter()
        for article in self.sample:
            self.articles += 1
            try:
                for difference in self.retagging.compare(article):
                    listed[difference.topic, difference.sign] += 1
                    if self.wants(listed[difference.topic, difference.sign]):
                        self.article(difference, article)
            except BadMessageError as error:
                click.echo(f"presswatch: article {article.get('id')} could not be read: {error.detail}", err=True)

    def languages(self, topic: str) -> dict[str, tuple[int, int, int]]:
        """Return by language how many articles came, went and stayed, those with most differences first."""
        found = self.retagging.counts
        langs = {lang for name, lang, _ in found if name == topic}
        rows = {lang: (found[topic, lang, "+"], found[topic, lang, "-"], found[topic, lang, "="]) for lang in langs}
        return dict(sorted(rows.items(), key=lambda row: (-row[1][0] - row[1][1], -row[1][2], row[0])))

    def totals(self, topic: str) -> tuple[int, int, int]:
        """Return how many articles came, went and stayed, in all languages."""
        rows = self.languages(topic).values()
        added, removed, both = (sum(row[at] for row in rows) for at in range(3))
        return added, removed, both

    def changed(self) -> list[PackEdit]:
        """Return the topics that differ."""
        return [edit for edit in self.retagging.edits if edit.change != "unchanged"]

    @abstractmethod
    def wants(self, number: int) -> bool:
        """Tell whether the so manieth article of a topic and sign is listed."""

    @abstractmethod
    def article(self, difference: Difference, article: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def close(self) -> None: ...


class _Json(_Report):
    def wants(self, number: int) -> bool:
        return self.limit is None or number <= self.limit

    def article(self, difference: Difference, article: Mapping[str, Any]) -> None:
        sides = {name: side and side._asdict() for name, side in (("old", difference.old), ("new", difference.new))}
        reasons = [reason._asdict() for reason in difference.reasons]
        say_json({"topic": difference.topic, "sign": difference.sign, **about(article), **sides, "reasons": reasons})

    def close(self) -> None:
        names = ("added", "removed", "both")
        totals = {}
        for edit in self.changed():
            totals[edit.topic] = self.totals(edit.topic)
            langs = {lang: dict(zip(names, row, strict=True)) for lang, row in self.languages(edit.topic).items()}
            numbers = dict(zip(names, totals[edit.topic], strict=True))
            say_json({"topic": edit.topic, "change": edit.change, **numbers, "languages": langs})
        kinds = Counter(edit.change for edit in self.retagging.edits)
        say_json(
            {
                "topics": {kind: kinds[kind] for kind in ("changed", "added", "removed", "unchanged")},
                "articles_read": self.articles,
                "articles": self.sample.total,
                "sample": not self.sample.whole,
                "added": sum(row[0] for row in totals.values()),
                "removed": sum(row[1] for row in totals.values()),
                "old": {"packs": self.sets[0].name, "generation": self.sets[0].generation},
                "new": {"packs": self.sets[1].name, "generation": self.sets[1].generation},
            }
        )


@dataclass
class _Text(_Report):
    _blocks: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def _most(self) -> int:
        return LISTED if self.limit is None else self.limit

    def wants(self, number: int) -> bool:
        return number <= self._most

    def article(self, difference: Difference, article: Mapping[str, Any]) -> None:
        lines = self._blocks.setdefault((difference.topic, difference.sign), [])
        lines.extend(head(difference.sign, article))
        lang = f"{plain(str(article.get('lang') or 'no language'), 20)}; "
        lines.append(f"      {lang}{scores(difference.old, difference.new)}")
        lines.extend(f"      {line}" for line in map(told, difference.reasons))

    def close(self) -> None:
        for edit in self.changed():
            say(f"{edit.topic}: {HEADINGS[edit.change]}")
            for line in edited(edit):
                say(f"  {line}")
            added, removed, both = self.totals(edit.topic)
            for sign, number in (("+", added), ("-", removed)):
                for line in (*self._blocks.get((edit.topic, sign), ()), *more(sign, number, self._most)):
                    say(line)
            say(f"  {counts(added, removed, both)}")
            for line in self._by_language(edit.topic):
                say(f"    {line}")
            say("")
        changed = self.changed()
        width = max((len(edit.topic) for edit in changed), default=0)
        for edit in changed:
            added, removed, both = self.totals(edit.topic)
            say(f"{edit.topic.ljust(width)}  {counts(added, removed, both)}{self._in_all(added, removed)}")
        kinds: Counter[str] = Counter(edit.change for edit in self.retagging.edits)
        read = "no article was read" if not changed else f"over {self.sample}"
        if changed and not self.sample.whole:
            read += f", {self.articles:,} read"
        say(f"{summary(kinds, 'topic')}; {read}")
        for name, packs in zip(("OLD", "NEW"), self.sets, strict=True):
            say(f"{name}: {packs.name}")

    def _by_language(self, topic: str) -> Iterator[str]:
        rows = list(self.languages(topic).items())
        if len(rows) < 2:
            return
        for lang, row in rows[:MOST_LANGUAGES]:
            yield f"{plain(lang or 'no language', 20)}: {counts(*row)}"
        if len(rows) > MOST_LANGUAGES:
            yield f"and {len(rows) - MOST_LANGUAGES} languages more (--json)"

    def _in_all(self, added: int, removed: int) -> str:
        """Say what the sample makes likely for all articles."""
        if self.sample.whole or not self.articles:
            return ""
        factor = self.sample.total / self.articles
        return f" (in all about +{added * factor:,.0f}, -{removed * factor:,.0f})"
