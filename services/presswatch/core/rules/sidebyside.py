"""The mistake that analysts make most: clauses with no operator between them, and what was probably meant."""

from __future__ import annotations

import re
import unicodedata

from presswatch.core.errors import RuleError
from presswatch.core.rules.faults import excerpt
from presswatch.core.rules.model import Meta, Phrase
from presswatch.core.rules.scanner import Lexeme

COMMAS = ",;،؛、，；፣፤"
"""Commas and semicolons of Latin, Arabic, East Asian and Ethiopic writing."""

_SMALL = re.compile(r"(?:and|or|not|near(?:/\d+f?)?|atleast(?:/\d+)?|count(?:/\d+)?)", re.IGNORECASE)
_OTHER_NEAR = re.compile(r"(?:o?near|w|n|pre|p|within|adj)?/?(\d+)[a-z]?", re.IGNORECASE)
_PLAIN = re.compile(r"""[^\s()"':@~^\\“”„‟«»「」『』‘‚]{1,40}""")
_TYPOGRAPHIC = re.compile("[“”„‟«»「」『』＂（）：]")
_ELSEWHERE = {
    "AND": "UND ET Y E I OG OCH EN VE DAN И І TA ΚΑΙ و".split(),
    "OR": "ODER OU O LUB ELLER OF VEYA ATAU ИЛИ АБО Ή أو".split(),
    "NOT": "NICHT KEIN SAUF PAS NO NON NIE INTE IKKE NIET DEĞİL НЕ ΟΧΙ ليس".split(),
}
"""Words for the operators in other languages, as they are typed in capitals."""

_PHRASE_WORDS = 6
"""Words up to which a mend writes out the phrase that they may be."""


def side_by_side(run: list[Lexeme]) -> RuleError:
    """Return the mistake of clauses, two or more, that nothing joins."""
    if len(run) == 2:
        message = f"no operator stands between {name(run[0])} and {name(run[1])}"
    else:
        message = f"{len(run)} clauses stand side by side with no operator between them"
    return RuleError(message, run[1].start, run[-1].end, _mend(run))


def name(token: Lexeme) -> str:
    """Return what a message calls a token."""
    names = {"COMMA": "this comma", "LPAR": "the group after it", "RPAR": "the group before"}
    return names.get(token.type) or (f"`{excerpt(token)}`" if token.type == "LEAF" else str(token))


def _mend(run: list[Lexeme]) -> str:
    words = [str(token) for token in run if token.type == "LEAF"]
    distance = next((found for word in words if (found := _OTHER_NEAR.fullmatch(word))), None)
    shouted = all(word.isupper() for word in words)  # a headline in capitals, whose OF and ET are words
    if meant := next((told for word in words if (told := _operator(word, shouted=shouted))), None):
        return meant
    if any(_TYPOGRAPHIC.search(word) for word in words):
        return 'write plain signs instead of typographic ones: `"flu vaccine"`, `( )` and `:`'
    if words and words[0][0] in "'‘‚" and words[-1][-1] in "'’‘" and len(words) == len(run):
        return f'a phrase stands in double quotation marks: `"{excerpt(" ".join(words)[1:-1])}"`'
    if "TO" in words:
        return "a range is written in brackets after its field: `published:[2026-01-01 TO 2026-01-31]`"
    if distance and not distance.group().isdecimal():
        return f"a distance is written `NEAR/{distance.group(1)}`"
    if any(word[-1] in COMMAS for word in words):
        return "a comma joins nothing: write OR if any of them will do, AND if all must occur"
    return _value(run) or _phrase(run, words)


def _operator(word: str, *, shouted: bool) -> str | None:
    """Tell what to write for a word that looks like an operator and is none."""
    if _SMALL.fullmatch(word) and not word.isupper():
        return f"operators are written in capitals: `{word.upper()}`; if you look for the word, put it into quotation marks"
    plain = "".join(ch for ch in unicodedata.normalize("NFKC", word) if unicodedata.category(ch) != "Cf")
    if _SMALL.fullmatch(plain):
        return f"`{excerpt(word)}` holds invisible or wide characters; type it anew: `{plain.upper()}`"
    for operator, others in _ELSEWHERE.items():
        if word in others and not shouted:
            return (
                f"operators are written in English: `{operator}`; if you look for the word, put it into quotation marks"
            )
    return None


def _value(run: list[Lexeme]) -> str | None:
    """Tell how to write a metadata value of several words: ``source:Le Monde``; and several values: ``lang:(en es)``."""
    first, *others = run
    if not isinstance(first.node, Meta) or not all(isinstance(token.node, Meta | Phrase) for token in others):
        return None
    if all(isinstance(token.node, Meta) for token in others) and ":" not in str(first):
        return f"write OR between the values: `{first} OR {others[0]}`"
    if all(isinstance(token.node, Phrase) and _PLAIN.fullmatch(token) for token in others) and '"' not in first:
        written = f'{first.node.name}:"{str(first).partition(":")[2]} {" ".join(map(str, others))}"'
        return f"a value with spaces stands in quotation marks: `{excerpt(written)}`; to look for the words as well, write AND before them"
    return None


def _phrase(run: list[Lexeme], words: list[str]) -> str:
    if len(run) == len(words) and all(_PLAIN.fullmatch(word) for word in words):
        if len(words) == 2:
            first, second = words
            both, either, phrase = f"{first} AND {second}", f"{first} OR {second}", f"{first} {second}"
            return f'write `{both}` if both must occur, `{either}` if either will do, `"{phrase}"` for a phrase'
        if len(words) <= _PHRASE_WORDS:
            return (
                f'write `"{" ".join(words)}"` for a phrase, or AND or OR between each two: `{words[0]} AND {words[1]}`'
            )
    return 'write `a AND b` if both must occur, `a OR b` if either will do, `"a b"` for a phrase'
