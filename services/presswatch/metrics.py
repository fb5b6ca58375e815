"""The catalogue of metrics: every name, type, unit, label and meaning, in one place; docs/metrics.md is made of it.

A metric is declared here by `_counter`, `_gauge`, `_histogram` or `_info`, each label with its bound: a label takes words
that the code or a desk's own files fix, never something that an article brings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

# One more series beside each counter, that nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

Kind = Literal["counter", "gauge", "histogram", "info"]
_C = TypeVar("_C", bound=MetricWrapperBase)


@dataclass(frozen=True, slots=True)
class Label:
    """A label: `values` are all that it takes, or None if a desk's files or libraries name them; at most `bound` then."""

    name: str
    bound: int
    meaning: str
    values: tuple[str, ...] | None = None


def _fixed(name: str, meaning: str, words: str) -> Label:
    values = tuple(words.split())
    return Label(name, len(values), meaning, values)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `on_trouble`: it has no sample until something goes wrong. `buckets` of a histogram, in its unit."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[Label, ...]
    meaning: str
    on_trouble: bool = False
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> int:
        """Series that one process exposes at most."""
        number = len(self.buckets) + 3 if self.kind == "histogram" else 1
        for label in self.labels:
            number *= label.bound
        return number

    @property
    def samples(self) -> tuple[str, ...]:
        """Names by which it is queried."""
        if self.kind == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))
        return (f"{self.name}_info",) if self.kind == "info" else (self.name,)


CATALOGUE: dict[str, Metric] = {}
"""Every metric by name."""

_UNITS = {"seconds": "seconds", "records": "records", "total": "count"}


def _declare(make: type[_C], kind: Kind, name: str, meaning: str, labels: tuple[Label, ...], *, on_trouble: bool) -> _C:
    unit = _UNITS.get(name.rpartition("_")[2], "")
    CATALOGUE[name] = Metric(name, kind, unit, labels, meaning, on_trouble)
    return make(name, meaning, [label.name for label in labels])


def _counter(name: str, meaning: str, *labels: Label, on_trouble: bool = False) -> Counter:
    return _declare(Counter, "counter", name, meaning, labels, on_trouble=on_trouble)


def _gauge(name: str, meaning: str, *labels: Label, on_trouble: bool = False) -> Gauge:
    return _declare(Gauge, "gauge", name, meaning, labels, on_trouble=on_trouble)


def _info(name: str, meaning: str) -> Info:
    return _declare(Info, "info", name, meaning, (), on_trouble=False)


def _histogram(name: str, meaning: str, buckets: tuple[float, ...], *labels: Label) -> Histogram:
    CATALOGUE[name] = Metric(name, "histogram", "seconds", labels, meaning, buckets=buckets)
    return Histogram(name, meaning, [label.name for label in labels], buckets=buckets)


STAGE = _fixed("stage", "the stage", "ingest tagger indexer decide deliver")
# A label, so that processes without this stage have no sample, and none at all means that nobody waits for canaries.
_ARRIVES = _fixed("stage", "the stage to which canaries come at last", "deliver")
_REASON = Label("reason", 80, "why, as a word that the code fixes")
_ERROR = Label("reason", 60, "the error's name, of ours or of a client library")
_LANG = Label("lang", 100, "primary subtag of the language, `unknown`, or `other` for a rare one")
_TOPIC = Label("topic", 100, "a topic of the topic packs")
_CONTROL = Label("topic", 5, "the control topic")
_OUTCOME = Label("outcome", 60, "what became of it, as a word that the code fixes")

_LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800)
_WORK_S = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)

READY = _gauge(
    "presswatch_ready",
    "1 while a part of a process is connected and working, as /readyz tells.",
    Label("part", 10, "the part of the process"),
)
RECORDS = _counter(
    "presswatch_records_total", "Records taken in by a stage and dealt with: the throughput.", STAGE, _OUTCOME
)
DEAD_LETTERS = _counter("presswatch_dead_letters_total", "Records sent to the dead letters.", STAGE, _REASON)
DEAD_LETTERS_OPEN = _gauge(
    "presswatch_dead_letters_open",
    "Dead letters that wait for somebody, as `presswatch dlq list` shows them; each alerter counts those of all stages.",
    STAGE,
)
RETRIED = _counter("presswatch_dead_letters_retried_total", "Dead letters that somebody sent again, taken in.", STAGE)
RETRIES = _counter(
    "presswatch_retries_total", "Attempts repeated because the world was bad.", STAGE, _ERROR, on_trouble=True
)
LATENCY = _histogram(
    "presswatch_latency_seconds",
    "Seconds since a live article was fetched, when a stage was done with it: published, tagged, indexed, sent.",
    _LATENCY_S,
    STAGE,
)
CANARY_LATENCY = _histogram(
    "presswatch_canary_seconds",
    "Seconds since a canary was sent, when a stage was done with it; a canary counts in no other metric but as a record.",
    _LATENCY_S,
    STAGE,
)
CANARY_ARRIVED = _gauge(
    "presswatch_canary_arrived_timestamp_seconds",
    "When the youngest canary was sent that went the whole way, in seconds since 1970; 0: none came since the start.",
    _ARRIVES,
)
CANARY_INTERVAL = _gauge(
    "presswatch_canary_interval_seconds",
    "Seconds between two canaries, as the alerter expects them; 0: none is sent.",
    _ARRIVES,
)
BATCH_SECONDS = _histogram("presswatch_batch_seconds", "Seconds to process one batch.", _WORK_S, STAGE)
LAG = _gauge("presswatch_consumer_lag_records", "Records not yet consumed, in the partitions of this process.", STAGE)
BREAKER = _gauge("presswatch_breaker_open", "1 when a stage stopped because too much went to the dead letters.", STAGE)

CONTROL_GENERATION = _gauge(
    "presswatch_control_generation", "Generation of a control topic's set that is in force here.", STAGE, _CONTROL
)
CONTROL_LAG = _gauge(
    "presswatch_control_lag_records", "Records of a control topic that are not read yet.", STAGE, _CONTROL
)
CONTROL_FOLLOWED = _gauge(
    "presswatch_control_followed_timestamp_seconds",
    "When a control topic was last known to be read to its end, in seconds since 1970.",
    STAGE,
    _CONTROL,
)
CONTROL_BROKEN = _gauge(
    "presswatch_control_broken", "1 while the latest set is refused and the one before stays.", STAGE, _CONTROL
)
CONTROL_REFUSED = _counter(
    "presswatch_control_refused_total", "Sets that were refused.", STAGE, _CONTROL, _REASON, on_trouble=True
)
CONTROL_ROLLOUT = _histogram(
    "presswatch_control_rollout_seconds",
    "Seconds from the publication of a set until it was in force here.",
    _LATENCY_S,
    STAGE,
    _CONTROL,
)

ARTICLES_INGESTED = _counter(
    "presswatch_articles_ingested_total",
    "Articles acknowledged by Kafka.",
    _fixed("kind", "the class of source", "jsonl feed"),
    _LANG,
)
FEED_POLLS = _counter(
    "presswatch_feed_polls_total", "Polls of feeds: changed, unchanged, or why they failed.", _OUTCOME
)
FEED_ENTRIES = _counter(
    "presswatch_feed_entries_total",
    "Entries of feeds that had changed.",
    _fixed("outcome", "what became of it", "sent known empty left_out"),
)
FEEDS_FAILING = _gauge("presswatch_feeds_failing", "Feeds whose last poll failed.")

TAGS = _counter("presswatch_tags_total", "Tags given.", _TOPIC, _LANG)
UNSUPPORTED = _counter(
    "presswatch_unsupported_language_total", "Articles in a language that a topic cannot judge.", _TOPIC, _LANG
)

ARTICLES_INDEXED = _counter(
    "presswatch_articles_indexed_total",
    "Decisions of the indexer on articles.",
    _fixed("decision", "see intake", "new revision completed regenerated restored unchanged excerpt superseded"),
)
MATCH_EVENTS = _counter(
    "presswatch_match_events_total",
    "Events published on rules that matched.",
    _fixed("kind", "what became of the match", "matched changed withdrawn"),
)
MATCH_SECONDS = _histogram(
    "presswatch_match_seconds", "Seconds to match all rules against one article: the matcher's cost.", _WORK_S
)
RULES = _gauge("presswatch_rules", "Rules in force.")
MATCHER = _info("presswatch_matcher", "The matching engine in use, native or python, and why it is not the native one.")
BULK_ITEMS = _counter(
    "presswatch_bulk_items_total", "Items of bulk requests, by what Elasticsearch answered.", _OUTCOME
)
BULK_SECONDS = _histogram("presswatch_bulk_seconds", "Seconds that Elasticsearch took for one bulk request.", _WORK_S)

ALERT_DECISIONS = _counter(
    "presswatch_alert_decisions_total",
    "Decisions on matches.",
    Label("decision", 10, "send, record, suppress"),
    _REASON,
)
NOTIFICATIONS = _counter(
    "presswatch_notifications_total",
    "Notifications, by what became of them.",
    Label("kind", 10, "kind of receiver"),
    _OUTCOME,
)
SLACK_REQUESTS = _counter("presswatch_slack_requests_total", "Requests to Slack, by what it answered.", _OUTCOME)
SLACK_SECONDS = _histogram("presswatch_slack_request_seconds", "Seconds that Slack took to answer a post.", _LATENCY_S)
