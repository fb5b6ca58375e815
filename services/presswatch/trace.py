"""The way of one article through the system, with times: what Kafka and Elasticsearch have of it, put in order.

Nothing is written, and no consumer group is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from elasticsearch import Elasticsearch, NotFoundError

from presswatch.adapters.elasticsearch import translated
from presswatch.adapters.elasticsearch.client import checked
from presswatch.adapters.kafka import Record
from presswatch.adapters.kafkalog import Log
from presswatch.core.canary import CANARY, is_canary, is_canary_key, sent_at
from presswatch.core.errors import BadMessageError, ConfigError
from presswatch.core.messages import MatchEvent, Message, Notification, RawArticle, TaggedArticle
from presswatch.core.plaintext import plain
from presswatch.deadletters import Choice, Letters
from presswatch.listing import iso
from presswatch.settings import Settings
from presswatch.topology import (
    ALERTS,
    ARTICLE_IDS,
    MATCHES,
    NOTIFICATIONS,
    RAW,
    REVISIONS,
    SOURCES,
    STAGES,
    TAGGED,
    Stage,
    index,
)

LONGEST_MS = 7 * 24 * 60 * 60 * 1000
"""How far back Kafka is read for an article that Elasticsearch does not know: as long as it keeps articles."""

SKEW_MS = 60 * 60 * 1000
"""Clocks of machines, and an article's `fetched` against Kafka's own time, may differ by so much."""

_MOST = 1000
_M = TypeVar("_M", bound=Message)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: when (milliseconds since 1970), in which stage, what, where it is written down."""

    at: int
    stage: str
    what: str
    place: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Trace:
    """What is known of an article.

    Attributes:
        article: its id.
        since: from when Kafka was read; milliseconds since 1970.
        title, url: of the latest wording seen.
        steps: in the order of time.
        waiting: records that the next stage has not dealt with yet, as sentences.
        open_letters: ids of dead letters with which nothing has been done.
        index: where its document is; None: it has none.
    """

    article: str
    since: int
    title: str = ""
    url: str | None = None
    steps: list[Step] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    open_letters: list[str] = field(default_factory=list)
    index: str | None = None


class Tracer:
    """Finds the way of articles.

    Args:
        settings: where everything is.
        client: Elasticsearch.
        log: Kafka.
        now: milliseconds since 1970.
    """

    def __init__(self, settings: Settings, client: Elasticsearch, log: Log, now: int) -> None:
        self._settings = settings
        self._client = client
        self._log = log
        self._now = now

    def trace(self, article: str, since: int | None = None) -> Trace:
        """Return what is known of an article.

        Args:
            article: its id, or `CANARY` for the canary that was sent last.
            since: read Kafka from then on; if None, from when the article was first seen, or for a week.

        Raises:
            RetryableError, FatalError, ConfigError: as the engines' adapters.
        """
        article = self._newest_canary() if article == CANARY else article
        known = self._get(ARTICLE_IDS, article)
        begun = known["_source"]["first_seen"] if known else sent_at(article)
        first = self._now - LONGEST_MS if begun is None else max(0, begun - SKEW_MS)
        found = Trace(article, first if since is None else since)
        # Kafka first: what is indexed meanwhile shows as indexed, and not as waiting for ever.
        committed = {stage: self._log.committed(stage, source) for stage, source in SOURCES.items()}
        self._articles(found, committed)
        self._matches(found, committed)
        self._letters(found)
        self._documents(found, known)
        self._alerts(found)
        found.steps.sort(key=lambda step: (step.at, STAGES.index(step.stage) if step.stage in STAGES else -1))
        return found

    def _newest_canary(self) -> str:
        for back_ms in (5 * 60 * 1000, 60 * 60 * 1000):
            keys = {record.key for record in self._log.read(RAW, self._now - back_ms) if is_canary_key(record.key)}
            if ids := [key.decode() for key in keys if key is not None]:
                return max(ids, key=lambda one: sent_at(one) or 0)
        raise ConfigError(
            "no canary was sent in the last hour: does ingest run, and is canary.interval_s above 0? "
            f"The logs name older ones: {CANARY}-..."
        )

    def _articles(self, found: Trace, committed: Mapping[Stage, Mapping[int, int]]) -> None:
        key = found.article.encode()
        for record in self._log.read(RAW, found.since):
            if record.key == key and (raw := _decoded(RawArticle, record)):
                self._headline(found, raw)
                about: dict[str, Any] = {"origin": raw.origin, "source": raw.source, "lang": raw.lang}
                told = ", ".join(str(part) for part in (raw.source, raw.lang, raw.origin) if part)
                found.steps.append(Step(raw.fetched, "ingest", f"fetched ({told})", "", about))
                found.steps.append(Step(record.timestamp_ms, "ingest", "published", _place(record, RAW), about))
                self._waits(found, "tagger", record, RAW, committed)
        for record in self._log.read(TAGGED, found.since):
            if record.key == key and (tagged := _decoded(TaggedArticle, record)):
                self._headline(found, tagged)
                scores = {tag.topic: tag.score for tag in tagged.tags}
                told = ", ".join(f"{topic} {score:.2f}" for topic, score in scores.items()) or "no topic"
                about = {"topics": scores, "generation": tagged.generation}
                found.steps.append(Step(tagged.tagged, "tagger", f"tagged: {told}", _place(record, TAGGED), about))
                self._waits(found, "indexer", record, TAGGED, committed)

    def _matches(self, found: Trace, committed: Mapping[Stage, Mapping[int, int]]) -> None:
        wanted = found.article.encode()
        for record in self._log.read(MATCHES, found.since):
            if wanted in (record.value or b"") and (event := _decoded(MatchEvent, record)):
                if event.article.id != found.article:
                    continue
                about = {"rule": event.rule.id, "kind": event.kind, "match": event.id, "version": event.rule.version}
                what = f"rule {event.rule.id} {event.kind}"
                found.steps.append(Step(event.matched, "indexer", what, _place(record, MATCHES), about))
                self._waits(found, "decide", record, MATCHES, committed)
        for record in self._log.read(NOTIFICATIONS, found.since):
            if wanted in (record.value or b"") and (told := _decoded(Notification, record)):
                if told.match.article.id != found.article:
                    continue
                late = f", {told.label}" if told.label else ""
                about = {"rule": told.match.rule.id, "receiver": told.receiver, "notification": told.id}
                what = f"alert of rule {told.match.rule.id} to {told.receiver}{late}"
                found.steps.append(Step(told.decided, "decide", what, _place(record, NOTIFICATIONS), about))
                self._waits(found, "deliver", record, NOTIFICATIONS, committed)

    def _letters(self, found: Trace) -> None:
        choice = Choice(article=found.article, since=found.since)
        for entry in Letters(self._log).entries(choice, settled=True):
            letter = entry.letter
            about = {"letter": letter.id, "reason": letter.reason, "attempt": letter.past.attempts}
            what = f"dead letter: {letter.reason}: {letter.detail}"
            found.steps.append(Step(letter.failed, letter.stage, what, letter.id, about))
            if entry.settled is None:
                found.open_letters.append(letter.id)
            else:
                done = f"dead letter {letter.id} {entry.settled.action} by {entry.settled.by}: {entry.settled.because}"
                found.steps.append(Step(entry.settled.at, "operator", done, letter.id))

    def _documents(self, found: Trace, known: Mapping[str, Any] | None) -> None:
        where = known["_source"]["index"] if known else None
        stored = self._get_from(where, found.article) if where else None
        if stored is not None:
            document = stored["_source"]
            found.index = where
            found.title, found.url = document.get("title", ""), document.get("url")
            rules = ", ".join(document.get("rule", [])) or "no rule"
            about = {"seq": document["seq"], "generation": document["generation"], "rules": document.get("rule", [])}
            what = f"indexed: wording of {document['seq']}; matches {rules}"
            found.steps.append(Step(document["indexed"], "indexer", what, str(where), about))
        for hit in self._find(REVISIONS, {"term": {"article": found.article}}, ("seq", "indexed", "title")):
            revision = hit["_source"]
            what = f"an earlier wording kept, of {revision['seq']}"
            at = revision.get("indexed", revision["seq"])
            found.steps.append(
                Step(at, "indexer", what, hit["_index"], {"revision": hit["_id"], "seq": revision["seq"]})
            )

    def _alerts(self, found: Trace) -> None:
        fields = ("rule", "receiver", "channel", "state", "reason", "claimed", "sent", "attempts", "notification")
        for hit in self._find(ALERTS, {"term": {"article": found.article}}, fields):
            entry = hit["_source"]
            why = f" ({entry['reason']})" if entry.get("reason") else ""
            attempts = f", attempt {entry['attempts']}" if entry.get("attempts", 1) > 1 else ""
            what = f"alert of rule {entry['rule']} to {entry['receiver']}: {entry['state']}{why}{attempts}"
            at = entry.get("sent") or entry["claimed"]
            found.steps.append(Step(at, "deliver", what, hit["_index"], dict(entry)))

    def _waits(
        self, found: Trace, stage: Stage, record: Record, name: str, committed: Mapping[Stage, Mapping[int, int]]
    ) -> None:
        if record.offset >= committed[stage].get(record.partition, 0):
            found.waiting.append(f"{_place(record, name)} waits for {stage}")

    def _headline(self, found: Trace, article: RawArticle | TaggedArticle) -> None:
        found.title, found.url = article.title, article.url

    def _get(self, name: str, identity: str) -> Mapping[str, Any] | None:
        return self._get_from(index(self._settings.elasticsearch, name), identity)

    def _get_from(self, where: str, identity: str) -> Mapping[str, Any] | None:
        try:
            with translated():
                found = self._client.options(ignore_status=404).get(
                    index=where, id=identity, source_excludes=["text", "tags"]
                )
        except NotFoundError:
            return None
        return found.body if found.body.get("found") else None

    def _find(self, name: str, query: Mapping[str, Any], fields: Iterable[str]) -> list[Mapping[str, Any]]:
        with translated():
            answer = self._client.search(
                index=index(self._settings.elasticsearch, name), query=query, size=_MOST, source_includes=list(fields),
                ignore_unavailable=True, allow_no_indices=True,
            ).body  # fmt: skip
        return list(checked(answer)["hits"]["hits"])


def _decoded(kind: type[_M], record: Record) -> _M | None:
    """Return the message, or None: what cannot be read is a dead letter of the next stage, and shows as that."""
    try:
        return kind.decode(record.value)
    except BadMessageError:
        return None


def _place(record: Record, name: str) -> str:
    return f"{name} {record.partition}/{record.offset}"


def lines(found: Trace) -> Iterator[str]:
    """Yield the trace as a person reads it."""
    yield f"article {plain(found.article, 300)}"
    if found.title:
        yield f"        {plain(found.title, 300)}"
    if found.url:
        yield f"        {plain(found.url, 2000)}"
    yield ""
    begin = found.steps[0].at if found.steps else 0
    for step in found.steps:
        after = f"+{(step.at - begin) / 1000:.3f} s"
        yield f"{iso(step.at):<24} {after:>14}  {step.stage:<8} {plain(step.what, 300)}" + (
            f"  [{step.place}]" if step.place else ""
        )
    yield ""
    yield from conclusions(found)


def conclusions(found: Trace) -> Iterator[str]:
    """Yield where the article is now, as sentences."""
    yield f"In Elasticsearch: {found.index}." if found.index else "Not in Elasticsearch."
    for place in found.waiting:
        yield f"Under way: {place}."
    if is_canary(found.article) and not found.waiting and any(step.stage == "decide" for step in found.steps):
        yield "The canary went the whole way."
    for letter in found.open_letters:
        yield f"Open dead letter: presswatch dlq show {letter}"


def shape(found: Trace) -> dict[str, Any]:
    """Return the trace as JSON."""
    return {
        "article": found.article,
        "title": found.title,
        "url": found.url,
        "read_since": iso(found.since),
        "steps": [
            {"at": iso(step.at), "stage": step.stage, "what": step.what, "place": step.place or None, **step.about}
            for step in found.steps
        ],
        "index": found.index,
        "waiting": found.waiting,
        "open_dead_letters": found.open_letters,
    }
