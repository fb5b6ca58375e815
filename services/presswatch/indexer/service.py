"""The indexer: one batch of tagged articles at a time into Elasticsearch, matches of alert rules into Kafka.

docs/decisions/0005 tells the order of writes and why a crash between any two of them loses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import structlog
from elasticsearch import Elasticsearch

from presswatch import latency, metrics
from presswatch.adapters.elasticsearch import Bulk, Outcome, connect, require_mappings
from presswatch.adapters.kafka import BatchConsumer, Breaker, DeadLetters, Publisher, Record, persist
from presswatch.control.follow import Follower
from presswatch.core.canary import KEEP_MS, is_canary
from presswatch.core.errors import BadMessageError, RetryableError
from presswatch.forgetting.erase import Eraser
from presswatch.forgetting.log import ForgottenArticles
from presswatch.indexer.plan import Item, Plan, Planner, waves
from presswatch.indexer.rules import RuleBuilder, RuleSet, RuleUpdate
from presswatch.indexer.store import Store
from presswatch.retention import delete_canaries
from presswatch.runtime import Health, StopSignal, now_ms
from presswatch.settings import Settings
from presswatch.topology import ARTICLE_IDS, ARTICLES, CANARIES, CONTROL_RULES, REVISIONS, TAGGED, Stage

log = structlog.get_logger(__name__)

STAGE: Stage = "indexer"

RULES_PART = "rules"
"""The part of the service's health that follows the control topic."""

SWEEP_MS = 10 * 60 * 1000
"""Old canaries are looked for so often."""

CONTESTS = 10
"""Times that others may change a record between our reading and our writing it, before we back off."""


class Indexer:
    """Handles one batch of tagged articles.

    Args:
        planner: decides what is to be written.
        store: what is in Elasticsearch.
        publisher: where match events go.
        dead: where records go that cannot be processed.
        health: is told of each wave.
        forgotten: ids of articles that are passed over.
        clock: milliseconds since 1970.
    """

    def __init__(
        self,
        planner: Planner,
        store: Store,
        publisher: Publisher,
        dead: DeadLetters,
        health: Health,
        forgotten: Container[str] = (),
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._planner = planner
        self._store = store
        self._publisher = publisher
        self._dead = dead
        self._health = health
        self._forgotten = forgotten
        self._clock = clock

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
                items.append(self._planner.read(record))
            except BadMessageError as error:
                letters.append((record, error))
        kept = [item for item in items if item.article.id not in self._forgotten]
        for item in items:
            if item.article.id in self._forgotten:
                log.debug("article passed over: it is to be forgotten", article=item.article.id)
        metrics.RECORDS.labels(STAGE, "forgotten").inc(len(items) - len(kept))
        items = kept
        for wave in waves(items):
            self._health.beat()
            self._index(wave)
        # Only now, when everything else is done: a batch that is repeated while an engine is away must not send its
        # dead letters each time.
        letters += [(item.record, item.dead) for item in items if item.dead is not None]
        self._dead.send_all(letters)
        self._count(items, len(letters))

    def _index(self, wave: Sequence[Item]) -> None:
        """Bring a wave to its end; what somebody else changed meanwhile is read and decided again."""
        contested = wave
        for _ in range(CONTESTS):
            contested = self._attempt(contested)
            if not contested:
                return
        raise RetryableError(f"others keep changing {len(contested)} articles of this batch at the same time")

    def _attempt(self, wave: Sequence[Item]) -> list[Item]:
        """Write a wave in the order that loses nothing; returns the items that somebody else changed meanwhile."""
        identities = self._store.identities(item.article.id for item in wave)
        documents = self._store.documents(identities)
        plans = [
            self._planner.plan(item, identities.get(item.article.id), documents.get(item.article.id)) for item in wave
        ]
        self._claim(plans)
        self._write_documents(plans)
        self._announce(plans)
        self._settle(plans)
        return [plan.item for plan in plans if plan.contested]

    def _claim(self, plans: Sequence[Plan]) -> None:
        """Write down what is about to be done; put away the wordings that give way, or came too late."""
        claims = [(plan, plan.claim) for plan in plans if plan.going and plan.claim]
        revisions = [(plan, plan.revision) for plan in plans if plan.going and plan.revision]
        writes = [self._store.identity_write(plan.item.article.id, claim) for plan, claim in claims]
        outcomes = self._store.write([*writes, *(revision for _, revision in revisions)])
        for (plan, _), outcome in zip(claims, outcomes, strict=False):
            plan.contested = outcome.state == "conflict"
            plan.seen = outcome.seen
        for (plan, _), outcome in zip([*claims, *revisions], outcomes, strict=True):
            if outcome.state == "rejected":
                plan.reject(_rejection(outcome))

    def _write_documents(self, plans: Sequence[Plan]) -> None:
        going = [(plan, plan.document) for plan in plans if plan.going and plan.document]
        outcomes = self._store.write([document for _, document in going])
        for (plan, _), outcome in zip(going, outcomes, strict=True):
            if outcome.state == "rejected":
                plan.reject(_rejection(outcome))
        overtaken = {
            plan.item.article.id: plan
            for (plan, _), outcome in zip(going, outcomes, strict=True)
            if outcome.state == "superseded"
        }
        # A later document is there. If somebody settled it, this message must be decided again, before it announces.
        records = self._store.identities(overtaken)
        for article, plan in overtaken.items():
            plan.contested = article not in records or records[article].seen != plan.seen

    def _announce(self, plans: Sequence[Plan]) -> None:
        open_events = {
            id(event): (plan, rule, event) for plan in plans if plan.going for rule, event in plan.events.items()
        }
        if not open_events:
            return
        for refused, error in self._publisher.publish([event for _, _, event in open_events.values()]):
            plan, rule, _ = open_events[id(refused)]
            plan.unannounced(rule)
            plan.item.dead = BadMessageError("match_too_large", f"rule {rule}: {error.detail}")

    def _settle(self, plans: Sequence[Plan]) -> None:
        claimed = [(plan, plan.after) for plan in plans if plan.after and not plan.contested]
        settled = [(plan, replace(after, seen=plan.seen)) for plan, after in claimed]
        outcomes = self._store.write(
            [self._store.identity_write(plan.item.article.id, record) for plan, record in settled]
        )
        for (plan, _), outcome in zip(settled, outcomes, strict=True):
            plan.contested = outcome.state == "conflict" and plan.item.dead is None

    def _count(self, items: Sequence[Item], letters: int) -> None:
        now = self._clock()
        canaries = 0
        decisions: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        for item in items:
            if item.dead is not None or item.decision is None:
                continue
            log.debug("article indexed", article=item.article.id, decision=item.decision.state)
            if item.decision.state in {"new", "revision", "completed"}:
                latency.observe(STAGE, item.article, now)
            if is_canary(item.article.id):
                canaries += 1
                continue
            decisions[item.decision.state] += 1
            kinds.update(change.kind for change in item.announced)
        for state, number in decisions.items():
            metrics.ARTICLES_INDEXED.labels(state).inc(number)
        for kind, number in kinds.items():
            metrics.MATCH_EVENTS.labels(kind).inc(number)
        metrics.RECORDS.labels(STAGE, "ok").inc(sum(decisions.values()))
        metrics.RECORDS.labels(STAGE, "canary").inc(canaries)
        metrics.RECORDS.labels(STAGE, "dead").inc(letters)
        log.debug("batch indexed", **decisions, matches=sum(kinds.values()), dead=letters)


def _rejection(outcome: Outcome) -> BadMessageError:
    return BadMessageError("document_rejected", outcome.detail)


def run(settings: Settings, health: Health, stop: StopSignal, breaker: Breaker | None = None) -> None:
    """Index until a stop is asked for. The rules are those of the control topic, read to its end before the first article."""
    with Follower(settings.kafka, CONTROL_RULES, STAGE, RuleBuilder(), health, RULES_PART) as follower:
        _index(settings, follower, health, stop, breaker)


def _index(
    settings: Settings, follower: Follower[RuleUpdate], health: Health, stop: StopSignal, breaker: Breaker | None
) -> None:
    client = connect(settings.elasticsearch)
    publisher: list[Publisher] = []
    held_back: list[ForgottenArticles] = []

    def prepare() -> None:
        require_mappings(client, settings.elasticsearch, (ARTICLES, ARTICLE_IDS, REVISIONS, CANARIES))
        if not publisher:
            publisher.append(Publisher(settings.kafka))
        held_back.append(ForgottenArticles(settings.kafka))

    if not persist(prepare, stage=STAGE, health=health, stop=stop):
        return
    first = follower.wait_first(stop, health.beat)
    if first is None:
        return
    rules = RuleSet((), _today())
    rules.take(first, _today())
    store = Store(client, settings.elasticsearch, Bulk(client, STAGE, stop.wait))
    dead = DeadLetters(settings.kafka, STAGE, publisher[0], breaker)
    forgotten, eraser, sweep = held_back[0], Eraser(client, settings.elasticsearch), _Sweep()
    indexer = Indexer(Planner(settings, rules), store, publisher[0], dead, health, forgotten)

    def handle(records: Sequence[Record]) -> None:
        rules.retire(_today())
        indexer.handle(records)

    def renew() -> None:
        if (update := follower.take()) is not None:
            rules.take(update, _today())
        forgotten.renew()
        if new := forgotten.take_new():
            persist(lambda: _erase(eraser, new), stage=STAGE, health=health, stop=stop)
        if (now := now_ms()) >= sweep.due:
            sweep.due = now + SWEEP_MS
            persist(lambda: _sweep(client, settings, now), stage=STAGE, health=health, stop=stop)

    try:
        BatchConsumer(settings, STAGE, TAGGED, settings.indexer.batch).run(handle, health, stop, on_idle=renew)
    finally:
        forgotten.close()
        publisher[0].close()
        client.close()


def _erase(eraser: Eraser, articles: Sequence[str]) -> None:
    changed = eraser.erase(articles)
    if changed:
        log.info("articles erased", articles=len(articles), documents=changed)


@dataclass(slots=True)
class _Sweep:
    """When old canaries are looked for next; milliseconds since 1970."""

    due: int = 0


def _sweep(client: Elasticsearch, settings: Settings, now: int) -> None:
    if deleted := delete_canaries(client, settings.elasticsearch, now - KEEP_MS):
        log.debug("old canaries deleted", canaries=deleted)


def _today() -> date:
    return datetime.now(UTC).date()
