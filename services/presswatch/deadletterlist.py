"""Dead letters as a person or a program reads them: a block in a list, a page of one, a JSON object."""

from __future__ import annotations

from typing import Any

import orjson

from presswatch.core.plaintext import UNSAFE, plain
from presswatch.deadletters import Entry
from presswatch.listing import iso

WIDTH = 160
PAGE_CHARACTERS = 20_000
"""Of a value shown on a page; --raw has all."""


def shown(entry: Entry) -> str:
    """Return the two or three lines about a letter in a list."""
    letter, told = entry.letter, entry.about
    attempt = f"  attempt {letter.past.attempts}" if letter.past.attempts > 1 else ""
    head = f"{letter.id:<14} {iso(letter.failed)}  {plain(letter.reason, 40)}{attempt}"
    about = [plain(text, 100) for text in (told.title, told.source, told.rule and f"rule {told.rule}") if text]
    lines = [head, f"    {plain(letter.detail, WIDTH)}", *([f"    {'  '.join(about)}"] if about else [])]
    if entry.settled:
        lines.append(f"    {_settled(entry)}")
    return "\n".join(lines)


def page(entry: Entry) -> str:
    """Return everything about one letter."""
    letter, told = entry.letter, entry.about
    origin = f"{letter.place.topic}, " + (
        f"line or entry {letter.place.offset}"
        if letter.stage == "ingest"
        else f"partition {letter.place.partition}, offset {letter.place.offset}"
    )
    rows = [
        ("letter", letter.id),
        ("state", _settled(entry) if entry.settled else "open"),
        ("failed", f"{iso(letter.failed)}, attempt {letter.past.attempts}"),
        ("reason", letter.reason),
        ("detail", letter.detail),
        ("came from", origin),
        ("at", str(iso(letter.place.timestamp_ms))),
        *(("before", f"{iso(past.failed)}  {past.reason}: {past.detail}") for past in letter.past.history[:-1]),
        *(
            (name, value)
            for name, value in (("article", told.article), ("title", told.title), ("url", told.url),
                                ("source", told.source), ("rule", told.rule))
            if value
        ),
    ]  # fmt: skip
    head = "\n".join(f"{name:<10} {plain(value, 2000)}" for name, value in rows)
    text, whole = _readable(letter.value)
    cut = (
        ""
        if whole
        else f"\n(the first {PAGE_CHARACTERS:,} characters; all of it: presswatch dlq show --raw {letter.id})"
    )
    kept = "\n(only the beginning was kept: the record was too large)" if letter.truncated else ""
    return f"{head}\n\n{text}{cut}{kept}"


def line(entry: Entry, *, value: bool = False) -> str:
    """Return a letter as one line of JSON; its value only on demand."""
    letter, told = entry.letter, entry.about
    shape: dict[str, Any] = {
        "letter": letter.id,
        "state": entry.settled.action if entry.settled else "open",
        "stage": letter.stage,
        "reason": letter.reason,
        "detail": letter.detail,
        "failed": iso(letter.failed),
        "attempt": letter.past.attempts,
        "first_failed": iso(letter.past.first_failed),
        "history": [
            {"failed": iso(past.failed), "reason": past.reason, "detail": past.detail} for past in letter.past.history
        ],
        "from": {
            "topic": letter.place.topic, "partition": letter.place.partition, "offset": letter.place.offset,
            "timestamp": iso(letter.place.timestamp_ms),
        },
        "article": told.article,
        "title": told.title,
        "url": told.url,
        "source": told.source,
        "rule": told.rule,
        "truncated": letter.truncated,
    }  # fmt: skip
    if entry.settled:
        shape["settled"] = {
            "at": iso(entry.settled.at), "by": entry.settled.by, "because": entry.settled.because
        }  # fmt: skip
    if value:
        shape["value"] = letter.value.decode("utf-8", "replace")
    return orjson.dumps(shape).decode()


def _settled(entry: Entry) -> str:
    settled = entry.settled
    assert settled is not None
    why = f"because: {settled.because}" if settled.action == "dropped" else f"to {settled.because}"
    return plain(f"{settled.action} {iso(settled.at)} by {settled.by}, {why}", 300)


def _readable(value: bytes) -> tuple[str, bool]:
    """Return a value as text without anything that could reach a terminal but as letters, and whether it is all of it."""
    try:
        text = orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        text = value.decode("utf-8", "replace")
    text = UNSAFE.sub("\ufffd", text) or "(the record has no value)"
    return text[:PAGE_CHARACTERS], len(text) <= PAGE_CHARACTERS
