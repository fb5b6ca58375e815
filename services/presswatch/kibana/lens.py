"""Charts of Kibana's Lens editor: bars over time, tables of the most frequent values, percentiles over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from presswatch.kibana.ids import object_id

CORE_VERSION = "8.8.0"
LENS_VERSION = "8.9.0"

_LAYER = "layer"
_RECORDS = "___records___"
"""Lens' own name for the documents themselves, as the field of a count."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a chart shows: Lens' columns by id, in order, and how they are drawn."""

    kind: str
    columns: Mapping[str, Mapping[str, Any]]
    visualization: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over one data view."""

    name: str
    title: str
    view: str
    drawing: Drawing


def bars_over_time(field: str, label: str) -> Drawing:
    """Return stacked bars of documents by time, divided by the ten most frequent values of a field."""
    columns = {"time": _time(), "value": _terms(field, label, 10), "count": _count()}
    return Drawing("lnsXY", columns, _axes("bar_stacked", ["count"], split="value"))


def top(field: str, label: str, size: int) -> Drawing:
    """Return a table of the most frequent values of a field."""
    columns = {"value": _terms(field, label, size), "count": _count()}
    shown = [{"columnId": name, "isTransposed": False} for name in columns]
    return Drawing("lnsDatatable", columns, {"layerId": _LAYER, "layerType": "data", "columns": shown})


def percentiles_over_time(field: str, percentiles: Sequence[int]) -> Drawing:
    """Return lines of percentiles of a numeric field by time."""
    lines = {f"p{percentile}": _percentile(field, percentile) for percentile in percentiles}
    return Drawing("lnsXY", {"time": _time(), **lines}, _axes("line", list(lines)))


def saved(chart: Chart, prefix: str) -> dict[str, Any]:
    """Return a chart as a saved object."""
    drawing = chart.drawing
    return {
        "type": "lens",
        "id": object_id(prefix, f"chart-{chart.name}"),
        "attributes": {
            "title": f"Presswatch: {chart.title}",
            "description": "",
            "visualizationType": drawing.kind,
            "state": {
                "visualization": dict(drawing.visualization),
                "query": {"query": "", "language": "lucene"},
                "filters": [],
                "datasourceStates": {
                    "formBased": {
                        "layers": {
                            _LAYER: {
                                "columns": {name: dict(column) for name, column in drawing.columns.items()},
                                "columnOrder": list(drawing.columns),
                                "incompleteColumns": {},
                            }
                        }
                    }
                },
                "internalReferences": [],
                "adHocDataViews": {},
            },
        },
        "references": [
            {
                "type": "index-pattern",
                "id": object_id(prefix, chart.view),
                "name": f"indexpattern-datasource-layer-{_LAYER}",
            }
        ],
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": LENS_VERSION,
    }


def _axes(series: str, accessors: list[str], split: str | None = None) -> dict[str, Any]:
    layer = {
        "layerId": _LAYER,
        "layerType": "data",
        "seriesType": series,
        "xAccessor": "time",
        "accessors": accessors,
        **({"splitAccessor": split} if split else {}),
    }
    return {
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "preferredSeriesType": series,
        "layers": [layer],
    }


def _time() -> dict[str, Any]:
    return {
        "label": "Time",
        "customLabel": True,
        "dataType": "date",
        "operationType": "date_histogram",
        "sourceField": "@timestamp",
        "isBucketed": True,
        "scale": "interval",
        "params": {"interval": "auto", "includeEmptyRows": True, "dropPartials": False},
    }


def _terms(field: str, label: str, size: int) -> dict[str, Any]:
    return {
        "label": label,
        "customLabel": True,
        "dataType": "string",
        "operationType": "terms",
        "sourceField": field,
        "isBucketed": True,
        "scale": "ordinal",
        "params": {
            "size": size,
            "orderBy": {"type": "column", "columnId": "count"},
            "orderDirection": "desc",
            "otherBucket": True,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
        },
    }


def _count() -> dict[str, Any]:
    return {
        "label": "Number",
        "customLabel": True,
        "dataType": "number",
        "operationType": "count",
        "sourceField": _RECORDS,
        "isBucketed": False,
        "scale": "ratio",
        "params": {"emptyAsNull": True},
    }


def _percentile(field: str, percentile: int) -> dict[str, Any]:
    return {
        "label": "median" if percentile == 50 else f"{percentile} % within",
        "customLabel": True,
        "dataType": "number",
        "operationType": "percentile",
        "sourceField": field,
        "isBucketed": False,
        "scale": "ratio",
        "params": {"percentile": percentile},
    }
