"""Articles as a terminal shows them."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from presswatch.core.rules.match import Document, Expression, Matcher
from presswatch.core.rules.syntax import parse
from presswatch.history import Found
from presswatch.listing import block, iso

ARTICLE = {
    "@timestamp": 1_795_513_500_000,
    "title": "Orsal bans wheat exports",
    "text": "Wheat, wheat and maize.",
    "lang": "en",
    "source": "Daily",
    "url": "https://daily.example/" + "orsal-" * 20,
    "tags": [{"topic": "agriculture", "score": 0.914}, {"topic": "health", "score": 0.5}],
}


def found(query: str, **more: Any) -> Found:
    article = ARTICLE | more
    return Found(article, Matcher([Expression("r", "1", parse(query))]).match(Document.of(article)))


def test_a_block() -> None:
    assert block(found("wheat AND lang:en"), 80).splitlines() == [
        "2026-11-24 09:45  Daily  en  agriculture 0.91, health 0.50",
        "Orsal bans wheat exports",
        "matched: “wheat”, “Wheat”, lang:en",
        ARTICLE["url"],
        "",
    ]


def test_what_an_article_lacks_takes_no_room() -> None:
    bare = Found({"@timestamp": 0, "title": "", "url": None, "source": None}, [])
    assert block(bare, 80) == "1970-01-01 00:00\n(none)\n\n"


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("title", ["long words " * 60, "小麦輸出禁止" * 60, "x" * 900])
def test_lines_fit_the_terminal(width: int, title: str) -> None:
    lines = block(found("wheat", title=title), width).splitlines()
    assert all(cell_len(line.rstrip()) <= width for line in lines if not line.startswith("https:"))
    assert ARTICLE["url"] in lines


def test_nothing_of_an_article_reaches_the_terminal_but_letters() -> None:
    nasty = "a\x1b[31m\x07\u202e\r\n[bold]b[/bold] :smile:"
    text = block(found("wheat", title=nasty, source=nasty, url=f"https://x.example/{nasty}"), 200)
    assert not any(ch in text for ch in "\x1b\x07\u202e\r")
    assert "[bold]b[/bold] :smile:" in text
    assert "\x1b[" in block(found("wheat"), 80, colour=True)


def test_many_words_are_counted() -> None:
    words = [f"word{number}" for number in range(20)]
    assert "“word11” and 8 more" in block(found(" AND ".join(words), text=" ".join(words)), 400)


def test_times() -> None:
    assert iso(1_795_513_500_000) == "2026-11-24T09:45:00Z"
    assert iso(1_795_513_500_007) == "2026-11-24T09:45:00.007Z"
    assert iso(None) is None
