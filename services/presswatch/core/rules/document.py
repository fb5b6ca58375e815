"""An article as the matcher sees it: tokens with offsets, metadata folded, numbers.

The one place where the fields of an article get their meaning for rules; it knows no rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Self

from presswatch.core.article import domain_of
from presswatch.core.errors import BadMessageError
from presswatch.core.jsontypes import json_type
from presswatch.core.text import Tokens, fold_value, tokenise

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MILLIS = 2**53
"""Beyond this a float no longer holds every integer."""


@dataclass(frozen=True, slots=True)
class Document:
    """An article made ready for matching. Build it once per article with `Document.of`.

    Args:
        title, text: the tokens of each field; `Tokens.original` is the field as it came.
        meta: by name (topic, source, domain, country, lang, author, url) the values: folded form -> as in the article.
            `lang` holds primary subtags, `domain` whole hosts without "www.": a subdomain is another value.
        numbers: published (ms since 1970, UTC), words, score.<topic, folded>; a missing key never matches.
        published: the article's own text or number for `numbers["published"]`.
    """

    title: Tokens
    text: Tokens
    meta: Mapping[str, Mapping[str, str]]
    numbers: Mapping[str, float]
    published: str | None = None

    @classmethod
    def of(cls, article: Mapping[str, Any]) -> Document:
        """Tokenise and fold an article.

        Every key is optional, and null (and of strings the empty one) is as good as missing: title, text, url (strings);
        lang, source, country, author, domain (a string or a list of strings; domain counts only where the URL gives
        none); published (ISO 8601, UTC where it names no zone, or milliseconds since 1970); tags (a list of
        ``{"topic", "score"}``). Others are ignored.

        Raises:
            BadMessageError: reason ``invalid``; a value has the wrong type or shape.
        """
        langs: dict[str, str] = {}
        for value, as_written in _values(article, "lang").items():
            langs.setdefault(value.replace("_", "-").split("-")[0], as_written)
        title = tokenise(_string(article, "title"), next(iter(langs), None))
        text = tokenise(_string(article, "text"), next(iter(langs), None))
        url = _string(article, "url")
        domain = domain_of(url)
        topics, scores = _tags(article.get("tags"))
        meta = {
            "topic": topics,
            "source": _values(article, "source"),
            "domain": {fold_value(domain): domain} if domain else _values(article, "domain"),
            "country": _values(article, "country"),
            "lang": langs,
            "author": _values(article, "author"),
            "url": {fold_value(url): url} if url else {},
        }
        numbers = {"words": float(len(title.texts) + len(text.texts)), **scores}
        published = article.get("published")
        if published is None or (isinstance(published, str) and not published.strip()):
            return cls(title, text, meta, numbers)
        return cls(title, text, meta, {**numbers, "published": _millis(published)}, str(published))

    def with_tags(self, tags: Any) -> Self:
        """Return the document with these tags and no others.

        Raises:
            BadMessageError: reason ``invalid``; they have the wrong shape.
        """
        topics, scores = _tags(tags)
        numbers = {name: value for name, value in self.numbers.items() if not name.startswith("score.")}
        return replace(self, meta={**self.meta, "topic": topics}, numbers={**numbers, **scores})


def _invalid(detail: str) -> BadMessageError:
    return BadMessageError("invalid", detail)


def _string(article: Mapping[str, Any], name: str) -> str:
    value = article.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _invalid(f"{name} must be a string, not {json_type(value)}")
    return value


def _values(article: Mapping[str, Any], name: str) -> dict[str, str]:
    value = article.get(name)
    if value is None:
        return {}
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        raise _invalid(f"{name} must be a string or an array of strings, not {json_type(value)}")
    values: dict[str, str] = {}
    for member in value:
        if not isinstance(member, str):
            raise _invalid(f"{name} must hold strings only; it holds {json_type(member)}")
        if folded := fold_value(member):
            values.setdefault(folded, member)
    return values


def _tags(tags: Any) -> tuple[dict[str, str], dict[str, float]]:
    topics: dict[str, str] = {}
    scores: dict[str, float] = {}
    for topic, score in _topics_and_scores(tags):
        folded = fold_value(topic)
        topics.setdefault(folded, topic)
        if score is not None:
            scores[f"score.{folded}"] = max(score, scores.get(f"score.{folded}", 0.0))
    return topics, scores


def _topics_and_scores(tags: Any) -> Iterator[tuple[str, float | None]]:
    if tags is None:
        return
    if not isinstance(tags, list | tuple):
        raise _invalid(f'tags must be an array of {{"topic", "score"}}, not {json_type(tags)}')
    for at, tag in enumerate(tags):
        if not isinstance(tag, Mapping):
            raise _invalid(f'tags[{at}] must be an object {{"topic", "score"}}, not {json_type(tag)}')
        topic, score = tag.get("topic"), tag.get("score")
        if not isinstance(topic, str) or not topic.strip():
            raise _invalid(f"tags[{at}].topic must be a string that is not empty")
        if score is not None and (isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1):
            raise _invalid(f"tags[{at}].score must be a number from 0 to 1")
        yield topic, None if score is None else float(score)


def _millis(value: Any) -> float:
    """Read a time as whole milliseconds since 1970 in UTC."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip().upper())
        except ValueError as error:
            mend = "write ISO 8601, such as 2026-11-24T08:30:00Z, or milliseconds since 1970"
            raise _invalid(f"published is no date or time: {value[:40]!r}; {mend}") from error
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return float((moment - _EPOCH) // timedelta(milliseconds=1))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid(f"published must be a string or a number, not {json_type(value)}")
    if not (-_MAX_MILLIS <= value <= _MAX_MILLIS and isfinite(value)):
        raise _invalid("published is beyond any calendar; it counts milliseconds since 1970")
    return float(value // 1)
