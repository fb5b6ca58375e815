"""A dead letter of ingest once more through ingest: a line or an entry, made an article as if it had just been read.

Its `fetched` is the time at which it was read first, so that it never passes for newer than what came since.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from presswatch.adapters.kafka import DeadLetters, Publisher, Record
from presswatch.core.deadletters import Letter
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import Origin, RawArticle
from presswatch.ingest.delivery import STAGE, Delivery, HeldBack, Kind, Patience, Rejected, Tally
from presswatch.ingest.feeds import Entry, Feed
from presswatch.ingest.records import from_entry, from_json
from presswatch.jsonlines import parse_object
from presswatch.runtime import Health, StopSignal
from presswatch.settings import Settings

PATIENCE_S = 60.0
_ENTRY = {field.name for field in dataclasses.fields(Entry)}


class Again:
    """Sends letters of ingest again. What fails again is a dead letter again, with its history."""

    def __init__(self, settings: Settings, publisher: Publisher, forgotten: HeldBack) -> None:
        self._delivery = Delivery(
            settings, publisher, DeadLetters(settings.kafka, STAGE, publisher), Health(), Patience(StopSignal(), PATIENCE_S),
            Tally(), forgotten,
        )  # fmt: skip

    def send(self, letter: Letter) -> str:
        """Send one letter; returns where to.

        Raises:
            GaveUpError: Kafka did not answer.
        """
        place = letter.place
        record = Record(
            place.topic, place.partition, place.offset, letter.key, letter.value, place.timestamp_ms, letter.marks()
        )
        kind: Kind = "jsonl"
        articles: list[tuple[RawArticle, Record]] = []
        rejected: list[Rejected] = []
        try:
            value = parse_object(letter.value, first=place.offset == 1)
            kind = "feed" if value.keys() == _ENTRY else "jsonl"
            articles.append((_article(value, kind, letter), record))
        except BadMessageError as error:
            detail = (
                error.detail
                if error.detail.startswith(place.topic)
                else f"{place.topic}:{place.offset}: {error.detail}"
            )
            rejected.append(Rejected(record, BadMessageError(error.reason, detail)))
        self._delivery.deliver(kind, articles, rejected)
        return "ingest"


def _article(value: Mapping[str, Any], kind: Kind, letter: Letter) -> RawArticle:
    origin: Origin = "backfill" if letter.origin == "backfill" else "live"

    def fetched(_article: str) -> int:
        return letter.place.timestamp_ms

    if kind == "jsonl":
        return from_json(value, fetched, origin)
    several = {name: tuple(value[name]) for name in ("dates", "authors")}
    entry = Entry(**{**value, **several})
    article = from_entry(entry, Feed("", "", None, ()), letter.place.topic, fetched, origin)
    # The place is the feed's address as it may be shown; an id made of it may be another.
    return article.model_copy(update={"id": letter.article or article.id})
