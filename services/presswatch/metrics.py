"""The catalogue of metrics: every name, type, label and meaning, in one place.

Times are in seconds. Labels are bounded: stages, reasons and outcomes are fixed words, languages primary subtags.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, Info

_LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800)
_WORK_S = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)

RECORDS = Counter("presswatch_records_total", "Records taken in by a stage and dealt with.", ["stage", "outcome"])
DEAD_LETTERS = Counter("presswatch_dead_letters_total", "Records sent to the dead letters.", ["stage", "reason"])
RETRIED = Counter(
    "presswatch_dead_letters_retried_total", "Dead letters that somebody sent again, taken in.", ["stage"]
)
RETRIES = Counter("presswatch_retries_total", "Attempts repeated because the world was bad.", ["stage", "reason"])
LATENCY = Histogram(
    "presswatch_latency_seconds",
    "Seconds since the article was fetched, when a stage was done with it.",
    ["stage"],
    buckets=_LATENCY_S,
)
BATCH_SECONDS = Histogram("presswatch_batch_seconds", "Seconds to process one batch.", ["stage"], buckets=_WORK_S)
LAG = Gauge(
    "presswatch_consumer_lag_records", "Records not yet consumed, in the partitions of this process.", ["stage"]
)
BREAKER = Gauge(
    "presswatch_breaker_open", "1 when a stage stopped because too much went to the dead letters.", ["stage"]
)

CONTROL_GENERATION = Gauge(
    "presswatch_control_generation", "Generation of a control topic's set that is in force here.", ["stage", "topic"]
)
CONTROL_LAG = Gauge(
    "presswatch_control_lag_records", "Records of a control topic that are not read yet.", ["stage", "topic"]
)
CONTROL_FOLLOWED = Gauge(
    "presswatch_control_followed_timestamp_seconds",
    "When a control topic was last known to be read to its end, in seconds since 1970.",
    ["stage", "topic"],
)
CONTROL_BROKEN = Gauge(
    "presswatch_control_broken", "1 while the latest set is refused and the one before stays.", ["stage", "topic"]
)
CONTROL_REFUSED = Counter("presswatch_control_refused_total", "Sets that were refused.", ["stage", "topic", "reason"])
CONTROL_ROLLOUT = Histogram(
    "presswatch_control_rollout_seconds",
    "Seconds from the publication of a set until it was in force here.",
    ["stage", "topic"],
    buckets=_LATENCY_S,
)

ARTICLES_INGESTED = Counter("presswatch_articles_ingested_total", "Articles acknowledged by Kafka.", ["kind", "lang"])
FEED_POLLS = Counter(
    "presswatch_feed_polls_total", "Polls of feeds: changed, unchanged, or why they failed.", ["outcome"]
)
FEED_ENTRIES = Counter("presswatch_feed_entries_total", "Entries of feeds that had changed.", ["outcome"])
FEEDS_FAILING = Gauge("presswatch_feeds_failing", "Feeds whose last poll failed.")

TAGS = Counter("presswatch_tags_total", "Tags given.", ["topic", "lang"])
UNSUPPORTED = Counter(
    "presswatch_unsupported_language_total", "Articles in a language that a topic cannot judge.", ["topic", "lang"]
)

ARTICLES_INDEXED = Counter("presswatch_articles_indexed_total", "Decisions of the indexer on articles.", ["decision"])
MATCH_EVENTS = Counter("presswatch_match_events_total", "Events published on rules that matched.", ["kind"])
MATCH_SECONDS = Histogram(
    "presswatch_match_seconds", "Seconds to match all rules against one article.", buckets=_WORK_S
)
RULES = Gauge("presswatch_rules", "Rules in force.")
MATCHER = Info("presswatch_matcher", "The matching engine in use, native or python, and why it is not the native one.")
BULK_ITEMS = Counter(
    "presswatch_bulk_items_total", "Items of bulk requests, by what Elasticsearch answered.", ["outcome"]
)

ALERT_DECISIONS = Counter("presswatch_alert_decisions_total", "Decisions on matches.", ["decision", "reason"])
NOTIFICATIONS = Counter("presswatch_notifications_total", "Notifications, by what became of them.", ["kind", "outcome"])
SLACK_REQUESTS = Counter("presswatch_slack_requests_total", "Requests to Slack, by what it answered.", ["outcome"])
