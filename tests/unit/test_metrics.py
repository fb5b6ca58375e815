"""The catalogue of metrics against what the library knows, its bounds, and the page made of it."""

from __future__ import annotations

import re

from prometheus_client import REGISTRY

import presswatch.metrics
from presswatch.language import LANGUAGES
from presswatch.metrics import CATALOGUE
from presswatch.metricsdoc import page
from presswatch.schemas import METRICS_PAGE
from presswatch.topology import STAGES

SERIES_PER_PROCESS = 30_000
"""Prometheus takes millions; four kinds of process, some replicas each, must not come near."""


def registered() -> dict[str, str]:
    """Return name and type of every metric of ours that the library serves."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for family in REGISTRY.collect()
        if family.name.startswith("presswatch")
    }


def test_the_catalogue_is_all_that_is_served() -> None:
    assert registered() == {metric.name: metric.kind for metric in CATALOGUE.values()}


def test_names_say_what_they_count_and_in_which_unit() -> None:
    for metric in CATALOGUE.values():
        assert re.fullmatch(r"presswatch_[a-z_]+[a-z]", metric.name)
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
        assert (metric.kind == "histogram") <= metric.name.endswith("_seconds"), metric.name
        assert metric.meaning.endswith(".")


def test_labels_are_bounded() -> None:
    assert sum(metric.series for metric in CATALOGUE.values()) < SERIES_PER_PROCESS
    assert presswatch.metrics.STAGE.values == STAGES
    bounds = {label.name: label.bound for metric in CATALOGUE.values() for label in metric.labels}
    assert len(LANGUAGES) + 2 <= bounds["lang"]


def test_the_page_is_made_of_the_catalogue() -> None:
    assert METRICS_PAGE.read_text() == page(), "run make schemas"
    for metric in CATALOGUE.values():
        assert f"`{metric.name}`" in page()
