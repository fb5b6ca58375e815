"""Make different spellings of one word the same: width, case, diacritics, points and apostrophes.

It is given words that are already cut and knows nothing of texts. What is the same is told in the rule language's manual.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_APOSTROPHES: Final = "['\u2018\u2019\u02bc]"  # the full-width one is U+0027 after NFKC
# A single letter before the apostrophe is no Turkish stem: O'Reilly must not become the word "o", which half the articles
# in Portuguese hold.
_SUFFIX: Final = re.compile(rf"(?s)(.{{2,}}){_APOSTROPHES}.*")
_POSSESSIVE: Final = re.compile(rf"(?s)(.+){_APOSTROPHES}s")
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
    """Fold all but apostrophes, until nothing changes: what one step drops can have kept letters of another apart."""
    folded = _fold_once(word)
    while folded != word:
        word, folded = folded, _fold_once(folded)
    return folded


def _fold_once(word: str) -> str:
    word = "".join(unicodedata.normalize("NFKC", word).split()).casefold()
    word = _DROPPED.sub("", word)
    kept = []
    bare = False
    for ch in unicodedata.normalize("NFD", word):
        if unicodedata.category(ch)[0] != "M":
            bare = _is_latin_or_greek(ch)
            kept.append(ch)
        elif not bare:
            kept.append(ch)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS)


@lru_cache(maxsize=4096)
def _is_latin_or_greek(ch: str) -> bool:
    return ch.isalpha() and unicodedata.name(ch, "").startswith(("LATIN ", "GREEK "))


def _fold_apostrophes(word: str, *, turkish: bool) -> str:
    """Read the apostrophes, in this order: suffix or possessive, then elision; what is left of them joins."""
    if stem := (_SUFFIX if turkish else _POSSESSIVE).fullmatch(word):
        word = stem[1]
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
