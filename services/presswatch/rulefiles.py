"""Reads a folder of rule files and named lists into rules, or into all the mistakes in them.

An edge: it reads the disk. Layout of the folder: rules in ``*.yaml`` or ``*.yml`` at any depth, each file one rule or a list of
rules; lists in ``lists/NAME.txt``, one term a line, for ``@NAME`` in any rule of the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import available_timezones

from pydantic import ValidationError

from presswatch.core.errors import ConfigError, RuleError
from presswatch.core.rules.faults import Lint, did_you_mean
from presswatch.core.rules.lints import Linter
from presswatch.core.rules.lists import entry_errors, read_entries
from presswatch.core.rules.picture import place, point
from presswatch.core.rules.rule import Rule, RuleSpec, rule_of
from presswatch.core.rules.specerrors import SpecMistake, explain, not_yet
from presswatch.core.rules.syntax import parse_all
from presswatch.yamlsource import Loc, Source, offsets, read_yaml

LISTS = "lists"
"""The folder of named lists, within that of the rules."""

SUFFIXES = frozenset({".yaml", ".yml"})
_LIST_NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, with all that an analyst needs to find and mend it. Lines and columns count from 1; 0 is none.

    Args:
        file: as it was found below the folder that was given.
        line, column: in the file.
        message: what is wrong, one sentence without a full stop.
        mend: what to write instead.
        rule: id of the rule, if it is known.
        key: the key of the rule that the mistake is in, and `key_line` the line on which that key stands.
        query_line, query_column: within the query, as it is laid out in the file.
        shown, carets: the line of the file, and the marks below it.
    """

    file: str
    line: int
    column: int
    message: str
    mend: str
    rule: str | None = None
    key: str | None = None
    key_line: int = 0
    query_line: int = 0
    query_column: int = 0
    shown: str = ""
    carets: str = ""

    def __str__(self) -> str:
        where = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        lines = [f"{where}: {self.message}"]
        context = [f"rule {self.rule}"] if self.rule else []
        if self.key:
            context.append(f"key `{self.key}` on line {self.key_line}")
        if self.query_line:
            context.append(f"line {self.query_line}, column {self.query_column} of the query")
        if context:
            lines.append(f"  in {', '.join(context)}")
        if self.shown or self.carets:
            number = str(self.line)
            lines += [f"  {number} | {self.shown}", f"  {' ' * len(number)} | {self.carets}"]
        return "\n".join([*lines, f"  mend: {self.mend}"])


class FileMistakesError(ConfigError):
    """Files of an analyst are wrong, so that none of them is used. Its text is what the analyst reads.

    Args:
        problems: all mistakes that were found, by file and place.
    """

    consequence: ClassVar[str]

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        files = len({problem.file for problem in problems})
        count = f"{len(problems)} mistake{'s' * (len(problems) != 1)} in {files} file{'s' * (files != 1)}"
        super().__init__("\n\n".join([*map(str, problems), f"{count}: {self.consequence}"]))


class RuleFileError(FileMistakesError):
    """Rule files or lists are wrong."""

    consequence = "no rule was loaded"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in rule files: the rules that are right, in the order of their ids; mistakes and warnings by place."""

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def load_rules(folder: Path) -> list[Rule]:
    """Read all rules of a folder, or of a single rule file (with the lists beside it), in the order of their ids.

    Raises:
        RuleFileError: anything is wrong with any file, two rules share an id, or there is no rule at all.
    """
    checked = check_rules(folder)
    if checked.problems:
        raise RuleFileError(checked.problems)
    return list(checked.rules)


def check_rules(folder: Path, linter: Linter | None = None) -> Checked:
    """Read rule files like `load_rules`, and return mistakes as well as warnings instead of raising.

    Args:
        folder: as for `load_rules`.
        linter: what warns; if None, one that knows neither topics nor stream.
    """
    if not folder.exists():
        return Checked((), (Problem(str(folder), 0, 0, "there is no such file or folder", "check the path"),), ())
    root = folder if folder.is_dir() else folder.parent
    loader = _Loader(linter)
    loader.read_lists(root / LISTS)
    for path in rule_files(folder):
        loader.read_rules(path)
    if not loader.found and not loader.problems:
        mend = "put rule files into it (*.yaml, each one rule or a list of rules), or name another folder"
        loader.problems.append(Problem(str(folder), 0, 0, "there is no rule here", mend))
    return Checked(
        tuple(sorted(loader.rules, key=lambda rule: rule.id)), _by_place(loader.problems), _by_place(loader.warnings)
    )


def load_lists(folder: Path) -> dict[str, tuple[str, ...]]:
    """Read the named lists beside the rules of a folder: for `syntax.parse`, when a query is typed and not in a file.

    Raises:
        RuleFileError: a list is wrong.
    """
    loader = _Loader()
    loader.read_lists(folder / LISTS)
    if loader.problems:
        raise RuleFileError(loader.problems)
    return loader.lists


def _by_place(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column)))


def rule_files(folder: Path) -> Iterator[Path]:
    """Yield the rule files of a folder, or the one file that is named."""
    if folder.is_file():
        yield folder
        return
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in below)
        broken_link = path.is_symlink() and not path.exists()  # reading it will say so: no rule is left out in silence
        if path.suffix.lower() in SUFFIXES and not hidden and below[0] != LISTS and (path.is_file() or broken_link):
            yield path


class _Loader:
    def __init__(self, linter: Linter | None = None) -> None:
        self.linter = linter or Linter()
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.rules: list[Rule] = []
        self.lists: dict[str, tuple[str, ...]] = {}
        self.ids: dict[str, str] = {}  # where each of them stands
        self.found = 0

    def _text(self, path: Path) -> str | None:
        try:
            data = path.read_bytes()
        except OSError as error:
            self.problems.append(Problem(str(path), 0, 0, f"cannot be read: {error.strerror}", "check its permissions"))
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.problems.append(
                Problem(str(path), line, 0, "this line is not UTF-8 text", "save the file as UTF-8 in your editor")
            )
            return None
        return text.replace("\r\n", "\n").replace("\r", "\n")

    # -- lists

    def read_lists(self, folder: Path) -> None:
        """Take the lists of a folder; of a wrong one the right entries, so that rules that use it are still checked."""
        for path in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
            if path.name.startswith("."):
                continue
            if not _LIST_NAME.fullmatch(path.stem):
                mend = "name it with letters, digits, _ and - only: its name is what follows the @ in a query"
                self.problems.append(Problem(str(path), 0, 0, f"`{path.stem}` cannot be the name of a list", mend))
                continue
            text = self._text(path)
            if text is None:
                self.lists[path.stem] = ("unread",)
                continue
            numbered = read_entries(text)
            entries = tuple(entry for _, entry in numbered)
            wrong = dict(entry_errors(entries))
            lines = text.split("\n")
            for index, error in wrong.items():
                self.problems.append(_in_list(str(path), numbered[index][0], lines, error))
            if not entries:
                self.problems.append(
                    Problem(str(path), 0, 0, "this list is empty", "write its terms into it, one a line")
                )
            if not wrong:
                self.warnings += (
                    _in_list(str(path), numbered[index][0], lines, each) for index, each in self.linter.entries(entries)
                )
            right = tuple(entry for index, entry in enumerate(entries) if index not in wrong)
            self.lists[path.stem] = right or ("unread",)

    # -- rules

    def read_rules(self, path: Path) -> None:
        """Take the rules of a file."""
        text = self._text(path)
        if text is None:
            return
        source = read_yaml(text)
        file = _File(str(path), source)
        self.problems += (file.problem(each.start, each.end, each.message, each.mend) for each in source.mistakes)
        if source.mistakes and source.data is None:
            return
        data = source.data
        if data is None or data == []:
            mend = "write a rule into it (id, name and query), or delete it"
            self.problems.append(Problem(str(path), 0, 0, "this file holds no rule", mend))
            return
        for loc, rule in (
            [((index,), each) for index, each in enumerate(data)] if isinstance(data, list) else [((), data)]
        ):
            self._rule(file, loc, rule, sound=not source.mistakes)

    def _rule(self, file: _File, loc: Loc, data: Any, *, sound: bool) -> None:
        self.found += 1
        if not isinstance(data, dict):
            here = file.source.places[loc]
            mend = "write keys with values: `id: grain-export-bans`, `name: ...`, `query: ...`"
            self.problems.append(file.problem(here.start, here.end, "this is no rule: a rule is made of keys", mend))
            return
        shown = data.get("id") if isinstance(data.get("id"), str) else None
        before = len(self.problems)
        if shown:
            self._identify(file, loc, shown)
        spec = None
        try:
            spec = RuleSpec.model_validate(data)
        except ValidationError as error:
            mistakes = [explain(each) for each in error.errors(include_url=False)]
        else:
            mistakes = []
        if "rules" in data and "query" not in data:
            mistakes = [each for each in mistakes if each.loc]  # a list of rules, one level too deep: say only that
        if unavailable := list(not_yet(data)):
            # what goes with a kind that is to come is not known yet, so do not complain of it
            mistakes = [each for each in mistakes if each.loc[:1] != ("when",)] + unavailable
        mistakes += _zone(data)
        self.problems += (file.of_spec(loc, shown, mistake) for mistake in mistakes)
        query = data.get("query")
        if isinstance(query, str):
            node, errors = parse_all(query, self.lists)
            self.problems += file.of_query((*loc, "query"), shown, query, errors)
            if node:
                self.warnings += file.of_query((*loc, "query"), shown, query, self.linter.query(node))
            if spec and node and sound and len(self.problems) == before:
                self.rules.append(rule_of(spec, node))

    def _identify(self, file: _File, loc: Loc, rule: str) -> None:
        line = place(file.source.text, file.source.places[(*loc, "id")].start)[0]
        if rule in self.ids:
            mend = f"give one of the two another id; the other is in {self.ids[rule]}"
            self.problems.append(file.of_spec(loc, rule, SpecMistake(("id",), f"the id `{rule}` is taken", mend)))
        else:
            self.ids[rule] = f"{file.name}, line {line}"


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    source: Source

    def problem(self, start: int, end: int, message: str, mend: str, **more: Any) -> Problem:
        line, column, text = place(self.source.text, start)
        shown, carets = point(text, column, column + end - start)
        return Problem(self.name, line, column + 1, message, mend, shown=shown, carets=carets, **more)

    def of_spec(self, loc: Loc, rule: str | None, mistake: SpecMistake) -> Problem:
        """Place a mistake in the keys of a rule: at the value, at the key, or at what holds the key that is missing."""
        places = self.source.places
        at = (*loc, *mistake.loc)
        if mistake.at_key or at not in places:
            while at not in places or (places[at].key is None and len(at) > len(loc) + 1 and mistake.at_key):
                at = at[:-1]
            there = places[at]
            start = there.start if there.key is None else there.key
            name = at[-1] if at and isinstance(at[-1], str) and there.key is not None else ""
            end = start + max(1, len(name))
        else:
            start, end = places[at].start, places[at].end
        key = next((part for part in reversed(at[len(loc) :]) if isinstance(part, str)), None)
        key_at = places[at[: len(loc) + 1]].key if len(at) > len(loc) else None
        more = (
            {"key": at[len(loc)], "key_line": place(self.source.text, key_at)[0]} if key and key_at is not None else {}
        )
        return self.problem(start, end, mistake.message, mistake.mend, rule=rule, **more)

    def of_query(self, loc: Loc, rule: str | None, query: str, errors: Sequence[RuleError | Lint]) -> Iterator[Problem]:
        """Place the mistakes of a query, which YAML may have folded, at the characters of the file."""
        if not errors:
            return
        text, there = self.source.text, self.source.places[loc]
        at = offsets(text, there, query)
        assert there.key is not None
        key_line = place(text, there.key)[0]
        first = place(text, at[0])[0] if query.strip() else key_line
        indents = _indents(text, at, query, block=there.is_block)
        for error in errors:
            start = at[error.start] if query.strip() else there.start
            end = at[error.end - 1] + 1 if error.end > error.start else start
            line, column, _ = place(text, start)
            mend = error.mend
            if there.style in {'"', "'"} and "no operator" in error.message:
                mend += "; YAML has taken the outer quotation marks away: to keep them, write `query: >` and the query below it"
            yield self.problem(
                start,
                end,
                error.message,
                mend,
                rule=rule,
                key="query",
                key_line=key_line,
                query_line=line - first + 1,
                query_column=column - min(indents.get(line, 0), column) + 1 if query.strip() else 1,
            )


def _indents(text: str, at: Sequence[int], query: str, *, block: bool) -> dict[int, int]:
    """Return for each line of the file on which the query stands, the column (from 0) where it begins there."""
    found: dict[int, int] = {}
    for start in dict.fromkeys(offset for offset, ch in zip(at, query, strict=False) if not ch.isspace()):
        line, column, _ = place(text, start)
        found.setdefault(line, column)
    return dict.fromkeys(found, min(found.values())) if block and found else found


def _in_list(file: str, line: int, lines: Sequence[str], error: RuleError | Lint) -> Problem:
    text = lines[line - 1]
    start = len(text) - len(text.lstrip()) + error.start
    shown, carets = point(text, start, start + error.end - error.start)
    return Problem(file, line, start + 1, error.message, error.mend, shown=shown, carets=carets)


def _zone(data: Mapping[str, Any]) -> Iterable[SpecMistake]:
    zone = data.get("time_zone")
    if not isinstance(zone, str) or not zone.strip():
        return
    zones = available_timezones()
    if zones and zone not in zones:  # none at all: this machine has no time zone data to check with
        close = did_you_mean(zone, zones)
        mend = (
            f"did you mean `{close}`?"
            if close
            else "write a name of the IANA database, such as `Europe/Paris` or `UTC`"
        )
        yield SpecMistake(("time_zone",), f"there is no time zone `{zone}`", mend)
