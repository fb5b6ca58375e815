"""Words and folding: how any text, of an article or of a query, becomes tokens that point back into it.

One tokeniser for stream, history and console; it knows no field, rule or language model.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_APOSTROPHES = "'\u2018\u2019\u02bc\uff07"
_SPLIT = "\u3041-\u309f\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
_WORD = re.compile(
    rf"[{_SPLIT}][\u0300-\u036f]*|(?:(?![{_SPLIT}])[\w\u0300-\u036f\u0900-\u0dff\u0610-\u06ff\u0591-\u05f4])+"
    rf"(?:[{_APOSTROPHES}.](?:(?![{_SPLIT}])[\w\u0300-\u036f])+)*"
)
_BY_CHARACTER = re.compile(rf"[{_SPLIT}]")
_ELISION = re.compile(rf"(?:l|d|j|m|n|s|t|c|qu|jusqu|lorsqu|puisqu|quoiqu|dell|nell|all|dall|sull|coll|un|quest|quell|sant)[{_APOSTROPHES}](?=.)")
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ё": "е", "ـ": None})


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text, in order: `texts[i]` is folded, `original[starts[i]:ends[i]]` is how it was written."""

    original: str
    texts: list[str]
    starts: list[int]
    ends: list[int]


def tokenise(text: str, lang: str | None = None) -> Tokens:
    """Cut a text into folded tokens, one at one position.

    Args:
        text: anything; offsets in the result are code points into it.
        lang: language of the article (BCP 47); Turkish and Azerbaijani read apostrophes in their own way.
    """
    turkish = lang is not None and lang.lower().replace("_", "-").split("-")[0] in {"tr", "az"}
    texts, starts, ends = [], [], []
    for found in _WORD.finditer(text):
        folded = _fold(found.group(), turkish=turkish)
        if folded:
            texts.append(folded)
            starts.append(found.start())
            ends.append(found.end())
    return Tokens(text, texts, starts, ends)


def query_slots(text: str) -> list[tuple[str, ...]]:
    """Give the folded forms that a query's word or phrase may take, for each token position; [] if it holds no token.

    A query has no language, so a word with an apostrophe has its Turkish reading as a second form.
    """
    slots = []
    for found in _WORD.finditer(text):
        forms = (_fold(found.group(), turkish=False), _fold(found.group(), turkish=True))
        forms_kept = tuple(dict.fromkeys(form for form in forms if form))
        if forms_kept:
            slots.append(forms_kept)
    return slots


def wildcard_slots(text: str) -> list[tuple[str, ...]]:
    """Like `query_slots`, for words that hold wildcards: the forms are patterns.

    In the text, ``?`` and ``*`` are wildcards wherever they stand (an escaped one is no part of any token: pass a space for
    it). In a form, ``?`` is exactly one character and a last ``*`` is any number of them; a form without either is exact.
    """
    marked = text.replace("?", "\ue000x").replace("*", "\ue001x")
    return [
        tuple(form.replace("xqzq", "?").replace("xzqz", "*") for form in forms)
        for forms in query_slots(marked.replace("\ue000x", "xqzq").replace("\ue001x", "xzqz"))
    ]


def fold_value(value: str) -> str:
    """Fold a metadata value (source, country, ...) for comparison: NFKC and full case folding, white space trimmed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).strip()


def by_character(ch: str) -> bool:
    """Tell whether the character is of a script without spaces (Han, Hiragana, Thai, Lao, Khmer, Burmese)."""
    return _BY_CHARACTER.match(ch) is not None


def _fold(word: str, *, turkish: bool) -> str:
    word = "".join(unicodedata.normalize("NFKC", word).split()).casefold()
    marks = [at for at, ch in enumerate(word) if ch in _APOSTROPHES]
    if turkish and marks:
        word = word[: marks[-1]]
    elif len(word) > 2 and word[-1] == "s" and word[-2] in _APOSTROPHES:
        word = word[:-2]
    word = _ELISION.sub("", word, count=1) if _ELISION.match(word) else word
    word = "".join(ch for ch in word if ch not in _APOSTROPHES)
    word = "".join(ch for ch in unicodedata.normalize("NFKD", word) if not "\u0300" <= ch <= "\u036f")
    return unicodedata.normalize("NFKC", word.translate(_LETTERS))
