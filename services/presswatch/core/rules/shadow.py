"""What is stored beside an article so that Elasticsearch finds it by the matcher's own tokens and values. Pure.

Whoever writes the fields (`shadow`) and whoever asks for them (`adapters.elasticsearch.query`) agree on them here.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from presswatch.core import text
from presswatch.core.rules.characters import Characters, runs
from presswatch.core.rules.document import Document

VERSION: Final = f"{text.VERSION}.1"
"""Stored with each article as `tok_version`. The part after the point is to be raised when `shadow` changes."""

LONGEST: Final = 255
"""UTF-16 units of a piece of text that are stored. Tokens are no longer: Lucene's whitespace tokeniser would cut them."""


LONGEST_VALUE: Final = 2048
"""UTF-16 units; a longer metadata value is not indexed (ignore_above), and its document says so in `_ignored`."""


def shadow(document: Document) -> dict[str, Any]:
    """Return what is indexed of a document for searching by rules, and not stored.

    title, text: the folded tokens, joined by spaces: one token at one position.
    runs: the pieces of the original text, case kept, that are no folded token as well.
    meta: each metadata value, folded, behind its name (`meta_term`).
    """
    fields = (document.title, document.text)
    found = set[str]().union(*(pieces(Characters(field.original).nfc) for field in fields))
    found.difference_update(*(field.texts for field in fields))
    return {
        "title": " ".join(document.title.texts),
        "text": " ".join(document.text.texts),
        "runs": sorted(set(map(cut, found))),
        "meta": [meta_term(name, value) for name, values in document.meta.items() for value in values],
    }


def pieces(nfc: str) -> set[str]:
    """Cut a text into its runs of letters and digits, and single symbols and marks that are not ASCII.

    An article in which a literal stands by itself has every piece of the literal among its own.
    """
    found = runs(nfc)
    if not nfc.isascii():
        found.update(ch for ch in set(nfc) if ch > "\x7f" and unicodedata.category(ch)[0] in "SM")
    return found


def meta_term(name: str, value: str) -> str:
    """Return the term for a folded metadata value: ``source:le monde``. Of a value's beginning it is the beginning."""
    return f"{name}:{value}"


def fits(token: str) -> bool:
    """Tell whether a token or piece is stored whole."""
    return len(token) <= LONGEST // 2 or len(token.encode("utf-16-le")) <= 2 * LONGEST


def cut(token: str) -> str:
    """Return what is stored of a piece."""
    return token if fits(token) else token.encode("utf-16-le")[: 2 * LONGEST].decode("utf-16-le", "ignore")
