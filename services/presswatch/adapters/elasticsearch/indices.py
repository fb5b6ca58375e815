"""Indices: made on purpose, with the mapping that this version knows, and looked at before a service starts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from elasticsearch import BadRequestError, Elasticsearch

from presswatch.adapters.elasticsearch.client import translated
from presswatch.core.errors import ConfigError, FatalError
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import INDICES, MAPPING_VERSION, IndexSpec, index, write_alias

log = structlog.get_logger(__name__)

_MONTH = re.compile(r"-\d{4}\.\d{2}$")
_there: WeakKeyDictionary[Elasticsearch, set[str]] = WeakKeyDictionary()


def ensure_monthly_index(client: Elasticsearch, concrete: str) -> None:
    """See to it that an index such as articles-2026.11 exists, behind its alias; asks the server once per client.

    Settings come from the template, mappings from this version, so an index is never made with guessed ones.

    Raises:
        RetryableError, FatalError: as `translated`.
    """
    alias = _MONTH.sub("", concrete)
    spec = next((spec for spec in INDICES if spec.monthly and alias.endswith(spec.name)), None)
    if alias == concrete or spec is None:
        raise FatalError(f"{concrete!r} is no monthly index of ours")
    ensure_index(client, spec, concrete, alias)


def ensure_index(client: Elasticsearch, spec: IndexSpec, concrete: str, alias: str | None = None) -> bool:
    """Create an index, with its write alias, if it is not there; return whether it was created.

    The version stands in the template too. Where that is a newer one's (an upgrade is under way, or was rolled back), the
    index has the newer one's fields and version: the newer one may start on it.
    """
    there = _there.setdefault(client, set())
    if concrete in there:
        return False
    aliases: dict[str, Any] = {write_alias(concrete): {}}
    if alias is not None:
        aliases[alias] = {}
    created = False
    with translated():
        if not client.indices.exists_alias(index=concrete, name=write_alias(concrete)):
            try:
                client.indices.create(index=concrete, mappings=_without_version(spec.mappings), aliases=aliases)
                if mapping_version(client.indices.get_mapping(index=concrete)[concrete]["mappings"]) == 0:
                    client.indices.put_mapping(index=concrete, meta=spec.mappings["_meta"])  # there is no template
                created = True
                log.info("index created", index=concrete)
            except BadRequestError as error:
                if error.error != "resource_already_exists_exception":
                    raise
                # Another process was first, or it was made without our write alias.
                _require_mapping(client, concrete)
                client.indices.put_alias(index=concrete, name=write_alias(concrete))
    there.add(concrete)
    return created


def _without_version(mappings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mappings.items() if key != "_meta"}


def forget_index(client: Elasticsearch, concrete: str) -> None:
    """Ask again before the next write: somebody deleted the index."""
    _there.setdefault(client, set()).discard(concrete)


def families(es: ElasticsearchSettings, names: Iterable[str]) -> list[tuple[IndexSpec, str]]:
    """Return the named index families with the expression that finds their indices."""
    wanted = set(names)
    return [(spec, index(es, spec.name) + ("-2*" if spec.monthly else "")) for spec in INDICES if spec.name in wanted]


def mapping_version(mappings: dict[str, Any]) -> int:
    """Return the version written into an index's mappings by `presswatch setup`; 0 if it was not made by us."""
    return int(mappings.get("_meta", {}).get("mapping_version", 0))


def require_mappings(client: Elasticsearch, es: ElasticsearchSettings, names: Iterable[str]) -> None:
    """Make sure that every index of these families has a mapping that this version can write to.

    Raises:
        ConfigError: an index is missing or behind: `presswatch setup` was not run (again).
        RetryableError, FatalError: as `translated`.
    """
    for _, expression in families(es, names):
        with translated():
            _require_mapping(client, expression)


def _require_mapping(client: Elasticsearch, expression: str) -> None:
    found = client.indices.get_mapping(
        index=expression, allow_no_indices=True, ignore_unavailable=True, expand_wildcards="open"
    ).body
    if not found:
        raise ConfigError(f"Elasticsearch has no index {expression}: run `presswatch setup` first")
    behind = sorted(name for name, body in found.items() if mapping_version(body["mappings"]) < MAPPING_VERSION)
    if behind:
        raise ConfigError(
            f"the mapping of {', '.join(behind)} is older than version {MAPPING_VERSION}, which this program needs: "
            "run `presswatch setup`, then start again"
        )
