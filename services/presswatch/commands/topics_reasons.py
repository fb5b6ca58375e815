"""What an edit of topic packs is, and how it moved the tag of an article, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator

from presswatch.commands.differences import terms
from presswatch.core.plaintext import plain
from presswatch.core.retagging import PackEdit, Reason, Side, pattern_edits

MAX_WRITTEN = 100
MOST_QUOTES = 3


def edited(edit: PackEdit) -> Iterator[str]:
    """Yield the lines that say what became of a pack that both sets have."""
    if edit.old is None or edit.new is None:
        return
    for lang, edits in pattern_edits(edit).items():
        shown = [
            *terms("+", (f"{plain(each.match, MAX_WRITTEN)} ({each.weight:g})" for each in edits.added)),
            *terms("-", (f"{plain(each.match, MAX_WRITTEN)} ({each.weight:g})" for each in edits.removed)),
            *terms("", (f"{plain(match, MAX_WRITTEN)} {old:g}, now {new:g}" for match, old, new in edits.weighed)),
        ]
        yield f"{lang}: {', '.join(shown)}"
    for lang in sorted(edit.old.lists.keys() | edit.new.lists.keys()):
        before, after = edit.old.lists.get(lang, {}), edit.new.lists.get(lang, {})
        for name in sorted(before.keys() | after.keys()):
            old, new = before.get(name, ()), after.get(name, ())
            if shown := [*terms("+", (each for each in new if each not in old)), *terms("-", (each for each in old if each not in new))]:  # fmt: skip
                yield f"{lang}: @{name}: {', '.join(shown)}"
    if edit.old.threshold != edit.new.threshold:
        yield f"threshold {edit.old.threshold:g}, now {edit.new.threshold:g}"
    learned = [pack.learned.version if pack.learned else None for pack in (edit.old, edit.new)]
    if learned[0] != learned[1]:
        kind = "only in NEW" if learned[0] is None else "only in OLD" if learned[1] is None else "another one"
        yield f"learned part: {kind}"


def told(reason: Reason) -> str:
    """Return a reason as a person reads it."""
    name, old, new = plain(reason.name, MAX_WRITTEN), reason.old, reason.new
    quotes = ", ".join(f"“{plain(quote, MAX_WRITTEN)}”" for quote in reason.quotes[:MOST_QUOTES])
    only = "NEW" if old is None else "OLD"
    match reason.kind:
        case "pattern" if old is not None and new is not None:
            return f"{name} weighs {old:g} in OLD, {new:g} in NEW: {quotes}"
        case "pattern":
            return f"{name} ({new if old is None else old:g}) counts in {only} only: {quotes}"
        case "trap":
            return f"trap {name} is in {only} only: {quotes}"
        case "word":
            return f"learned word {name}: {old or 0:+.2f} in OLD, {new or 0:+.2f} in NEW"
        case "threshold":
            return f"threshold {old:g} in OLD, {new:g} in NEW"
        case "unsupported":
            return f"one of the two has neither patterns nor learned words in {name or 'no language'}"
        case _:
            return "nothing else than how patterns are grouped into ideas, or how the learned part is calibrated"


def scores(old: Side | None, new: Side | None) -> str:
    """Return what both versions say of an article."""
    if old and new and old.threshold == new.threshold:
        return f"score {old.score:g} in OLD, {new.score:g} in NEW; {new.threshold:g} is needed"
    sides = (("OLD", old), ("NEW", new))
    return ", ".join(
        f"{name} cannot judge it" if side is None else f"score {side.score:g} of {side.threshold:g} in {name}"
        for name, side in sides
    )
