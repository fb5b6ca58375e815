"""Articles that a search found, as a person reads them in a terminal: one block each."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from presswatch.core.plaintext import plain
from presswatch.core.rules.reading import Receipt
from presswatch.history import Found

MAX_HEADLINE = 300
MAX_QUOTE = 60
MAX_QUOTES = 12
"""Words shown of an article; --json has all."""


def block(found: Found, width: int, *, colour: bool = False) -> str:
    """Return the lines about an article, ending with an empty one.

    Args:
        found: the article; nothing in it can reach the terminal but as letters.
        width: columns of the terminal.
        colour: whether it shows colours.
    """
    article = found.article
    out = Console(
        file=io.StringIO(), width=width, force_terminal=colour, color_system="standard" if colour else None,
        highlight=False, markup=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    about = [day_and_time(article), *(plain(article[name], 80) for name in ("source", "lang") if article.get(name))]
    tags = ", ".join(f"{plain(tag['topic'], 80)} {tag['score']:.2f}" for tag in article.get("tags", ()))
    out.print(Text("  ".join([*about, tags] if tags else about), style="dim"))
    out.print(Text(plain(article.get("title", ""), MAX_HEADLINE), style="bold"))
    if words := quotes(receipt for match in found.matches for receipt in match.receipts):
        out.print(Text("matched: " + words, style="green"))
    if article.get("url"):
        # an address that is cut in two cannot be clicked
        out.print(Text(plain(article["url"], 2000), style="blue"), soft_wrap=True)
    out.print()
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def iso(at: int | None) -> str | None:
    """Return milliseconds since 1970 as ISO 8601 in UTC: ``2026-11-24T08:30:00Z``, thousandths only if there are any."""
    if at is None:
        return None
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if at % 1000 else "seconds").replace("+00:00", "Z")


def day_and_time(article: Mapping[str, Any]) -> str:
    """Return when an article was published, or else fetched, as a list shows it (UTC)."""
    return f"{datetime.fromtimestamp(article['@timestamp'] / 1000, UTC):%Y-%m-%d %H:%M}"


def quotes(receipts: Iterable[Receipt]) -> str:
    """Return the words that matched, each once, and of metadata the leaf: `“Wheat”, “bans”, lang:fr`."""
    shown = dict.fromkeys(
        plain(receipt.leaf, MAX_QUOTE) if receipt.start is None else f"“{plain(receipt.quote or '', MAX_QUOTE)}”"
        for receipt in receipts
    )
    more = len(shown) - MAX_QUOTES
    return ", ".join(list(shown)[:MAX_QUOTES]) + (f" and {more} more" if more > 0 else "")
