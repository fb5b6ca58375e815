"""The indexer by example, its writes in a store in memory: what Kafka refuses, what fails in our own code, what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest
from elasticsearch import Elasticsearch
from tests.examples import match_event
from tests.fakes.elastic import MemoryElastic
from tests.fakes.rules import ruleset

from presswatch.adapters.elasticsearch import Bulk
from presswatch.adapters.kafka import DeadLetters, Outgoing, Publisher, Record
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import MatchEvent, TaggedArticle
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Match
from presswatch.indexer.documents import encoded_event, merged
from presswatch.indexer.plan import Item, Planner, waves
from presswatch.indexer.rules import GONE, RuleSet
from presswatch.indexer.service import Indexer
from presswatch.indexer.store import Identity, Store
from presswatch.runtime import Health
from presswatch.settings import Settings

SETTINGS = Settings()
NOW = 1_794_000_000_000
DEAD = "indexer.dead"


class Kafka:
    """In place of a publisher: keeps what was sent, refuses events of the rules in `refused`."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.refused: set[bytes] = set()

    def publish(self, records: Iterable[Outgoing]) -> list[tuple[Outgoing, BadMessageError]]:
        refused = []
        for record in records:
            if record.topic != DEAD and record.key in self.refused:
                refused.append((record, BadMessageError("too_large", "the broker takes less")))
            else:
                self.sent.append(record)
        return refused

    def events(self) -> list[tuple[str, str]]:
        events = [MatchEvent.decode(record.value) for record in self.sent if record.topic != DEAD]
        return [(event.rule.id, event.kind) for event in events]

    def dead(self) -> list[dict[str, str]]:
        return [{name: text.decode() for name, text in record.headers} for record in self.sent if record.topic == DEAD]


class Bench:
    """An indexer over memory."""

    def __init__(self, rules: RuleSet) -> None:
        self.elastic = MemoryElastic()
        self.kafka = Kafka()
        client = cast("Elasticsearch", self.elastic)
        publisher = cast("Publisher", self.kafka)
        store = Store(client, SETTINGS.elasticsearch, Bulk(client, "indexer", lambda _: False))
        planner = Planner(SETTINGS, rules, clock=lambda: NOW)
        dead = DeadLetters(SETTINGS.kafka, "indexer", publisher)
        self.indexer = Indexer(planner, store, publisher, dead, Health(), clock=lambda: NOW)

    def deliver(self, *messages: TaggedArticle) -> None:
        self.indexer.handle([record(each) for each in messages])

    def documents(self) -> dict[str, dict[str, Any]]:
        return {identity: held["_source"] for identity, held in self.elastic.of_index("articles-2")}

    def identity(self, article: str) -> Identity:
        held = dict(self.elastic.of_index("article-ids"))[article]
        return Identity.decode(held["_source"], (held["_seq_no"], held["_primary_term"]))


def article(name: str = "a", title: str = "wheat and barley", fetched: int = NOW - 1000, **more: Any) -> TaggedArticle:
    return TaggedArticle(id=name, title=title, lang="en", fetched=fetched, tagged=fetched, **more)


def record(message: TaggedArticle) -> Record:
    return Record("articles.tagged", 0, 7, message.id.encode(), message.encode(), NOW)


RULES = {"wheat": "wheat", "barley": "barley"}


def test_a_match_that_kafka_refuses_is_a_dead_letter_and_stays_open() -> None:
    bench = Bench(ruleset(RULES))
    bench.kafka.refused = {b"wheat"}
    bench.deliver(article())
    assert bench.kafka.events() == [("barley", "matched")]
    (letter,) = bench.kafka.dead()
    assert letter["presswatch.reason"] == "match_too_large"
    assert letter["presswatch.detail"].startswith("rule wheat: ")
    assert set(bench.documents()["a"]["rule"]) == {"wheat", "barley"}
    assert set(bench.identity("a").rules) == {"barley"}
    # Retried after a mend, the article is unchanged, and the match is announced as what it is: a first one.
    bench.kafka.refused = set()
    bench.deliver(article())
    assert bench.kafka.events() == [("barley", "matched"), ("wheat", "matched")]
    assert not bench.identity("a").unsettled


def test_a_withdrawal_that_kafka_refuses_stays_open() -> None:
    bench = Bench(ruleset(RULES))
    bench.deliver(article())
    bench.kafka.refused = {b"wheat"}
    bench.deliver(article(title="barley", fetched=NOW - 900))
    bench.kafka.refused = set()
    bench.deliver(article(title="barley", fetched=NOW - 900))
    assert ("wheat", "withdrawn") in bench.kafka.events()
    assert set(bench.identity("a").rules) == {"barley"}


def test_an_article_on_which_our_own_code_fails_is_a_dead_letter_and_the_others_go_on() -> None:
    class Failing(RuleSet):
        def match(self, document: Document, *, of_canary: bool = False) -> list[Match]:
            if "boom" in document.title.texts:
                raise RecursionError("too deep")
            return super().match(document, of_canary=of_canary)

    whole = ruleset(RULES)
    whole.__class__ = Failing
    bench = Bench(whole)
    bench.deliver(article("a", "boom"), article("b"), article("c", "boom", fetched=NOW - 10))
    assert set(bench.documents()) == {"b"}
    reasons = [(letter["presswatch.reason"], letter["presswatch.detail"]) for letter in bench.kafka.dead()]
    assert reasons == [("processing_failed", "RecursionError: too deep")] * 2
    assert [name for name, _ in bench.elastic.of_index("article-ids")] == ["b"]


def test_the_record_keeps_what_others_have_put_into_it() -> None:
    bench = Bench(ruleset(RULES))
    bench.deliver(article())
    key = ("article-ids", "a")
    bench.elastic.documents[key]["_source"]["aliases"] = ["b" * 32]
    bench.deliver(article(title="wheat", fetched=NOW - 900))
    assert bench.elastic.documents[key]["_source"]["aliases"] == ["b" * 32]


def test_a_rule_that_is_gone_is_withdrawn_by_its_id() -> None:
    reference = ruleset({}).reference("wheat", "0123456789ab")
    assert (reference.name, reference.severity, reference.version) == ("wheat", GONE, "0123456789ab")


def test_waves_keep_the_order_of_each_article() -> None:
    planner = Planner(SETTINGS, ruleset({}), clock=lambda: NOW)
    items = [planner.read(record(article(name, str(at)))) for at, name in enumerate("aababc")]

    def seen(wave: list[Item]) -> str:
        return " ".join(item.article.id + item.article.title for item in wave)

    assert [seen(wave) for wave in waves(items)] == ["a0 b2 c5", "a1 b4", "a3"]


STORED = {
    "title": "old", "text": "old text", "source": "Daily", "url": "https://daily.example/1", "domain": "daily.example",
    "country": "OR", "author": ["A"], "published": 5, "published_precision": "instant", "tags": [], "seq": 1,
    "fetched": 1, "origin": "backfill",
}  # fmt: skip


def test_a_revision_keeps_who_brought_it_first_and_when_it_was_published() -> None:
    content = merged(STORED, article(title="new", source="Wire", url="https://wire.example/9", text="x"), "revision")
    assert {name: content.get(name) for name in ("title", "text", "source", "url", "domain", "country")} == {
        "title": "new", "text": "x", "source": "Daily", "url": "https://daily.example/1", "domain": "daily.example",
        "country": "OR",
    }  # fmt: skip
    assert (content["published"], content["author"], content["origin"]) == (5, ["A"], "live")
    newer = merged(STORED, article(published=9, author=["B"]), "revision")
    assert (newer["published"], newer["author"]) == (9, ["B"])
    assert "published_precision" not in newer, "the precision of another time"


def test_what_is_unchanged_stays_and_what_is_regenerated_brings_its_tags() -> None:
    tag = {"topic": "health", "score": 0.9, "threshold": 0.5, "pack": "b" * 12}
    again = article(title="OLD", text="old  text", source="Wire", tags=[tag])
    assert merged(STORED, again, "unchanged")["tags"] == []
    renewed = merged(STORED, again, "regenerated")
    assert (renewed["title"], renewed["source"], renewed["tags"][0]["topic"]) == ("OLD", "Daily", "health")


def test_events_are_shortened_step_by_step_and_never_below_what_names_the_article() -> None:
    event = match_event(receipt=list(match_event().receipt) * 400, article_title="t" * 5000)
    whole = encoded_event(event, 10**6)
    assert MatchEvent.decode(whole) == event
    fewer = MatchEvent.decode(encoded_event(event, len(whole) // 3))
    assert 0 < len(fewer.receipt) < len(event.receipt)
    assert fewer.article == event.article
    least = MatchEvent.decode(encoded_event(event, 3000))
    assert (least.receipt, least.article.title) == ([], "t" * 1000 + "…")
    with pytest.raises(BadMessageError, match="match_too_large"):
        encoded_event(event, 100)
