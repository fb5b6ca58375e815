"""Feed readers' own test collections: never raises, never hangs, and reads what their authors wanted read.

The shares are floors of what was measured; the rest are readings that differ on purpose (headlines lose their mark-up
here, dates without a day are no dates) or formats that nobody publishes any more.
"""

from __future__ import annotations

import ast
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from presswatch.core.errors import BadMessageError
from presswatch.ingest.dates import read_published
from presswatch.ingest.feeds import Entry, parse_feed
from presswatch.ingest.markup import title_text

pytestmark = pytest.mark.needs("shared")

LATEST = 2**42
BASE = "http://127.0.0.1:8097/"


def files(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile():
                data = tar.extractfile(member)
                assert data is not None
                yield member.name, data.read()


def entries(data: bytes, charset: str | None = None) -> tuple[Entry, ...] | None:
    try:
        return parse_feed(data, charset=charset, base=BASE).entries
    except BadMessageError:
        return None


def share(found: Counter[bool]) -> float:
    return found[True] / found.total()


def same_title(wanted: str, found: str) -> bool:
    """Headlines are plain text here, while these collections want some with their mark-up."""
    return found in (" ".join(wanted.split()), title_text(wanted))


def wanted_value(expectation: str, name: str) -> str | None:
    """Return what an expectation such as ``entries[0]['title'] == 'x'`` wants of the first entry."""
    found = re.search(rf"entries\[0\]\['{name}'\] == (u?'(?:[^'\\]|\\.)*')", expectation)
    return str(ast.literal_eval(found[1])) if found else None


@pytest.mark.timeout(300)
def test_the_feeds_of_feedparser(shared: Path) -> None:
    outcomes: Counter[str] = Counter()
    right: dict[str, Counter[bool]] = {"title": Counter(), "link": Counter(), "id": Counter()}
    for name, data in files(shared / "data" / "feeds" / "feedparser-tests.tar.gz"):
        if not name.endswith(".xml"):
            continue
        head = re.search(rb"<!--(.*?)-->", data, re.DOTALL)
        comment = (head[1] if head else b"").decode("utf-8", "replace")
        charset = re.search(r"(?i)content-type:.*charset=[\"']?([\w-]+)", comment)
        found = entries(data, charset[1] if charset else None)
        outcomes["read" if found is not None else "refused"] += 1
        for field, counter in right.items():
            wanted = wanted_value(comment, field)
            if wanted is not None and found:
                got = {"title": found[0].title, "link": found[0].link or "", "id": found[0].guid or ""}[field]
                counter[same_title(wanted, got) if field == "title" else wanted == got] += 1
    assert outcomes.total() > 2000
    assert outcomes["refused"] <= 10
    assert all(counter.total() >= 10 for counter in right.values())
    assert {field: share(counter) for field, counter in right.items()} == {
        "title": pytest.approx(0.95, abs=0.05),
        "link": pytest.approx(0.9, abs=0.1),
        "id": pytest.approx(0.9, abs=0.1),
    }


def test_the_feeds_of_gofeed(shared: Path) -> None:
    archive = dict(files(shared / "data" / "feeds" / "gofeed-testdata.tar.gz"))
    right: dict[str, Counter[bool]] = {"count": Counter(), "title": Counter(), "link": Counter(), "date": Counter()}
    for name, data in archive.items():
        expected = archive.get(name.removesuffix(".xml") + ".json")
        if not name.endswith(".xml") or expected is None or "/extensions/" in name:
            continue
        whole = json.loads(expected)
        wanted = whole.get("items") or whole.get("entries") or []
        found = entries(data) or ()
        right["count"][len(found) == len(wanted)] += 1
        for want, got in zip(wanted, found, strict=False):
            if isinstance(want.get("title"), str):
                right["title"][same_title(want["title"], got.title)] += 1
            if want.get("link"):
                right["link"][want["link"] in (got.link, *want.get("links", ()))] += 1
            if want.get("publishedParsed"):
                moment = datetime.fromisoformat(want["publishedParsed"]).astimezone(UTC)
                readings = (read_published(raw, LATEST).ms for raw in got.dates)
                right["date"][int(moment.timestamp() * 1000) in readings] += 1
    assert right["count"] == Counter({True: right["count"].total()})
    assert right["count"].total() > 500
    assert all(counter.total() >= 5 for counter in right.values())
    assert {field: share(right[field]) for field in ("title", "link", "date")} == {
        "title": pytest.approx(0.95, abs=0.05),
        "link": 1.0,
        "date": 1.0,
    }
