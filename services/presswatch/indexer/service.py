"""The indexer: one batch of tagged articles at a time into Elasticsearch, matches of alert rules into Kafka.

docs/decisions/0005 tells the order of writes and why a crash between any two of them loses nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import structlog

from presswatch import metrics
from presswatch.adapters.elasticsearch import Bulk, Outcome, Write, connect, require_mappings
from presswatch.adapters.elasticsearch.bulk import MAX_DOCUMENT_BYTES
from presswatch.adapters.kafka import BatchConsumer, DeadLetters, Outgoing, Publisher, Record, persist
from presswatch.core.changes import Change, changes
from presswatch.core.errors import BadMessageError, RetryableError
from presswatch.core.intake import REPLACES, Decision, Incoming, Wording, decide, plausible
from presswatch.core.messages import TaggedArticle
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Match
from presswatch.core.text import tokenise
from presswatch.indexer.documents import (
    Content,
    article_document,
    encoded_event,
    match_event,
    merged,
    replaced_document,
    superseded_document,
    stored_of,
)
from presswatch.indexer.rules import RuleSet
from presswatch.indexer.store import Identity, Store, claimed
from presswatch.runtime import Health, StopSignal, now_ms
from presswatch.settings import Settings
from presswatch.topology import ARTICLE_IDS, ARTICLES, MATCHES, REVISIONS, TAGGED, Stage, month_index, topic

log = structlog.get_logger(__name__)

STAGE: Stage = "indexer"

EVENT_BYTES = 1024 * 1024
"""A match event at most: a notification holds one whole, and both topics take 2 MiB."""

CONTESTS = 10
"""Times that others may change a record between our reading and our writing it, before we back off."""


@dataclass(slots=True)
class Item:
    """One record of a batch, and what becomes of it."""

    record: Record
    article: TaggedArticle
    wording: Wording
    decision: Decision | None = None
    announced: list[Change] = field(default_factory=list)
    dead: BadMessageError | None = None


@dataclass(slots=True)
class Plan:
    """What is to be written for one item, in this order; None or empty means not at all."""

    item: Item
    identity: Identity
    settled: Identity | None = None
    claim: Identity | None = None
    revision: Write | None = None
    document: Write | None = None
    events: list[Outgoing] = field(default_factory=list)
    contested: bool = False

    @property
    def going(self) -> bool:
        """Whether nothing has stopped it so far."""
        return self.item.dead is None and not self.contested


class Indexer:
    """Handles one batch of tagged articles.

    Args:
        settings: names and prefixes.
        store: what is in Elasticsearch.
        publisher: where match events go.
        dead: where records go that cannot be processed.
        rules: the rules in force.
        health: is told of each wave.
        clock: milliseconds since 1970.
        max_document_bytes: a larger document goes to the dead letters.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        publisher: Publisher,
        dead: DeadLetters,
        rules: RuleSet,
        health: Health,
        clock: Callable[[], int] = now_ms,
        max_document_bytes: int = MAX_DOCUMENT_BYTES,
    ) -> None:
        self._es = settings.elasticsearch
        self._matches = topic(settings.kafka, MATCHES)
        self._store = store
        self._publisher = publisher
        self._dead = dead
        self._rules = rules
        self._health = health
        self._clock = clock
        self._max_document_bytes = max_document_bytes

    def handle(self, records: Sequence[Record]) -> None:
        """Index a batch; returns when Elasticsearch has confirmed every article and Kafka every match.

        Raises:
            RetryableError: not everything is confirmed; the same batch again comes to the same result.
            FatalError: going on would lose or spoil data.
        """
        self._dead.breaker.saw(len(records))
        items: list[Item] = []
        letters: list[tuple[Record, BadMessageError]] = []
        for record in records:
            try:
                items.append(self._read(record))
            except BadMessageError as error:
                letters.append((record, error))
        for wave in waves(items):
            self._health.beat()
            self._index(wave)
        # Only now, when everything else is done: a batch that is repeated while an engine is away must not send its
        # dead letters each time.
        letters += [(item.record, item.dead) for item in items if item.dead is not None]
        for record, reason in letters:
            self._dead.send(record, reason)
        self._count(items, len(letters))

    def _read(self, record: Record) -> Item:
        article = TaggedArticle.decode(record.value)
        plausible(article.id, article.fetched, self._clock())
        return Item(record, article, Wording(article.title, article.text))

    def _index(self, wave: Sequence[Item]) -> None:
        """Bring a wave to its end; what somebody else changed meanwhile is read and decided again."""
        contested = wave
        for _ in range(CONTESTS):
            contested = self._attempt(contested)
            if not contested:
                return
        raise RetryableError(f"others keep changing {len(contested)} articles of this batch at the same time")

    def _attempt(self, wave: Sequence[Item]) -> list[Item]:
        identities = self._store.identities(item.article.id for item in wave)
        documents = self._store.documents({article: known for article, known in identities.items() if known.known})
        plans = [self._plan(item, identities.get(item.article.id), documents.get(item.article.id)) for item in wave]
        self._claim(plans)
        self._write_documents(plans)
        self._publish(plans)
        self._settle(plans)
        return [plan.item for plan in plans if plan.contested]

    def _plan(self, item: Item, identity: Identity | None, stored: dict[str, Any] | None) -> Plan:
        if identity is None:
            identity = Identity(item.article.fetched, month_index(self._es, ARTICLES, item.article.fetched))
        item.decision, item.announced, item.dead = None, [], None
        plan = Plan(item, identity)
        try:
            self._fill(plan, stored)
        except BadMessageError as error:
            item.dead = error
        except Exception as error:
            # A defect of ours that one article brings to light must not stop all others; the breaker limits it.
            log.exception("article cannot be processed", article=item.article.id)
            item.dead = BadMessageError("processing_failed", f"{type(error).__name__}: {error}")
        return plan

    def _fill(self, plan: Plan, stored: dict[str, Any] | None) -> None:
        """Decide on an item, match the rules and lay down what is to be written."""
        item, identity, now = plan.item, plan.identity, self._clock()
        article = item.article
        incoming = Incoming(article.fetched, article.generation, item.wording)
        known = identity.known
        decision = decide(known, stored_of(stored) if stored is not None else None, incoming)
        item.decision = decision
        if decision.state == "excerpt":
            return
        if decision.state == "superseded":
            words = sum(len(tokenise(part, article.lang).texts) for part in (article.title, article.text))
            name, document = superseded_document(article, item.wording, words, now)
            plan.revision = self._store.revision_write(name, article.fetched, self._encoded(document))
            return
        content = merged(stored, article, decision.state)
        read = Document.of(content)
        matches = self._rules.match(read)
        current = {match.id: match.version for match in matches}
        same = known is not None and decision.known.seq == known.seq
        announced = changes(identity.rules, identity.unsettled, current, wording="same" if same else "other")
        settled = replace(
            identity,
            known=decision.known,
            words=len(read.title.texts) + len(read.text.texts),
            rules=current,
            unsettled={},
        )
        plan.events = self._events(announced, matches, article, content, settled, now)
        item.announced = announced
        if settled != identity:
            plan.settled = settled
        noted = {change.rule: change.version for change in announced}
        if identity.seen is None or not noted.items() <= identity.unsettled.items():
            plan.claim = claimed(identity, noted, identity.seen)
        if decision.state in REPLACES and stored is not None and known is not None and stored["seq"] == known.seq:
            # If the document is ahead, an earlier attempt has put the wording away before it wrote the document.
            name, document = replaced_document(article.id, stored)
            plan.revision = self._store.revision_write(name, stored["seq"], self._encoded(document))
        if decision.state != "unchanged" or _rules_of(stored) != current:
            document = article_document(article.id, content, decision.known, identity.first_seen, read, matches, now)
            plan.document = self._store.document_write(article.id, identity, decision.known, self._encoded(document))

    def _encoded(self, document: dict[str, Any]) -> bytes:
        try:
            data = orjson.dumps(document)
        except orjson.JSONEncodeError as error:
            raise BadMessageError("invalid", f"the document cannot be written as JSON: {error}") from error
        if len(data) > self._max_document_bytes:
            raise BadMessageError(
                "too_large", f"the document has {len(data)} bytes, {self._max_document_bytes} are allowed"
            )
        return data

    def _events(
        self,
        announced: Iterable[Change],
        matches: Iterable[Match],
        article: TaggedArticle,
        content: Content,
        settled: Identity,
        now: int,
    ) -> list[Outgoing]:
        by_rule = {match.id: match for match in matches}
        assert settled.known is not None
        outgoing: list[Outgoing] = []
        for change in announced:
            rule = self._rules.reference(change.rule, change.version)
            match = by_rule.get(change.rule)
            event = match_event(change, rule, match, article, content, settled.known, settled.index, now)
            outgoing.append(Outgoing(self._matches, change.rule.encode(), encoded_event(event, EVENT_BYTES)))
        return outgoing

    def _claim(self, plans: Sequence[Plan]) -> None:
        """Write down who is new and what is about to be announced; and put away the wordings that give way."""
        claims = [plan for plan in plans if plan.going and plan.claim]
        revisions = [plan for plan in plans if plan.going and plan.revision]
        writes = [self._store.identity_write(plan.item.article.id, plan.claim) for plan in claims if plan.claim]
        writes += [plan.revision for plan in revisions if plan.revision]
        outcomes = self._store.write(writes)
        for plan, outcome in zip([*claims, *revisions], outcomes, strict=True):
            if outcome.state == "rejected":
                plan.item.dead = _rejected(outcome)
        for plan, outcome in zip(claims, outcomes, strict=False):
            if outcome.state == "conflict":
                plan.contested = True
            elif plan.settled is not None:
                plan.settled = replace(plan.settled, seen=outcome.seen)

    def _write_documents(self, plans: Sequence[Plan]) -> None:
        going = [plan for plan in plans if plan.going and plan.document]
        outcomes = self._store.write([plan.document for plan in going if plan.document])
        for plan, outcome in zip(going, outcomes, strict=True):
            if outcome.state == "rejected":
                plan.item.dead = _rejected(outcome)

    def _publish(self, plans: Sequence[Plan]) -> None:
        plan_of = {id(event): plan for plan in plans if plan.going for event in plan.events}
        events = [event for plan in plans if plan.going for event in plan.events]
        for event, error in self._publisher.publish(events) if events else ():
            plan_of[id(event)].item.dead = BadMessageError("match_too_large", error.detail)

    def _settle(self, plans: Sequence[Plan]) -> None:
        going = [(plan, plan.settled) for plan in plans if plan.going and plan.settled is not None]
        outcomes = self._store.write(
            [self._store.identity_write(plan.item.article.id, settled) for plan, settled in going]
        )
        for (plan, _), outcome in zip(going, outcomes, strict=True):
            plan.contested = outcome.state == "conflict"

    def _count(self, items: Sequence[Item], letters: int) -> None:
        now = self._clock()
        decisions: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        for item in items:
            if item.dead is not None or item.decision is None:
                continue
            decisions[item.decision.state] += 1
            kinds.update(change.kind for change in item.announced)
            if item.decision.state in {"new", "revision", "completed"}:
                metrics.LATENCY.labels(STAGE).observe((now - item.article.fetched) / 1000)
        for state, number in decisions.items():
            metrics.ARTICLES_INDEXED.labels(state).inc(number)
        for kind, number in kinds.items():
            metrics.MATCH_EVENTS.labels(kind).inc(number)
        metrics.RECORDS.labels(STAGE, "ok").inc(sum(decisions.values()))
        metrics.RECORDS.labels(STAGE, "dead").inc(letters)
        log.debug("batch indexed", **decisions, matches=sum(kinds.values()), dead=letters)


def waves(items: Iterable[Item]) -> list[list[Item]]:
    """Cut a batch into waves in which no article occurs twice, each article's messages in their order."""
    cut: list[list[Item]] = []
    times: defaultdict[str, int] = defaultdict(int)
    for item in items:
        turn = times[item.article.id]
        times[item.article.id] += 1
        if turn == len(cut):
            cut.append([])
        cut[turn].append(item)
    return cut


def _rules_of(stored: dict[str, Any] | None) -> dict[str, str]:
    return {rule["id"]: rule["version"] for rule in (stored or {}).get("rules", [])}


def _rejected(outcome: Outcome) -> BadMessageError:
    return BadMessageError("document_rejected", outcome.detail)


def run(settings: Settings, rules: RuleSet, health: Health, stop: StopSignal) -> None:
    """Index until a stop is asked for."""
    client = connect(settings.elasticsearch)
    publisher: list[Publisher] = []

    def prepare() -> None:
        require_mappings(client, settings.elasticsearch, (ARTICLES, ARTICLE_IDS, REVISIONS))
        if not publisher:
            publisher.append(Publisher(settings.kafka))

    if not persist(prepare, stage=STAGE, health=health, stop=stop):
        return
    store = Store(client, settings.elasticsearch, Bulk(client, STAGE, stop.wait))
    dead = DeadLetters(settings.kafka, STAGE, publisher[0])
    indexer = Indexer(settings, store, publisher[0], dead, rules, health)
    try:
        BatchConsumer(settings, STAGE, TAGGED, settings.indexer.batch).run(indexer.handle, health, stop)
    finally:
        publisher[0].close()
        client.close()
