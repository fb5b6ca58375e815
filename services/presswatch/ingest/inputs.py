"""What the words on the command line mean: feeds by address, feed files, JSON Lines files, standard input."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from presswatch.core.errors import ConfigError

SNIFFED_BYTES = 1024
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Input:
    """One source. `place` is an address, an absolute path, or "-"."""

    kind: Literal["feed", "feed_file", "jsonl", "stdin"]
    place: str


def classify(words: Iterable[str]) -> list[Input]:
    """Tell what each word is; files by how they begin: "<" is a feed, all else JSON Lines.

    Raises:
        ConfigError: a word names nothing that can be read; the text says what is wrong with each.
    """
    found, problems = [], []
    for word in words:
        try:
            found.append(_classify(word))
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return list(dict.fromkeys(found))


def classify_feeds(words: Iterable[str]) -> list[Input]:
    """Tell where each feed of the settings is; its file may come into being later."""
    found, problems = [], []
    for word in words:
        try:
            found.append(Input("feed", word) if _is_http(word) else Input("feed_file", str(_path(word).resolve())))
        except ConfigError as error:
            problems.append(f"ingest.feeds: {error}")
    if problems:
        raise ConfigError("\n".join(problems))
    return list(dict.fromkeys(found))


def _classify(word: str) -> Input:
    if word == "-":
        return Input("stdin", "-")
    if _is_http(word):
        return Input("feed", word)
    path = _path(word)
    try:
        if path.is_dir():
            raise ConfigError(f"{word} is a folder; name the files in it")
        if not path.is_file():  # a pipe: what it begins with can be read once only
            return Input("jsonl", str(path.absolute())) if path.exists() else _missing(word)
        with path.open("rb") as file:
            start = file.read(SNIFFED_BYTES)
    except OSError as error:
        raise ConfigError(f"cannot read {word}: {error.strerror}") from error
    for mark in _MARKS:
        start = start.removeprefix(mark)
    is_feed = start.replace(b"\0", b"").lstrip().startswith(b"<")
    return Input("feed_file" if is_feed else "jsonl", str(path.resolve()))


def _missing(word: str) -> Input:
    hint = "; a feed's address starts with https:// or http://" if "." in word and "/" in word else ""
    raise ConfigError(f"cannot read {word}: no such file{hint}")


def _is_http(word: str) -> bool:
    return word.lower().startswith(("http://", "https://"))


def _path(word: str) -> Path:
    scheme, colon, _ = word.partition("://")
    if not colon:
        return Path(word)
    if scheme.lower() == "file":
        return Path(unquote(urlsplit(word).path))
    raise ConfigError(f"{word}: {scheme}: is no scheme that can be read; use https, http or a file")
