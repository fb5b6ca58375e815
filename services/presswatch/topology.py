"""What exists on Kafka and in Elasticsearch, stated once: topics, groups, indices, templates.

`presswatch setup` makes it so; `make schemas` writes it out under schemas/ for people and other tools.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from presswatch.core.canary import is_canary
from presswatch.core.control import Manifest
from presswatch.core.messages import (
    Forgotten,
    LetterSettled,
    MatchEvent,
    Message,
    Notification,
    RawArticle,
    TaggedArticle,
)
from presswatch.core.rules.shadow import LONGEST_VALUE
from presswatch.settings import ElasticsearchSettings, KafkaSettings

_DAY_MS = 24 * 60 * 60 * 1000
_MIB = 1024 * 1024

Stage = Literal["ingest", "tagger", "indexer", "decide", "deliver"]
STAGES: tuple[Stage, ...] = ("ingest", "tagger", "indexer", "decide", "deliver")


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One Kafka topic. `partitions` None means the setting kafka.partitions. A compacted one keeps the last of each key."""

    name: str
    key: str
    message: type[Message] | None
    meaning: str
    partitions: int | None = None
    retention_ms: int = 7 * _DAY_MS
    max_message_bytes: int = 2 * _MIB
    compacted: bool = False

    def config(self) -> dict[str, str]:
        """Return the topic's settings in Kafka's own names."""
        if self.compacted:
            return {
                "cleanup.policy": "compact",
                "max.message.bytes": str(self.max_message_bytes),
                # Closed daily and cleaned at a tenth of rubbish, so that a service that starts reads little.
                "segment.ms": str(_DAY_MS),
                "min.cleanable.dirty.ratio": "0.1",
            }
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }


RAW = "articles.raw"
TAGGED = "articles.tagged"
MATCHES = "matches"
NOTIFICATIONS = "notifications"
CONTROL_RULES = "control.rules"
CONTROL_PACKS = "control.packs"
DEAD_SETTLED = "dead.settled"
FORGOTTEN = "forgotten"

SOURCES: dict[Stage, str] = {"tagger": RAW, "indexer": TAGGED, "decide": MATCHES, "deliver": NOTIFICATIONS}
"""The topic that each stage reads; ingest reads the world."""


def dead_letter_topic(stage: Stage) -> str:
    """Return the topic beside a stage that takes what the stage cannot process."""
    return f"{stage}.dead"


TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(RAW, "article id", RawArticle, "Articles as ingest found them."),
    TopicSpec(TAGGED, "article id", TaggedArticle, "Articles with their topic tags.", max_message_bytes=4 * _MIB),
    TopicSpec(MATCHES, "rule id", MatchEvent, "Rules that matched, changed or withdrew.", retention_ms=30 * _DAY_MS),
    TopicSpec(NOTIFICATIONS, "receiver", Notification, "Alerts on their way out.", retention_ms=30 * _DAY_MS),
    TopicSpec(
        CONTROL_RULES,
        "KIND:ID@HASH of an object, or manifest",
        Manifest,
        "Alert rules and their lists, and the manifest that names those in force.",
        partitions=1,
        max_message_bytes=12 * _MIB,
        compacted=True,
    ),
    TopicSpec(
        CONTROL_PACKS,
        "KIND:ID@HASH of an object, or manifest",
        Manifest,
        "Topic packs, and the manifest that names those in force.",
        partitions=1,
        max_message_bytes=12 * _MIB,
        compacted=True,
    ),
    *(
        TopicSpec(
            dead_letter_topic(stage),
            "key of the origin",
            None,
            f"What {stage} could not process: the record as it came, the reason in its headers.",
            partitions=1,
            retention_ms=30 * _DAY_MS,
            max_message_bytes=12 * _MIB,
        )
        for stage in STAGES
    ),
    TopicSpec(
        DEAD_SETTLED,
        "dead letter, as STAGE/OFFSET",
        LetterSettled,
        "What was retried or dropped of the dead letters; kept longer than any of them.",
        partitions=1,
        retention_ms=90 * _DAY_MS,
    ),
    TopicSpec(
        FORGOTTEN,
        "article id",
        Forgotten,
        "Articles that must not be kept: neither taken in, nor sent again, nor stored.",
        partitions=1,
        compacted=True,
    ),
)


def topic(kafka: KafkaSettings, name: str) -> str:
    """Return a topic's name on the cluster."""
    return kafka.prefix + name


def group(kafka: KafkaSettings, stage: Stage) -> str:
    """Return the consumer group of a stage."""
    return f"{kafka.prefix}presswatch-{stage}"


MAPPING_VERSION = 2
"""Raised with every change of a mapping below. A service refuses to start on an older one."""

ARTICLES = "articles"
ARTICLE_IDS = "article-ids"
REVISIONS = "revisions"
ALERTS = "alerts"
CANARIES = "canary"

GC_DELETES = "5s"
"""For so long Elasticsearch refuses a deleted article in a version that is not newer than its deletion (60 s by default).

Long enough for writes on their way when an article is forgotten; what was deleted by hand need not wait for its repair.
"""

_KEYWORD = {"type": "keyword", "ignore_above": 2048}
_STORED = {"type": "keyword", "index": False, "doc_values": False}
_DATE = {"type": "date", "format": "strict_date_optional_time||epoch_millis"}
_TEXT = {"type": "text", "analyzer": "standard"}
_TOKENS = {"type": "text", "analyzer": "whitespace", "norms": False}
_TERMS = {"type": "keyword", "doc_values": False, "ignore_above": LONGEST_VALUE}
_OPAQUE = {"type": "object", "enabled": False}

_ARTICLE_PROPERTIES: dict[str, Any] = {
    "@timestamp": _DATE,
    "id": _KEYWORD,
    "title": {**_TEXT, "fields": {"keyword": {"type": "keyword", "ignore_above": 1024}}},
    "text": _TEXT,
    "url": _KEYWORD,
    "domain": _KEYWORD,
    "source": _KEYWORD,
    "external_id": _KEYWORD,
    "country": _KEYWORD,
    "author": _KEYWORD,
    "lang": _KEYWORD,
    "lang_from": _KEYWORD,
    "published": _DATE,
    "published_precision": _KEYWORD,
    "published_raw": _STORED,
    "fetched": _DATE,
    "tagged": _DATE,
    "indexed": _DATE,
    "first_seen": _DATE,
    "origin": _KEYWORD,
    "words": {"type": "integer"},
    "topic": _KEYWORD,
    "unsupported": _KEYWORD,
    "score": {"type": "object", "dynamic": True},
    "tags": _OPAQUE,
    "rule": _KEYWORD,
    "rules": _OPAQUE,
    "seq": {"type": "long"},
    "hash": _KEYWORD,
    "generation": {"type": "integer"},
    # The matcher's own folded tokens, joined by spaces: whatever analyzers the server has, its terms and
    # positions are ours. Left out of _source; one value per field.
    # `runs` and `meta` are for raw: and for metadata, see core.rules.shadow.
    "tok": {"properties": {"title": _TOKENS, "text": _TOKENS, "runs": _TERMS, "meta": _TERMS}},
    "tok_version": _KEYWORD,
}


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """One family of Elasticsearch indices. `monthly`: NAME-YYYY.MM behind the alias NAME; else one index NAME."""

    name: str
    monthly: bool
    mappings: dict[str, Any]
    meaning: str
    refresh_interval: str = "1s"

    def template(self, es: ElasticsearchSettings) -> dict[str, Any]:
        """Return the body of the index template."""
        index = es.prefix + self.name
        settings = {
            "number_of_shards": es.shards if self.name == ARTICLES else 1,
            "number_of_replicas": es.replicas,
            "refresh_interval": self.refresh_interval,
        }
        if self.name == ARTICLES:
            settings["gc_deletes"] = GC_DELETES
        template: dict[str, Any] = {"settings": settings, "mappings": self.mappings}
        if self.monthly:
            # The alias by which all months are read; for writing each index has its own (`write_alias`).
            template["aliases"] = {index: {}}
        return {
            "index_patterns": [f"{index}-2*" if self.monthly else index],
            "priority": 500,
            "template": template,
            "version": MAPPING_VERSION,
            "_meta": {"managed_by": "presswatch", "meaning": self.meaning},
        }


def _strict(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"dynamic": "strict", "_meta": {"mapping_version": MAPPING_VERSION}, "properties": properties, **more}


_ARTICLE_MAPPINGS = _strict(
    _ARTICLE_PROPERTIES,
    _source={"excludes": ["tok"]},
    dynamic_templates=[{"scores": {"path_match": "score.*", "mapping": {"type": "float"}}}],
)

INDICES: tuple[IndexSpec, ...] = (
    IndexSpec(
        ARTICLES,
        monthly=True,
        meaning="Articles, one document each, by the month in which they were first seen.",
        mappings=_ARTICLE_MAPPINGS,
    ),
    IndexSpec(
        CANARIES,
        monthly=False,
        meaning="Canaries of the last hours, apart from the articles so that no search of an analyst finds them.",
        mappings=_ARTICLE_MAPPINGS,
    ),
    IndexSpec(
        ARTICLE_IDS,
        monthly=False,
        meaning="Identity of each article: first seen when, kept in which index, which wording.",
        mappings=_strict(
            {
                "first_seen": _DATE,
                "index": _KEYWORD,
                "seq": {"type": "long"},
                "latest": {"type": "long"},
                "generation": {"type": "integer"},
                "hash": _KEYWORD,
                "words": {"type": "integer"},
                "intent": _OPAQUE,
                "rules": _OPAQUE,
                "unsettled": _OPAQUE,
                "aliases": _KEYWORD,
            }
        ),
        refresh_interval="30s",
    ),
    IndexSpec(
        REVISIONS,
        monthly=True,
        meaning="Wordings that a later one replaced.",
        mappings=_strict(
            {name: spec for name, spec in _ARTICLE_PROPERTIES.items() if not name.startswith("tok")}
            | {"article": _KEYWORD},
            dynamic_templates=[{"scores": {"path_match": "score.*", "mapping": {"type": "float"}}}],
        ),
        refresh_interval="5s",
    ),
    IndexSpec(
        ALERTS,
        monthly=True,
        meaning="Alerts and the state of their delivery: the ledger by which each is sent once.",
        mappings=_strict(
            {
                "@timestamp": _DATE,
                "alert": _KEYWORD,
                "notification": _KEYWORD,
                "receiver": _KEYWORD,
                "channel": _KEYWORD,
                "state": _KEYWORD,
                "reason": _KEYWORD,
                "label": _KEYWORD,
                "attempts": {"type": "integer"},
                "claimed": _DATE,
                "claimed_by": _KEYWORD,
                "decided": _DATE,
                "sent": _DATE,
                "message_ts": _KEYWORD,
                "rule": _KEYWORD,
                "rule_name": _KEYWORD,
                "rule_version": _KEYWORD,
                "severity": _KEYWORD,
                "article": _KEYWORD,
                "seq": {"type": "long"},
                "kind": _KEYWORD,
                "title": _TEXT,
                "url": _KEYWORD,
                "source": _KEYWORD,
                "lang": _KEYWORD,
                "topic": _KEYWORD,
                "published": _DATE,
                "fetched": _DATE,
                "latency_ms": {"type": "long"},
                "receipt": _OPAQUE,
            }
        ),
    ),
)


def index(es: ElasticsearchSettings, name: str) -> str:
    """Return an index's or alias' name on the cluster."""
    return es.prefix + name


def month_index(es: ElasticsearchSettings, name: str, at_ms: int) -> str:
    """Return the index of the month (UTC) of a time, such as articles-2026.11."""
    return f"{index(es, name)}-{datetime.fromtimestamp(at_ms / 1000, UTC):%Y.%m}"


def home_index(es: ElasticsearchSettings, article: str, first_seen: int) -> str:
    """Return the index in which an article that was first seen then (milliseconds since 1970) is kept."""
    return index(es, CANARIES) if is_canary(article) else month_index(es, ARTICLES, first_seen)


def write_alias(concrete: str) -> str:
    """Return the alias by which one index is written: with require_alias nothing but `ensure_index` creates indices."""
    return f"{concrete}-write"
