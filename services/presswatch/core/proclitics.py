"""Words that are written together with the word after them: Arabic article and particles, Amharic prepositions.

A topic pattern's word is meant with any of them in front (الصحة, والصحة and للصحة are صحة), which the rule language, where a
word is that word, leaves to the analyst. So the tree of a topic pattern gets the joined forms as alternatives.
"""

from __future__ import annotations

from dataclasses import replace

from presswatch.core.rules.model import And, AtLeast, Count, Exact, Near, Node, Not, Or, Phrase, Prefix, Slot, Wildcard

PROCLITICS = {
    # wa-, fa- (and), bi-, li-, ka- (with, for, as) and al- (the), in the orders that occur; li-al- is written ll
    "ar": ("ال", "و", "وال", "ب", "بال", "وب", "وبال", "ل", "لل", "ول", "ولل", "ف", "فال", "ك", "كال"),
    # ye- (of), be- (in), le- (for), ke- (from), wede (to), sile (about), inde (as)
    "am": ("የ", "በ", "ለ", "ከ", "ወደ", "ስለ", "እንደ"),
}  # fmt: skip


def with_proclitics(node: Node, lang: str) -> Node:
    """Return the tree in which each word may also begin with a proclitic of the language; `raw:` stays as written."""
    proclitics = PROCLITICS.get(lang)
    return _with(node, proclitics) if proclitics else node


def _with(node: Node, proclitics: tuple[str, ...]) -> Node:
    match node:
        case Phrase(slots=slots):
            return replace(node, slots=tuple(_slot(slot, proclitics) for slot in slots))
        case And(clauses) | Or(clauses) | AtLeast(clauses=clauses):
            return replace(node, clauses=tuple(_with(clause, proclitics) for clause in clauses))
        case Not(clause):
            return replace(node, clause=_with(clause, proclitics))
        case Near(left, right):
            return replace(node, left=_with(left, proclitics), right=_with(right, proclitics))
        case Count(operand=operand):
            return replace(node, operand=_with(operand, proclitics))
        case _:
            return node


def _slot(slot: Slot, proclitics: tuple[str, ...]) -> Slot:
    joined = list(slot)
    for test in slot:
        for proclitic in proclitics:
            match test:
                case Exact(token):
                    joined.append(Exact(proclitic + token))
                case Prefix(prefix):
                    joined.append(Prefix(proclitic + prefix))
                case Wildcard(pattern):
                    joined.append(Wildcard(proclitic + pattern))
    return tuple(joined)
