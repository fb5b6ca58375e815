"""Make different spellings of one word the same: width, case, diacritics, points and apostrophes.

It is given words that are already cut and knows nothing of texts. What is the same is told in the rule language's manual.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_APOSTROPHES: Final = "['\u2018\u2019\u02bc]"  # the full-width one is U+0027 after NFKC
_ELISION: Final = re.compile(
    "(?:l|d|j|m|n|s|t|c|qu|jusqu|lorsqu|puisqu|quoiqu|dell|nell|all|dall|sull|coll|un|quest|quell|sant)"
    rf"{_APOSTROPHES}(?=[^'\u2018\u2019\u02bc])"
)
_ANY_APOSTROPHE: Final = re.compile(_APOSTROPHES)

# Default_Ignorable_Code_Point of DerivedCoreProperties, Unicode 14 (the set has been stable for many versions).
_IGNORABLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ARABIC_MARKS: Final = "\u0640\u064b-\u0652\u0670"  # tatweel, vowels and doubling, superscript alef
_HEBREW_POINTS: Final = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # and cantillation
_DROPPED: Final = re.compile(f"[{_IGNORABLE}{_ARABIC_MARKS}{_HEBREW_POINTS}]")

_LETTERS: Final = str.maketrans(
    {
        # Latin letters that do not decompose
        "\u0142": "l",  # l with stroke
        "\u00f8": "o",  # o with stroke
        "\u0111": "d",  # d with stroke
        "\u0127": "h",  # h with stroke
        "\u0131": "i",  # dotless i
        "\u00e6": "ae",
        "\u0153": "oe",
        "\u00fe": "th",  # thorn
        "\u00f0": "d",  # eth
        # Cyrillic io is ie
        "\u0451": "\u0435",
        # Arabic alefs: with madda, hamza above, hamza below, wasla, wavy hamza above and below
        "\u0622": "\u0627",
        "\u0623": "\u0627",
        "\u0625": "\u0627",
        "\u0671": "\u0627",
        "\u0672": "\u0627",
        "\u0673": "\u0627",
    }
)

MAX_UNITS: Final = 255
"""Longest folded form, in UTF-16 units: what Elasticsearch's whitespace analyzer leaves in one piece."""


def fold(word: str, *, turkish: bool) -> str:
    """Return the form in which a word is compared; it may be empty.

    Args:
        word: a word as cut from a text.
        turkish: read an apostrophe as Turkish and Azerbaijani do, before a suffix.
    """
    folded = word.lower() if word.isascii() else _fold_characters(word)
    if _ANY_APOSTROPHE.search(folded):
        folded = _fold_characters(_fold_apostrophes(folded, turkish=turkish))
    return folded if len(folded) <= MAX_UNITS // 2 else _cut(folded)


def fold_value(value: str) -> str:
    """Fold a metadata value (source, country, ...) for comparison: NFKC, full case folding, white space trimmed."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    while folded != value:
        value, folded = folded, unicodedata.normalize("NFKC", folded).casefold()
    return folded.strip()


def _fold_characters(word: str) -> str:
    """Fold all but apostrophes."""
    folded = word.translate(_ALONE)
    return _fold_together(word) if _NOT_ALONE in folded else folded


def _fold_together(word: str) -> str:
    """Fold until nothing changes: what one step drops can have kept two characters apart that now compose."""
    folded = _fold_once(word)
    while folded != word:
        word, folded = folded, _fold_once(folded)
    return folded


def _fold_once(word: str) -> str:
    word = "".join(unicodedata.normalize("NFKC", word).split()).casefold()
    kept = []
    bare = False
    for ch in unicodedata.normalize("NFD", _DROPPED.sub("", word)):
        if unicodedata.category(ch)[0] != "M":
            bare = ch.isalpha() and unicodedata.name(ch, "").startswith(("LATIN ", "GREEK "))
            kept.append(ch)
        elif not bare:
            kept.append(ch)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS)


class _Alone(dict[int, str]):
    """What characters fold to by themselves; `_NOT_ALONE` for those that act on their neighbours: marks and jamo.

    It fills itself and ends with at most an entry for each code point of a word-break class.
    """

    def __missing__(self, point: int) -> str:
        ch = chr(point)
        folded = _fold_together(ch)
        social = any(unicodedata.category(part)[0] == "M" or "\u1100" <= part <= "\u11ff" for part in ch + folded)
        self[point] = _NOT_ALONE if social else folded
        return self[point]


_NOT_ALONE: Final = "\uffff"  # a noncharacter, which is in no word
_ALONE: Final = _Alone()


def _fold_apostrophes(word: str, *, turkish: bool) -> str:
    """Read the apostrophes, in this order: suffix or possessive, then elision; what is left of them joins."""
    *_, last = _ANY_APOSTROPHE.finditer(word)
    stem = _ANY_APOSTROPHE.sub("", word[: last.start()])
    # A single letter is no Turkish stem: or else O'Reilly would be the word "o", which half of all Portuguese articles hold.
    if len(stem) > 1 if turkish else stem and word[last.end() :] == "s":
        word = word[: last.start()]
    if elided := _ELISION.match(word):
        word = word[elided.end() :]
    return _ANY_APOSTROPHE.sub("", word)


def _cut(form: str) -> str:
    units = 0
    for at, ch in enumerate(form):
        units += 2 if ch > "\uffff" else 1
        if units > MAX_UNITS:
            return form[:at]
    return form
