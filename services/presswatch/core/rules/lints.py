"""Warnings about queries that are correct and probably not what the analyst means. They never stop anything.

Here those that a single clause gives reason to; `logic` has those that hang on several, `streamlints` those that ask the stream.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from presswatch.core.rules import blindness
from presswatch.core.rules.blindness import Languages
from presswatch.core.rules.faults import Lint, did_you_mean, excerpt
from presswatch.core.rules.lists import read_term
from presswatch.core.rules.logic import contradictions, superfluous
from presswatch.core.rules.model import And, AtLeast, Count, Leaf, Meta, Near, Node, Not, Or, Phrase, Range, Raw
from presswatch.core.rules.printer import normal_form
from presswatch.core.text import by_character, fold_value

_STAR = re.compile(r"\\.|(.)\*", re.DOTALL)
_QUESTION = re.compile(r"\\.|(\?)(?=[\s\"'’”»›」』)\]]|$)", re.DOTALL)
_LOST_SIGN = re.compile(r"\w[+#]+$")
_LOST_COLON = re.compile(r"(words|published|score\.[\w-]+)[<>]=?")
_INNER_COMMA = re.compile(r"[^\W\d][,;、，；،؛፣](?=\w)|[,;、，；،؛፣](?=[^\W\d])")
_NO_SUBTAG = re.compile(r"[a-z]{2,3}")
_ADDRESS = re.compile(r"https?://")
NOT_KNOWN: Languages = {}


class Linter:
    """Warns of what a query itself shows.

    Args:
        topics: the topics that articles can be tagged with; None if it is not known.
        supported: by topic, the languages in which it can be judged; a topic that is not in it is not looked at.
    """

    def __init__(self, topics: Collection[str] | None = None, supported: Languages = NOT_KNOWN) -> None:
        self._topics = topics
        self._supported = supported

    def query(self, node: Node) -> list[Lint]:
        """Return all warnings about a query, by place. Terms of named lists are left out; see `entries`."""
        found = [
            *_of(node, self._topics),
            *contradictions(node),
            *superfluous(node),
            *self.blind(node),
            *self.more(node),
        ]
        return sorted(found, key=lambda each: (each.start, each.end))

    def blind(self, node: Node) -> Iterator[Lint]:
        """Yield the warnings about languages in which a query can never match, for want of tags."""
        yield from blindness.lints(node, self._supported)

    def more(self, _node: Node) -> Iterator[Lint]:
        """Yield warnings about a query that others know of."""
        yield from ()

    def term(self, _leaf: Phrase | Raw) -> Iterator[Lint]:
        """Yield warnings about one leaf that others know of."""
        yield from ()

    def entries(self, entries: Sequence[str]) -> Iterator[tuple[int, Lint]]:
        """Yield the warnings about the entries of a named list, all of them right, with the index of each."""
        first: dict[str, int] = {}
        for index, entry in enumerate(entries):
            term = read_term(entry)
            for each in [*_of_leaf(term, None), *self.term(term)]:
                yield index, Lint(each.message, 0, len(entry), each.mend)
            form = normal_form(term)
            if form in first:
                message = f"this term stands in the list already, as `{excerpt(entries[first[form]])}`"
                yield index, Lint(message, 0, len(entry), "leave one of them out")
            first.setdefault(form, index)


def _of(node: Node, topics: Collection[str] | None) -> Iterator[Lint]:
    match node:
        case Or(listed=str()):
            return
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            yield from _repeated(clauses)
            for clause in clauses:
                yield from _of(clause, topics)
        case Not(clause=inner) | Count(operand=inner):
            yield from _of(inner, topics)
        case Near(left=left, right=right):
            yield from _of(left, topics)
            yield from _of(right, topics)
        case Phrase() | Raw() | Meta() | Range():
            yield from _of_leaf(node, topics)


def _of_leaf(leaf: Leaf, topics: Collection[str] | None) -> Iterator[Lint]:
    match leaf:
        case Phrase():
            yield from _of_words(leaf)
        case Raw():
            if "*" in leaf.literal or "?" in leaf.literal:
                message = f"wildcards mean nothing in `{excerpt(leaf.written)}`: raw: looks for the very characters"
                yield Lint(message, leaf.start, leaf.end, "leave raw: out, or the wildcard")
        case Meta():
            yield from _of_value(leaf, topics)
        case Range():
            topic = leaf.name.removeprefix("score.")
            if topic != leaf.name and topics is not None:
                yield from _unknown_topic(topic, leaf, topics)


def _of_words(leaf: Phrase) -> Iterator[Lint]:
    written = leaf.written
    if any(found.group(1) and by_character(found.group(1)) for found in _STAR.finditer(written)):
        message = f"the * in `{excerpt(written)}` changes nothing: in this script each character is a word by itself"
        yield Lint(message, leaf.start, leaf.end, "leave it out")
    if any(found.group(1) for found in _QUESTION.finditer(written)):
        message = f"the ? at the end of a word in `{excerpt(written)}` stands for exactly one character more"
        mend = "if it ends a sentence, leave it out; the character itself is \\?"
        yield Lint(message, leaf.start, leaf.end, mend)
    if not written.startswith('"') and (found := _LOST_COLON.match(written)):
        message = f"`{excerpt(written)}` is read as words, not as a range: there is no colon"
        yield Lint(message, leaf.start, leaf.end, f"write `{found.group(1)}:{written[found.end(1) :]}`")
    if not written.startswith('"') and leaf.slop is None and _INNER_COMMA.search(written):
        message = f"`{excerpt(written)}` is read as a phrase, its words side by side: a comma joins nothing"
        yield Lint(message, leaf.start, leaf.end, "write OR between the words, or quotation marks around the phrase")
    if leaf.slop is None and _LOST_SIGN.search(written):
        message = f"of `{excerpt(written)}` only the letters count: + and # are no part of a word"
        yield Lint(message, leaf.start, leaf.end, f'for these very characters write `raw:"{written}"`')


def _of_value(leaf: Meta, topics: Collection[str] | None) -> Iterator[Lint]:
    if leaf.name == "lang" and not _NO_SUBTAG.fullmatch(leaf.value):
        message = f"`{excerpt(leaf.value)}` is no language code, so that nothing may ever match it"
        yield Lint(message, leaf.start, leaf.end, "write two or three letters, such as en, es or zh")
    if leaf.name == "domain" and re.search(r"[/:]", leaf.value):
        message = f"`{excerpt(leaf.value)}` is more than a domain, so that nothing can match it"
        yield Lint(message, leaf.start, leaf.end, "write the host only, as in domain:example.org, or use url:")
    if leaf.name == "url" and not (_ADDRESS.match(leaf.value) or _begins_an_address(leaf)):
        message = f"no address begins with `{excerpt(leaf.value)}`, so that nothing can match it"
        mend = f"write it from its beginning, as in url:https://{_without_blanks(leaf.value)}, or use domain:"
        yield Lint(message, leaf.start, leaf.end, mend)
    if leaf.name == "topic" and not leaf.prefix and topics is not None:
        yield from _unknown_topic(leaf.value, leaf, topics)


def _begins_an_address(leaf: Meta) -> bool:
    return leaf.prefix and any(scheme.startswith(leaf.value) for scheme in ("https://", "http://"))


def _without_blanks(value: str) -> str:
    return excerpt(re.split(r"\s", value.lstrip("/"), maxsplit=1)[0])


def _unknown_topic(topic: str, leaf: Meta | Range, topics: Collection[str]) -> Iterator[Lint]:
    known = sorted(topics)
    if topic in map(fold_value, known):
        return
    close = did_you_mean(topic, known)
    mend = f"did you mean `{close}`?" if close else f"the topics are {', '.join(f'`{each}`' for each in known[:10])}"
    message = f"no topic pack tags articles with `{excerpt(topic)}`, so that nothing can match it"
    yield Lint(message, leaf.start, leaf.end, mend)


def _repeated(clauses: Sequence[Node]) -> Iterator[Lint]:
    seen: set[str] = set()
    for clause in clauses:
        form = normal_form(clause)
        if form in seen and clause.end:
            yield Lint("this clause stands here twice", clause.start, clause.end, "leave one of them out")
        seen.add(form)
