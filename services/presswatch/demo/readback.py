"""Reads back what the system did: articles from Elasticsearch, messages from the stand-in, dead letters from Kafka."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson
from elasticsearch import Elasticsearch

from presswatch.adapters.kafkalog import Log
from presswatch.deadletters import letters_of
from presswatch.runtime import now_ms
from presswatch.settings import Settings
from presswatch.topology import ALERTS, ARTICLES, REVISIONS, SOURCES, STAGES, Stage, index


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter as a person reads it."""

    stage: str
    reason: str
    detail: str
    value: str


def search_all(client: Elasticsearch, settings: Settings, name: str) -> list[dict[str, Any]]:
    """Return all documents of an alias of ours (the demo has few)."""
    answer = client.search(index=index(settings.elasticsearch, name), size=1000, query={"match_all": {}})
    return [{**hit["_source"], "_id": hit["_id"]} for hit in answer["hits"]["hits"]]


def articles(client: Elasticsearch, settings: Settings) -> list[dict[str, Any]]:
    """Return the articles, oldest fetched first."""
    return sorted(search_all(client, settings, ARTICLES), key=lambda document: document["fetched"])


def revisions(client: Elasticsearch, settings: Settings) -> list[dict[str, Any]]:
    """Return the wordings that a later one replaced; none while no such index exists."""
    if not client.indices.exists_alias(name=index(settings.elasticsearch, REVISIONS)):
        return []
    return search_all(client, settings, REVISIONS)


def ledger(client: Elasticsearch, settings: Settings) -> list[dict[str, Any]]:
    """Return the entries of the alerts indices; none while no such index exists."""
    if not client.indices.exists_alias(name=index(settings.elasticsearch, ALERTS)):
        return []
    return search_all(client, settings, ALERTS)


def slack_messages(log: Path) -> list[dict[str, Any]]:
    """Return what the stand-in took, oldest first."""
    return [orjson.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []


def dead_letters(settings: Settings) -> list[DeadLetter]:
    """Return all dead letters of all stages."""
    with Log(settings.kafka) as log:
        return [
            DeadLetter(letter.stage, letter.reason, letter.detail, letter.value.decode("utf-8", "replace"))
            for stage in STAGES
            for letter in letters_of(log, stage)
        ]


class Progress:
    """How far each stage is: records committed of records there."""

    def __init__(self, settings: Settings) -> None:
        self._log = Log(settings.kafka)

    def read(self) -> dict[Stage, tuple[int, int]]:
        """Return (done, there) of each stage."""
        progress: dict[Stage, tuple[int, int]] = {}
        for stage, source in SOURCES.items():
            done = self._log.committed(stage, source)
            progress[stage] = (sum(done.values()), sum(span.end for span in self._log.spans(source).values()))
        return progress

    def close(self) -> None:
        """Close the connections."""
        self._log.close()


class SearchableWatch:
    """Notes when each article is first found by a search, by asking all the time from a thread of its own."""

    def __init__(self, client: Elasticsearch, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._stop = threading.Event()
        self._seen: dict[str, int] = {}
        self._thread = threading.Thread(target=self._watch, name="searchable", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def seconds(self) -> list[float]:
        """Return for each article the seconds from fetched to first found."""
        return [
            (self._seen[document["_id"]] - document["first_seen"]) / 1000
            for document in articles(self._client, self._settings)
            if document["_id"] in self._seen
        ]

    def _watch(self) -> None:
        where = index(self._settings.elasticsearch, ARTICLES)
        while not self._stop.wait(0.05):
            if not self._client.indices.exists_alias(name=where):
                continue
            answer = self._client.search(index=where, size=1000, query={"match_all": {}}, source=False)
            now = now_ms()
            for hit in answer["hits"]["hits"]:
                self._seen.setdefault(hit["_id"], now)


def wait(condition: Any, seconds: float, step_s: float = 0.2) -> bool:
    """Wait until a condition holds, for at most so many seconds; return whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step_s)
    return True
