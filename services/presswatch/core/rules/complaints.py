"""The wording of mistakes that the lexer finds: one function a kind, each with its mend.

Pieces of a query stand between backquotes, as they would be typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from presswatch.core.errors import RuleError
from presswatch.core.rules.faults import did_you_mean, excerpt
from presswatch.core.rules.ranges import example, is_range_field
from presswatch.core.rules.terms import EXAMPLES, is_phrase

_OTHER_NAMES = {
    "headline": "title", "intitle": "title", "body": "text", "content": "text", "description": "text", "intext": "text",
    "language": "lang", "tag": "topic", "tags": "topic", "topics": "topic", "category": "topic", "site": "domain",
    "website": "domain", "host": "domain", "publisher": "source", "outlet": "source", "byline": "author",
    "location": "country", "place": "country", "inurl": "url", "link": "url", "date": "published", "time": "published",
    "@timestamp": "published", "length": "words", "wordcount": "words",
}  # fmt: skip

_ALIKE = 0.7
"""How much a name must look like a field's to be taken for it: field names are short, and `price` is not `topic`."""

_NUMBERED = {
    "NEAR": "`wheat NEAR/5 ban`, or `wheat NEAR/5f ban` for this order only",
    "COUNT": "`COUNT/3 wheat`",
    "ATLEAST": "`ATLEAST/2 (wheat, maize, rice)`",
    "a window": '`"grain export"~5`',
}


def dangling_backslash(at: int) -> RuleError:
    """A query that ends with a backslash."""
    return RuleError(
        "a backslash at the end has nothing to escape",
        at,
        at + 1,
        "take it away; a backslash to look for is written twice: `\\\\`",
    )


def unclosed_group(at: int) -> RuleError:
    """``(wheat``."""
    return RuleError("this parenthesis is never closed", at, at + 1, "put a `)` where its group ends")


def unopened_group(at: int) -> RuleError:
    """``wheat)``."""
    return RuleError(
        "this parenthesis closes nothing: none is open",
        at,
        at + 1,
        "take it away, or put a `(` where the group begins; if it belongs to an address or a word, write `\\)`",
    )


def unclosed_quotation(query: str, at: int) -> RuleError:
    """``"flu vaccine``, and the mark within Hebrew abbreviations."""
    mend = 'put a `"` where the phrase ends; a quotation mark within a phrase is written `\\"`'
    around = query[at - 1 : at] + query[at + 1 : at + 2]
    if len(around) == 2 and all("\u05d0" <= ch <= "\u05ea" for ch in around):
        word = re.findall(r"[\u0590-\u05ff]*", query[:at])[-2:][0], re.match(r"[\u0590-\u05ff]*", query[at + 1 :])
        first, rest = word[0], word[1].group() if word[1] else ""
        mend = f'within a word write `\\"`: `{first}\\"{rest}`; articles write ״ as well: `({first}\\"{rest} OR {first}״{rest})`'
    return RuleError("this quotation mark is never closed", at, at + 1, mend)


def star_outside_quotation(quoted: str, at: int) -> RuleError:
    """``"flu vaccin"*``."""
    return RuleError(
        "the wildcard `*` stands outside the quotation marks", at, at + 1, f'put it inside: `{excerpt(quoted)[:-1]}*"`'
    )


def star_after_list(name: str, at: int) -> RuleError:
    """``@grain*``."""
    return RuleError(
        "a list takes no wildcard",
        at,
        at + 1,
        f"take it away, and put it after the words of the list: lists/{name}.txt",
    )


def wide_signs(word: str, start: int) -> RuleError:
    """Parentheses or a colon of an East Asian keyboard, which look like ours and are not."""
    plain = word.translate({0xFF08: "(", 0xFF09: ")", 0xFF1A: ":"})
    return RuleError(
        f"`{excerpt(word)}` is written with wide signs, which mean nothing here",
        start,
        start + len(word),
        f"write the plain ones, as in `{excerpt(plain)}`; to look for them, use quotation marks",
    )


def lone_minus(sign: str, at: int) -> RuleError:
    """``wheat - corn``."""
    return RuleError(
        f"`{sign}` stands by itself, with nothing to exclude",
        at,
        at + 1,
        f"write it right before what must not occur, as in `{sign}word`, or leave it out",
    )


def plus(at: int, *, alone: bool) -> RuleError:
    """``+wheat`` or ``wheat + corn``."""
    mend = (
        "write AND if both must occur, OR if either will do"
        if alone
        else "leave it out, and join clauses that must all occur with AND"
    )
    return RuleError("`+` is not part of the language", at, at + 1, mend)


def slash(start: int, end: int) -> RuleError:
    """``/ban(s|ned)/`` or ``wheat / corn``."""
    if end == start + 1:
        return RuleError("`/` stands by itself", start, end, "write OR if either will do, or leave it out")
    return RuleError(
        "regular expressions (`/.../`) are not part of the language",
        start,
        end,
        "use wildcards (`vaccin*`, `organi?ation`) and OR; put a word that begins with / into quotation marks",
    )


def range_without_field(start: int, end: int) -> RuleError:
    """``[a TO b]``."""
    return RuleError(
        "square brackets and braces are for ranges, and a range needs a field before it",
        start,
        end,
        "write `published:[2026-01-01 TO *]` or `words:[300 TO 800]`; for a group use round parentheses: `( )`",
    )


def range_of_text(field: str, start: int, end: int) -> RuleError:
    """``source:[a TO b]``."""
    return RuleError(
        f"`{field}:` takes no range",
        start,
        end,
        f"name the values, as in `{field}:{EXAMPLES[field]}`; ranges go with `published:`, `words:` and `score.TOPIC:`",
    )


def unclosed_range(field: str, at: int) -> RuleError:
    """``words:[300 TO 800``."""
    return RuleError("this bracket is never closed", at, at + 1, f"write `{example(field)}`")


def list_without_name(at: int) -> RuleError:
    """``@ grain``."""
    return RuleError(
        "`@` must be followed by the name of a list", at, at + 1, "write the name right after it, as in `@grain_terms`"
    )


def unknown_list(name: str, known: Iterable[str], start: int, end: int) -> RuleError:
    """``@grain_trems``."""
    known = sorted(known)
    close = did_you_mean(name, known)
    if close:
        mend = f"did you mean `@{close}`?"
    elif known:
        mend = (
            f"the lists are {', '.join(f'`@{each}`' for each in known[:10])}{' and more' if len(known) > 10 else ''}."
        )
    else:
        mend = f"there are no lists yet: write its terms, one a line, into lists/{name}.txt beside the rules."
    return RuleError(
        f"there is no list `@{name}`", start, end, f'{mend} To look for these characters, write `raw:"@{name}"`'
    )


def fuzzy(word: str, start: int, end: int) -> RuleError:
    """``wheat~`` or ``wheat~2``."""
    wildcard = f"{excerpt(word)}*" if is_phrase(f"{word}*") else "vaccin*"
    return RuleError(
        "fuzzy terms (`word~`) are not part of the language",
        start,
        end,
        f"list the spellings that you mean, joined by OR, or use a wildcard: `{wildcard}`; "
        'a distance between words is written `"two words"~5`',
    )


def boost(start: int, end: int) -> RuleError:
    """``wheat^2``."""
    return RuleError(
        "boosts (`^`) are not part of the language: a rule matches or it does not",
        start,
        end,
        "take the `^` and its number away",
    )


def stray_distance(start: int, end: int) -> RuleError:
    """``(wheat OR corn)~5``."""
    return RuleError(
        "a distance (`~`) can only follow a phrase in quotation marks",
        start,
        end,
        'write `"two words"~5`, or join two groups with NEAR/5',
    )


def nothing_after_field(field: str, start: int) -> RuleError:
    """``title: AND``."""
    shown = example(field) if is_range_field(field) else f"{field}:{EXAMPLES.get(field, 'wheat')}"
    return RuleError(
        f"`{field}:` has nothing after it", start, start + len(field) + 1, f"write what to look for, as in `{shown}`"
    )


def sign_after_field(field: str, sign: str, value: str, start: int, end: int) -> RuleError:
    """``title:NOT x`` or ``lang:-en``."""
    return RuleError(
        f"`{sign}` cannot stand between a field and what it looks for",
        start,
        end,
        f"put it before the field: `{sign + ' ' if sign == 'NOT' else sign}{field}:{excerpt(value)}`",
    )


def field_under_field(inner: str, outer: str, start: int, end: int) -> RuleError:
    """``title:(text:x)``, ``title:(lang:en)``, ``lang:(en OR title:x)``."""
    mend = f"take it out of `{outer}:` and join the two with AND: `{outer}:(...) AND {inner}:...`"
    if outer in EXAMPLES:
        mend += f"; if it is a value of `{outer}:`, put it into quotation marks"
    return RuleError(f"`{inner}:` cannot stand under `{outer}:`", start, end, mend)


def raw_group(start: int, end: int) -> RuleError:
    """``raw:(WHO OR UN)``."""
    return RuleError(
        "`raw:` takes one text, not a group", start, end, "write it before each of them: `(raw:WHO OR raw:UN)`"
    )


def unknown_field(name: str, value: str, start: int, end: int, fields: Iterable[str]) -> RuleError:
    """``langauge:en``, ``10:30``, ``https://example.org``: `value` is what follows without a space."""
    fields = list(fields)
    whole = excerpt(f"{name}:{value}")
    if not name:
        return RuleError(
            "nothing stands before this colon",
            start,
            end,
            f'name a field, as in `title:wheat`; if the colon belongs to a word, use quotation marks: `"{whole}"`',
        )
    if name in {"http", "https"}:
        return RuleError(
            f"`{name}:` is no field; to look for an address, use `url:`", start, end, f"write `url:{name}:{value}`"
        )
    if name in {"score", "score."}:
        return RuleError("`score:` needs a topic", start, end, "name it after a dot, as in `score.health:>0.8`")
    close = _OTHER_NAMES.get(name.lower()) or did_you_mean(name.lower(), fields, _ALIKE)
    mend = f"did you mean `{close}:`?" if close else f"the fields are {', '.join(fields)} and score.TOPIC."
    if value[:1] not in {'"', "(", "["} and is_phrase(f"{name}:{value}"):
        mend += f' If the colon belongs to a word, use quotation marks: `"{whole}"`'
    return RuleError(f"there is no field `{excerpt(name)}:`", start, end, mend)


def number_missing(what: str, start: int, end: int, *, bare: bool) -> RuleError:
    """``wheat NEAR ban``, ``COUNT/ wheat``, ``"a b"~``."""
    word = f"; if you look for the word, write it small: `{what.lower()}`" if bare else ""
    return RuleError(f"{what} needs a number", start, end, f"write {_NUMBERED[what]}{word}")


def number_unreadable(what: str, found: str, start: int, end: int) -> RuleError:
    """``NEAR/five``."""
    if what == "NEAR" and found[:-1].isdecimal():
        return RuleError(
            f"`{found[-1]}` after the number of NEAR means nothing",
            start,
            end,
            f"write `NEAR/{found[:-1]}` for either order, `NEAR/{found[:-1]}f` for this order only",
        )
    return RuleError(
        f"{what} needs a whole number, and `{excerpt(found)}` is none", start, end, f"write {_NUMBERED[what]}"
    )


def number_out_of_bounds(what: str, least: int, most: int, start: int, end: int) -> RuleError:
    """``COUNT/0``, ``NEAR/5000``."""
    mend = f"write a number from {least} to {'the number of clauses' if what == 'ATLEAST' else most}"
    if what == "NEAR":
        mend += "; to ask for both anywhere in the article, write AND"
    return RuleError(f"the number of {what} is out of bounds", start, end, mend)
