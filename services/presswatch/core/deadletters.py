"""What stands in the headers of a dead letter, and of a record that is tried again: written and read here only.

A record that is tried again carries what happened to it before, so that a second failure is a letter with a history
and not a new one. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from presswatch.core.article import article_id, canonical_url
from presswatch.core.errors import BadMessageError

Headers = tuple[tuple[str, bytes], ...]

HISTORY = 20
"""Earlier failures that a letter tells of; `attempt` counts on."""

DETAIL_CHARACTERS = 2000

RETRY = "presswatch.retry"
ORIGIN = "presswatch.origin"
ARTICLE = "presswatch.article"
TRUNCATED = "presswatch.truncated"

HEADERS: dict[str, str] = {
    "presswatch.schema": "dead-letter/1",
    "presswatch.stage": "Stage that could not process the record.",
    "presswatch.reason": "Why, as a bounded word.",
    "presswatch.detail": f"Why, for a person; at most {DETAIL_CHARACTERS} characters.",
    "presswatch.topic": "Where it came from: the topic, or of ingest the file or feed.",
    "presswatch.partition": "Its partition there.",
    "presswatch.offset": "Its offset there; of ingest the line, or the place in the feed.",
    "presswatch.timestamp": "Its own time, in milliseconds since 1970.",
    "presswatch.failed": "When it failed, in milliseconds since 1970.",
    "presswatch.sha256": "Hash of its value, as it came.",
    "presswatch.attempt": "How often it has failed, this time included.",
    "presswatch.first_failed": "When it failed first, in milliseconds since 1970.",
    "presswatch.history": f"JSON: the earlier failures, at most the last {HISTORY}: [{{failed, reason, detail}}].",
    ORIGIN: "Only of ingest: live or backfill, as it was read.",
    ARTICLE: "Only of ingest, and of an entry of a feed: the article's id.",
    TRUNCATED: "Only if the value was too large even for this topic: its length in bytes; the value is its beginning.",
}
"""Every header of a dead letter, with its meaning (written to schemas/dead-letter.headers.json)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure of a record: when (milliseconds since 1970) and why."""

    failed: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Past:
    """The failures of a record up to now: how many, since when, and the last of them, oldest first."""

    attempts: int
    first_failed: int
    history: tuple[Failure, ...]

    def then(self, failure: Failure) -> Past:
        """Return the past with one more failure."""
        return Past(
            self.attempts + 1, self.first_failed if self.attempts else failure.failed,
            (*self.history, failure)[-HISTORY:],
        )  # fmt: skip


NO_PAST = Past(0, 0, ())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stood: topic (or file, or feed), partition, offset, time in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


def past_of(headers: Iterable[tuple[str, bytes]]) -> Past:
    """Return what a record that is tried again has behind it; `NO_PAST` for any other."""
    found = dict(headers)
    return _past(found) if RETRY in found else NO_PAST


def letter_headers(
    stage: str, place: Place, value: bytes | None, error: BadMessageError, now: int, headers: Headers = ()
) -> Headers:
    """Return the headers of a dead letter (`HEADERS` lists them).

    Args:
        stage: who could not process the record.
        place: where it stood.
        value: of the record.
        error: why.
        now: milliseconds since 1970.
        headers: of the record; they tell whether it was tried before.
    """
    past = past_of(headers)
    texts = {
        "presswatch.schema": HEADERS["presswatch.schema"],
        "presswatch.stage": stage,
        "presswatch.reason": error.reason,
        "presswatch.detail": error.detail[:DETAIL_CHARACTERS],
        "presswatch.topic": place.topic,
        "presswatch.partition": str(place.partition),
        "presswatch.offset": str(place.offset),
        "presswatch.timestamp": str(place.timestamp_ms),
        "presswatch.failed": str(now),
        "presswatch.sha256": hashlib.sha256(value or b"").hexdigest(),
        "presswatch.attempt": str(past.attempts + 1),
        "presswatch.first_failed": str(past.first_failed if past.attempts else now),
        "presswatch.history": _encoded(past.history),
    }
    carried = tuple((name, data) for name, data in headers if name in (ORIGIN, ARTICLE))
    return (*((name, text.encode("utf-8", "replace")) for name, text in texts.items()), *carried)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as it was read.

    Attributes:
        stage, offset: where it lies: this offset of the only partition of STAGE.dead.
        place: where the record came from.
        past: this failure and those before it.
        truncated: the value is only the beginning of what came.
        origin: of ingest, live or backfill; else None.
        article: of ingest, the id of an entry's article; else None.
    """

    stage: str
    offset: int
    key: bytes | None
    value: bytes
    reason: str
    detail: str
    failed: int
    place: Place
    past: Past
    truncated: bool
    origin: str | None
    article: str | None

    @property
    def id(self) -> str:
        """The name by which a person calls it: ``indexer/17``."""
        return f"{self.stage}/{self.offset}"

    def marks(self) -> Headers:
        """Return the headers under which the record is tried again."""
        carried = tuple(
            (name, text.encode()) for name, text in ((ORIGIN, self.origin), (ARTICLE, self.article)) if text
        )
        return (
            (RETRY, self.id.encode()),
            ("presswatch.attempt", str(self.past.attempts).encode()),
            ("presswatch.first_failed", str(self.past.first_failed).encode()),
            ("presswatch.history", _encoded(self.past.history).encode("utf-8", "replace")),
            *carried,
        )


def read_letter(stage: str, offset: int, key: bytes | None, value: bytes | None, headers: Headers, at: int) -> Letter:
    """Read a dead letter; what a header lacks is left empty, so that a letter of any version can be shown.

    Args:
        stage: beside which it lies.
        offset: in its topic.
        key: of the record.
        value: of the record.
        headers: of the letter.
        at: the time of the letter in Kafka, for one that does not say when it failed.
    """
    found = dict(headers)
    failed = _number(found, "presswatch.failed", at)
    failure = Failure(failed, _text(found, "presswatch.reason") or "unknown", _text(found, "presswatch.detail"))
    before = _past(found)
    earlier = Past(max(before.attempts - 1, 0), before.first_failed, before.history)
    place = Place(
        _text(found, "presswatch.topic"),
        _number(found, "presswatch.partition", 0),
        _number(found, "presswatch.offset", 0),
        _number(found, "presswatch.timestamp", failed),
    )
    return Letter(
        stage, offset, key, value or b"", failure.reason, failure.detail, failed, place, earlier.then(failure),
        TRUNCATED in found, _text(found, ORIGIN) or None, _text(found, ARTICLE) or None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class About:
    """What the value of a record says of an article and a rule; None where it says nothing."""

    article: str | None = None
    title: str | None = None
    url: str | None = None
    source: str | None = None
    rule: str | None = None


_RULE_IN_DETAIL = re.compile(r"rule ([\w.-]+):", re.ASCII)


def about(letter: Letter) -> About:
    """Return which article, source and rule a letter is about, as far as it can be told."""
    found = about_bytes(letter.value)
    rule = _RULE_IN_DETAIL.match(letter.detail) if found.rule is None else None
    source = found.source or (letter.place.topic if letter.stage == "ingest" else None)
    return About(letter.article or found.article, found.title, found.url, source, rule[1] if rule else found.rule)


def about_bytes(value: bytes | None) -> About:
    """Return what the value of a record says of an article and a rule; nothing if it is no JSON."""
    try:
        return about_value(orjson.loads(value or b""))
    except orjson.JSONDecodeError:
        return About()


def about_value(value: Any) -> About:
    """Return what a decoded value says: a message of ours, a line or an entry that ingest read, or anything else."""
    if not isinstance(value, Mapping):
        return About()
    match value.get("schema"):
        case "notification":
            return about_value(value.get("match"))
        case "match":
            rule, article = value.get("rule"), value.get("article")
            told = about_value(article)
            return About(told.article, told.title, told.url, told.source, _string(rule, "id"))
    url = _string(value, "url") or _string(value, "link")
    identity = _string(value, "id") if "schema" in value or "seq" in value else None
    if identity is None and url and canonical_url(url):
        identity = article_id(url)
    return About(identity, _string(value, "title"), url, _string(value, "source"), None)


def _string(value: Any, name: str) -> str | None:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) and found else None


def _encoded(history: Iterable[Failure]) -> str:
    return orjson.dumps(
        [{"failed": past.failed, "reason": past.reason, "detail": past.detail[:300]} for past in history]
    ).decode()


def _past(found: Mapping[str, bytes]) -> Past:
    try:
        told = orjson.loads(found.get("presswatch.history", b"[]"))
        history = tuple(Failure(int(one["failed"]), str(one["reason"]), str(one["detail"])) for one in told)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        history = ()
    return Past(_number(found, "presswatch.attempt", 0), _number(found, "presswatch.first_failed", 0), history)


def _number(found: Mapping[str, bytes], name: str, default: int) -> int:
    text = _text(found, name)
    return int(text) if text.isascii() and text.isdigit() else default


def _text(found: Mapping[str, bytes], name: str) -> str:
    return found.get(name, b"").decode("utf-8", "replace")
