"""The desk's own word on which topics an article has: a JSON Lines file that evaluation measures and training may use.

One mark a line, as somebody made it; of several on the same article and topic the last holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from presswatch.core.article import article_id
from presswatch.core.errors import BadMessageError, ConfigError
from presswatch.core.jsontypes import json_type
from presswatch.jsonlines import parse_object


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody said of one article.

    Args:
        id: of the article.
        lang, title, text: as the article was then: it may be corrected or erased later. `lang` is "" if unknown.
        says: by topic, whether the article has it. Of other topics nothing is said.
        at: when, ISO 8601 in UTC.
        url: the article's address, if it has one.
    """

    id: str
    lang: str
    title: str
    text: str
    says: Mapping[str, bool]
    at: str
    url: str | None = None

    def line(self) -> bytes:
        """Return the line of the file."""
        shown = {name: getattr(self, name) for name in ("id", "lang", "title", "text", "says", "at", "url")}
        return json.dumps(shown, ensure_ascii=False).encode() + b"\n"


def read_marks(path: Path) -> list[Mark]:
    """Return all marks of a file in the order in which they were made; none if there is no such file.

    Raises:
        ConfigError: the file cannot be read, or a line holds no mark.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"cannot read the marks in {path}: {error.strerror}") from error
    return [_mark(line, f"{path}:{number}", first=number == 1) for number, line in enumerate(lines, start=1)]


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the marked articles as an evaluation reads them, each once, as it was at its last mark.

    Yields:
        ``id, lang, title, text``; ``topics`` that it has; ``judges``, the topics of which anything is said.
    """
    articles: dict[str, Mark] = {}
    said: dict[str, dict[str, bool]] = {}
    for mark in read_marks(path):
        articles[mark.id] = mark
        said.setdefault(mark.id, {}).update(mark.says)
    for identity, mark in articles.items():
        says = said[identity]
        yield {
            "id": identity,
            "lang": mark.lang,
            "title": mark.title,
            "text": mark.text,
            "topics": sorted(topic for topic, has in says.items() if has),
            "judges": sorted(says),
        }


def add(path: Path, mark: Mark) -> int:
    """Append a mark and return how many articles are marked now; on disk when this returns.

    Raises:
        ConfigError: the file cannot be written, or is no file of marks.
    """
    with _locked(path):
        marked = {each.id for each in read_marks(path)} | {mark.id}
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            if file.tell() and not path.read_bytes().endswith(b"\n"):  # an editor left the last line open
                file.write(b"\n")
            file.write(mark.line())
            file.flush()
            os.fsync(file.fileno())
    return len(marked)


def undo(path: Path, article: str | None = None) -> Mark | None:
    """Take the last mark back and return it; None if there is none.

    Args:
        path: of the file.
        article: id or address of the article whose last mark is meant; None for the last of all.

    Raises:
        ConfigError: as `add`.
    """
    with _locked(path):
        marks = read_marks(path)
        named = {article, article_id(article)} if article else set()
        at = next(
            (at for at in reversed(range(len(marks))) if not named or named & {marks[at].id, marks[at].url}), None
        )
        if at is None:
            return None
        taken = marks.pop(at)
        _rewrite(path, marks)
    return taken


def forget(path: Path, articles: Collection[str]) -> int:
    """Take all marks on some articles out of the file, text and all; return how many there were.

    Args:
        path: of the file; it need not be there.
        articles: ids. A mark is meant if its article has the id, or the one that its address gives.

    Raises:
        ConfigError: as `add`.
    """
    if not path.exists():
        return 0
    with _locked(path):
        marks = read_marks(path)
        kept = [mark for mark in marks if not {mark.id, *([article_id(mark.url)] if mark.url else [])} & set(articles)]
        if len(kept) < len(marks):
            _rewrite(path, kept)
    return len(marks) - len(kept)


def _rewrite(path: Path, marks: Iterable[Mark]) -> None:
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.writelines(mark.line() for mark in marks)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep out others who mark at the same time; the lock is a file beside, since `undo` and `forget` replace the file itself."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f".{path.name}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise ConfigError(
            f"cannot write the marks to {path}: {error.strerror}; the setting `tagger.marks` says where they go"
        ) from error


def _mark(line: bytes, place: str, *, first: bool) -> Mark:
    try:
        row = parse_object(line, first=first)
    except BadMessageError as error:
        raise ConfigError(f"{place}: {error.detail}; each line of this file is a mark") from error
    for name in ("id", "lang", "title", "text", "at"):
        if not isinstance(row.get(name), str):
            raise ConfigError(f"{place}: `{name}` must be a string, not {json_type(row.get(name))}")
    says = row.get("says")
    if not isinstance(says, dict) or not says or not all(isinstance(value, bool) for value in says.values()):
        raise ConfigError(f'{place}: `says` must name topics with true or false, as in {{"health": true}}')
    if not isinstance(row.get("url"), str | None):
        raise ConfigError(f"{place}: `url` must be a string, not {json_type(row['url'])}")
    return Mark(row["id"], row["lang"], row["title"], row["text"], says, row["at"], row.get("url"))
