"""The way of one article through the system, with times: what Kafka and Elasticsearch have of it, put in order.

Nothing is written, and no consumer group is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from elasticsearch import Elasticsearch, NotFoundError

from presswatch.adapters.elasticsearch import translated
from presswatch.adapters.elasticsearch.client import checked
from presswatch.adapters.kafka import Record
from presswatch.adapters.kafkalog import Log, Span, united
from presswatch.core.canary import CANARY, is_canary_key, sent_at
from presswatch.core.errors import BadMessageError, ConfigError
from presswatch.core.messages import MatchEvent, Message, Notification, RawArticle, TaggedArticle
from presswatch.deadletters import Choice, Letters
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

AROUND_MS = 15 * 60 * 1000
"""Kafka is read so long before and after each time that is known of an article: clocks differ, and stages take a while."""

_MOST = 1000
_OF_REVISION = ("seq", "fetched", "tagged", "indexed", "title")

Committed = Mapping[Stage, Mapping[int, int]]
Parts = Mapping[int, Sequence[Span]]

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
        whole: whether all of it since then was read, or what lies around the times that are known of the article.
        title, url: of the latest wording seen.
        steps: in the order of time.
        waiting: records that the next stage has not dealt with yet, as sentences.
        open_letters: ids of dead letters with which nothing has been done.
        index: where its document is; None: it has none.
    """

    article: str
    since: int
    whole: bool = False
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
        tell: is told, often, of a topic how many records of how many are read.
    """

    def __init__(
        self,
        settings: Settings,
        client: Elasticsearch,
        log: Log,
        now: int,
        tell: Callable[[str, int, int], None] = lambda *_: None,
    ) -> None:
        self._settings = settings
        self._tell = tell
        self._client = client
        self._log = log
        self._now = now

    def trace(self, article: str, since: int | None = None) -> Trace:
        """Return what is known of an article.

        Only that partition of articles.raw and articles.tagged is read in which its key puts it, and of each topic only
        what lies around the times that Elasticsearch tells of it, and what waits. Where that shows nothing, that
        partition is read from its first time on, or for a week.

        Args:
            article: its id, or `CANARY` for the canary that was sent last.
            since: read all of Kafka from then on instead.

        Raises:
            RetryableError, FatalError, ConfigError: as the engines' adapters.
        """
        article = self._newest_canary() if article == CANARY else article
        # Kafka's groups first: what is indexed meanwhile shows as indexed, and not as waiting for ever.
        committed = {stage: self._log.committed(stage, source) for stage, source in SOURCES.items()}
        known = self._get(ARTICLE_IDS, article)
        found = Trace(article, 0, whole=since is not None)
        times = {*self._documents(found, known), *self._alerts(found)}
        if (sent := sent_at(article)) is not None:
            times.add(max(sent, AROUND_MS))  # nobody asks Kafka for times before 1970
        found.since = min(times, default=self._now - LONGEST_MS + AROUND_MS) - AROUND_MS if since is None else since
        times |= {*self._raw(found, times, committed), *self._tagged(found, times, committed)}
        times |= {*self._matches(found, times, committed)}
        self._notifications(found, times, committed)
        self._letters(found)
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

    def _raw(self, found: Trace, times: Iterable[int], committed: Committed) -> Iterator[int]:
        for record in self._of_key(found, RAW, times, committed["tagger"]):
            if raw := _decoded(RawArticle, record):
                self._headline(found, raw)
                about: dict[str, Any] = {"origin": raw.origin, "source": raw.source, "lang": raw.lang}
                told = ", ".join(str(part) for part in (raw.source, raw.lang, raw.origin) if part)
                found.steps.append(Step(raw.fetched, "ingest", f"fetched ({told})", "", about))
                found.steps.append(Step(record.timestamp_ms, "ingest", "published", _place(record, RAW), about))
                self._waits(found, "tagger", record, RAW, committed)
                yield record.timestamp_ms

    def _tagged(self, found: Trace, times: Iterable[int], committed: Committed) -> Iterator[int]:
        for record in self._of_key(found, TAGGED, times, committed["indexer"]):
            if tagged := _decoded(TaggedArticle, record):
                self._headline(found, tagged)
                scores = {tag.topic: tag.score for tag in tagged.tags}
                told = ", ".join(f"{topic} {score:.2f}" for topic, score in scores.items()) or "no topic"
                about = {"topics": scores, "generation": tagged.generation}
                found.steps.append(Step(tagged.tagged, "tagger", f"tagged: {told}", _place(record, TAGGED), about))
                self._waits(found, "indexer", record, TAGGED, committed)
                yield record.timestamp_ms

    def _matches(self, found: Trace, times: Iterable[int], committed: Committed) -> Iterator[int]:
        for record in self._of_value(found, MATCHES, times, committed["decide"]):
            event = _decoded(MatchEvent, record)
            if event is not None and event.article.id == found.article:
                about = {"rule": event.rule.id, "kind": event.kind, "match": event.id, "version": event.rule.version}
                what = f"rule {event.rule.id} {event.kind}"
                found.steps.append(Step(event.matched, "indexer", what, _place(record, MATCHES), about))
                self._waits(found, "decide", record, MATCHES, committed)
                yield record.timestamp_ms

    def _notifications(self, found: Trace, times: Iterable[int], committed: Committed) -> None:
        for record in self._of_value(found, NOTIFICATIONS, times, committed["deliver"]):
            told = _decoded(Notification, record)
            if told is not None and told.match.article.id == found.article:
                late = f", {told.label}" if told.label else ""
                about = {"rule": told.match.rule.id, "receiver": told.receiver, "notification": told.id}
                what = f"alert of rule {told.match.rule.id} to {told.receiver}{late}"
                found.steps.append(Step(told.decided, "decide", what, _place(record, NOTIFICATIONS), about))
                self._waits(found, "deliver", record, NOTIFICATIONS, committed)

    def _of_key(self, found: Trace, name: str, times: Iterable[int], committed: Mapping[int, int]) -> Iterator[Record]:
        """Yield the records of a topic whose key is the article's id."""
        key = found.article.encode()
        if found.whole:
            yield from (record for record in self._read(name, self._since(found, name)) if record.key == key)
            return
        mine = {self._log.partition_of(name, key)}
        around = self._read(name, self._around(name, times, committed, mine))
        seen = [record for record in around if record.key == key]
        if not seen:
            seen = [record for record in self._read(name, self._since(found, name, mine)) if record.key == key]
        yield from seen

    def _of_value(
        self, found: Trace, name: str, times: Iterable[int], committed: Mapping[int, int]
    ) -> Iterator[Record]:
        """Yield the records of a topic whose value names the article."""
        wanted = found.article.encode()
        parts = self._since(found, name) if found.whole else self._around(name, times, committed)
        yield from (record for record in self._read(name, parts) if wanted in (record.value or b""))

    def _since(self, found: Trace, name: str, partitions: Container[int] | None = None) -> Parts:
        spans = self._log.spans(name, found.since)
        return {at: [span] for at, span in spans.items() if partitions is None or at in partitions}

    def _around(
        self, name: str, times: Iterable[int], committed: Mapping[int, int], partitions: Container[int] | None = None
    ) -> Parts:
        windows = united(Span(at - AROUND_MS, at + AROUND_MS) for at in (*times, self._now))
        parts = self._log.parts(name, ((one.begin, one.end) for one in windows), partitions)
        ends = self._log.spans(name)
        return {
            at: united([*spans, Span(max(committed.get(at, 0), ends[at].begin), ends[at].end)])
            for at, spans in parts.items()
        }

    def _read(self, name: str, parts: Parts) -> Iterator[Record]:
        total = sum(span.end - span.begin for spans in parts.values() for span in spans)
        for number, record in enumerate(self._log.read_parts(name, parts)):
            self._tell(name, number, total)
            yield record

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

    def _documents(self, found: Trace, known: Mapping[str, Any] | None) -> Iterator[int]:
        """Note what the stores have of the article, and yield the times that they tell."""
        yield from _times(known["_source"] if known else {}, "first_seen", "seq", "latest")
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
            yield from _times(document, "fetched", "tagged", "indexed")
        for hit in self._find(REVISIONS, {"term": {"article": found.article}}, _OF_REVISION):
            revision = hit["_source"]
            what = f"an earlier wording kept, of {revision['seq']}"
            at = revision.get("indexed", revision["seq"])
            found.steps.append(
                Step(at, "indexer", what, hit["_index"], {"revision": hit["_id"], "seq": revision["seq"]})
            )
            yield from _times(revision, "seq", "fetched", "tagged", "indexed")

    def _alerts(self, found: Trace) -> Iterator[int]:
        """Note the alerts of the article, and yield the times that they tell."""
        fields = (
            "fetched", "decided", "rule", "receiver", "channel", "state", "reason", "claimed", "sent", "attempts",
            "notification",
        )  # fmt: skip
        for hit in self._find(ALERTS, {"term": {"article": found.article}}, fields):
            entry = hit["_source"]
            why = f" ({entry['reason']})" if entry.get("reason") else ""
            attempts = f", attempt {entry['attempts']}" if entry.get("attempts", 1) > 1 else ""
            what = f"alert of rule {entry['rule']} to {entry['receiver']}: {entry['state']}{why}{attempts}"
            at = entry.get("sent") or entry["claimed"]
            found.steps.append(Step(at, "deliver", what, hit["_index"], dict(entry)))
            yield from _times(entry, "fetched", "decided", "claimed", "sent")

    def _waits(self, found: Trace, stage: Stage, record: Record, name: str, committed: Committed) -> None:
        if record.offset >= committed[stage].get(record.partition, 0):
            found.waiting.append(f"{_place(record, name)} waits for {stage}")

    def _headline(self, found: Trace, article: RawArticle | TaggedArticle) -> None:
        if found.index is None:
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


def _times(document: Mapping[str, Any], *fields: str) -> Iterator[int]:
    """Yield the times, in milliseconds since 1970, that stand in some fields."""
    yield from (document[name] for name in fields if isinstance(document.get(name), int))


def _place(record: Record, name: str) -> str:
    return f"{name} {record.partition}/{record.offset}"
