"""JSON Lines in, JSON Lines out: one line out per line in, in order, each written as soon as it is known.

Shared by the commands that work without engines. It knows lines and objects; what is done to an object it is told.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click

from presswatch.core.errors import BadMessageError, PresswatchError
from presswatch.core.jsontypes import json_type

MAX_LINE_BYTES = 10_000_000
"""Longest line taken, without its line feed. What is longer is skipped while it is read, never held."""

MAX_DEPTH = 100
"""Deepest nesting of arrays and objects taken; articles need four."""

BROKEN_PIPE_EXIT_CODE = 141
"""128 + SIGPIPE: what a shell reports for any filter whose reader went away."""

_SKIP_BYTES = 1 << 16

files_argument = click.argument(
    "files", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
"""The FILE arguments of such a command; none, or ``-``, is standard input."""


def run(files: Sequence[str], each: Callable[[dict[str, Any]], Mapping[str, Any]]) -> NoReturn:
    """Pass every object of the files (or of standard input) through `each`, write to standard output, and exit.

    A line that is blank, too long, not UTF-8, not JSON or no object, or whose object `each` refuses with a
    `BadMessageError`, becomes ``{"error", "line"}`` in its place (with ``file``, if FILE arguments are given).

    Raises:
        SystemExit: 0; 1 if any line was refused; 141, without a word, if the reader of the output went away.
        PresswatchError: the input cannot be read or the output cannot be written.
    """
    if sys.stdout is None:
        raise PresswatchError("standard output is closed; send it to a file or a program")
    refused = 0
    for file in files or ("-",):
        with _open(file) as stream:
            refused += transform(stream, sys.stdout.buffer, each, {"file": file} if files else {})
    sys.exit(1 if refused else 0)


def transform(
    stream: BinaryIO,
    out: BinaryIO,
    each: Callable[[dict[str, Any]], Mapping[str, Any]],
    origin: Mapping[str, str] | None = None,
) -> int:
    """Write one line per line of the stream and return how many were refused; see `run`.

    `origin` is added to each error line.
    """
    refused = 0
    for number, line in enumerate(_lines(stream), start=1):
        try:
            if line is None:
                raise BadMessageError("too_long", f"the line is longer than {MAX_LINE_BYTES:,} bytes")
            result = each(parse_object(line, first=number == 1))
        except BadMessageError as error:
            refused += 1
            result = {"error": error.detail, "line": number, **(origin or {})}
        write(out, json.dumps(result, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    return refused


def parse_object(line: bytes, *, first: bool = False) -> dict[str, Any]:
    """Read one line as a JSON object; of the first line of a stream a byte-order mark is dropped.

    Stricter than the standard library: NaN, infinities, halves of surrogate pairs and deep nesting are refused,
    since none of them can be written out again as JSON that others read.

    Raises:
        BadMessageError: reason ``blank``, ``not_utf8``, ``not_json`` or ``no_object``.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        detail = f"the line is not UTF-8: byte 0x{line[error.start]:02x} at position {error.start + 1}"
        raise BadMessageError("not_utf8", detail) from error
    if text.startswith("\ufeff"):
        if not first:
            raise BadMessageError(
                "not_json", "the line is not JSON: a byte-order mark may stand before the first line only"
            )
        text = text[1:]
    if not text.strip():
        raise BadMessageError("blank", "the line is blank")
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise BadMessageError("not_json", f"the line is not JSON: {error.msg}, at column {error.colno}") from error
    except RecursionError as error:
        raise BadMessageError("not_json", f"the line nests deeper than {MAX_DEPTH} levels") from error
    except ValueError as error:  # an integer beyond sys.get_int_max_str_digits()
        raise BadMessageError("not_json", "the line holds a number with too many digits") from error
    if "\\ud" in text or "\\uD" in text or text.count("[") + text.count("{") > MAX_DEPTH:
        _check(value, "", MAX_DEPTH)
    if not isinstance(value, dict):
        raise BadMessageError("no_object", f"the line holds {json_type(value)}, where an object is needed")
    return value


def _open(file: str) -> contextlib.AbstractContextManager[BinaryIO]:
    if file != "-":
        try:
            return Path(file).open("rb")
        except OSError as error:
            raise PresswatchError(f"cannot read {file}: {error.strerror}") from error
    if sys.stdin is None:
        raise PresswatchError("standard input is closed; pipe JSON Lines in or name a file")
    return contextlib.nullcontext(sys.stdin.buffer)


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield lines without their line feed; None for one that is too long."""
    while line := stream.readline(MAX_LINE_BYTES + 2):
        ended = line.endswith(b"\n")
        content = line[:-1] if ended else line
        if len(content) <= MAX_LINE_BYTES:
            yield content
            continue
        while not ended:
            rest = stream.readline(_SKIP_BYTES)
            ended = not rest or rest.endswith(b"\n")
        yield None


def write(out: BinaryIO, line: bytes) -> None:
    """Write and flush.

    Raises:
        SystemExit: 141, without a word: the reader of the output went away.
        PresswatchError: the output cannot be written.
    """
    try:
        out.write(line)
        out.flush()
    except OSError as error:
        # what is still in the buffer must not be tried again when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        if isinstance(error, BrokenPipeError):
            sys.exit(BROKEN_PIPE_EXIT_CODE)
        raise PresswatchError(f"cannot write to standard output: {error.strerror}") from error


def _no_constant(name: str) -> NoReturn:
    raise BadMessageError("not_json", f"the line is not JSON: {name} is no JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise BadMessageError("not_json", f"the number {digits[:20]} is too large")
    return value


def _check(value: Any, path: str, levels: int) -> None:
    """Refuse nesting deeper than `levels`, and strings that cannot be encoded."""
    if isinstance(value, str):
        for at, ch in enumerate(value):
            if "\ud800" <= ch <= "\udfff":
                where = f"in {path}, " if path else ""
                detail = f"half of a surrogate pair (\\u{ord(ch):04x}) {where}at code point {at}"
                raise BadMessageError("not_json", detail)
    elif isinstance(value, dict | list):
        if levels == 0:
            raise BadMessageError("not_json", f"the line nests deeper than {MAX_DEPTH} levels")
        items = value.items() if isinstance(value, dict) else ((str(at), item) for at, item in enumerate(value))
        for key, item in items:
            _check(key, path or "a key", 0)
            _check(item, f"{path}.{key}" if path else key, levels - 1)
