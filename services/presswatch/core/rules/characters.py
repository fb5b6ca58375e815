"""Literal characters in an original text, for `raw:`. Comparison is by NFC, positions are those of the original."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from presswatch.core.text import by_character

_RUN = re.compile(r"[^\W_]+")
_MAX_MARKS = 30
"""Marks taken to one base character: the bound of UAX #15's stream-safe text, without which normalising is quadratic."""


def runs(nfc: str) -> set[str]:
    """Cut a text into its runs of letters and digits; a character of a script without spaces is a run by itself.

    A literal with `borders` in a text has each of its own runs as a run of that text.
    """
    if nfc.isascii():
        return set(_RUN.findall(nfc))
    single = {ch for ch in set(nfc) if by_character(ch)}
    if single:
        nfc = nfc.translate({ord(ch): " " for ch in single})
    return single | set(_RUN.findall(nfc))


def borders(before: str, literal: str, after: str) -> bool:
    """Tell whether a literal between two characters (or "") stands by itself.

    No letter, digit or combining mark may touch it, unless one of the two characters that touch is of a script
    without spaces.
    """
    return not (_touches(before, literal[0]) or _touches(after, literal[-1]))


def _touches(outer: str, inner: str) -> bool:
    if not outer or not (outer.isalnum() or unicodedata.category(outer)[0] == "M"):
        return False
    return not by_character(outer) and not by_character(inner)


class Characters:
    """An original text and its NFC, with the way back.

    Normalised piece by piece, where a piece is a stretch that normalisation never reaches across: a base character
    and what composes with it. Only pieces that change are kept, as four offsets each.
    """

    def __init__(self, original: str) -> None:
        self.original = original
        self._starts, self._ends = array("q"), array("q")
        self._nfc_starts, self._nfc_ends = array("q"), array("q")

    @cached_property
    def nfc(self) -> str:
        """The text in NFC."""
        if unicodedata.is_normalized("NFC", self.original):
            return self.original
        parts, copied, length = [], 0, 0
        for start, end in _pieces(self.original):
            piece = self.original[start:end]
            normal = unicodedata.normalize("NFC", piece)
            if normal != piece:
                parts += [self.original[copied:start], normal]
                length += start - copied + len(normal)
                copied = end
                self._starts.append(start)
                self._ends.append(end)
                self._nfc_starts.append(length - len(normal))
                self._nfc_ends.append(length)
        return "".join([*parts, self.original[copied:]])

    def find(self, literal: str) -> Iterator[tuple[int, int]]:
        """Yield start and end, in the original, of each place where the literal (in NFC) stands by itself."""
        nfc = self.nfc
        at = nfc.find(literal)
        while at >= 0:
            end = at + len(literal)
            if borders(nfc[at - 1 : at] if at else "", literal, nfc[end : end + 1]):
                span = (self._back(at), self._back(end))
                if min(span) >= 0:
                    yield span
            at = nfc.find(literal, at + 1)

    def _back(self, at: int) -> int:
        """Return the offset in the original for one in the NFC; -1 where the original cannot be cut."""
        last = bisect_right(self._nfc_starts, at) - 1
        if last < 0:
            return at
        start, end, nfc_start, nfc_end = (
            offsets[last] for offsets in (self._starts, self._ends, self._nfc_starts, self._nfc_ends)
        )
        if at >= nfc_end:
            return end + at - nfc_end
        piece = self.original[start:end]
        normal = unicodedata.normalize("NFC", piece)
        for cut in range(len(piece)):
            head, tail = unicodedata.normalize("NFC", piece[:cut]), unicodedata.normalize("NFC", piece[cut:])
            if len(head) == at - nfc_start and head + tail == normal:
                return start + cut
        return -1


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of the pieces that a text is normalised by."""
    start = marks = 0
    for at, ch in enumerate(text):
        mark = unicodedata.combining(ch) != 0
        if at > start and (marks >= _MAX_MARKS or (not mark and _apart(text[start:at], ch))):
            yield start, at
            start, marks = at, 0
        marks += mark
    yield start, len(text)


def _apart(piece: str, ch: str) -> bool:
    """Tell whether normalisation leaves the border between a piece and the starter after it alone."""
    if ch.isascii():
        return True
    normal = unicodedata.normalize("NFC", piece + ch)
    return normal == unicodedata.normalize("NFC", piece) + unicodedata.normalize("NFC", ch)
