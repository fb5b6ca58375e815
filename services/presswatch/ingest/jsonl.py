"""Reads JSON Lines files and streams into deliveries, remembering how far each file has been read and confirmed."""

from __future__ import annotations

import hashlib
import os
import select
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from presswatch.adapters.kafka import Record
from presswatch.core.deadletters import ORIGIN
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import Origin, RawArticle
from presswatch.ingest.clock import FetchClock
from presswatch.ingest.delivery import Delivery, Rejected, Tally
from presswatch.ingest.lines import Line, LineReader
from presswatch.ingest.records import from_json
from presswatch.ingest.state import FilePosition, State
from presswatch.jsonlines import MAX_LINE_BYTES, parse_object
from presswatch.runtime import now_ms

log = structlog.get_logger(__name__)

BATCH_LINES = 500
BATCH_BYTES = 4 * 1024 * 1024
HEAD_BYTES = 4096
"""A file is known again by the hash of so many of its first bytes."""

STREAM_WAIT_S = 0.2
"""A stream that gives nothing for so long has what it gave delivered."""

_WITHOUT_WAITING = os.O_RDONLY | os.O_NONBLOCK  # else opening a pipe waits for its writer, deaf to a stop

Step = Literal["moved", "idle", "ended"]


@dataclass(frozen=True, slots=True)
class Context:
    """What all sources of a process share."""

    delivery: Delivery
    state: State
    clock: FetchClock
    tally: Tally
    origin: Origin


def deliver_lines(name: str, lines: Sequence[Line], context: Context) -> None:
    """Make articles of lines and deliver them; raises as `Delivery.deliver`."""
    articles: list[tuple[RawArticle, Record]] = []
    rejected: list[Rejected] = []
    for line in lines:
        origin = ((ORIGIN, context.origin.encode()),)
        record = Record(name, 0, line.number, None, line.content, now_ms(), origin)
        try:
            if line.too_long:
                raise BadMessageError("too_long", f"the line has {line.size:,} bytes; {MAX_LINE_BYTES:,} is the most")
            value = parse_object(line.content, first=line.number == 1)
            articles.append((from_json(value, context.clock.fetched, context.origin), record))
        except BadMessageError as error:
            if error.reason == "blank":
                context.tally.blank += 1
            else:
                rejected.append(
                    Rejected(record, BadMessageError(error.reason, f"{name}:{line.number}: {error.detail}"))
                )
    context.delivery.deliver("jsonl", articles, rejected)


class FileSource:
    """A JSON Lines file, read on from where the state says, and followed while it grows.

    Args:
        path: an absolute path.
        follow: wait for more at the end, and take a last line only when it is complete.
        again: read from the start, whatever the state says.
    """

    def __init__(self, path: str, context: Context, *, follow: bool, again: bool) -> None:
        self._path = path
        self._context = context
        self._follow = follow
        self._again = again
        self._descriptor: int | None = None
        self._reader: LineReader
        self._head: tuple[int, str] = (0, "")

    def step(self) -> Step:
        """Read, deliver and mark one batch.

        Raises:
            OSError: the file cannot be read.
            Exception: as `Delivery.deliver`; nothing is marked then.
        """
        if self._descriptor is None and not self._open():
            return "idle"
        lines = self._reader.take(BATCH_LINES, BATCH_BYTES)
        if lines:
            self._finish(lines)
        if lines or not self._reader.dry:
            return "moved"
        if not self._follow:
            return self._end()
        if self._replaced():
            log.info("file was replaced, reading it from its start", file=self._path)
            self._end()
            return "moved"
        return "idle"

    def close(self) -> None:
        """Close the file; what was delivered is marked already."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            if not self._follow:
                raise
            return False
        self._descriptor = descriptor
        start = FilePosition() if self._again else self._resume(descriptor)
        self._again = False
        os.lseek(descriptor, start.position, os.SEEK_SET)
        self._head = (0, "")
        self._reader = LineReader(
            lambda size: os.read(descriptor, size), MAX_LINE_BYTES, position=start.position, line=start.line
        )
        return True

    def _resume(self, descriptor: int) -> FilePosition:
        known = self._context.state.file(self._path)
        size = os.fstat(descriptor).st_size
        if not known.position or size < known.position or _head(descriptor, known.position) != known.head:
            if known.position:
                log.info("file is another than the one read before, reading it from its start", file=self._path)
            return FilePosition()
        if known.open_line is not None and os.pread(descriptor, 1, known.position) not in (b"", b"\n"):
            # its last line was read without a line feed, and has grown since: read that line again, whole
            return FilePosition(known.open_line, known.line - 1)
        return known

    def _finish(self, lines: Sequence[Line]) -> None:
        assert self._descriptor is not None
        deliver_lines(self._path, lines, self._context)
        last = lines[-1]
        if self._head[0] < HEAD_BYTES:
            self._head = (last.end, _head(self._descriptor, last.end))
        position = FilePosition(last.end, last.number, last.start if last.open else None, self._head[1])
        self._context.state.mark_file(self._path, position)

    def _end(self) -> Step:
        rest = self._reader.rest()
        if rest:
            self._finish([rest])
        self.close()
        return "ended"

    def _replaced(self) -> bool:
        """Tell whether the path now names another file, or this one was cut short."""
        assert self._descriptor is not None
        ours = os.fstat(self._descriptor)
        try:
            there = Path(self._path).stat()
        except FileNotFoundError:
            return True
        same = (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
        return not same or ours.st_size < os.lseek(self._descriptor, 0, os.SEEK_CUR)


class StreamSource:
    """Standard input or a pipe: read once, delivered as it comes, with nothing remembered.

    Args:
        path: of the pipe, or "-".
    """

    def __init__(self, path: str, context: Context) -> None:
        self._path = path
        self._context = context
        self._name = "standard input" if path == "-" else path
        self._descriptor: int | None = None
        self._ended = False
        self._reader = LineReader(self._read, MAX_LINE_BYTES)

    def step(self) -> Step:
        """Read what there is and deliver it; raises as `FileSource.step`."""
        lines = self._reader.take(BATCH_LINES, BATCH_BYTES)
        if self._ended:
            rest = self._reader.rest()
            lines += [rest] if rest else []
        if lines:
            deliver_lines(self._name, lines, self._context)
        return "ended" if self._ended else "moved"

    def close(self) -> None:
        """Close a pipe; standard input stays."""
        if self._descriptor is not None and self._path != "-":
            os.close(self._descriptor)

    def _read(self, size: int) -> bytes:
        if self._descriptor is None:
            self._descriptor = sys.stdin.fileno() if self._path == "-" else os.open(self._path, _WITHOUT_WAITING)
        if not select.select([self._descriptor], [], [], STREAM_WAIT_S)[0]:
            return b""
        chunk = os.read(self._descriptor, size)
        self._ended = not chunk
        return chunk


def source(path: str, context: Context, *, follow: bool, again: bool) -> FileSource | StreamSource:
    """Return the reader of a JSON Lines input: "-", a pipe or a file."""
    if path != "-":
        try:
            if not stat.S_ISREG(Path(path).stat().st_mode):
                return StreamSource(path, context)
        except FileNotFoundError:
            pass  # FileSource waits for it, or says that it is missing
        return FileSource(path, context, follow=follow, again=again)
    return StreamSource(path, context)


def _head(descriptor: int, position: int) -> str:
    return hashlib.sha256(os.pread(descriptor, min(position, HEAD_BYTES), 0)).hexdigest()
