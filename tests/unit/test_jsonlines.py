"""JSON Lines in and out: what is refused and how it is said, order, and memory."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest

from presswatch.core.errors import BadMessageError
from presswatch.jsonlines import MAX_DEPTH, MAX_LINE_BYTES, parse_object, transform


def answers(data: bytes, **origin: str) -> tuple[int, list[dict[str, Any]]]:
    def echo(value: dict[str, Any]) -> Mapping[str, Any]:
        if "refuse" in value:
            raise BadMessageError("invalid", value["refuse"])
        return value

    out = io.BytesIO()
    refused = transform(io.BytesIO(data), out, echo, origin)
    return refused, [json.loads(line) for line in out.getvalue().splitlines()]


def test_one_line_out_per_line_in_in_order() -> None:
    refused, lines = answers(b'{"a": 1}\n\nnope\n{"refuse": "why"}\r\n  \n[1]\n\xff\n{"b": "\xc3\xa9"}')
    assert refused == 6
    assert lines == [
        {"a": 1},
        {"error": "the line is blank", "line": 2},
        {"error": "the line is not JSON: Expecting value, at column 1", "line": 3},
        {"error": "why", "line": 4},
        {"error": "the line is blank", "line": 5},
        {"error": "the line holds an array, where an object is needed", "line": 6},
        {"error": "the line is not UTF-8: byte 0xff at position 1", "line": 7},
        {"b": "\u00e9"},
    ]


def test_an_error_names_the_file_it_is_in() -> None:
    assert answers(b"\n", file="a.jsonl") == (1, [{"error": "the line is blank", "line": 1, "file": "a.jsonl"}])


def test_no_line_in_no_line_out() -> None:
    assert answers(b"") == (0, [])


def test_what_is_passed_through_is_not_changed() -> None:
    text = '{"a": "\u2028 \\u0000 \U0001f33e", "n": [123456789012345678901234567890, 0.1, -0.0, 1e300], "t": true, "z": null}'
    out = io.BytesIO()
    assert transform(io.BytesIO(text.encode() + b"\n"), out, lambda value: value) == 0
    assert json.loads(out.getvalue()) == json.loads(text)
    assert out.getvalue().count(b"\n") == 1
    assert "\U0001f33e".encode() in out.getvalue()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'{"a": NaN}', "the line is not JSON: NaN is no JSON number"),
        (b'{"a": -Infinity}', "the line is not JSON: -Infinity is no JSON number"),
        (b'{"a": 1e999}', "the number 1e999 is too large"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "the line holds a number with too many digits"),
        (b'{"a": "\\ud83d"}', "half of a surrogate pair (\\ud83d) in a, at code point 0"),
        (b'{"a": [{"b": "xy\\udc00"}]}', "half of a surrogate pair (\\udc00) in a.0.b, at code point 2"),
        (b'{"\\ud800": 1}', "half of a surrogate pair (\\ud800) in a key, at code point 0"),
        (b'{"a": "\xed\xa0\x80"}', "the line is not UTF-8: byte 0xed at position 8"),
        (b'{"a": "\x01"}', "the line is not JSON: Invalid control character at, at column 8"),
        (b'{"a": 1} {"b": 2}', "the line is not JSON: Extra data, at column 10"),
        (b'{"a": ' + b"[" * 101 + b"]" * 101 + b"}", f"the line nests deeper than {MAX_DEPTH} levels"),
        (b"[" * 1_000_000, f"the line nests deeper than {MAX_DEPTH} levels"),
        (b'"text"', "the line holds a string, where an object is needed"),
        (b"null", "the line holds null, where an object is needed"),
        (b"17", "the line holds a number, where an object is needed"),
        (b"\x00", "the line is not JSON: Expecting value, at column 1"),
        (b'\xef\xbb\xbf{"a": 1}', "the line is not JSON: a byte-order mark may stand before the first line only"),
    ],
)
def test_what_others_could_not_read_is_refused(line: bytes, text: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        parse_object(line)
    assert caught.value.detail.startswith(text)


def test_what_is_whole_is_taken() -> None:
    assert parse_object(b'{"a": "\\ud83c\\udf3e"}') == {"a": "\U0001f33e"}
    assert parse_object(b'{"a": "\\\\ud83c"}') == {"a": "\\ud83c"}
    assert parse_object(b'{"a": ' + b"[" * 99 + b"]" * 99 + b"}")
    assert parse_object(b'{"a": "' + b"[" * 1_000 + b'"}') == {"a": "[" * 1_000}
    assert parse_object(b'\xef\xbb\xbf{"a": 1}', first=True) == {"a": 1}


def test_ten_megabytes_are_taken_and_a_byte_more_is_not() -> None:
    frame = len(b'{"a": ""}')
    longest = b'{"a": "' + b"x" * (MAX_LINE_BYTES - frame) + b'"}'
    refused, lines = answers(longest + b"\n" + longest.replace(b"x", b"xx", 1) + b"\n{}\n" + longest + b" ")
    assert refused == 2
    assert lines[1] == {"error": "the line is longer than 10,000,000 bytes", "line": 2}
    assert lines[2] == {}
    assert lines[3] == {"error": "the line is longer than 10,000,000 bytes", "line": 4}
    assert len(lines[0]["a"]) == MAX_LINE_BYTES - frame


class Endless(io.RawIOBase):
    """A line of 200 MB, then a short one, made as it is read."""

    def __init__(self) -> None:
        self.left = 200_000_000

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.left > 0:
            size = min(len(buffer), self.left)
            buffer[:size] = b"x" * size
            self.left -= size
            return size
        data = b'\n{"a": 1}\n'[-self.left if self.left else 0 :]
        buffer[: len(data)] = data
        self.left -= len(data)
        return len(data)


def test_an_endless_line_is_skipped_and_not_held() -> None:
    import tracemalloc

    out = io.BytesIO()
    tracemalloc.start()
    try:
        refused = transform(io.BufferedReader(Endless()), out, lambda value: value)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused == 1
    assert [json.loads(line) for line in out.getvalue().splitlines()][1] == {"a": 1}
    assert peak < 3 * MAX_LINE_BYTES
