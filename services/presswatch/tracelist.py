"""A trace as a person or a program reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from presswatch.core.canary import is_canary
from presswatch.core.plaintext import plain
from presswatch.listing import iso
from presswatch.trace import Trace


def lines(found: Trace) -> Iterator[str]:
    """Yield the trace as a person reads it."""
    yield f"article {plain(found.article, 300)}"
    if found.title:
        yield f"        {plain(found.title, 300)}"
    if found.url:
        yield f"        {plain(found.url, 2000)}"
    yield ""
    begin = found.steps[0].at if found.steps else 0
    for step in found.steps:
        after = f"+{(step.at - begin) / 1000:.3f} s"
        yield f"{iso(step.at):<24} {after:>14}  {step.stage:<8} {plain(step.what, 300)}" + (
            f"  [{step.place}]" if step.place else ""
        )
    yield ""
    yield from conclusions(found)


def conclusions(found: Trace) -> Iterator[str]:
    """Yield where the article is now, as sentences."""
    yield f"In Elasticsearch: {found.index}." if found.index else "Not in Elasticsearch."
    for place in found.waiting:
        yield f"Under way: {place}."
    if is_canary(found.article) and not found.waiting and any(step.stage == "decide" for step in found.steps):
        yield "The canary went the whole way."
    for letter in found.open_letters:
        yield f"Open dead letter: presswatch dlq show {letter}"
    if not found.whole:
        yield "Kafka was read around these times; a repetition at another time shows with --since."


def shape(found: Trace) -> dict[str, Any]:
    """Return the trace as JSON."""
    return {
        "article": found.article,
        "title": found.title,
        "url": found.url,
        "read_since": iso(found.since),
        "read_whole": found.whole,
        "steps": [
            {"at": iso(step.at), "stage": step.stage, "what": step.what, "place": step.place or None, **step.about}
            for step in found.steps
        ],
        "index": found.index,
        "waiting": found.waiting,
        "open_dead_letters": found.open_letters,
    }
