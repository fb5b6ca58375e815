"""Fakes of our own ports, and articles, for the tests of the tagger."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from presswatch.adapters.kafka import Breaker, Record
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import RawArticle

NOW_MS = 1_780_000_000_000


class WordTagger:
    """Tags articles that hold the word "wheat"; one titled "fail" cannot be tagged."""

    def tag(self, article: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        if article["title"] == "fail":
            raise ValueError("no such pattern")
        start = article["text"].find("wheat")
        if start < 0:
            return []
        evidence = {
            "pattern": "wheat",
            "field": "text",
            "start": start,
            "end": start + 5,
            "quote": "wheat",
            "weight": 1.0,
        }
        return [{"topic": "agriculture", "score": 0.9, "threshold": 0.5, "pack": "0" * 12, "evidence": [evidence]}]

    def unsupported(self, lang: str) -> list[str]:
        return [] if lang == "en" else ["agriculture"]


def article(number: int, **fields: Any) -> RawArticle:
    return RawArticle(
        **{
            "id": f"a{number}",
            "title": f"title {number}",
            "text": "wheat",
            "lang": "en",
            "fetched": NOW_MS - 1000,
            **fields,
        }
    )


def record(number: int, value: bytes | None = None, **fields: Any) -> Record:
    encoded = article(number, **fields).encode() if value is None else value
    return Record("articles.raw", 0, number, f"a{number}".encode(), encoded, NOW_MS)


class ListOutlet:
    """Keeps what is sent; raises the errors it was given first, and those given for a key each time."""

    def __init__(self, *errors: Exception, always: Mapping[bytes, Exception] | None = None) -> None:
        self.sent: list[tuple[bytes, bytes]] = []
        self.attempts = 0
        self._errors = list(errors)
        self._always = always or {}

    async def send(self, key: bytes, value: bytes) -> None:
        self.attempts += 1
        if key in self._always:
            raise self._always[key]
        if self._errors:
            raise self._errors.pop(0)
        self.sent.append((key, value))


class ListGrave:
    """Keeps dead letters and the thread they came from."""

    def __init__(self, *errors: Exception) -> None:
        self.breaker = Breaker()
        self.letters: list[tuple[Record, BadMessageError]] = []
        self.threads: set[str] = set()
        self._errors = list(errors)

    def send(self, record: Record, error: BadMessageError) -> None:
        self.threads.add(threading.current_thread().name)
        if self._errors:
            raise self._errors.pop(0)
        self.letters.append((record, error))
