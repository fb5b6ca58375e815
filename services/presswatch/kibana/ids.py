"""Ids of our saved objects in Kibana. They hold the prefix, so that systems that share a Kibana do not share objects."""

from __future__ import annotations

ARTICLES_VIEW = "articles"
ALERTS_VIEW = "alerts"
OVERVIEW = "overview"


def object_id(prefix: str, name: str) -> str:
    """Return the id of a saved object: the same at every import, so that an import renews and never doubles."""
    return f"presswatch-{prefix}{name}"
