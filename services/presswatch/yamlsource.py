"""Reads YAML into plain data and remembers where everything stood, so that errors can point into the file.

Stricter than YAML where YAML surprises people: a key twice, tags and merge keys are mistakes, and a date stays text.
Knows nothing of rules but what people get wrong when a query stands in YAML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Loc = tuple[str | int, ...]
"""The way to a value: keys and indices from the top."""

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is ten times faster
_PREFIX = "tag:yaml.org,2002:"
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\n|.)", re.DOTALL)
_PROPERTIES = re.compile(r"(?:[!&]\S*\s+)*")
_KEY = re.compile(r"\s*(?:- +)?(\w+) *:(?= |$)")
_BLOCK_MEND = (
    "write `{key}: >` and put the text on the next line, indented by two spaces: there it needs no quotation marks and "
    "may hold any sign"
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at a place: `start` and `end` are code points within the text of the file."""

    start: int
    end: int
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands; `key` is where its key does, if it has one. Code points, `end` exclusive."""

    start: int
    end: int
    key: int | None = None
    style: str | None = None

    @property
    def is_block(self) -> bool:
        """Whether the value is written below ``>`` or ``|``."""
        return self.style in {"|", ">"}


@dataclass(slots=True)
class Source:
    """A YAML text as plain data.

    Args:
        data: dicts with string keys, lists, strings, numbers, booleans, None; None if the text holds nothing.
        places: of each value, by its way from the top; of what an alias repeats only the way to the alias.
        mistakes: what keeps the data from being used; data is then what could be read.
    """

    text: str
    data: Any = None
    places: dict[Loc, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


def read_yaml(text: str) -> Source:
    """Read a text with one YAML document. Lines must end with line feeds."""
    source = Source(text)
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        source.mistakes.append(_explain(error, text))
    except yaml.reader.ReaderError as error:
        at = error.position if error.position < len(text) else len(text) - 1
        source.mistakes.append(
            Mistake(at, at + 1, "this character cannot stand in a YAML file", "delete it, it may be invisible")
        )
    except RecursionError:
        source.mistakes.append(Mistake(0, 1, "lists and mappings are nested too deeply", "write it flat"))
    else:
        if node is not None:
            source.data = _Composer(source).plain(node, (), None)
    return source


def offsets(text: str, place: Place, value: str) -> list[int]:
    """Return for each code point of a scalar's value where it stands in the text, and last where the value ends.

    White space that YAML folds is mapped to its first character; all else has one place only.
    """
    at = place.start + _match_end(_PROPERTIES, text, place.start)
    if place.is_block:
        at = text.index("\n", at) + 1 if "\n" in text[at : place.end] else place.end
    elif place.style in {'"', "'"}:
        at += 1
    found = []
    for ch in value:
        if not ch.isspace():
            while at < place.end and (text[at].isspace() or (place.style == '"' and text.startswith("\\\n", at))):
                at += 1 + (text[at] == "\\")
        found.append(min(at, place.end))
        if at < place.end and (not ch.isspace() or text[at].isspace() or text[at] == "\\"):
            if place.style == '"' and text[at] == "\\":
                at += _match_end(_ESCAPE, text, at)
            else:
                at += 2 if place.style == "'" and text.startswith("''", at) else 1
    return [*found, min(at, place.end)]


def _match_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return len(found.group()) if found else 0


class _Composer:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._construct = yaml.constructor.SafeConstructor()
        self._done: dict[int, Any] = {}
        self._open: set[int] = set()

    def plain(self, node: yaml.Node, loc: Loc, key: int | None) -> Any:
        """Turn a node into plain data; a node that an alias repeats becomes the same object."""
        style = node.style if isinstance(node, yaml.ScalarNode) else None
        self._source.places[loc] = Place(node.start_mark.index, node.end_mark.index, key, style)
        if id(node) in self._open:
            self._note(node, "this alias (*) repeats what it stands in", "write the value out")
            return None
        if id(node) not in self._done:
            self._open.add(id(node))
            self._done[id(node)] = self._value(node, loc)
            self._open.discard(id(node))
        return self._done[id(node)]

    def _value(self, node: yaml.Node, loc: Loc) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*loc, index), None) for index, item in enumerate(node.value)]
        kind = node.tag.removeprefix(_PREFIX)
        if not node.tag.startswith(_PREFIX) or kind in {"binary", "merge", "value"}:
            self._note(
                node,
                f"YAML reads `{node.tag}` as a tag of its own",
                _BLOCK_MEND.format(key=loc[-1])
                if loc and isinstance(loc[-1], str)
                else "put the text into quotation marks",
            )
            return node.value
        if kind in {"str", "timestamp"}:
            return node.value
        try:
            return getattr(self._construct, f"construct_yaml_{kind}")(node)
        except (ValueError, AttributeError):
            return node.value

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        data: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._note(key_node, "a list or mapping stands where a key should", "write `key: value`")
                continue
            key = key_node.value
            if key_node.tag == _PREFIX + "merge":
                self._note(key_node, "merge keys (<<) are not supported", "write the keys out")
                continue
            if key in data:
                line = self._source.text.count("\n", 0, first[key]) + 1
                self._note(
                    key_node, f"the key `{key}` stands here a second time", f"keep one; the first is on line {line}"
                )
                continue
            first[key] = key_node.start_mark.index
            data[key] = self.plain(value_node, (*loc, key), key_node.start_mark.index)
        return data

    def _note(self, node: yaml.Node, message: str, mend: str) -> None:
        self._source.mistakes.append(Mistake(node.start_mark.index, node.end_mark.index, message, mend))


def _explain(error: yaml.MarkedYAMLError, text: str) -> Mistake:
    """Say in plain words what the YAML parser could not read."""
    problem = error.problem or ""
    mark = error.problem_mark or error.context_mark
    at = min(mark.index, len(text)) if mark else 0
    begin = error.context_mark.index if error.context_mark else at
    if "flow" in (error.context or "") or "could not find expected ':'" in problem:
        at = begin  # the parser notices only lines later
    line_start = text.rfind("\n", 0, at) + 1
    line = text[line_start:].split("\n", 1)[0]
    named = _KEY.match(line)
    block = _BLOCK_MEND.format(key=named.group(1) if named else "query")
    ch = text[at : at + 1]
    if "tab" in problem or ch == "\t":
        return Mistake(
            at, at + 1, "a tab stands where the line is indented", "indent with spaces; YAML takes no tabs there"
        )
    if "quoted scalar" in (error.context or "") and "end of stream" in problem:
        return Mistake(begin, begin + 1, f"the quotation mark {text[begin]} is never closed", f"close it, or {block}")
    if "escape character" in problem:
        mend = f"{block}; or use single quotation marks around the value"
        return Mistake(
            at, at + 1, f"YAML does not know the escape \\{text[at + 1 : at + 2]} in double quotation marks", mend
        )
    if "mapping values are not allowed" in problem:
        if not named or line_start + named.end() - 1 < at:
            return Mistake(at, at + 1, "YAML reads this colon and the space after it as the end of a key", block)
        mend = "begin each key of a rule in the same column, and write `key: value` with a space after the colon"
        return Mistake(at, at + 1, "a key stands where none can be", mend)
    if "cannot start any token" in problem:
        return Mistake(at, at + 1, f"in YAML no value can begin with {ch}", block)
    if "undefined alias" in problem:
        return Mistake(at, at + 1, "YAML reads a value that begins with * as an alias, and none has that name", block)
    if "block sequence entries" in problem:
        return Mistake(
            at, at + 1, "YAML reads a hyphen and a space as an entry of a list, which cannot stand here", block
        )
    if "expected comment or line break" in problem or "expected chomping" in problem:
        sign = text[begin : begin + 1]
        return Mistake(
            at, at + 1, f"text stands on the same line as {sign}", "begin it on the next line, indented by two spaces"
        )
    if "expected node content" in problem and not text[at:].strip():
        at = max(text.rfind("[", 0, at), text.rfind("{", 0, at))
        return Mistake(at, at + 1, f"this {text[at]} is never closed", f"close it, or {block}")
    if "another document" in problem:
        mend = "write several rules as one list, each beginning with `- id:`"
        return Mistake(at, at + 3, "a second YAML document begins here", mend)
    if "expected key" in problem or "block end" in problem or "could not find expected ':'" in problem:
        return _unexpected(at, line_start, line, block)
    if "',' or" in problem:
        return Mistake(at, at + 1, f"this {ch} is never closed", f"close it, or {block}")
    if "'-' indicator" in problem or "expected '-'" in problem:
        mend = "begin each entry of a list with a hyphen in the same column, and indent its keys alike"
        return Mistake(at, at + 1, "a line of a list is indented wrongly", mend)
    return Mistake(
        at, at + 1, f"this is no YAML: {problem}", f"check indentation and quotation marks here; for a query {block}"
    )


def _unexpected(at: int, line_start: int, line: str, block: str) -> Mistake:
    if re.match(r"\s*(?:- +)?\w+ *: *[\"']", line) and at > line_start + len(line) - len(line.lstrip()):
        message = (
            "text goes on after the closing quotation mark: YAML takes a value that begins with one to end at the next"
        )
        return Mistake(at, at + 1, message, block)
    if not _KEY.match(line):
        mend = "indent it deeper than the key that it belongs to, or write it as `key: value`"
        return Mistake(at, at + max(1, len(line.strip())), "this line has no key", mend)
    mend = "begin each key of a rule in the same column"
    return Mistake(at, at + 1, "this key is indented differently from the ones before it", mend)
