"""Kibana's saved objects, built from what the system stores: data views, a search per topic, the overview dashboard.

The shapes are those of the versions named below, which Kibana 8.9 to 9.x takes and migrates by itself; a newer one than
a server knows is refused, and none at all would run every migration since Kibana 5.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from presswatch.kibana import lens
from presswatch.kibana.ids import ALERTS_VIEW, ARTICLES_VIEW, OVERVIEW, object_id
from presswatch.kibana.lens import CORE_VERSION, Chart
from presswatch.topology import ALERTS, ARTICLES

VIEW_VERSION = "8.0.0"
SEARCH_VERSION = "8.0.0"
DASHBOARD_VERSION = "8.9.0"

_LABELS = {
    ARTICLES_VIEW: {
        "@timestamp": "Published",
        "title": "Headline",
        "title.keyword": "Headline (whole)",
        "source": "Source",
        "domain": "Site",
        "lang": "Language",
        "country": "Country",
        "author": "Author",
        "topic": "Topics",
        "rule": "Rules that matched",
        "words": "Length in words",
        "fetched": "Fetched",
        "indexed": "Searchable since",
        "first_seen": "First seen",
        "url": "Address",
        "origin": "Origin (live, backfill, replay)",
    },
    ALERTS_VIEW: {
        "@timestamp": "Decided",
        "rule_name": "Rule",
        "rule": "Rule id",
        "severity": "Severity",
        "state": "Delivery",
        "channel": "Channel",
        "title": "Headline",
        "latency_ms": "Fetched to sent",
        "url": "Address",
        "topic": "Topics",
        "sent": "Sent",
    },
}
_LINK = {"id": "url", "params": {"urlTemplate": "{{rawValue}}", "labelTemplate": "open", "openLinkInCurrentTab": False}}
_MILLISECONDS = {"id": "duration", "params": {"inputFormat": "milliseconds", "outputFormat": "humanizePrecise"}}
_SEVERITIES = {"critical": "#BD271E", "high": "#E7664C", "medium": "#D6BF57", "low": "#54B399"}
_PALETTE = (
    "#54B399",
    "#6092C0",
    "#D36086",
    "#9170B8",
    "#CA8EAE",
    "#D6BF57",
    "#B9A888",
    "#DA8B45",
    "#AA6556",
    "#E7664C",
)
_ARTICLE_COLUMNS = ["title", "source", "lang", "topic", "rule"]
_ALERT_COLUMNS = ["title", "rule_name", "severity", "state", "channel", "latency_ms"]


def saved_objects(prefix: str, topics: Sequence[str]) -> list[dict[str, Any]]:
    """Return all our saved objects, in an order in which each stands after what it refers to.

    Args:
        prefix: of indices and aliases (setting elasticsearch.prefix).
        topics: each gets a saved search and a colour.
    """
    return [*_views(prefix, topics), *_searches(prefix, topics), *_overview(prefix)]


def ndjson(objects: Iterable[dict[str, Any]]) -> str:
    """Return objects as Kibana's import takes them: one JSON object a line."""
    return "".join(json.dumps(one, ensure_ascii=False, sort_keys=True) + "\n" for one in objects)


def _views(prefix: str, topics: Sequence[str]) -> Iterator[dict[str, Any]]:
    topic_colours = _colours({topic: _PALETTE[at % len(_PALETTE)] for at, topic in enumerate(topics)})
    formats = {
        ARTICLES_VIEW: {"url": _LINK, "topic": topic_colours},
        ALERTS_VIEW: {
            "url": _LINK,
            "topic": topic_colours,
            "severity": _colours(_SEVERITIES),
            "latency_ms": _MILLISECONDS,
        },
    }
    for view, alias, name in ((ARTICLES_VIEW, ARTICLES, "Articles"), (ALERTS_VIEW, ALERTS, "Alerts")):
        yield {
            "type": "index-pattern",
            "id": object_id(prefix, view),
            "attributes": {
                "title": prefix + alias,
                "name": f"Presswatch: {name.lower()}",
                "timeFieldName": "@timestamp",
                "fields": "[]",
                "sourceFilters": "[]",
                "runtimeFieldMap": "{}",
                "fieldFormatMap": json.dumps(formats[view], sort_keys=True),
                "fieldAttrs": json.dumps(
                    {field: {"customLabel": label} for field, label in _LABELS[view].items()}, sort_keys=True
                ),
            },
            "references": [],
            "coreMigrationVersion": CORE_VERSION,
            "typeMigrationVersion": VIEW_VERSION,
        }


def _colours(colours: dict[str, str]) -> dict[str, Any]:
    return {
        "id": "color",
        "params": {
            "fieldType": "string",
            "colors": [
                {"range": "-Infinity:Infinity", "regex": value, "text": "#000000", "background": colour}
                for value, colour in colours.items()
            ],
        },
    }


def _searches(prefix: str, topics: Sequence[str]) -> Iterator[dict[str, Any]]:
    yield _search(prefix, "search-all", "all articles", "", ARTICLES_VIEW, _ARTICLE_COLUMNS)
    yield _search(prefix, "search-matched", "articles that a rule matched", "rule:*", ARTICLES_VIEW, _ARTICLE_COLUMNS)
    for topic in topics:
        yield _search(
            prefix, f"search-topic-{topic}", f"topic {topic}", f'topic:"{topic}"', ARTICLES_VIEW, _ARTICLE_COLUMNS
        )
    yield _search(prefix, "search-alerts", "alerts", "", ALERTS_VIEW, _ALERT_COLUMNS)
    waiting = "NOT state:(sent OR recorded)"
    yield _search(prefix, "search-alerts-waiting", "alerts not yet delivered", waiting, ALERTS_VIEW, _ALERT_COLUMNS)


def _search(prefix: str, name: str, title: str, query: str, view: str, columns: list[str]) -> dict[str, Any]:
    source = {
        "query": {"query": query, "language": "lucene"},
        "filter": [],
        "highlightAll": True,
        "version": True,
        "indexRefName": "kibanaSavedObjectMeta.searchSourceJSON.index",
    }
    return {
        "type": "search",
        "id": object_id(prefix, name),
        "attributes": {
            "title": f"Presswatch: {title}",
            "description": "",
            "columns": columns,
            "sort": [["@timestamp", "desc"]],
            "grid": {},
            "hideChart": False,
            "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source, sort_keys=True)},
        },
        "references": [
            {
                "name": "kibanaSavedObjectMeta.searchSourceJSON.index",
                "type": "index-pattern",
                "id": object_id(prefix, view),
            }
        ],
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": SEARCH_VERSION,
    }


_CHARTS = (
    Chart("volume-topic", "Articles by topic", ARTICLES_VIEW, lens.bars_over_time("topic", "Topic")),
    Chart("volume-language", "Articles by language", ARTICLES_VIEW, lens.bars_over_time("lang", "Language")),
    Chart("top-sources", "Top sources", ARTICLES_VIEW, lens.top("source", "Source", 20)),
    Chart("top-rules", "Rules by articles matched", ARTICLES_VIEW, lens.top("rule", "Rule", 20)),
    Chart("alerts", "Alerts by severity", ALERTS_VIEW, lens.bars_over_time("severity", "Severity")),
    Chart(
        "latency",
        "From fetched to alerted, milliseconds",
        ALERTS_VIEW,
        lens.percentiles_over_time("latency_ms", (50, 95, 99)),
    ),
)


def _overview(prefix: str) -> Iterator[dict[str, Any]]:
    for chart in _CHARTS:
        yield lens.saved(chart, prefix)
    panels: list[dict[str, Any]] = []
    references: list[dict[str, str]] = []
    shown = [("lens", f"chart-{chart.name}", 24, 12) for chart in _CHARTS] + [("search", "search-matched", 48, 18)]
    x = y = 0
    for at, (kind, name, width, height) in enumerate(shown):
        panels.append(
            {
                "type": kind,
                "gridData": {"x": x, "y": y, "w": width, "h": height, "i": str(at)},
                "panelIndex": str(at),
                "embeddableConfig": {"enhancements": {}},
                "panelRefName": f"panel_{at}",
            }
        )
        references.append({"name": f"{at}:panel_{at}", "type": kind, "id": object_id(prefix, name)})
        x = (x + width) % 48
        y += height if x == 0 else 0
    yield {
        "type": "dashboard",
        "id": object_id(prefix, OVERVIEW),
        "attributes": {
            "title": "Presswatch: overview",
            "description": "Volume by topic and language, sources, rules, alerts and how long they took.",
            "panelsJSON": json.dumps(panels, sort_keys=True),
            "optionsJSON": json.dumps({"hidePanelTitles": False, "useMargins": True}, sort_keys=True),
            "timeRestore": True,
            "timeFrom": "now-24h",
            "timeTo": "now",
            "refreshInterval": {"pause": False, "value": 60_000},
            "kibanaSavedObjectMeta": {
                "searchSourceJSON": json.dumps({"query": {"query": "", "language": "lucene"}, "filter": []})
            },
        },
        "references": references,
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": DASHBOARD_VERSION,
    }
