"""What ingest has read so far: an embedded SQLite file. A cache: losing it costs fetches and repeats, never articles.

Written only after Kafka has confirmed what it says. Several processes may share it; one that is broken or of an
older form is put aside and begun anew.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from presswatch.core.errors import ConfigError

log = structlog.get_logger(__name__)

VERSION = 1
"""Form of the tables (PRAGMA user_version); raised when they change."""

ENTRY_DAYS = 30
"""An entry that a feed has not shown for so long is forgotten; should it come back, it is sent again."""

_TABLES = """
CREATE TABLE feeds (
    address TEXT PRIMARY KEY,
    etag TEXT,
    last_modified TEXT,
    body TEXT,
    due_ms INTEGER NOT NULL,
    full_ms INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    error TEXT
) WITHOUT ROWID;
CREATE TABLE entries (
    address TEXT NOT NULL,
    article TEXT NOT NULL,
    wording TEXT NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (address, article)
) WITHOUT ROWID;
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    line INTEGER NOT NULL,
    open_line INTEGER,
    head TEXT NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is known of a feed.

    Attributes:
        etag: validator of the last answer, to ask for changes only.
        last_modified: as `etag`.
        body: SHA-256 of the last body that was read in full.
        due_ms: when it is polled next.
        full_ms: when it was last fetched without validators.
        failures: polls that failed in a row.
        error: why the last one did.
    """

    etag: str | None = None
    last_modified: str | None = None
    body: str | None = None
    due_ms: int = 0
    full_ms: int = 0
    failures: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class FilePosition:
    """How far a JSON Lines file is read.

    Attributes:
        position: bytes read.
        line: lines read.
        open_line: where the last line starts, if it was read without its line feed: it may have grown since.
        head: SHA-256 of the first bytes read, by which the file is known again.
    """

    position: int = 0
    line: int = 0
    open_line: int | None = None
    head: str = ""


class State:
    """The poll state. Thread-safe.

    Raises:
        ConfigError: the file can be neither opened nor made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._open()
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"ingest.state: {path} cannot be opened: {error}; set another file") from error

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, no room, no right: the file itself may be fine
                raise
            aside = self._path.with_name(self._path.name + ".broken")
            log.warning(
                "poll state is unreadable, beginning anew", file=str(self._path), kept=str(aside), why=str(error)
            )
            self._path.replace(aside)
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            return _connect(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def feed(self, address: str) -> FeedState:
        """Return what is known of a feed."""
        with self._lock:
            row = self._db.execute(
                "SELECT etag, last_modified, body, due_ms, full_ms, failures, error FROM feeds WHERE address = ?",
                (address,),
            ).fetchone()
        return FeedState(*row) if row else FeedState()

    def known_entries(self, address: str) -> dict[str, str]:
        """Return the wording hash of each article that this feed has brought."""
        with self._lock:
            return dict(
                self._db.execute("SELECT article, wording FROM entries WHERE address = ?", (address,)).fetchall()
            )

    def mark_feed(
        self, address: str, feed: FeedState, entries: Iterable[tuple[str, str]] = (), now_ms: int = 0
    ) -> None:
        """Save a poll: what to know of the feed, and (article id, wording hash) of all entries that it showed."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    address,
                    feed.etag,
                    feed.last_modified,
                    feed.body,
                    feed.due_ms,
                    feed.full_ms,
                    feed.failures,
                    feed.error,
                ),
            )
            db.executemany(
                "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)",
                ((address, article, wording, now_ms) for article, wording in entries),
            )
            db.execute(
                "DELETE FROM entries WHERE address = ? AND seen_ms < ?", (address, now_ms - ENTRY_DAYS * 86_400_000)
            )

    def file(self, path: str) -> FilePosition:
        """Return how far a file is read."""
        with self._lock:
            row = self._db.execute(
                "SELECT position, line, open_line, head FROM files WHERE path = ?", (path,)
            ).fetchone()
        return FilePosition(*row) if row else FilePosition()

    def mark_file(self, path: str, position: FilePosition) -> None:
        """Save how far a file is read."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
                (path, position.position, position.line, position.open_line, position.head),
            )


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
    try:
        # A write-ahead log survives a killed process; the last writes may go with the power, which costs repeats.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found != VERSION:
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                db.execute(f'DROP TABLE "{name}"')
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db
