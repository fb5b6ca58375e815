"""Where a rule is blind: languages in which it can never match, since no topic pack can judge what it asks for. Pure.

`core.topics` marks such articles `unsupported`; they lack the tag whatever they are about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from presswatch.core.rules.faults import Lint
from presswatch.core.rules.model import And, AtLeast, Meta, Node, Not, Or, Range
from presswatch.core.text import fold_value

Languages = Mapping[str, Collection[str]]
"""By topic, the languages (primary subtags) that its pack has patterns or learned words for."""

SHOWN = 6
"""Languages that a warning names."""


class Blind(NamedTuple):
    """A language in which a rule is blind.

    Args:
        lang: primary subtag, "" for articles whose language is not known.
        topics: those that it asks for and that cannot be judged there.
        wholly: it can never match there; else only by clauses beside those on the topics.
    """

    lang: str
    topics: tuple[str, ...]
    wholly: bool


def topic_leaves(node: Node) -> Iterator[Meta | Range]:
    """Yield the clauses on topics, as `topic:health` or `score.health:>0.8`, that are not under NOT."""
    match node:
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            for clause in clauses:
                yield from topic_leaves(clause)
        case Meta(name="topic"):
            yield node
        case Range(name=name) if name.startswith("score."):
            yield node
        case _:
            return


def asks_for_topics(node: Node) -> bool:
    """Tell whether a rule has such a clause."""
    return next(topic_leaves(node), None) is not None


def named_languages(node: Node) -> list[str]:
    """Return the languages that a rule is limited to by name, as in `lang:(ky OR en)`; what is under NOT is left out."""
    match node:
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            return list(dict.fromkeys(lang for clause in clauses for lang in named_languages(clause)))
        case Meta(name="lang", prefix=False, value=value):
            return [value]
        case _:
            return []


def blind_in(node: Node, langs: Iterable[str], supported: Languages) -> Iterator[Blind]:
    """Yield the languages, of some, in which a rule is blind.

    Args:
        node: the rule's tree.
        langs: to be looked at; those that the rule excludes are passed over.
        supported: see `Languages`. A topic that is not in it is no case of blindness: nothing tags it anywhere.
    """
    known = {fold_value(topic): frozenset(langs) for topic, langs in supported.items()}
    for lang in langs:
        leaves = list(_asked(node, lang))
        dead = {leaf for leaf in leaves if _cannot_hold(leaf, lang, known)}
        if dead:
            topics = tuple(dict.fromkeys(topic for leaf in leaves if leaf in dead for topic in _topics(leaf, known)))
            yield Blind(lang, topics, _value(node, lang, frozenset(dead)) is False)


def lints(node: Node, supported: Languages, carried: Mapping[str, int] | None = None) -> Iterator[Lint]:
    """Yield the warnings about blindness.

    Args:
        node: the rule's tree.
        supported: as for `blind_in`.
        carried: articles of a stream by language ("" if unknown); None where no stream is known: then only the languages that the
            rule names are looked at.
    """
    first = next(topic_leaves(node), None)
    if first is None:
        return
    carried = carried or {}
    langs = dict.fromkeys([*sorted(carried, key=lambda lang: (-carried[lang], lang)), *named_languages(node)])
    found = list(blind_in(node, langs, supported))
    total = sum(carried.values())
    for wholly in (True, False):
        part = [each for each in found if each.wholly is wholly]
        if part:
            yield Lint(_told(part, carried, total), first.start, first.end, _mend(part, carried))


def _told(part: list[Blind], carried: Mapping[str, int], total: int) -> str:
    asked = list(dict.fromkeys(topic for each in part for topic in each.topics))
    topics = " and ".join(f"`{topic}`" for topic in asked)
    why = "unsupported there (neither patterns nor learned words)"
    where = _where(part, carried, total)
    if part[0].wholly:
        return f"this rule is blind in {where}: {topics} {'is' if len(asked) == 1 else 'are'} {why}"
    return f"in {where} this rule can match only by its other clauses, not by {topics}, {why}"


def _where(part: list[Blind], carried: Mapping[str, int], total: int) -> str:
    """Return the languages, after the share of the articles that they are if a stream is known."""
    names = [each.lang or "no language" for each in part]
    articles = sum(carried.get(each.lang, 0) for each in part)
    if total and articles:
        shares = (_percent(carried[each.lang], total) if carried.get(each.lang) else "none" for each in part)
        names = [f"{name} {share}" for name, share in zip(names, shares, strict=True)]
    listed = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} languages more" if len(names) > SHOWN else "")
    if not total:
        return listed
    return (
        f"{_percent(articles, total)} of the articles of that time ({listed})"
        if articles
        else f"{listed} (no article of that time)"
    )


def _mend(part: list[Blind], carried: Mapping[str, int]) -> str:
    langs = [each.lang for each in part if each.lang]
    words = f"add patterns in {' and '.join(langs[:SHOWN])} to the pack, or words of them to the rule beside the topic"
    if not langs:
        words = "give these articles their language, or add words to the rule beside the topic"
    return f"{words}; or say by `lang:` which languages are meant" if carried else words


def _percent(part: int, total: int) -> str:
    share = 100 * part / total
    return f"{share:.0f}%" if share >= 10 or not part else f"{share:.2g}%"


def _asked(node: Node, lang: str) -> Iterator[Meta | Range]:
    """Yield the clauses on topics that matter in a language: what the rule's own conditions on languages exclude is left out."""
    if _value(node, lang, frozenset()) is False:
        return
    match node:
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            for clause in clauses:
                yield from _asked(clause, lang)
        case _:
            yield from topic_leaves(node)


def _cannot_hold(leaf: Meta | Range, lang: str, known: Mapping[str, Collection[str]]) -> bool:
    topics = _topics(leaf, known)
    return bool(topics) and not any(lang in known[topic] for topic in topics)


def _topics(leaf: Meta | Range, known: Mapping[str, Collection[str]]) -> list[str]:
    """Return the topics, of those known, that a clause asks for."""
    if isinstance(leaf, Range):
        topic = leaf.name.removeprefix("score.")
        return [topic] if topic in known else []
    return [topic for topic in known if (topic.startswith(leaf.value) if leaf.prefix else topic == leaf.value)]


def _value(node: Node, lang: str, dead: Collection[Meta | Range]) -> bool | None:
    """Return whether a rule holds in a language whatever else is in the article; None if that decides."""
    match node:
        case And(clauses=clauses):
            values = [_value(clause, lang, dead) for clause in clauses]
            return False if False in values else None if None in values else True
        case Or(clauses=clauses):
            values = [_value(clause, lang, dead) for clause in clauses]
            return True if True in values else None if None in values else False
        case AtLeast(number=number, clauses=clauses):
            values = [_value(clause, lang, dead) for clause in clauses]
            if values.count(True) >= number:
                return True
            return False if len(values) - values.count(False) < number else None
        case Not(clause=clause):
            value = _value(clause, lang, dead)
            return None if value is None else not value
        case Meta(name="lang", value=value, prefix=prefix):
            return bool(lang) and (lang.startswith(value) if prefix else lang == value)
        case Meta(name="topic") | Range() if node in dead:
            return False
        case _:
            return None
