"""Elasticsearch: the client, what its errors mean for us, bulk writes with an outcome for each item, indices.

Nobody else in the package reads a status code of Elasticsearch.
"""

from presswatch.adapters.elasticsearch.bulk import Bulk, Outcome, Write
from presswatch.adapters.elasticsearch.client import checked, connect, reach, translated
from presswatch.adapters.elasticsearch.indices import ensure_index, ensure_monthly_index, require_mappings

__all__ = [
    "Bulk",
    "Outcome",
    "Write",
    "checked",
    "connect",
    "ensure_index",
    "ensure_monthly_index",
    "reach",
    "require_mappings",
    "translated",
]
