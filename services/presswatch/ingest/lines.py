"""Lines of a growing byte stream, each with its number and place, so that reading can go on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

CHUNK_BYTES = 256 * 1024

KEPT_BYTES = 64 * 1024
"""So much of an overlong line is kept, for a person to see what it was."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its line feed.

    Attributes:
        number: from 1.
        start: byte offset of its first byte.
        end: byte offset after its line feed.
        content: its bytes; the first `KEPT_BYTES` if it is too long.
        size: its length in bytes.
        too_long: whether it was longer than the limit.
        open: whether the stream ended without a line feed.
    """

    number: int
    start: int
    end: int
    content: bytes
    size: int
    too_long: bool
    open: bool = False


class LineReader:
    """Cuts what `read` gives into lines; holds at most one line, and of an overlong one only its start.

    `dry` says whether the last read gave nothing.

    Args:
        read: returns at most so many bytes, b"" when there are none now.
        limit: longest line in bytes.
        position: byte offset at which `read` starts.
        line: lines before it.
    """

    def __init__(self, read: Callable[[int], bytes], limit: int, *, position: int = 0, line: int = 0) -> None:
        self._read = read
        self._limit = limit
        self._start = position
        self._number = line
        self._buffer = bytearray()
        self._size = 0
        self.dry = False

    def take(self, most: int, most_bytes: int) -> list[Line]:
        """Return lines that are complete, until there are so many, or bytes, or `read` gives nothing.

        A chunk is never split between two calls, so somewhat more may come. Without a line, `dry` tells an end from
        a line that goes on.
        """
        lines: list[Line] = []
        taken = 0
        while len(lines) < most and taken < most_bytes:
            chunk = self._read(CHUNK_BYTES)
            self.dry = not chunk
            if self.dry:
                break
            taken += len(chunk)
            *ended, rest = chunk.split(b"\n")
            for piece in ended:
                self._add(piece)
                lines.append(self._finish(closed=True))
            self._add(rest)
        return lines

    def rest(self) -> Line | None:
        """Return what stands after the last line feed, as a line, if there is anything."""
        return self._finish(closed=False) if self._size else None

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._limit:
            self._buffer += piece
        elif len(self._buffer) < KEPT_BYTES:
            self._buffer += piece[: KEPT_BYTES - len(self._buffer)]

    def _finish(self, *, closed: bool) -> Line:
        too_long = self._size > self._limit
        content = bytes(self._buffer[:KEPT_BYTES] if too_long else self._buffer)
        self._number += 1
        end = self._start + self._size + closed
        line = Line(self._number, self._start, end, content, self._size, too_long, open=not closed)
        self._start = end
        self._buffer.clear()
        self._size = 0
        return line
