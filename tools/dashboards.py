"""Grafana's dashboards as code: `make schemas` writes deploy/grafana/; a test fails when what is committed differs.

Every panel is one line here: title, unit, expression, legend. Expressions rest on the catalogue of metrics and the recorded rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

FOLDER = Path(__file__).resolve().parents[1] / "deploy" / "grafana"

SCHEMA_VERSION = 39
"""Of Grafana 10.2 and later; newer versions migrate it when they load it."""

WIDTH, HEIGHT, COLUMNS = 8, 8, 24


class Panel(NamedTuple):
    """One graph."""

    title: str
    unit: str
    expression: str
    legend: str
    about: str = ""


RATE = "$__rate_interval"

OVERVIEW: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "Objectives",
        (
            Panel(
                "Searchable later than 5 s",
                "percentunit",
                "presswatch:searchable_late:ratio_1h",
                "last hour",
                "1 % over 30 days is allowed.",
            ),
            Panel(
                "Alerted later than 30 s",
                "percentunit",
                "presswatch:alerted_late:ratio_1h",
                "last hour",
                "1 % over 30 days is allowed.",
            ),
            Panel("Parts that are not ready", "short", "presswatch_ready == 0", "{{service}} {{part}}"),
            Panel(
                "Seconds since the youngest canary that arrived was sent",
                "s",
                "time() - max(max_over_time(presswatch_canary_arrived_timestamp_seconds[1h]))",
                "canary",
                "A synthetic article goes through all stages each minute: this stays below two minutes.",
            ),
            Panel(
                "Way of the canary, median",
                "s",
                "histogram_quantile(0.5, sum by (stage, le) (rate(presswatch_canary_seconds_bucket[15m])))",
                "{{stage}}",
            ),
        ),
    ),
    (
        "Stages",
        (
            Panel("Records a second", "short", "presswatch:records:rate5m", "{{stage}} {{outcome}}"),
            Panel("Latency since fetched, median", "s", "presswatch:latency_seconds:p50_5m", "{{stage}}"),
            Panel("Latency since fetched, 99 %", "s", "presswatch:latency_seconds:p99_5m", "{{stage}}"),
            Panel("Records that wait", "short", "presswatch:lag_records:sum", "{{stage}}"),
            Panel(
                "Dead letters in 15 minutes",
                "short",
                "sum by (stage, reason) (increase(presswatch_dead_letters_total[15m]))",
                "{{stage}} {{reason}}",
            ),
            Panel("Dead letters that wait", "short", "max by (stage) (presswatch_dead_letters_open)", "{{stage}}"),
            Panel(
                "Retries a second",
                "short",
                f"sum by (stage, reason) (rate(presswatch_retries_total[{RATE}]))",
                "{{stage}} {{reason}}",
            ),
            Panel(
                "Seconds a batch, 99 %",
                "s",
                f"histogram_quantile(0.99, sum by (stage, le) (rate(presswatch_batch_seconds_bucket[{RATE}])))",
                "{{stage}}",
            ),
            Panel("Stages that stopped themselves", "short", "max by (stage) (presswatch_breaker_open)", "{{stage}}"),
            Panel(
                "Dead letters tried again",
                "short",
                f"sum by (stage) (increase(presswatch_dead_letters_retried_total[{RATE}]))",
                "{{stage}}",
            ),
        ),
    ),
)

CONTENT: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "Intake",
        (
            Panel("Articles a minute by source class", "short", f"60 * sum by (kind) (rate(presswatch_articles_ingested_total[{RATE}]))", "{{kind}}"),
            Panel("Articles a minute by language", "short", f"topk(12, 60 * sum by (lang) (rate(presswatch_articles_ingested_total[{RATE}])))", "{{lang}}"),
            Panel("Polls of feeds", "short", f"sum by (outcome) (rate(presswatch_feed_polls_total[{RATE}]))", "{{outcome}}"),
            Panel("Entries of feeds", "short", f"sum by (outcome) (rate(presswatch_feed_entries_total[{RATE}]))", "{{outcome}}"),
            Panel("Feeds that fail", "short", "max(presswatch_feeds_failing)", "feeds"),
        ),
    ),
    (
        "Topics and rules",
        (
            Panel("Tags a minute by topic", "short", f"60 * sum by (topic) (rate(presswatch_tags_total[{RATE}]))", "{{topic}}"),
            Panel("Articles that a topic cannot judge", "short", f"topk(12, 60 * sum by (lang) (rate(presswatch_unsupported_language_total[{RATE}])))", "{{lang}}"),
            Panel("Decisions of the indexer", "short", f"sum by (decision) (rate(presswatch_articles_indexed_total[{RATE}]))", "{{decision}}"),
            Panel("Seconds to match all rules, 99 %", "s", f"histogram_quantile(0.99, sum by (le) (rate(presswatch_match_seconds_bucket[{RATE}])))", "one article"),
            Panel("Match events a minute", "short", f"60 * sum by (kind) (rate(presswatch_match_events_total[{RATE}]))", "{{kind}}"),
            Panel("Rules in force", "short", "max(presswatch_rules)", "rules"),
            Panel("Generation in force", "short", "presswatch_control_generation", "{{topic}} {{instance}}"),
            Panel("Seconds until a set is in force, 99 %", "s", "histogram_quantile(0.99, sum by (topic, le) (rate(presswatch_control_rollout_seconds_bucket[1h])))", "{{topic}}"),
            Panel("Sets refused", "short", "max by (stage, topic) (presswatch_control_broken)", "{{stage}} {{topic}}"),
        ),
    ),
    (
        "Elasticsearch and Slack",
        (
            Panel("Bulk items by outcome", "short", f"sum by (outcome) (rate(presswatch_bulk_items_total[{RATE}]))", "{{outcome}}"),
            Panel("Seconds a bulk request, 99 %", "s", f"histogram_quantile(0.99, sum by (le) (rate(presswatch_bulk_seconds_bucket[{RATE}])))", "bulk"),
            Panel("Decisions on matches", "short", f"sum by (decision, reason) (rate(presswatch_alert_decisions_total[{RATE}]))", "{{decision}} {{reason}}"),
            Panel("Notifications", "short", f"sum by (kind, outcome) (rate(presswatch_notifications_total[{RATE}]))", "{{kind}} {{outcome}}"),
            Panel("Requests to Slack", "short", f"sum by (outcome) (rate(presswatch_slack_requests_total[{RATE}]))", "{{outcome}}"),
            Panel("Seconds that Slack takes, 99 %", "s", f"histogram_quantile(0.99, sum by (le) (rate(presswatch_slack_request_seconds_bucket[{RATE}])))", "post"),
        ),
    ),
)  # fmt: skip

Rows = tuple[tuple[str, tuple[Panel, ...]], ...]
DASHBOARDS: dict[str, tuple[str, Rows]] = {
    "presswatch-overview": ("Presswatch", OVERVIEW),
    "presswatch-content": ("Presswatch: what flows", CONTENT),
}


def expressions() -> Iterator[str]:
    """Yield every expression, with Grafana's variable replaced by a time that Prometheus knows."""
    for _, rows in DASHBOARDS.values():
        for _, panels in rows:
            for panel in panels:
                yield panel.expression.replace(RATE, "5m")


def generate() -> dict[str, bytes]:
    """Return the files of deploy/grafana/ by name."""
    return {
        f"{uid}.json": orjson.dumps(
            _dashboard(uid, title, rows), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
        for uid, (title, rows) in DASHBOARDS.items()
    }


def _dashboard(uid: str, title: str, rows: Sequence[tuple[str, Sequence[Panel]]]) -> dict[str, Any]:
    panels: list[dict[str, Any]] = []
    top = 0
    for heading, graphs in rows:
        place = {"h": 1, "w": COLUMNS, "x": 0, "y": top}
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": heading, "collapsed": False, "gridPos": place, "panels": []}
        )
        top += 1
        for at, panel in enumerate(graphs):
            x, y = at * WIDTH % COLUMNS, top + at * WIDTH // COLUMNS * HEIGHT
            panels.append(_panel(panel, len(panels) + 1, {"h": HEIGHT, "w": WIDTH, "x": x, "y": y}))
        top += -(-len(graphs) * WIDTH // COLUMNS) * HEIGHT
    source = {
        "name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0,
        "current": {}, "options": [], "refresh": 1, "regex": "", "multi": False, "includeAll": False,
    }  # fmt: skip
    return {
        "uid": uid, "title": title, "tags": ["presswatch"], "schemaVersion": SCHEMA_VERSION, "version": 1, "editable": True,
        "timezone": "browser", "time": {"from": "now-6h", "to": "now"}, "refresh": "30s", "panels": panels,
        "templating": {"list": [source]}, "annotations": {"list": []}, "links": [],
    }  # fmt: skip


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${datasource}"}
    return {
        "id": number, "type": "timeseries", "title": panel.title, "description": panel.about, "gridPos": place,
        "datasource": source,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": {"fillOpacity": 10}}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [{"refId": "A", "datasource": source, "expr": panel.expression, "legendFormat": panel.legend}],
    }  # fmt: skip


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for name, data in generate().items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
