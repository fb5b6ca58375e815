"""What an audit must remember of each record, on disk and not in memory: hashes, compared by merging them in order.

A key is 64 bits of a hash: among ten million keys one missing record in two million million would pass for another.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from enum import IntEnum
from types import TracebackType
from typing import Literal, NamedTuple, Self

_ROWS = 10_000
"""Rows kept in memory before they are written."""

Cover = Literal["counted", "each", "once"]
"""How what there is covers what is asked for: ``counted``: each record there covers one; ``each``: one covers all of its
key; ``once``: so too, and of what is not covered only the last of a key is told."""


class Sheet(IntEnum):
    """What is compared."""

    TAGGED = 1  # articles on articles.raw with those on articles.tagged
    INDEXED = 2  # repetitions on articles.tagged
    ANNOUNCED = 3  # rules that documents name with events on matches
    NOTIFIED = 4  # alerts that events may lead to with records on notifications
    DECIDED = 5  # repetitions on matches
    DELIVERED = 6  # repetitions on notifications


class Asked(NamedTuple):
    """A record asked for: where it stands, and a number of the asker's own."""

    partition: int
    offset: int
    about: int = 0


def key_of(*parts: str) -> int:
    """Return the key of something."""
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


class Spool:
    """Keys there and keys asked for, by sheet, in a file that goes with it. Use it as a context manager."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", isolation_level=None)  # a file of its own in the folder for temporary files
        self._base.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32768;"
            "CREATE TABLE there (sheet INTEGER, key INTEGER);"
            "CREATE TABLE asked (sheet INTEGER, key INTEGER, partition INTEGER, offset INTEGER, about INTEGER);"
            "CREATE TABLE lacking (partition INTEGER, offset INTEGER, about INTEGER);"
        )
        self._there: list[tuple[int, int]] = []
        self._asked: list[tuple[int, int, int, int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._base.close()

    def note(self, sheet: Sheet, key: int) -> None:
        """Note that something is there."""
        self._there.append((sheet, key))
        if len(self._there) >= _ROWS:
            self._write()

    def ask(self, sheet: Sheet, key: int, record: Asked) -> None:
        """Note that something should be there, and which record says so."""
        self._asked.append((sheet, key, *record))
        if len(self._asked) >= _ROWS:
            self._write()

    def lacking(self, sheet: Sheet, cover: Cover) -> Iterator[Asked]:
        """Yield what was asked for and is not there, by partition and offset."""
        self._write()
        self._base.execute("DELETE FROM lacking")
        self._base.execute("BEGIN")
        self._base.executemany("INSERT INTO lacking VALUES (?, ?, ?)", self._merged(sheet, cover))
        self._base.execute("COMMIT")
        for row in self._base.execute("SELECT DISTINCT partition, offset, about FROM lacking ORDER BY 1, 2, 3"):
            yield Asked(*row)

    def uncovered(self, sheet: Sheet) -> tuple[int, int]:
        """Return of what was asked for under keys that are not there how many records, and how many different keys."""
        self._write()
        records, keys = self._base.execute(
            "SELECT count(*), count(DISTINCT key) FROM asked"
            " WHERE sheet = ?1 AND key NOT IN (SELECT key FROM there WHERE sheet = ?1)",
            (sheet,),
        ).fetchone()
        return int(records), int(keys)

    def asked(self, sheet: Sheet) -> tuple[int, int]:
        """Return how many records were asked for, and under how many different keys."""
        self._write()
        sql = "SELECT count(*), count(DISTINCT key) FROM asked WHERE sheet = ?"
        records, keys = self._base.execute(sql, (sheet,)).fetchone()
        return int(records), int(keys)

    def _merged(self, sheet: Sheet, cover: Cover) -> Iterator[Asked]:
        there = self._base.execute("SELECT key FROM there WHERE sheet = ? ORDER BY key", (sheet,))
        asked = self._base.execute(
            "SELECT key, partition, offset, about FROM asked WHERE sheet = ? ORDER BY key, rowid", (sheet,)
        )
        at = there.fetchone()
        last: tuple[int, Asked] | None = None
        for key, *record in asked:
            while at is not None and at[0] < key:
                at = there.fetchone()
            covered = at is not None and at[0] == key
            if covered and cover == "counted":
                at = there.fetchone()
            if last is not None and last[0] != key:
                yield last[1]
                last = None
            if covered:
                continue
            if cover == "once":
                last = key, Asked(*record)
            else:
                yield Asked(*record)
        if last is not None:
            yield last[1]

    def _write(self) -> None:
        self._base.execute("BEGIN")
        self._base.executemany("INSERT INTO there VALUES (?, ?)", self._there)
        self._base.executemany("INSERT INTO asked VALUES (?, ?, ?, ?, ?)", self._asked)
        self._base.execute("COMMIT")
        self._there.clear()
        self._asked.clear()
