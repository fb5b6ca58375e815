"""What the audit asks Elasticsearch: identities, documents, kept wordings, alerts. Reads only, in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch import translated
from presswatch.adapters.elasticsearch.client import checked, meaning
from presswatch.indexer.store import Identity
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ALERTS, ARTICLE_IDS, REVISIONS, index

AT_ONCE = 100
"""Documents in one request."""

REFRESH_S = 6.0
"""What was written so long ago is found by a search: the longest refresh interval of what is searched here, and a second."""

_MOST = 10_000


class Stored:
    """Reads of the audit.

    Raises (every method):
        RetryableError, FatalError: as the Elasticsearch adapter.
    """

    def __init__(
        self, client: Elasticsearch, es: ElasticsearchSettings, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._client = client
        self._es = es
        self._sleep = sleep

    def identities(self, articles: Iterable[str]) -> dict[str, Identity]:
        """Return the identity records of articles, those that there are."""
        where = index(self._es, ARTICLE_IDS)
        found = self._mget(((where, article) for article in dict.fromkeys(articles)), None)
        return {doc["_id"]: Identity.decode(doc["_source"], (doc["_seq_no"], doc["_primary_term"])) for doc in found}

    def documents(self, identities: Mapping[str, Identity], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return some fields of the articles' documents, those that there are."""
        wanted = ((identity.index, article) for article, identity in identities.items())
        return {doc["_id"]: doc["_source"] for doc in self._mget(wanted, fields)}

    def kept_wordings(self, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return of (article, wording hash) those that are kept as an earlier, or a late, wording."""

        def look(left: set[tuple[str, str]]) -> set[tuple[str, str]]:
            hits = self._search(REVISIONS, "article", {article for article, _ in left}, ("article", "hash"))
            return {(hit["article"], hit["hash"]) for hit in hits}

        return self._patiently(set(wanted), look)

    def alerted(self, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return of (article, rule) those of which the ledger has an alert."""

        def look(left: set[tuple[str, str]]) -> set[tuple[str, str]]:
            hits = self._search(ALERTS, "article", {article for article, _ in left}, ("article", "rule"))
            return {(hit["article"], hit["rule"]) for hit in hits}

        return self._patiently(set(wanted), look)

    def notifications(self, wanted: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return the ledger's state of notifications, of (index, id) those that there are."""
        return {doc["_id"]: doc["_source"]["state"] for doc in self._mget(dict.fromkeys(wanted), ("state",))}

    def _patiently(
        self, left: set[tuple[str, str]], look: Callable[[set[tuple[str, str]]], set[tuple[str, str]]]
    ) -> set[tuple[str, str]]:
        """Look, and once more after a refresh for what was not found: a search does not see the last seconds."""
        if not left:
            return set()
        found = look(left) & left
        if found != left:
            self._sleep(REFRESH_S)
            found |= look(left - found) & left
        return found

    def _mget(self, wanted: Iterable[tuple[str, str]], fields: Sequence[str] | None) -> list[dict[str, Any]]:
        docs = [{"_index": where, "_id": identity} for where, identity in wanted]
        found: list[dict[str, Any]] = []
        for at in range(0, len(docs), AT_ONCE):
            with translated():
                answer = self._client.mget(docs=docs[at : at + AT_ONCE], realtime=True, source_includes=fields)["docs"]
            for doc in answer:
                error = doc.get("error")
                if error and error["type"] != "index_not_found_exception":
                    raise meaning(503, error["type"], error["reason"])
            found += [doc for doc in answer if doc.get("found")]
        return found

    def _search(self, name: str, field: str, values: Iterable[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        wanted = sorted(values)
        found: list[dict[str, Any]] = []
        for at in range(0, len(wanted), AT_ONCE):
            with translated():
                answer = self._client.search(
                    index=index(self._es, name), query={"terms": {field: wanted[at : at + AT_ONCE]}}, size=_MOST,
                    source_includes=list(fields), ignore_unavailable=True, allow_no_indices=True,
                ).body  # fmt: skip
            found += [hit["_source"] for hit in checked(answer)["hits"]["hits"]]
        return found
