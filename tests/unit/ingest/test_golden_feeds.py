"""Feeds of our own beside what is to be read out of them: a new quirk is two files in tests/data/feeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from presswatch.core.errors import BadMessageError
from presswatch.ingest.feeds import Entry, Feed, parse_feed
from presswatch.ingest.records import feed_day_first, from_entry

FOLDER = Path(__file__).parents[2] / "data" / "feeds"
FETCHED = 1_795_600_000_000  # 25 November 2026
LEFT_OUT = ("schema_name", "schema_version", "fetched", "origin", "country", "lang_from")


def read(feed: Feed, entry: Entry, address: str) -> dict[str, Any]:
    try:
        article = from_entry(
            entry,
            feed,
            address,
            lambda _: FETCHED,
            "live",
            lambda _title, _text, declared: (declared, 1.0),
            days_lead=feed_day_first(feed),
        )
    except BadMessageError as error:
        return {"refused": error.reason}
    fields = article.model_dump(mode="json", exclude=set(LEFT_OUT))
    return {name: value for name, value in fields.items() if value not in (None, [], "")}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.xml")), ids=lambda path: path.stem)
def test_a_feed_gives_what_stands_beside_it(path: Path) -> None:
    address = f"https://feeds.example/{path.name}"
    feed = parse_feed(path.read_bytes(), base=address)
    found = {
        "kind": feed.kind,
        "title": feed.title,
        "faulty": feed.fault is not None,
        "articles": [read(feed, entry, address) for entry in feed.entries],
    }
    assert found == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def test_there_are_golden_feeds() -> None:
    assert len(list(FOLDER.glob("*.xml"))) == len(list(FOLDER.glob("*.json"))) >= 10
