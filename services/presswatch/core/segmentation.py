"""Cut a text into words as Lucene's StandardTokenizer does: Unicode text segmentation (UAX #29), emoji included.

It knows where words begin and end, not how they are folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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


EDGE: Final = ',.:;"'
"""Punctuation that may be within a word but not at its beginning or end."""

# No word holds a separator, and none goes on across the beginning of a character that is a word of its own. Beyond the Basic
# Multilingual Plane all belongs to the chunk: there a regular expression is slow when it has many ranges.
CHUNK: Final = re.compile(f"[^{EDGE}{_ranges(b'o', 0xFFFF)}][^{_ranges(b'oJT', 0xFFFF)}]*")
"""Finds what can be cut into words independently of what surrounds it: mostly a word, perhaps with `EDGE` behind it."""

_EXTENDS = rb"[xzctupvwyi]*"
_UNSELECTED = rb"[xzctupyi]*+"  # the same without presentation selectors, as Lucene has it within emoji


def _extended(pattern: bytes) -> bytes:
    """Let every class of the pattern be followed by what extends it (UAX #29, WB4); W is a run of letters or one Hebrew letter."""
    run = rb"(?:[AI][AIxzctupvwyi]*|H" + _EXTENDS + rb")"
    return re.sub(
        rb"\[\w+\]|\w", lambda found: run if found[0] == b"W" else b"(?:" + found[0] + _EXTENDS + b")", pattern
    )


# A regular expression takes the first alternative that fits, Lucene the longest. The order of the alternatives makes these
# the same.
_LETTERS = rb"HS|HQH|W(?:[LBS]W)*|N(?:[MBS]N)*"
_PART = rb"(?:K+|(?:" + _LETTERS + rb")+)"
_WORD = _extended(rb"E*" + _PART + rb"(?:E+" + _PART + rb")*E*")
# An emoji goes on after a joiner, which what comes before has swallowed or its presentation selector has left.
# Possessive quantifiers leave one way to read each, so that there is nothing to try again.
_LINK = rb"(?:(?<=z)|z++)"
_PICTURE = _UNSELECTED + rb"w?+"
_MODIFIER = rb"p" + _UNSELECTED
_MORE = rb"(?:" + _LINK + rb"[PI]" + _PICTURE + rb"|z" + _MODIFIER + rb")"
_EMOJI = rb"(?:z*[PI]" + _PICTURE + rb"|" + _MODIFIER + rb")(?:" + _MORE + rb"+|t+u)?"
# The same from a letter that is an emoji as well, where it is longer than the word that begins so.
_LETTER_EMOJI = rb"I" + _PICTURE + _MORE.replace(b"[PI]", b"I") + rb"*" + _LINK + rb"P" + _PICTURE + _MORE + rb"*"
_KEYCAP = rb"k(?:" + _UNSELECTED + rb"wc|[xzctupyi]*c)" + _UNSELECTED
_FLAG = _extended(rb"RR")
_CLUSTER = rb"[TYyi][Yyxzctupvw]*"
_CHARACTER = _extended(rb"J")

_TOKEN = re.compile(b"|".join((_LETTER_EMOJI, _WORD, _EMOJI, _KEYCAP, _FLAG, _CLUSTER, _CHARACTER)))
_BEGIN = re.compile(rb"[AHINKEJTYyiPpzkR]")
_LEAD = re.compile(rb"[Exzctuvw]*")


_PLAIN: Final = re.compile(f"[{_ranges(b'A', 0xFFFF)}]{{1,{MAX_UNITS // 2}}}")


def is_plain(text: str) -> bool:
    """Tell whether a text is one word of nothing but letters, as most chunks are: a short cut for `words`."""
    return _PLAIN.fullmatch(text) is not None


def classes(text: str) -> bytes:
    """Return the class of each code point."""
    return bytes(map(CLASSES.__getitem__, map(ord, text)))


def words(text: str, kinds: bytes) -> Iterable[tuple[int, int]]:
    """Cut a text into words, in linear time.

    Args:
        text: any text, or a chunk of one.
        kinds: its `classes`.

    Returns:
        start and end (exclusive) of each, in code points. A run of Thai, Lao, Khmer, Burmese or a script like them, which
        is one token of Lucene's, comes as its grapheme clusters.
    """
    if len(text) <= MAX_UNITS // 2:
        return [found.span() for found in _TOKEN.finditer(kinds)]
    return _long_words(text, kinds)


def _long_words(text: str, kinds: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while begin := _BEGIN.search(kinds, at):
        at = begin.start()
        found = _TOKEN.match(kinds, at, at + MAX_UNITS)
        if found and found.end() - at > MAX_UNITS // 2:
            found = _TOKEN.match(kinds, at, _limit(text, at))
        if found:
            yield found.span()
            at = found.end()
        else:
            at = _next_try(kinds, at)


def _limit(text: str, at: int) -> int:
    """Return where a token that begins here must have ended: after the last character within `MAX_UNITS`."""
    units = 0
    for position in range(at, min(at + MAX_UNITS, len(text))):
        units += 2 if text[position] > "\uffff" else 1
        if units > MAX_UNITS:
            return position
    return at + MAX_UNITS


def _next_try(kinds: bytes, at: int) -> int:
    """Return where to try next when no token begins here.

    In a long run of characters that only lead to a word (as ``_``) that is not each of them, but those from which the
    word, if there is one, is within the limit.
    """
    lead = _LEAD.match(kinds, at)
    end = lead.end() if lead else at
    leads_to_word = kinds[end : end + 1] in (b"A", b"H", b"I", b"N", b"K", b"P", b"p", b"y", b"i")
    return max(at + 1, end - MAX_UNITS if leads_to_word else end)
