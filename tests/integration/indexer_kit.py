"""Hands for the tests of the indexer: tagged articles, an indexer in this process, and a look at all that it left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from kafka import KafkaConsumer, TopicPartition
from tests.fakes.rules import applied

from presswatch.adapters.elasticsearch import Bulk, connect
from presswatch.adapters.kafka import DeadLetters, Outgoing, Publisher, Record, connection
from presswatch.core.messages import MatchEvent, TaggedArticle
from presswatch.indexer.plan import Planner
from presswatch.indexer.rules import RuleSet
from presswatch.indexer.service import Indexer
from presswatch.indexer.store import Identity, Store
from presswatch.provision import provision_elasticsearch, provision_kafka
from presswatch.rulefiles import load_rules
from presswatch.runtime import Health, now_ms
from presswatch.settings import Settings
from presswatch.topology import MATCHES, TAGGED, dead_letter_topic, topic

NOVEMBER = 1_794_000_000_000
"""2026-11-06; `fetched` of most articles of these tests."""
OCTOBER_END = 1_793_491_199_000
"""2026-10-31, a second before midnight in UTC."""

GRAIN = """
- {id: wheat, name: Wheat, query: wheat, severity: high, notify: [slack:grain-desk]}
- {id: barley, name: Barley, query: barley}
- {id: health, name: Health, query: "topic:health"}
"""

TAG = {
    "topic": "agriculture",
    "score": 0.9,
    "threshold": 0.5,
    "pack": "0123456789ab",
    "evidence": [{"pattern": "wheat", "field": "title", "start": 0, "end": 5, "quote": "Wheat", "weight": 0.9}],
}


def tagged(article: str, **fields: Any) -> TaggedArticle:
    """Return a tagged article; `fields` override."""
    fetched = fields.get("fetched", NOVEMBER)
    return TaggedArticle(
        **{
            "id": article,
            "title": "Wheat is short",
            "text": "The mills of Orsal have wheat for ten days.",
            "url": f"https://daily.example/{article}",
            "source": "Daily",
            "lang": "en",
            "fetched": fetched,
            "tagged": fetched + 20,
            "generation": 1,
            "tags": [TAG],
        }
        | fields
    )


def records(*messages: TaggedArticle | bytes) -> list[Record]:
    """Return messages as they would come from Kafka."""
    values = [message if isinstance(message, bytes) else message.encode() for message in messages]
    return [Record("articles.tagged", 0, offset, b"key", value, NOVEMBER) for offset, value in enumerate(values)]


def rule_folder(folder: Path, text: str = GRAIN) -> Path:
    """Write a folder of rules, all anew."""
    folder.mkdir(exist_ok=True)
    (folder / "rules.yaml").write_text(text)
    return folder


def provision(settings: Settings) -> None:
    """Do what `presswatch setup` does."""
    client = connect(settings.elasticsearch)
    list(provision_kafka(settings.kafka))
    list(provision_elasticsearch(client, settings.elasticsearch, now_ms()))
    client.close()


class Desk:
    """Everything around an indexer, on topics and indices of its own."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.client: Elasticsearch = connect(settings.elasticsearch)
        self.publisher = Publisher(settings.kafka)
        self.rules = self.ruleset(GRAIN)

    def close(self) -> None:
        self.client.close()
        self.publisher.close()

    def ruleset(self, text: str) -> RuleSet:
        return RuleSet(applied(load_rules(rule_folder(self.folder / "rules", text))), datetime.now(UTC).date())

    def store(self) -> Store:
        return Store(self.client, self.settings.elasticsearch, Bulk(self.client, "indexer", _never))

    def indexer(
        self, *, rules: str | None = None, store: Store | None = None, publisher: Publisher | None = None, **more: Any
    ) -> Indexer:
        """Return an indexer; `rules` is the text of a rule file."""
        planner = Planner(self.settings, self.rules if rules is None else self.ruleset(rules), **more)
        dead = DeadLetters(self.settings.kafka, "indexer", self.publisher)
        return Indexer(planner, store or self.store(), publisher or self.publisher, dead, Health())

    def deliver(self, *messages: TaggedArticle | bytes, rules: str | None = None, **more: Any) -> None:
        """Hand a batch to an indexer of its own, as after a restart."""
        self.indexer(rules=rules, **more).handle(records(*messages))

    def index(self, name: str) -> str:
        return self.settings.elasticsearch.prefix + name

    def identity(self, article: str) -> Identity:
        return self.store().identities([article])[article]

    def document(self, article: str) -> dict[str, Any]:
        """Return an article's document with `_index` and `_version`; it must be the only one of this id."""
        hits = self.search("articles", {"ids": {"values": [article]}})
        assert len(hits) == 1, f"{article} is {len(hits)} times in the index"
        return {**hits[0]["_source"], "_index": hits[0]["_index"], "_version": hits[0]["_version"]}

    def revisions(self, article: str) -> list[dict[str, Any]]:
        """Return the revisions kept of an article, by seq."""
        hits = self.search("revisions", {"term": {"article": article}})
        return sorted((hit["_source"] for hit in hits), key=lambda revision: revision["seq"])

    def search(self, name: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        self.client.indices.refresh(index=self.index(name))
        found = self.client.search(index=self.index(name), query=query, size=5000, version=True)
        assert not found["_shards"]["failed"]
        return list(found["hits"]["hits"])

    def events(self, *articles: str) -> list[MatchEvent]:
        """Return the match events on articles, as they were published, repetitions among them."""
        found = [MatchEvent.decode(record.value) for record in self.read(MATCHES)]
        return [event for event in found if not articles or event.article.id in articles]

    def kinds(self, article: str) -> list[tuple[str, str, int]]:
        """Return rule, kind and seq of the events on an article."""
        return [(event.rule.id, event.kind, event.article.seq) for event in self.events(article)]

    def dead_letters(self) -> list[tuple[bytes | None, dict[str, str]]]:
        """Return value and headers of the dead letters."""
        return [
            (record.value, {name: value.decode() for name, value in record.headers})
            for record in self.read(dead_letter_topic("indexer"))
        ]

    def publish(self, messages: Sequence[TaggedArticle | bytes]) -> None:
        """Put messages on articles.tagged."""
        name = topic(self.settings.kafka, TAGGED)
        values = [(b"?", item) if isinstance(item, bytes) else (item.id.encode(), item.encode()) for item in messages]
        assert not self.publisher.publish(Outgoing(name, key, value) for key, value in values)

    def read(self, name: str) -> list[Any]:
        """Return a topic's records from its beginning to its present end."""
        cluster_name = topic(self.settings.kafka, name)
        consumer: Any = KafkaConsumer(
            **connection(self.settings.kafka), enable_auto_commit=False, max_partition_fetch_bytes=16 * 1024 * 1024
        )
        try:
            partitions = [
                TopicPartition(cluster_name, number) for number in consumer.partitions_for_topic(cluster_name)
            ]
            consumer.assign(partitions)
            ends = consumer.end_offsets(partitions)
            consumer.seek_to_beginning(*partitions)
            found: list[Any] = []
            while any(consumer.position(partition) < ends[partition] for partition in partitions):
                found += [record for part in consumer.poll(timeout_ms=500).values() for record in part]
            return found
        finally:
            consumer.close(autocommit=False)

    def written(self, article: str) -> dict[str, Any]:
        """Return all that may not change when a batch comes again."""
        document = self.document(article)
        del document["indexed"]
        return {"document": document, "revisions": [revision["id"] for revision in self.revisions(article)]}

    def forget(self, article: str) -> None:
        """Delete an article's document, by hand as it were."""
        concrete = self.document(article)["_index"]
        # Elasticsearch remembers the version of what was deleted for seconds, and refuses an older one for so long.
        self.client.indices.put_settings(index=concrete, settings={"index.gc_deletes": "0s"})
        self.client.delete(index=concrete, id=article, refresh=True)

    def drop_index(self, name: str) -> None:
        self.client.indices.delete(index=self.index(name))


def _never(_seconds: float) -> bool:
    return False
