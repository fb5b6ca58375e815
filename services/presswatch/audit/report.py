"""An audit as a person or a program reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from presswatch.audit.run import Books
from presswatch.core.accounts import Account, Fate, Missing
from presswatch.core.plaintext import plain
from presswatch.listing import iso

FATES: tuple[Fate, ...] = ("out", "dead", "filtered", "waiting", "missing")

MEANINGS = {
    "ingest": "articles read",
    "tagger": "articles.raw -> articles.tagged",
    "indexer": "articles.tagged -> Elasticsearch",
    "matches": "rules in documents -> matches",
    "decide": "matches -> notifications",
    "deliver": "notifications -> Slack, alerts-*",
}


def lines(books: Books, limit: int) -> Iterator[str]:
    """Yield the books, and at most `limit` of what is missing."""
    yield f"{iso(books.since)} to {iso(books.until)}"
    yield f"{'':<9}{'in':>9} =" + "".join(f"{fate:>9} {'+' if fate != FATES[-1] else ''}" for fate in FATES)
    for account in books.accounts:
        into = f"{account.into:>9,}" if account.known else f"{'?':>9}"
        numbers = "".join(f"{account.fates[fate]:>9,}  " for fate in FATES)
        yield f"{account.name:<9}{into}  {numbers}  {MEANINGS[account.name]}"
    for name, partitions in books.gone.items():
        which = f"partition{'s' * (len(partitions) != 1)} {', '.join(map(str, partitions))}"
        yield f"{name}: Kafka has no longer the beginning of {which}; what stood there cannot be audited."
    missing, records = books.missing, sum(account.fates["missing"] for account in books.accounts)
    if not missing:
        yield "Nothing is missing."
        return
    articles = len({one.article for one in missing})
    more = f"; the first {len(missing):,} are named" if records > len(missing) else ""
    yield f"\nMissing: {_number(articles, 'article')}, {_number(records, 'record')}{more}"
    for one in missing[:limit]:
        yield f"    {one.stage:<8} {plain(one.article, 64)}  {plain(one.title, 80)}"
        yield f"             {plain(one.what, 300)}" + (f"  [{one.record}]" if one.record else "")
        if one.url:
            yield f"             {plain(one.url, 2000)}"
    if len(missing) > limit:
        yield f"    and {len(missing) - limit:,} more (--limit, --json)"


def shape(books: Books) -> dict[str, Any]:
    """Return the books as JSON."""
    return {
        "since": iso(books.since),
        "until": iso(books.until),
        "accounts": [_account(account) for account in books.accounts],
        "gone": books.gone,
        "missing": [_missing(one) for one in books.missing],
    }


def _account(account: Account) -> dict[str, Any]:
    into = account.into if account.known else None
    return {"name": account.name, "in": into, **{fate: account.fates[fate] for fate in FATES}}


def _missing(one: Missing) -> dict[str, Any]:
    return {
        "stage": one.stage, "article": one.article, "title": one.title, "url": one.url, "what": one.what,
        "record": str(one.record) if one.record else None,
    }  # fmt: skip


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
