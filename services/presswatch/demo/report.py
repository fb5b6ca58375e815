"""The demo's tables, from what was read back."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from presswatch.demo.readback import DeadLetter

SHOWN_EVIDENCE = 3


def print_articles(console: Console, documents: Iterable[dict[str, Any]]) -> None:
    """One row an article: language, headline, tags with score and the words that they rest on."""
    table = Table(title="Articles in Elasticsearch, with their tags", title_justify="left", expand=True, pad_edge=False)
    table.add_column("lang", no_wrap=True)
    table.add_column("headline", ratio=3)
    table.add_column("tags: score and evidence", ratio=4)
    for document in documents:
        tags = "\n".join(
            f"[bold]{tag['topic']}[/] {tag['score']:.2f}  {escape(_quotes(tag['evidence']))}"
            for tag in document.get("tags", [])
        )
        table.add_row(document.get("lang") or "?", escape(document["title"]), tags or "[dim]none[/]")
    console.print(table)


def _quotes(evidence: Sequence[dict[str, Any]]) -> str:
    quotes = list(dict.fromkeys(entry["quote"] for entry in evidence if entry["weight"] >= 0))
    more = f" +{len(quotes) - SHOWN_EVIDENCE}" if len(quotes) > SHOWN_EVIDENCE else ""
    return " · ".join(quotes[:SHOWN_EVIDENCE]) + more


def print_slack(console: Console, messages: Iterable[dict[str, Any]]) -> None:
    """One row a message, as the stand-in for Slack took it."""
    table = Table(title="Slack messages (from the stand-in's log)", title_justify="left", expand=True, pad_edge=False)
    table.add_column("channel", no_wrap=True)
    table.add_column("headline", ratio=3)
    table.add_column("rule, reason and latency", ratio=4)
    for message in messages:
        header = message["blocks"][0]["text"]["text"]
        facts = {}
        for part in message["blocks"][1]["fields"]:
            name, _, value = part["text"].partition(": ")
            facts[name] = value
        matched = message["blocks"][2]["text"]["text"]
        table.add_row(
            escape(message["channel_name"]), escape(header),
            escape(f"{facts['Rule']}\n{matched}\n{facts['Latency']}"),
        )  # fmt: skip
    console.print(table)


def print_dead_letters(console: Console, letters: Iterable[DeadLetter]) -> None:
    """One row a dead letter: what, and why."""
    table = Table(title="Dead letters, and why", title_justify="left", expand=True, pad_edge=False)
    table.add_column("stage", no_wrap=True)
    table.add_column("reason", no_wrap=True)
    table.add_column("detail", ratio=3)
    table.add_column("record", ratio=3)
    for letter in letters:
        table.add_row(letter.stage, letter.reason, escape(letter.detail), escape(letter.value[:120]))
    console.print(table)


def print_latency(console: Console, searchable: Sequence[float], alerted: Sequence[float]) -> None:
    """Median and maximum of the two latencies that count."""
    table = Table(title="Latency in seconds since the article was fetched", title_justify="left", pad_edge=False)
    table.add_column("until")
    for column in ("median", "max", "of"):
        table.add_column(column, justify="right")
    for name, values in (("found by a search", searchable), ("alert taken by Slack", alerted)):
        if values:
            table.add_row(name, f"{statistics.median(values):.2f}", f"{max(values):.2f}", str(len(values)))
    console.print(table)
