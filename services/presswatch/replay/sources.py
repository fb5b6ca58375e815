"""Where replayed articles come from: Kafka's log, or the index. Each yields the place reached, so that a job can go on from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch import translated
from presswatch.adapters.elasticsearch.pages import Pages
from presswatch.adapters.kafkalog import Log, Span
from presswatch.core.canary import is_canary
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import RawArticle, TaggedArticle
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLES, RAW, TAGGED, index

log = structlog.get_logger(__name__)

From = Literal["elasticsearch", "kafka"]

_FIELDS = ("id", *(name for name in RawArticle.model_fields if name not in {"id", "schema_name", "schema_version"}))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which articles: by the time they were fetched (milliseconds since 1970, `until` exclusive), source and topic.

    With `below`, only those that an earlier generation of topic packs has tagged; Kafka cannot tell.
    """

    origin: From
    since: int
    until: int
    source: str | None = None
    topic: str | None = None
    below: int | None = None


Place = list[Any]
"""Where a source has got to, as JSON."""


def count(client: Elasticsearch, es: ElasticsearchSettings, choice: Choice) -> int:
    """Return how many articles the index has of a choice."""
    with translated():
        return int(client.count(index=index(es, ARTICLES), query=_query(choice))["count"])


def size(log_: Log, choice: Choice) -> int:
    """Return how many records Kafka has since the beginning of a choice; how many of them are wanted shows on reading."""
    return sum(span.end - span.begin for span in log_.spans(_log_of(choice)[0], choice.since).values())


def from_elasticsearch(
    client: Elasticsearch, es: ElasticsearchSettings, choice: Choice, after: Place | None
) -> Iterator[tuple[Place, RawArticle]]:
    """Yield the present wording of each article, newest first; how much it is does not matter.

    Args:
        after: go on behind this place.
    """
    for found in Pages(client, index(es, ARTICLES), [_query(choice)], (*_FIELDS, "@timestamp"), after=after):
        fields = {name: found[name] for name in _FIELDS if found.get(name) is not None}
        yield [found["@timestamp"], found["id"]], RawArticle(**fields | {"origin": "replay"})


def from_kafka(log_: Log, choice: Choice, after: Place | None) -> Iterator[tuple[Place, RawArticle]]:
    """Yield every message of the time, so every wording, in the order of each partition, and no replayed one.

    With a topic it reads articles.tagged, since raw articles have none. What cannot be read is left out, with a
    warning: its stage has made a dead letter of it when it came first.

    Args:
        after: go on at these places: for each partition where it begins and where it ends.
    """
    name, kind = _log_of(choice)
    spans = (
        {partition: Span(begin, end) for partition, begin, end in after}
        if after is not None
        else log_.spans(name, choice.since)
    )
    reached = {partition: span.begin for partition, span in spans.items()}
    for record in log_.read(name, spans=spans):
        reached[record.partition] = record.offset + 1
        try:
            message = kind.decode(record.value)
        except BadMessageError as error:
            log.warning("not replayed", topic=name, partition=record.partition, offset=record.offset, why=str(error))
            continue
        if _wanted(message, choice):
            place = [[partition, reached[partition], span.end] for partition, span in spans.items()]
            fields = message.model_dump(include=set(_FIELDS))
            yield place, RawArticle(**fields | {"origin": "replay"})


def _query(choice: Choice) -> dict[str, Any]:
    wanted: list[dict[str, Any]] = [{"range": {"fetched": {"gte": choice.since, "lt": choice.until}}}]
    for field in ("source", "topic"):
        value = getattr(choice, field)
        if value is not None:
            wanted.append({"term": {field: value}})
    if choice.below is not None:
        wanted.append({"range": {"generation": {"lt": choice.below}}})
    return {"bool": {"filter": wanted}}


def _log_of(choice: Choice) -> tuple[str, type[RawArticle | TaggedArticle]]:
    """Raw articles have no topic."""
    return (RAW, RawArticle) if choice.topic is None else (TAGGED, TaggedArticle)


def _wanted(message: RawArticle | TaggedArticle, choice: Choice) -> bool:
    if is_canary(message.id) or message.origin == "replay" or not choice.since <= message.fetched < choice.until:
        return False
    if choice.source is not None and message.source != choice.source:
        return False
    return choice.topic is None or (
        isinstance(message, TaggedArticle) and any(tag.topic == choice.topic for tag in message.tags)
    )
