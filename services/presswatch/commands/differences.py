"""What `rules diff` and `topics diff` share: the articles that come and go, for a person and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import click

from presswatch.core.plaintext import plain
from presswatch.jsonlines import write
from presswatch.listing import MAX_HEADLINE, day_and_time, iso

LISTED = 20
"""Articles listed of each rule or topic and sign, if nothing else is said; all are counted."""

HEADINGS: Mapping[str, str] = {"changed": "changed", "added": "only in NEW", "removed": "only in OLD"}


def limit_option(what: str) -> Callable[[Any], Any]:
    """Return the option `--limit`; `what` is that of which articles are listed."""
    return click.option(
        "--limit",
        type=click.IntRange(min=0),
        metavar="N",
        help=f"List at most N articles of each {what} and sign; {LISTED} if not given, with --json all. All are counted.",
    )


def head(sign: str, article: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that name an article."""
    title = plain(article.get("title") or article.get("text", "")[:MAX_HEADLINE], MAX_HEADLINE)
    yield f"  {sign} {day_and_time(article)}  {title}"
    yield f"      {article['id']}  {plain(article.get('url') or '', 500) if article.get('url') else ''}".rstrip()


def about(article: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON says of an article."""
    return {
        **{name: article.get(name) for name in ("id", "title", "url", "source", "lang")},
        **{name: iso(article.get(name)) for name in ("published", "fetched")},
    }


def counts(added: int, removed: int, both: int) -> str:
    """Return numbers of articles as they are told."""
    return f"+{added:,} article{'s' * (added != 1)}, -{removed:,}; {both:,} in both"


def more(sign: str, number: int, limit: int) -> Iterator[str]:
    """Yield the line that says how many are not listed, if any are listed at all."""
    if limit and number > limit:
        yield f"  {sign} and {number - limit:,} more (--limit)"


def summary(kinds: Mapping[str, int], noun: str) -> str:
    """Return how many there are of each kind of change: ``5 rules: 1 changed, 4 unchanged``."""
    told = [f"{kinds[kind]:,} {words}" for kind, words in HEADINGS.items() if kinds.get(kind)]
    told.append(f"{kinds.get('unchanged', 0):,} unchanged")
    number = sum(kinds.values())
    return f"{number:,} {noun}{'s' * (number != 1)}: {', '.join(told)}"


def terms(sign: str, written: Iterable[str]) -> list[str]:
    """Return what came or went, each with its sign; of many the first."""
    every = list(written)
    shown = [f"{sign}{plain(term, MAX_HEADLINE)}" for term in every[:LISTED]]
    return [*shown, f"{sign}{len(every) - LISTED:,} more"] if len(every) > LISTED else shown


def say(line: str) -> None:
    """Write a line, also where the terminal has no letters for it."""
    write(sys.stdout.buffer, f"{line}\n".encode("utf-8", "replace"))


def say_json(data: Mapping[str, Any]) -> None:
    """Write an object on a line of its own."""
    say(json.dumps(data, ensure_ascii=False))
