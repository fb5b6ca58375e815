"""Reads a folder of topic packs, or finds all the mistakes in them; each file is one topic.

An edge: it reads the disk. The packs that come with Presswatch are checked by its tests and loaded without a check of
their patterns, so that a command starts at once.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from presswatch.core.errors import RuleError
from presswatch.core.learned import Learned, decoded
from presswatch.core.packs import Pack, faults
from presswatch.core.packspec import UNION_TAGS, ExampleSpec, IdeaSpec, PackSpec, pack_of
from presswatch.core.rules.faults import did_you_mean, excerpt
from presswatch.core.rules.lists import entry_errors
from presswatch.core.rules.picture import place, point
from presswatch.rulefiles import FileMistakesError, Problem
from presswatch.yamlsource import Loc, Source, offsets, read_yaml

BUILT_IN = Path(__file__).parent / "packs"
"""The packs that come with Presswatch."""

LEARNED_SUFFIX = ".model.gz"
"""The learned part of NAME.yaml is NAME.model.gz beside it: JSON (`core.learned`), packed by gzip."""

SUFFIXES = frozenset({".yaml", ".yml"})

_MENDS = {
    "topic": "write lower-case letters, digits and hyphens, as in `topic: health`",
    "threshold": "write a number above 0 and at most 1, as in `threshold: 0.5`",
    "patterns": "write a language and below it a list of patterns, each with `match` and `weight`",
    "lists": "write a language, below it the name of a list, and its terms in brackets",
    "match": "write one pattern, or several in brackets that mean the same: `match: [vaccin*, '\"flu jab*\"']`",
    "weight": "write a number from -10 to 10: 1 is enough in a headline, 0 only voids what the pattern covers",
    "must_tag": "write a language and below it a list of texts or articles",
    "must_not_tag": "write a language and below it a list of texts or articles",
}


class PackFile(NamedTuple):
    """What stands in the file of a topic pack, and its learned part, if there is one."""

    spec: PackSpec
    learned: Learned | None


class PackFileError(FileMistakesError):
    """Topic packs are wrong."""

    consequence = "no topic pack was loaded"


def load_packs(folder: Path | None = None) -> list[Pack]:
    """Read the topic packs of a folder (or one file), or those that come with Presswatch, in the order of their topics.

    Raises:
        PackFileError: anything is wrong with any file, two packs share a topic, or there is none.
    """
    if folder is None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        paths = _files(BUILT_IN)
        data = [yaml.load(path.read_text("utf-8"), loader) for path in paths]  # noqa: S506 (both are safe)
        files = [
            PackFile(PackSpec.model_validate(each), read_learned(path)) for path, each in zip(paths, data, strict=True)
        ]
    else:
        files = load_files(folder)
    return sorted((pack_of(file.spec, file.learned) for file in files), key=lambda pack: pack.topic)


def read_learned(path: Path) -> Learned | None:
    """Return the learned part that stands beside a pack's file, or None.

    Raises:
        ValueError: it is damaged, or of another format.
        OSError: it cannot be read.
    """
    beside = learned_path(path)
    if not beside.exists():
        return None
    try:
        return decoded(gzip.decompress(beside.read_bytes()))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"it is no gzip file, or only a part of one: {error}") from error


def learned_path(path: Path) -> Path:
    """Return where the learned part of a pack's file stands."""
    return path.with_name(path.stem + LEARNED_SUFFIX)


def load_specs(folder: Path) -> list[PackSpec]:
    """Read and check the topic packs of a folder (or one file) with their examples, in the order of the files.

    Raises:
        PackFileError: see `load_packs`.
    """
    return [file.spec for file in load_files(folder)]


def load_files(folder: Path) -> list[PackFile]:
    """Read and check the topic packs of a folder (or one file), with their examples and learned parts.

    Raises:
        PackFileError: see `load_packs`.
    """
    if not folder.exists():
        raise PackFileError([Problem(str(folder), 0, 0, "there is no such file or folder", "check the path")])
    reader = _Reader()
    for path in _files(folder):
        reader.read(path)
    if not reader.files and not reader.problems:
        mend = "put topic packs into it (*.yaml, one topic a file), or name another folder"
        reader.problems.append(Problem(str(folder), 0, 0, "there is no topic pack here", mend))
    if reader.problems:
        raise PackFileError(sorted(reader.problems, key=lambda problem: (problem.file, problem.line, problem.column)))
    return reader.files


def _files(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.files: list[PackFile] = []
        self._topics: dict[str, str] = {}  # where each of them stands

    def read(self, path: Path) -> None:
        """Take the pack of a file, if all of it is right."""
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            self.problems.append(Problem(str(path), 0, 0, f"cannot be read: {error.strerror}", "check its permissions"))
            return
        except UnicodeDecodeError:
            self.problems.append(Problem(str(path), 0, 0, "this file is not UTF-8 text", "save it as UTF-8"))
            return
        source = read_yaml(text.replace("\r\n", "\n").replace("\r", "\n"))
        file = _File(str(path), source)
        problems = [file.problem(each.start, each.end, each.message, each.mend) for each in source.mistakes]
        if not problems and not isinstance(source.data, dict):
            mend = "write keys with values: `topic: health`, `patterns: ...`"
            problems = [Problem(str(path), 1, 1, "this file holds no topic pack", mend)]
        if problems:
            self.problems += problems
            return
        try:
            spec = PackSpec.model_validate(source.data)
        except ValidationError as error:
            problems += (file.of_key(each) for each in error.errors(include_url=False))
        else:
            problems += file.of_patterns(spec)
            if spec.topic in self._topics:
                mend = f"give one of the two another name; the other is in {self._topics[spec.topic]}"
                problems.append(file.at(("topic",), f"the topic `{spec.topic}` is taken", mend))
            self._topics.setdefault(spec.topic, str(path))
            try:
                learned = read_learned(path)
                if learned is not None and learned.topic != spec.topic:
                    raise ValueError(f"it is of the topic `{learned.topic}`, and the pack is of `{spec.topic}`")
            except (ValueError, OSError) as error:
                message = f"the learned part of the topic cannot be used: {error}"
                problems.append(Problem(str(learned_path(path)), 0, 0, message, "train it again, or take it away"))
            else:
                self.files.append(PackFile(spec, learned))
        self.problems += problems


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    source: Source

    def problem(self, start: int, end: int, message: str, mend: str, **more: Any) -> Problem:
        line, column, text = place(self.source.text, start)
        shown, carets = point(text, column, column + end - start)
        return Problem(self.name, line, column + 1, message, mend, shown=shown, carets=carets, **more)

    def at(self, loc: Loc, message: str, mend: str) -> Problem:
        """Place a mistake at a value, or at what should hold it."""
        while loc not in self.source.places:
            loc = loc[:-1]
        there = self.source.places[loc]
        return self.problem(there.start, min(there.end, there.start + 80), message, mend)

    def of_key(self, error: Mapping[str, Any]) -> Problem:
        """Word and place one entry of `ValidationError.errors()`."""
        loc: Loc = tuple(part for part in error["loc"] if part not in UNION_TAGS and part != "[key]")
        key = next((part for part in reversed(loc) if isinstance(part, str)), "")
        known = next((part for part in reversed(loc) if part in _MENDS), "")
        mend = _MENDS.get(str(known), "write what docs/topics.md says")
        match error["type"]:
            case "missing":
                message = f"`{key}` is missing"
                loc = loc[:-1]
            case "extra_forbidden":
                model = PackSpec if len(loc) == 1 else IdeaSpec if loc[0] == "patterns" else ExampleSpec
                keys = list(model.model_fields)
                close = did_you_mean(str(key), keys)
                message = f"there is no key `{key}` here"
                mend = f"did you mean `{close}`?" if close else f"the keys are {', '.join(keys)}"
            case _ if "[key]" in error["loc"]:
                message = f"`{key}` cannot stand here"
                mend = "write a language as two or three lower-case letters, such as en"
            case _:
                message = f"`{known or key}` cannot be {_shown(error['input'])}"
        there = self.source.places.get(loc)
        wrong_key = error["type"] == "extra_forbidden" or "[key]" in error["loc"]
        if there is not None and there.key is not None and wrong_key:
            return self.problem(there.key, there.key + len(str(key)), message, mend)
        return self.at(loc, message, mend)

    def of_patterns(self, spec: PackSpec) -> Iterator[Problem]:
        """Yield what is wrong within lists and patterns, at the characters of the file."""
        for lang, ideas in spec.patterns.items():
            lists: dict[str, list[str]] = {}
            for name, terms in spec.lists.get(lang, {}).items():
                wrong = dict(entry_errors(terms))
                for index, error in wrong.items():
                    yield self._within(("lists", lang, name, index), terms[index], error)
                # of a wrong list the right entries, so that patterns which use it are still checked
                lists[name] = [term for index, term in enumerate(terms) if index not in wrong] or ["unread"]
            for number, idea in enumerate(ideas):
                matches = [idea.match] if isinstance(idea.match, str) else idea.match
                for index, match in enumerate(matches):
                    way = ("match",) if isinstance(idea.match, str) else ("match", index)
                    for error in faults(match, lists):
                        yield self._within(("patterns", lang, number, *way), match, error)

    def _within(self, loc: Loc, value: str, error: RuleError) -> Problem:
        at = offsets(self.source.text, self.source.places[loc], value)
        start = at[error.start]
        end = at[error.end - 1] + 1 if error.end > error.start else start
        return self.problem(start, end, error.message, error.mend)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"`{excerpt(value)}`" if value.strip() else "empty"
    if isinstance(value, bool) or value is None:
        return {None: "empty", True: "true", False: "false"}[value]
    return str(value) if isinstance(value, int | float) else "a list" if isinstance(value, list) else "a mapping"
