"""The poll state: kept over a restart, begun anew when it is broken, shared by processes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from presswatch.core.errors import ConfigError
from presswatch.ingest.state import ENTRY_DAYS, FeedState, FilePosition, State

FEED = FeedState('"v1"', "Tue", "sha", 5, 6, 1, "HTTP 500")
DAY_MS = 86_400_000


def test_what_is_marked_is_known_after_a_restart(tmp_path: Path) -> None:
    with State(tmp_path / "new" / "s.sqlite") as state:
        assert state.feed("a") == FeedState()
        assert state.file("/f") == FilePosition()
        state.mark_feed("a", FEED, [("id1", "w1")], now_ms=1)
        state.mark_file("/f", FilePosition(10, 2, 7, "head"))
    with State(tmp_path / "new" / "s.sqlite") as state:
        assert state.feed("a") == FEED
        assert state.known_entries("a") == {"id1": "w1"}
        assert state.known_entries("b") == {}
        assert state.file("/f") == FilePosition(10, 2, 7, "head")


def test_entries_that_a_feed_no_longer_shows_are_forgotten(tmp_path: Path) -> None:
    with State(tmp_path / "s.sqlite") as state:
        state.mark_feed("a", FEED, [("old", "w"), ("shown", "w")], now_ms=0)
        state.mark_feed("a", FEED, [("shown", "w")], now_ms=ENTRY_DAYS * DAY_MS)
        assert set(state.known_entries("a")) == {"old", "shown"}
        state.mark_feed("a", FEED, [("shown", "w")], now_ms=ENTRY_DAYS * DAY_MS + 1)
        assert set(state.known_entries("a")) == {"shown"}


def test_a_broken_file_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with State(path) as state:
        state.mark_feed("a", FEED)
        assert state.feed("a") == FEED
    assert (tmp_path / "s.sqlite.broken").read_bytes().startswith(b"this is no database")


def test_tables_of_another_form_are_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE feeds (something TEXT)")
    db.close()
    with State(path) as state:
        state.mark_feed("a", FEED)
        assert state.feed("a") == FEED


def test_two_processes_may_share_it(tmp_path: Path) -> None:
    with State(tmp_path / "s.sqlite") as one, State(tmp_path / "s.sqlite") as two:
        one.mark_file("/f", FilePosition(1, 1, None, "h"))
        two.mark_file("/g", FilePosition(2, 2, None, "h"))
        assert (one.file("/g").position, two.file("/f").position) == (2, 1)


def test_a_failure_within_a_mark_leaves_what_was(tmp_path: Path) -> None:
    with State(tmp_path / "s.sqlite") as state:
        state.mark_feed("a", FEED, [("id", "w")])
        with pytest.raises(sqlite3.IntegrityError):
            state.mark_feed("a", FeedState(), [("id", None)])  # type: ignore[list-item]
        assert state.feed("a") == FEED
        state.mark_feed("b", FEED)


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "s.sqlite", tmp_path):
        with pytest.raises(ConfigError, match=r"ingest\.state: .*set another file"):
            State(path)
