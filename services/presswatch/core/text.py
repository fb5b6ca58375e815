"""Tokens: how any text, of an article or of a query, becomes folded words that point back into it.

The one tokeniser of stream, history and console. Where words begin and end is decided in `segmentation`, which words are
the same in `folding`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Final

from presswatch.core import segmentation
from presswatch.core.folding import fold, fold_value

__all__ = ["VERSION", "Tokens", "by_character", "fold_value", "query_slots", "tokenise", "wildcard_slots"]

VERSION: Final = 1
"""To be raised with every change of what `tokenise` or `query_slots` return: it is stored beside tokens and rules."""

_MEMO_CHUNKS: Final = 50_000
_MEMO_LENGTH: Final = 40  # code points; a full memo takes about 25 MB, and there may be two (see `_Memo`)

_SUFFIXING: Final = frozenset({"tr", "az"})  # languages that part a name from its suffix by an apostrophe

# What stands for a wildcard while a query's word is cut and folded: noncharacters, which are in no word and never change.
_ONE: Final = "\ufdd0"
_REST: Final = "\ufdd1"
_WILDCARDS: Final = str.maketrans({"?": _ONE, "*": _REST, _ONE: " ", _REST: " "})
_WRITTEN: Final = str.maketrans({_ONE: "?", _REST: "*"})


class Tokens:
    """The tokens of a text, in order, one at one position. Equal if all of it is.

    Args:
        original: the text.
        texts: the folded tokens, none of them empty, none longer than 255 UTF-16 units.
        starts: first code point of each token in `original`.
        ends: end of each token in `original`, exclusive: ``original[start:end]`` is how it was written.
    """

    __slots__ = ("_cut", "_ends", "_starts", "original", "texts")

    def __init__(self, original: str, texts: list[str], starts: list[int], ends: list[int]) -> None:
        self.original = original
        self.texts = texts
        self._starts, self._ends = starts, ends
        self._cut: Sequence[_Cut] = ()

    @classmethod
    def of(cls, original: str, cut: Sequence[_Cut]) -> Tokens:
        """Put the tokens of chunks together. Where they stand is reckoned when somebody asks: of most texts nobody does."""
        tokens = cls(original, list(chain.from_iterable(map(_forms, cut))), [], [])
        tokens._cut = cut
        return tokens

    @property
    def starts(self) -> list[int]:
        """First code point of each token in `original`."""
        self._place()
        return self._starts

    @property
    def ends(self) -> list[int]:
        """End of each token in `original`, exclusive."""
        self._place()
        return self._ends

    def _place(self) -> None:
        if self._cut:
            starts: list[int] = []
            ends: list[int] = []
            begins = [found.start() for found in segmentation.CHUNK.finditer(self.original)]
            for at, (_, spans) in zip(begins, self._cut, strict=True):
                for start, end in spans:
                    starts.append(at + start)
                    ends.append(at + end)
            self._starts, self._ends, self._cut = starts, ends, ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tokens):
            return NotImplemented
        return (self.original, self.texts, self.starts, self.ends) == (
            other.original, other.texts, other.starts, other.ends,
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]  # it holds lists

    def __repr__(self) -> str:
        return f"Tokens({self.original!r}, {self.texts!r}, {self.starts!r}, {self.ends!r})"


def tokenise(text: str, lang: str | None = None) -> Tokens:
    """Cut a text into folded tokens, in linear time.

    Args:
        text: anything, lone surrogates too.
        lang: language of the article (BCP 47); in Turkish and Azerbaijani an apostrophe parts a suffix.
    """
    turkish = lang is not None and lang.replace("_", "-").partition("-")[0].lower() in _SUFFIXING
    return Tokens.of(text, list(map(_MEMOS[turkish].__getitem__, segmentation.CHUNK.findall(text))))


def query_slots(text: str) -> list[tuple[str, ...]]:
    """Return the folded forms that a query's word or phrase may take at each token position; [] if it holds no token.

    A query has no language, so that a word with an apostrophe has a second form, as Turkish reads it.
    """
    return _slots(text, segmentation.classes(text))


def wildcard_slots(text: str) -> list[tuple[str, ...]]:
    """Return what `query_slots` does for words with wildcards: the forms are patterns.

    In `text` each ``?`` is exactly one character, and a ``*`` at the end of a word is nothing or any number of letters and
    digits. An escaped one is part of no word: the caller passes a space for it. In a form, ``?`` and a last ``*`` are
    wildcards, counted in code points of the *folded* token; a form without either is exact.

    - ``vaccin*`` gives ``vaccin*``, and ``wi-fi*`` gives ``wi`` and then ``fi*``.
    - A star that stands for nothing may leave another token than one that stands for letters; both are forms:
      ``Putin's*`` gives ``putins*`` and ``putin``.
    - In scripts matched by character a star changes nothing and is left out; ``?`` is one token of one character.
    - A form that is only ``*``, as of ``C*`` it is ``c*``, is below every minimum; to say so is the caller's business.
    """
    text = text.translate(_WILDCARDS)
    kinds = bytearray(segmentation.classes(text))
    kept = []
    for at, ch in enumerate(text):
        if ch in {_ONE, _REST}:
            kinds[at] = _kind_at(kinds, at)
        if ch != _REST or kinds[at] not in b"JT":
            kept.append(at)
    longer = _slots_at(text, kinds, kept)
    shorter = _slots_at(text, kinds, [at for at in kept if text[at] != _REST])
    if len(longer) != len(shorter):
        shorter = [()] * len(longer)
    return [_widest(dict.fromkeys((*forms, *others))) for forms, others in zip(longer, shorter, strict=True)]


def by_character(ch: str) -> bool:
    """Tell whether a character is of a script without spaces: Han, Hiragana, Thai, Lao, Khmer, Burmese and their kin."""
    return segmentation.CLASSES[ord(ch)] in b"JTYyi"


_Cut = tuple[tuple[str, ...], tuple[tuple[int, int], ...]]
"""The tokens of a chunk, and start and end of each within it."""

_forms: Callable[[_Cut], tuple[str, ...]] = itemgetter(0)


class _Memo(dict[str, _Cut]):
    """The tokens of the chunks met lately, with the punctuation that stood behind them.

    When it is full it becomes the older half, which it replaces, so that common words are never forgotten, and hostile text cannot
    fill the memory.
    """

    def __init__(self, *, turkish: bool) -> None:
        super().__init__()
        self._turkish = turkish
        self._older: dict[str, _Cut] = {}

    def __missing__(self, chunk: str) -> _Cut:
        cut = self._older.get(chunk)
        if cut is None:
            word = chunk.rstrip(segmentation.EDGE)
            if word.isascii() and word.isalpha() and len(word) <= _MEMO_LENGTH:
                cut = (word.lower(),), _whole(len(word))
            else:
                cut = self.get(word) or self._cut(word)
        if len(chunk) <= _MEMO_LENGTH:
            if len(self) >= _MEMO_CHUNKS:
                self._older = dict(self)
                self.clear()
            self[chunk] = cut
        return cut

    def _cut(self, word: str) -> _Cut:
        if segmentation.is_plain(word) and (form := fold(word, turkish=self._turkish)):
            return (form,), _whole(len(word))
        forms: list[str] = []
        spans: list[tuple[int, int]] = []
        for start, end in segmentation.words(word, segmentation.classes(word)):
            if form := fold(word[start:end], turkish=self._turkish):
                forms.append(form)
                spans.append((start, end))
        return tuple(forms), tuple(spans)


_MEMOS: Final = {turkish: _Memo(turkish=turkish) for turkish in (False, True)}


@lru_cache
def _whole(length: int) -> tuple[tuple[int, int], ...]:
    """Return the one span of a chunk that is one word, each once: there are few lengths."""
    return ((0, length),)


def _slots(text: str, kinds: bytes) -> list[tuple[str, ...]]:
    words = [text[start:end] for start, end in segmentation.words(text, kinds)]
    readings = [dict.fromkeys((fold(word, turkish=False), fold(word, turkish=True))) for word in words]
    slots = [tuple(form for form in forms if form) for forms in readings]
    return [slot for slot in slots if slot]


def _slots_at(text: str, kinds: bytearray, positions: list[int]) -> list[tuple[str, ...]]:
    slots = _slots("".join(text[at] for at in positions), bytes(kinds[at] for at in positions))
    return [tuple(form.translate(_WRITTEN) for form in slot) for slot in slots]


def _kind_at(kinds: bytearray, at: int) -> int:
    """Return the class of a wildcard: that of the nearest letter or digit of its word, which it then goes on from."""
    before = kinds[:at].rpartition(b"o")[2][::-1]
    after = kinds[at:].partition(b"o")[0][1:]
    for kind in before + after:
        if kind in b"TYyi":
            return ord("T")
        if kind in b"AHNKJ":
            return kind
    return ord("A")


def _widest(forms: Collection[str]) -> tuple[str, ...]:
    """Leave out the forms that another one with a star covers."""
    beginnings = {form: form[:-1] for form in forms if form.endswith("*")}
    return tuple(form for form in forms if not any(form.startswith(b) for f, b in beginnings.items() if f != form))
