"""Cut a text into words as Lucene's StandardTokenizer does: Unicode text segmentation (UAX #29), emoji included.

It knows where words begin and end, not how they are folded.
"""

from __future__ import annotations

import re
from typing import Final

from presswatch.core import _wordbreak

MAX_UNITS: Final = 255
"""Lucene's default longest token, in UTF-16 code units; the rest of a longer one begins the next."""


def _decode(runs: str) -> bytes:
    return b"".join(letter.encode() * int(length) for letter, length in re.findall(r"(\D)(\d+)", runs))


CLASSES: Final = _decode(_wordbreak.CLASSES)
"""The word-break class of every code point, as a letter; their meaning is told in `_wordbreak`."""


def _ranges(classes: bytes, last: int) -> str:
    """Return the code points up to `last` that have one of the classes, as ranges of a regular expression."""
    pattern = re.compile(b"[" + classes + b"]+")
    return "".join(
        f"\\U{found.start():08x}-\\U{min(found.end() - 1, last):08x}"
        for found in pattern.finditer(CLASSES, 0, last + 1)
    )


# No word holds a separator, and none goes on across the beginning of a character that is a word of its own. Beyond the
# Basic Multilingual Plane every character goes into the chunk: a regular expression is slow with many ranges there.
CHUNK: Final = re.compile(
    f"[^{_ranges(b'o', 0xFFFF)}][^{_ranges(b'oJT', 0xFFFF)}]*",
)
"""Finds what can be cut into words independently of what surrounds it."""

_EXTENDS = rb"[xzctupvwyi]*"
_UNSELECTED = rb"[xzctupyi]*"  # the same without presentation selectors, as Lucene has it within emoji


def _extended(pattern: bytes) -> bytes:
    """Let every class of the pattern be followed by what extends it (UAX #29, WB4)."""
    return re.sub(rb"\[\w+\]|\w", lambda found: b"(?:" + found[0] + _EXTENDS + b")", pattern)


# A regular expression takes the first alternative that fits, Lucene the longest. Here the order of the alternatives makes
# these the same, but for a letter that is an emoji as well; `_end` sees to that.
_LETTERS = rb"HS|HQH|[AHI](?:[LBS][AHI])*|N(?:[MBS]N)*"
_PART = rb"(?:K(?:E*K)*|(?:" + _LETTERS + rb")+)"
_WORD = _extended(rb"E*" + _PART + rb"(?:E+" + _PART + rb")*E*")
_EMOJI = (
    rb"(?:z*[PI]" + _UNSELECTED + rb"w?|p" + _UNSELECTED + rb")"
    # more of them, each behind a joiner (which the one before has taken, or its selector has left), or else tags
    rb"(?:(?:(?:(?<=z)|z+)[PI]" + _UNSELECTED + rb"w?|zp" + _UNSELECTED + rb")+|t+u)?"
)
_KEYCAP = rb"k(?:" + _UNSELECTED + rb"wc|[xzctupyi]*c)" + _UNSELECTED
_FLAG = _extended(rb"RR")
_SOUTH_EAST_ASIAN = rb"[TYyi][TYxzctupvwyi]*"
_CHARACTER = _extended(rb"J")

_TOKEN = re.compile(b"|".join((_WORD, _EMOJI, _KEYCAP, _FLAG, _SOUTH_EAST_ASIAN, _CHARACTER)))
_EMOJI_TOKEN = re.compile(_EMOJI)
_RUN = re.compile(_SOUTH_EAST_ASIAN)
_CLUSTER = re.compile(rb".[^Ti]*")
_BEGIN = re.compile(rb"[AHINKEJTYyiPpzkR]")
_LEAD = re.compile(rb"[Exzctuvw]*")


def classes(text: str) -> bytes:
    """Return the class of each code point."""
    return bytes(map(CLASSES.__getitem__, map(ord, text)))


def words(text: str, kinds: bytes) -> list[tuple[int, int]]:
    """Cut a text into words.

    Args:
        text: any text, or a chunk of one.
        kinds: its `classes`.

    Returns:
        start and end (exclusive) of each, in code points. A run of Thai, Lao, Khmer, Burmese or a script like them, which
        is one token of Lucene's, comes as its grapheme clusters.
    """
    found: list[tuple[int, int]] = []
    at = 0
    while begin := _BEGIN.search(kinds, at):
        at = begin.start()
        if run := _RUN.match(kinds, at):
            # taken on the whole: Lucene's limit would tear a cluster apart
            found += [cluster.span() for cluster in _CLUSTER.finditer(kinds, at, run.end())]
            at = run.end()
        elif end := _end(text, kinds, at):
            found.append((at, end))
            at = end
        else:
            at = _next_try(kinds, at)
    return found


def _end(text: str, kinds: bytes, at: int) -> int | None:
    """Return the end of the longest token of at most `MAX_UNITS` that begins here, or None."""
    end = _longest(kinds, at, at + MAX_UNITS)
    if end is not None and end - at > MAX_UNITS // 2:
        units = 0
        for position in range(at, end):
            units += 2 if text[position] > "\uffff" else 1
            if units > MAX_UNITS:
                return _longest(kinds, at, position)
    return end


def _longest(kinds: bytes, at: int, limit: int) -> int | None:
    ends = [found.end() for found in (_TOKEN.match(kinds, at, limit),) if found]
    if kinds[at : at + 1] == b"I":
        ends += [found.end() for found in (_EMOJI_TOKEN.match(kinds, at, limit),) if found]
    return max(ends, default=None)


def _next_try(kinds: bytes, at: int) -> int:
    """Return where to try next when no token begins here.

    In a long run of characters that only lead to a word (as ``_``) that is not each of them, but those from which the
    word, if there is one, is within the limit.
    """
    lead = _LEAD.match(kinds, at)
    end = lead.end() if lead else at
    leads_to_word = kinds[end : end + 1] in (b"A", b"H", b"I", b"N", b"K", b"P", b"p", b"y", b"i")
    return max(at + 1, end - MAX_UNITS if leads_to_word else end)
