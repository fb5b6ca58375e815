"""What an article has instead of a leaf of a rule that it does not satisfy, in words."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from presswatch.core.rules.document import Document
from presswatch.core.rules.leaves import Leaves, TextLeaf
from presswatch.core.rules.model import Exact, Leaf, Meta, Phrase, Prefix, Range, Raw, Slot
from presswatch.core.rules.vocabulary import Vocabulary
from presswatch.core.text import query_slots

LINE = 100
"""Code points of a clause that are shown on a line."""

_ANYWHERE = 10**9
"""A window as long as any text."""


def of_leaf(leaf: Leaf, document: Document) -> str:
    """Say what is missing for a leaf that does not hold, and what comes nearest to it."""
    match leaf:
        case Phrase():
            return _elsewhere(leaf, document) or _phrase(leaf, document)
        case Raw():
            return _elsewhere(leaf, document) or _raw(leaf, document)
        case Meta():
            return _values(leaf, document)
        case Range():
            return _number(leaf, document)


def short(text: str, size: int = 40) -> str:
    """Cut a piece of text to a size, on one line, without characters that a terminal would obey."""
    line = " ".join("".join(" " if unicodedata.category(ch) in {"Cc", "Cs"} else ch for ch in text).split())
    return line if len(line) <= size else line[: size - 3] + "..."


def _elsewhere(leaf: Phrase | Raw, document: Document) -> str:
    if leaf.field is None:
        return ""
    found = _places(replace(leaf, field=None), document)
    return f"does not occur in the {leaf.field}; the {found[0][0]} has `{short(found[0][2])}`" if found else ""


def _phrase(leaf: Phrase, document: Document) -> str:
    if len(leaf.slots) == 1:
        return {Exact: "does not occur", Prefix: "no word begins so"}.get(type(leaf.slots[0][0]), "no word is like it")
    missing = [slot for slot in leaf.slots if not _places(Phrase((slot,), "", leaf.field), document)]
    if missing:
        words = list(dict.fromkeys(_token(slot) for slot in missing))
        if len(missing) == len(leaf.slots):
            return "none of its words occurs"
        return f"{short(', '.join(words))} {'does' if len(words) == 1 else 'do'} not occur"
    windows = _places(replace(leaf, slop=_ANYWHERE), document)
    if not windows:
        return "its words occur, but not all in one field"
    field, tokens, quote = min(windows, key=lambda place: place[1])
    if leaf.slop is None:
        return f"its words do not stand side by side in this order; the {field} has `{short(quote, LINE)}`"
    others = tokens - len(leaf.slots)
    return f"its words occur in the {field} with {others} other tokens among them; ~{leaf.slop} allows {leaf.slop}"


def _raw(leaf: Raw, document: Document) -> str:
    slots: tuple[Slot, ...] = tuple(tuple(Exact(form) for form in forms) for forms in query_slots(leaf.literal))
    found = _places(Phrase(slots, "", leaf.field), document)
    if found:
        return f"these very characters do not stand by themselves; the {found[0][0]} has `{short(found[0][2])}`"
    return "does not occur"


def _values(leaf: Meta, document: Document) -> str:
    values = list(document.meta.get(leaf.name, {}).values())
    if not values:
        return f"the article has no {leaf.name}"
    return f"the article has {short(', '.join(values), LINE)}"


def _number(leaf: Range, document: Document) -> str:
    value = document.numbers.get(leaf.name)
    if leaf.name == "published":
        return "the article names no time" if value is None else f"the article is of {document.published}"
    if value is None:
        return f"the article has no score for {leaf.name.removeprefix('score.')}"
    return f"the article has {value:.15g}"


def _token(slot: Slot) -> str:
    test = slot[0]
    return test.token if isinstance(test, Exact) else f"{test.prefix}*" if isinstance(test, Prefix) else test.pattern


def _places(node: Phrase | Raw, document: Document) -> list[tuple[str, int, str]]:
    """Return field, number of tokens and quote of all places of a leaf that is not part of the rule."""
    vocabulary = Vocabulary()
    leaf = Leaves(vocabulary).acquire(node)
    assert isinstance(leaf, TextLeaf)
    reading = vocabulary.read(document)
    found: list[tuple[str, int, str]] = []
    for field in reading.fields:
        spans = leaf.spans(reading, field)
        for at, (first, last) in enumerate(zip(spans.starts, spans.ends, strict=True)):
            start, end = field.offsets(spans, at)
            found.append((field.name, last - first, field.tokens.original[start:end]))
    return found
