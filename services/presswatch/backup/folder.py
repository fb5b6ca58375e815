"""A backup on disk: a folder of parts, each a file of JSON lines packed by gzip, and backup.json that names them with their digests.

It is written beside its place and moved there when it is complete, so a folder that is there is a whole backup.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import orjson

from presswatch.core.errors import ConfigError

FORMAT = 1
"""Raised when a reader of today could not read it; see `open_backup`."""

ABOUT = "backup.json"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup: how many lines, and the SHA-256 of its bytes."""

    lines: int
    sha256: str


@dataclass(frozen=True, slots=True)
class About:
    """What backup.json says.

    Args:
        taken: when it was begun, in milliseconds since 1970: what came later is not in it.
        prefixes: of topics and of indices, which stand in what is kept.
        parts: by name.
        left_out: what could not be backed up, by name, and why.
    """

    format: int
    presswatch: str
    mapping_version: int
    taken: int
    prefixes: dict[str, str]
    parts: dict[str, Part]
    left_out: dict[str, str]


class Draft:
    """A backup that is being written. Use it as a context manager: without `finish` nothing stays.

    Raises:
        ConfigError: the place is taken, or cannot be written.
    """

    def __init__(self, place: Path) -> None:
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise ConfigError(f"{place} is there already: name a folder that does not exist yet, one for each backup")
        self._place = place
        self._draft = place.with_name(f".{place.name}.{os.getpid()}.part")
        self._parts: dict[str, Part] = {}
        try:
            self._draft.mkdir(parents=True)
        except OSError as error:
            raise _unwritable(place, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._draft, ignore_errors=True)  # empty, if it was moved

    def write(self, name: str, lines: Iterable[dict[str, Any]]) -> int:
        """Write a part; return the number of its lines."""
        path, number = self._draft / _file(name), 0
        try:
            with gzip.open(path, "wb", compresslevel=6) as file:
                for line in lines:
                    file.write(orjson.dumps(line) + b"\n")
                    number += 1
            self._parts[name] = Part(number, _digest(path))
        except OSError as error:
            raise _unwritable(self._place, error) from error
        return number

    def drop(self, name: str) -> None:
        """Take away a part that was not written to its end."""
        (self._draft / _file(name)).unlink(missing_ok=True)

    def finish(self, about: About) -> None:
        """Write backup.json, and put the whole where it belongs."""
        try:
            (self._draft / ABOUT).write_bytes(
                orjson.dumps({**asdict(about), "parts": {name: asdict(part) for name, part in self._parts.items()}},
                             option=orjson.OPT_INDENT_2)
            )  # fmt: skip
            if self._place.exists():
                self._place.rmdir()
            self._draft.rename(self._place)
        except OSError as error:
            raise _unwritable(self._place, error) from error


class Backup:
    """A backup to restore from. On construction each part is held against its digest.

    Raises:
        ConfigError: it is no backup, not whole, or of a newer Presswatch.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        try:
            told = orjson.loads((place / ABOUT).read_bytes())
            if told["format"] > FORMAT:
                raise ConfigError(
                    f"{place} was written by a newer Presswatch ({told['presswatch']}): restore it with that one"
                )
            self.about = About(**{**told, "parts": {name: Part(**part) for name, part in told["parts"].items()}})
        except OSError as error:
            raise ConfigError(
                f"{place} is no backup: its {ABOUT} cannot be read ({os.strerror(error.errno or 0)}). "
                "Name a folder that `presswatch backup` wrote"
            ) from error
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ConfigError(f"{place / ABOUT} is damaged ({error}): take another backup") from error
        for name, part in self.about.parts.items():
            path = place / _file(name)
            if not path.exists():
                raise ConfigError(f"{path} is missing: the backup is not whole, take another one")
            if _digest(path) != part.sha256:
                raise ConfigError(f"{path} is not what was written (its digest differs): take another backup")

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the lines of a part; nothing if it was left out."""
        if name in self.about.parts:
            with gzip.open(self.place / _file(name), "rb") as file:
                yield from (orjson.loads(line) for line in file)


_DATED = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")


def dated(now: int) -> str:
    """Return the name of a backup that is begun then (milliseconds since 1970): names sort by time."""
    return f"{datetime.fromtimestamp(now / 1000, UTC):%Y-%m-%dT%H%M%SZ}"


def older(folder: Path, keep: int) -> Iterator[Path]:
    """Delete all but the newest backups that are named by their time; yield each that was deleted."""
    found = sorted(path for path in folder.iterdir() if _DATED.fullmatch(path.name) and (path / ABOUT).exists())
    for path in found[:-keep]:
        shutil.rmtree(path)
        yield path


def packed(data: bytes | None) -> str | None:
    """Return bytes as they stand in a line."""
    return None if data is None else base64.b64encode(data).decode()


def unpacked(text: str | None) -> bytes | None:
    """Return the bytes of `packed`."""
    return None if text is None else base64.b64decode(text)


def _file(name: str) -> str:
    return f"{name}.jsonl.gz"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unwritable(place: Path, error: OSError) -> ConfigError:
    return ConfigError(f"the backup cannot be written to {place}: {os.strerror(error.errno or 0)}")
