"""What the indexer keeps in Elasticsearch: the identity record of each article, its document, replaced wordings.

Identity records are changed only by compare-and-set, so two writers never decide on one article unseen by each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch import Bulk, Outcome, Write, ensure_monthly_index, translated
from presswatch.adapters.elasticsearch.client import UnavailableError, meaning
from presswatch.adapters.elasticsearch.indices import forget_index
from presswatch.core.effects import document_version
from presswatch.core.intake import Known
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLE_IDS, CANARIES, REVISIONS, index, month_index, write_alias

_DOCUMENTS_AT_ONCE = 50
"""Stored articles in one answer: they may have some megabytes each."""

_STATUS = {"index_not_found_exception": 404, "security_exception": 403}
"""An error of one document of an mget has no status; any other type is a shard that is not there at the moment."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity record of an article.

    Args:
        first_seen: milliseconds since 1970; its month names the index.
        index: where the article's document is.
        known: what is settled, or None: an article that was claimed, and not finished.
        intent: the wording that somebody began to write and has not settled.
        words: tokens in title and text.
        rules: rule id -> version, of the matches that are announced and settled.
        unsettled: of the matches in announcements that may have gone out since.
        aliases: ids of articles merged into this one.
        seen: (_seq_no, _primary_term) of the record as it was read; None if it does not exist yet.
    """

    first_seen: int
    index: str
    known: Known | None = None
    intent: Known | None = None
    words: int = 0
    rules: Mapping[str, str] = field(default_factory=dict)
    unsettled: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    seen: tuple[int, int] | None = None

    def encode(self) -> bytes:
        """Return the record as JSON."""
        record: dict[str, Any] = {"first_seen": self.first_seen, "index": self.index}
        if self.known is not None:
            record |= {**asdict(self.known), "words": self.words}
        if self.intent is not None:
            record["intent"] = asdict(self.intent)
        for name, rules in (("rules", self.rules), ("unsettled", self.unsettled)):
            if rules:
                record[name] = [{"id": rule, "version": version} for rule, version in sorted(rules.items())]
        if self.aliases:
            record["aliases"] = list(self.aliases)
        return orjson.dumps(record)

    @classmethod
    def decode(cls, record: Mapping[str, Any], seen: tuple[int, int]) -> Identity:
        """Read a record as Elasticsearch has it."""
        return cls(
            first_seen=record["first_seen"],
            index=record["index"],
            known=_known(record) if "seq" in record else None,
            intent=_known(record["intent"]) if "intent" in record else None,
            words=record.get("words", 0),
            rules={rule["id"]: rule["version"] for rule in record.get("rules", [])},
            unsettled={rule["id"]: rule["version"] for rule in record.get("unsettled", [])},
            aliases=tuple(record.get("aliases", [])),
            seen=seen,
        )


class Store:
    """Reads and writes of a batch.

    Raises (every method):
        RetryableError: do the whole batch again.
        FatalError: Elasticsearch refuses us, or our mapping is behind.
    """

    def __init__(self, client: Elasticsearch, es: ElasticsearchSettings, bulk: Bulk) -> None:
        self._client = client
        self._es = es
        self._bulk = bulk
        self._ids = index(es, ARTICLE_IDS)
        self._made_by_setup = {self._ids, index(es, CANARIES)}

    def identities(self, articles: Iterable[str]) -> dict[str, Identity]:
        """Return the identity records of articles, those that there are. Realtime: no refresh needed."""
        found = self._mget([{"_index": self._ids, "_id": article} for article in articles])
        return {doc["_id"]: Identity.decode(doc["_source"], (doc["_seq_no"], doc["_primary_term"])) for doc in found}

    def documents(self, identities: Mapping[str, Identity]) -> dict[str, dict[str, Any]]:
        """Return the stored documents of articles, those that there are."""
        wanted = [{"_index": identity.index, "_id": article} for article, identity in identities.items()]
        found: dict[str, dict[str, Any]] = {}
        for at in range(0, len(wanted), _DOCUMENTS_AT_ONCE):
            for doc in self._mget(wanted[at : at + _DOCUMENTS_AT_ONCE]):
                found[doc["_id"]] = doc["_source"]
        return found

    def _mget(self, docs: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        if not docs:
            return []
        with translated():
            answer = self._client.mget(docs=docs, realtime=True)["docs"]
        for doc in answer:
            error = doc.get("error")
            # Somebody may delete the index of an old month; an article of it that comes again is written anew.
            if error and (error["type"] != "index_not_found_exception" or doc["_index"] == self._ids):
                raise meaning(_STATUS.get(error["type"], 503), error["type"], error["reason"])
        return [doc for doc in answer if doc.get("found")]

    def identity_write(self, article: str, identity: Identity) -> Write:
        """Return the write of an identity record, on condition that it is still as it was read."""
        create = identity.seen is None
        return Write(write_alias(self._ids), article, identity.encode(), create=create, seen=identity.seen)

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Write, creating the months' indices on first need; returns an outcome for each, in their order."""
        if not writes:
            return []
        targets = {write.target.removesuffix(write_alias("")) for write in writes} - self._made_by_setup
        for target in sorted(targets):
            ensure_monthly_index(self._client, target)
        outcomes = self._bulk.write(writes)
        missing = {write.target for write, outcome in zip(writes, outcomes, strict=True) if outcome.state == "missing"}
        for target in missing:
            forget_index(self._client, target.removesuffix(write_alias("")))
        for lost in self._made_by_setup:
            if write_alias(lost) in missing:
                raise meaning(404, "index_not_found_exception", f"no such index [{lost}]")
        if missing:
            raise UnavailableError(f"Elasticsearch: {', '.join(sorted(missing))} was deleted; it is made again")
        return outcomes


def document_write(article: str, identity: Identity, known: Known, source: bytes) -> Write:
    """Return the write of an article's document, unless there is a later one."""
    return Write(write_alias(identity.index), article, source, version=document_version(known.seq, known.generation))


def revision_write(es: ElasticsearchSettings, identity: str, seq: int, source: bytes) -> Write:
    """Return the write of a wording that was replaced or came too late: once, whoever is first."""
    return Write(write_alias(month_index(es, REVISIONS, seq)), identity, source, create=True)


def _known(record: Mapping[str, Any]) -> Known:
    return Known(record["seq"], record["latest"], record["generation"], record["hash"])
