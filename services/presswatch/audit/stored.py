"""What the audit asks Elasticsearch: identities, documents, kept wordings, alerts. Reads only, in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch import translated
from presswatch.adapters.elasticsearch.client import checked, meaning
from presswatch.indexer.store import Identity
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ALERTS, ARTICLE_IDS, REVISIONS, index

AT_ONCE = 500
"""Documents in one request."""

TEXTS_AT_ONCE = 50
"""Documents in one request with their texts, some megabytes each."""

REFRESH_S = 6.0
"""What was written so long ago is found by a search: the longest refresh interval of what is searched here, and a second.

What a stage has dealt with when an audit begins was written before: a search that comes so long after finds it all."""

_MOST = 10_000

WITHDRAWN = "withdrawn"
"""State of a note that a rule stopped matching before anybody was alerted: no alert."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger has of a notification or a note: its state, and the seq of the wording that it is about."""

    state: str
    seq: int


class Stored:
    """Reads of the audit. Make a new one as each audit begins.

    Raises (every method):
        RetryableError, FatalError: as the Elasticsearch adapter.
    """

    def __init__(
        self,
        client: Elasticsearch,
        es: ElasticsearchSettings,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._es = es
        self._sleep = sleep
        self._clock = clock
        self._complete_at = clock() + REFRESH_S

    def identities(self, articles: Iterable[str]) -> dict[str, Identity]:
        """Return the identity records of articles, those that there are."""
        where = index(self._es, ARTICLE_IDS)
        found = self._mget(((where, article) for article in dict.fromkeys(articles)), None)
        return {doc["_id"]: Identity.decode(doc["_source"], (doc["_seq_no"], doc["_primary_term"])) for doc in found}

    def documents(self, identities: Mapping[str, Identity], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return some fields of the articles' documents, those that there are."""
        wanted = ((identity.index, article) for article, identity in identities.items())
        at_once = TEXTS_AT_ONCE if "text" in fields else AT_ONCE
        return {doc["_id"]: doc["_source"] for doc in self._mget(wanted, fields, at_once)}

    def kept_wordings(self, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return of (article, wording hash) those that are kept as an earlier, or a late, wording."""

        def look(left: set[tuple[str, str]]) -> set[tuple[str, str]]:
            hits = self._search(REVISIONS, "article", {article for article, _ in left}, ("article", "hash"))
            return {(hit["article"], hit["hash"]) for hit in hits}

        return self._patiently(set(wanted), look)

    def alerted(self, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return of (article, rule) those of which the ledger has an alert."""

        def look(left: set[tuple[str, str]]) -> set[tuple[str, str]]:
            hits = self._search(ALERTS, "article", {article for article, _ in left}, ("article", "rule", "state"))
            return {(hit["article"], hit["rule"]) for hit in hits if hit["state"] != WITHDRAWN}

        return self._patiently(set(wanted), look)

    def notifications(self, wanted: Iterable[tuple[str, str]]) -> dict[str, Entry]:
        """Return what the ledger has of notifications and notes, of (index, id) those that there are."""
        found = self._mget(dict.fromkeys(wanted), ("state", "seq"))
        return {doc["_id"]: Entry(doc["_source"]["state"], doc["_source"]["seq"]) for doc in found}

    def _patiently(
        self, left: set[tuple[str, str]], look: Callable[[set[tuple[str, str]]], set[tuple[str, str]]]
    ) -> set[tuple[str, str]]:
        """Look, and once more for what was not found if a search cannot see yet what was written before we began."""
        if not left:
            return set()
        may_be_new = self._complete_at - self._clock()
        found = look(left) & left
        if found != left and may_be_new > 0:
            self._sleep(may_be_new)
            found |= look(left - found) & left
        return found

    def _mget(
        self, wanted: Iterable[tuple[str, str]], fields: Sequence[str] | None, at_once: int = AT_ONCE
    ) -> list[dict[str, Any]]:
        docs = [{"_index": where, "_id": identity} for where, identity in wanted]
        found: list[dict[str, Any]] = []
        for at in range(0, len(docs), at_once):
            with translated():
                answer = self._client.mget(docs=docs[at : at + at_once], realtime=True, source_includes=fields)["docs"]
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
            found += self._hits(name, field, wanted[at : at + AT_ONCE], fields)
        return found

    def _hits(self, name: str, field: str, values: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        with translated():
            answer = self._client.search(
                index=index(self._es, name), query={"terms": {field: values}}, size=_MOST, source_includes=list(fields),
                ignore_unavailable=True, allow_no_indices=True,
            ).body  # fmt: skip
        hits = checked(answer)["hits"]["hits"]
        if len(hits) == _MOST and len(values) > 1:  # there may be more
            half = len(values) // 2
            return [*self._hits(name, field, values[:half], fields), *self._hits(name, field, values[half:], fields)]
        return [hit["_source"] for hit in hits]
