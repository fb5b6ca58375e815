"""What a word, phrase, raw text or metadata value of a query means: its folded tokens, its wildcards, its escapes.

Knows characters, not places in a boolean expression; `lexer` finds where each of them begins and ends.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from presswatch.core.errors import RuleError
from presswatch.core.rules.model import Exact, Meta, Prefix, Slot, Test, Wildcard
from presswatch.core.text import by_character, fold_value, query_slots, wildcard_slots

MIN_LETTERS = 3
"""Letters or digits that a word with a wildcard has at least (the language); in Hangul `MIN_HANGUL` before ``*``."""
MIN_HANGUL = 1

EXAMPLES = {
    "topic": "health",
    "source": '"Le Monde"',
    "domain": "lemonde.fr",
    "country": "fr",
    "lang": "en",
    "author": '"Jane Doe"',
    "url": "https://example.org/news/*",
}
"""The metadata fields, each with a value as an analyst would write it."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WILD = re.compile(r"\\.|([*?])", re.DOTALL)
_PHRASE_WORD = re.compile(r"(?:[^\s\\]|\\.)+", re.DOTALL)
_OPERATOR_LIKE = {"&": "`AND` or `&&`", "|": "`OR` or `||`"}


def unescape(written: str) -> str:
    """Take the backslashes away: each makes the character after it an ordinary one."""
    return _ESCAPE.sub(r"\1", written) if "\\" in written else written


def word_slots(written: str, start: int) -> tuple[Slot, ...]:
    """Return the positions of an unquoted word: several where it falls into several tokens (wi-fi, 東京).

    Args:
        written: as in the query, with its backslashes and wildcards.
        start: where it stands in the query.

    Raises:
        RuleError: it holds no token, or a wildcard that cannot be.
    """
    slots = _wild_word(written, start) if "*" in written or "?" in written else _exact(written)
    if slots:
        return slots
    end = start + len(written)
    if written in _OPERATOR_LIKE:
        raise RuleError(f"a single `{written}` is no operator", start, end, f"write {_OPERATOR_LIKE[written]}")
    raise RuleError(
        f"`{written}` holds no word, so nothing could ever match it",
        start,
        end,
        "leave it out, or put it and the words beside it into quotation marks",
    )


def phrase_slots(inner: str, start: int) -> tuple[Slot, ...]:
    """Return the positions of what stands between quotation marks; like `word_slots`, `start` is that of `inner`."""
    if "*" in inner or "?" in inner:
        found: list[Slot] = []
        for word in _PHRASE_WORD.finditer(inner):
            part = word.group()
            found += _wild_word(part, start + word.start()) if "*" in part or "?" in part else _exact(part)
        slots = tuple(found)
    else:
        slots = _exact(inner)
    if slots:
        return slots
    raise RuleError(
        "this phrase holds no word, so nothing could ever match it" if inner.strip() else "this phrase is empty",
        start - 1,
        start + len(inner) + 1,
        "put words between the quotation marks, or take the phrase away",
    )


def is_phrase(written: str) -> bool:
    """Tell whether this could stand between quotation marks."""
    try:
        phrase_slots(written, 0)
    except RuleError:
        return False
    return '"' not in written


def raw_literal(written: str, start: int, end: int) -> str:
    """Return the characters (NFC) that ``raw:`` looks for.

    Raises:
        RuleError: from `start` to `end`: they hold no token.
    """
    literal = unicodedata.normalize("NFC", unescape(written))
    if query_slots(literal):
        return literal
    raise RuleError(
        "`raw:` needs at least one letter or digit to look for",
        start,
        end,
        'write the exact characters after the colon, as in `raw:WHO` or `raw:"C++"`',
    )


def metadata(name: str, written: str, start: int, end: int, *, quoted: bool) -> Meta:
    """Return the leaf for one metadata value.

    Args:
        name: the field.
        written: the value with its backslashes, without its quotation marks.
        start: where the value stands in the query, quotation marks included; `end` likewise.
        quoted: whether it stood in quotation marks.

    Raises:
        RuleError: it is empty, or holds a wildcard that cannot be.
    """
    at = start + quoted
    stars = [found.start(1) for found in _WILD.finditer(written) if found.group(1) == "*"]
    if stars and not written[: stars[0]].strip():
        raise RuleError(
            f"a value of `{name}:` cannot begin with a wildcard",
            at + stars[0],
            at + stars[0] + 1,
            f"write how the value begins, as in `{name}:abc*`, or name all values: `{name}:(one OR two)`",
        )
    if stars and stars[0] != len(written) - 1:
        raise RuleError(
            f"in a value of `{name}:` the wildcard `*` can only stand at the end",
            at + stars[0],
            at + stars[0] + 1,
            f"end the value there, `{name}:{written[: stars[0] + 1]}`, or write `\\*` for the character itself",
        )
    prefix = bool(stars)
    value = fold_value(unescape(written[:-1] if prefix else written))
    if not value:
        raise RuleError(f"`{name}:` has no value", start, end, f"write one after the colon: `{name}:{EXAMPLES[name]}`")
    if name == "domain":
        value = value.removeprefix("www.")  # as in the domain of an article
    if name == "lang" and len(subtags := re.split("[-_]", value)) > 1:
        value, prefix = subtags[0], False  # en-GB and en-* are English
    return Meta(name, value, prefix, f'{name}:"{written}"' if quoted else f"{name}:{written}", start, end)


@lru_cache(maxsize=1 << 16)
def _exact(written: str) -> tuple[Slot, ...]:
    return tuple(tuple(Exact(form) for form in forms) for forms in query_slots(unescape(written)))


def _wild_word(written: str, start: int) -> tuple[Slot, ...]:
    """Return the positions of a word in which ``*`` or ``?`` stands, escaped or not; () if it holds no token."""
    wild = [found.start(1) for found in _WILD.finditer(written) if found.group(1)]
    if not wild:
        return _exact(written)
    if not _letters(written[: wild[0]]):
        raise _leading(written, start + wild[0])
    middle = next((at for at in wild if written[at] == "*" and at != len(written) - 1), None)
    if middle is not None:
        begun = (
            f"write `{written[:middle]}*` for all words that begin so, or"
            if _letters(written[:middle]) >= MIN_LETTERS
            else "use"
        )
        raise RuleError(
            "the wildcard `*` can only stand at the end of a word",
            start + middle,
            start + middle + 1,
            f"{begun} `?` for exactly one unknown letter, or list the words that you mean, joined by OR",
        )
    starred = written[-1] == "*" and wild[-1] == len(written) - 1
    stem = written[:-1] if starred else written
    before = unescape(stem)[-1]
    open_end = starred and len(wild) > 1 and wild[-2] == len(stem) - 1  # ``ab?*``
    if starred and not open_end:
        if by_character(before):
            return _wild_word(stem, start)  # each character is a token of its own: the star has nothing to stand for
        if not before.isalnum() and unicodedata.category(before)[0] != "M":
            raise RuleError(
                "the wildcard `*` must follow a letter or a digit",
                start + len(stem),
                start + len(written),
                "put it right after the letters that begin the word, as in `vaccin*`, or leave it away",
            )
    least = MIN_HANGUL if starred and not open_end and "HANGUL" in unicodedata.name(before, "") else MIN_LETTERS
    if _letters(stem) < least and not starred and all(by_character(ch) for ch in stem if ch.isalnum()):
        raise RuleError(
            f"`{written}` asks for one more character, and in this script each character is a word by itself",
            start,
            start + len(written),
            'leave the `?` out; for one unknown character between others use a window, as in `"小麦"~1`',
        )
    if _letters(stem) < least:
        where = "before the `*`" if starred else "in a word with `?`"
        raise RuleError(
            f"`{written}` is too short for a wildcard: far too many words would match",
            start,
            start + len(written),
            f"give at least {least} letters or digits {where}, or list the words that you mean, joined by OR",
        )
    return _patterns(written)


@lru_cache(maxsize=1 << 14)
def _patterns(written: str) -> tuple[Slot, ...]:
    plain = _ESCAPE.sub(lambda found: " " if found.group(1) in "*?" else found.group(1), written)
    return tuple(tuple(_test(form) for form in forms) for forms in wildcard_slots(plain))


def _test(form: str) -> Test:
    if "?" in form:
        return Wildcard(form)
    return Prefix(form[:-1]) if form.endswith("*") else Exact(form)


def _letters(written: str) -> int:
    """Count letters and digits. Vowel signs of Indic scripts count too: they are as much of a word as our vowels."""
    return sum(
        ch.isalnum() or (unicodedata.category(ch)[0] == "M" and unicodedata.combining(ch) == 0)
        for ch in unescape(written)
    )


def _leading(written: str, at: int) -> RuleError:
    if _letters(written):
        return RuleError(
            "a word cannot begin with a wildcard",
            at,
            at + 1,
            "write how the word begins, as in `vaccin*`, or list the words that you mean, joined by OR",
        )
    return RuleError(
        "a wildcard by itself stands for no word",
        at,
        at + 1,
        'write how the words begin, as in `vaccin*`; for any word between others, use a window: `"flu vaccine"~1`',
    )
