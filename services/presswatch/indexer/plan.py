"""What is to become of one article of a batch: the decision, and everything that is to be written for it. No I/O.

The order in which it is written is the business of `service`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import structlog

from presswatch import matching
from presswatch.adapters.elasticsearch import Write
from presswatch.adapters.elasticsearch.bulk import MAX_DOCUMENT_BYTES
from presswatch.adapters.kafka import Outgoing, Record
from presswatch.core.canary import is_canary
from presswatch.core.changes import Change, changes
from presswatch.core.errors import BadMessageError
from presswatch.core.intake import REWORDS, Decision, Incoming, Known, Wording, decide, plausible
from presswatch.core.messages import ANNOUNCE, TaggedArticle
from presswatch.core.rules.match import Match
from presswatch.core.text import tokenise
from presswatch.indexer.documents import (
    Content,
    article_document,
    encoded_event,
    match_event,
    merged,
    replaced_document,
    stored_of,
    superseded_document,
)
from presswatch.indexer.rules import RuleSet
from presswatch.indexer.store import Identity, document_write, revision_write
from presswatch.runtime import now_ms
from presswatch.settings import Settings
from presswatch.topology import MATCHES, home_index, topic

log = structlog.get_logger(__name__)

EVENT_BYTES = 1024 * 1024
"""A match event at most: a notification holds one whole, and both topics take 2 MiB."""


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
    """What is to be written for one item, in this order; None or empty means not at all.

    Args:
        item: what came.
        before: the identity record as it was read; `before.seen` is None if there is none yet.
        claim: the record that notes what is about to be done.
        revision: the wording that gives way, or that came too late.
        document: the article's document.
        events: announcements, by rule.
        after: the record once all is done.
        seen: (_seq_no, _primary_term) of the record as we know it; changes with the claim.
        contested: somebody else has changed the record since: read and decide again.
    """

    item: Item
    before: Identity
    claim: Identity | None = None
    revision: Write | None = None
    document: Write | None = None
    events: dict[str, Outgoing] = field(default_factory=dict)
    after: Identity | None = None
    seen: tuple[int, int] | None = None
    contested: bool = False

    @property
    def going(self) -> bool:
        """Whether nothing has stopped it so far."""
        return self.item.dead is None and not self.contested

    def reject(self, error: BadMessageError) -> None:
        """Elasticsearch does not take the document: leave the record as it was before the claim."""
        self.item.dead = error
        self.after = self.before

    def unannounced(self, rule: str) -> None:
        """Kafka does not take an announcement: keep it open, so that it is made when the article comes again."""
        assert self.after is not None
        rules = dict(self.after.rules)
        version = rules.pop(rule, None) or self.before.rules[rule]
        self.after = replace(self.after, rules=rules, unsettled={**self.after.unsettled, rule: version})


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


class Planner:
    """Lays down what is to be written.

    Args:
        settings: names and prefixes.
        rules: the rules in force.
        clock: milliseconds since 1970.
        max_document_bytes: a larger document goes to the dead letters.
    """

    def __init__(
        self,
        settings: Settings,
        rules: RuleSet,
        clock: Callable[[], int] = now_ms,
        max_document_bytes: int = MAX_DOCUMENT_BYTES,
    ) -> None:
        self._es = settings.elasticsearch
        self._matches = topic(settings.kafka, MATCHES)
        self._rules = rules
        self._clock = clock
        self._max_document_bytes = max_document_bytes

    def read(self, record: Record) -> Item:
        """Read a record.

        Raises:
            BadMessageError: it is no article that can be worked with.
        """
        article = TaggedArticle.decode(record.value)
        plausible(article.id, article.fetched, self._clock())
        return Item(record, article, Wording(article.title, article.text))

    def plan(self, item: Item, identity: Identity | None, stored: dict[str, Any] | None) -> Plan:
        """Decide on an item.

        Args:
            item: what came; its decision, announcements and reason to die are set anew.
            identity: the article's identity record, or None.
            stored: its document, or None.
        """
        if identity is None:
            home = home_index(self._es, item.article.id, item.article.fetched)
            identity = Identity(item.article.fetched, home)
        item.decision, item.announced, item.dead = None, [], None
        plan = Plan(item, identity, seen=identity.seen)
        try:
            self._fill(plan, stored)
        except BadMessageError as error:
            item.dead = error
        except Exception as error:
            # A defect of ours that one article brings to light must not stop all others; the breaker limits it.
            log.exception("article cannot be processed", article=item.article.id)
            item.dead = BadMessageError("processing_failed", f"{type(error).__name__}: {error}")
        # Half a plan must not be carried out.
        return plan if item.dead is None else Plan(item, identity)

    def _fill(self, plan: Plan, stored: dict[str, Any] | None) -> None:
        """Decide on an item, match the rules and lay down what is to be written."""
        item, before, now = plan.item, plan.before, self._clock()
        article = item.article
        incoming = Incoming(article.fetched, article.generation, item.wording)
        decision = decide(before.known, before.intent, stored_of(stored) if stored is not None else None, incoming)
        item.decision = decision
        if decision.state == "excerpt":
            return
        if decision.state == "superseded":
            words = sum(len(tokenise(part, article.lang).texts) for part in (article.title, article.text))
            name, document = superseded_document(article, item.wording, words, now)
            plan.revision = revision_write(self._es, name, article.fetched, self._encoded(document))
            return
        content = merged(stored, article, decision.state)
        read = matching.document(content)
        matches = self._rules.match(read, of_canary=is_canary(article.id))
        current = {match.id: match.version for match in matches}
        same = before.known is not None and before.known.seq == decision.known.seq
        announced = {} if any(name == ANNOUNCE for name, _ in item.record.headers) else before.rules
        item.announced = changes(announced, before.unsettled, current, wording="same" if same else "other")
        plan.events = self._events(item.announced, matches, article, content, decision.known, before.index, now)
        noted = {**before.unsettled, **{change.rule: change.version for change in item.announced}}
        claim = replace(before, unsettled=noted, intent=_intent(decision, before))
        plan.claim = claim if claim != before or before.seen is None else None
        words = len(read.title.texts) + len(read.text.texts)
        after = replace(before, known=decision.known, words=words, intent=None, rules=current, unsettled={})
        plan.after = after if after != before or plan.claim else None
        if decision.state == "unchanged" and _rules_of(stored) == current:
            return
        document = article_document(article.id, content, decision.known, before.first_seen, read, matches, now)
        plan.document = document_write(article.id, before, decision.known, self._encoded(document))
        if stored is not None and stored["hash"] != decision.known.hash and stored["seq"] < decision.known.seq:
            name, document = replaced_document(article.id, stored)
            plan.revision = revision_write(self._es, name, stored["seq"], self._encoded(document))

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
        known: Known,
        index: str,
        now: int,
    ) -> dict[str, Outgoing]:
        by_rule = {match.id: match for match in matches}
        events: dict[str, Outgoing] = {}
        for change in announced:
            rule = self._rules.reference(change.rule, change.version)
            event = match_event(change, rule, by_rule.get(change.rule), article, content, known, index, now)
            events[change.rule] = Outgoing(self._matches, change.rule.encode(), encoded_event(event, EVENT_BYTES))
        return events


def _intent(decision: Decision, before: Identity) -> Known | None:
    """Return the wording that the record is to announce as begun; a later sighting of it changes nothing."""
    if decision.state not in REWORDS or before.intent is None or before.intent.seq != decision.known.seq:
        return decision.known if decision.state in REWORDS else before.intent
    return before.intent


def _rules_of(stored: dict[str, Any] | None) -> dict[str, str]:
    return {rule["id"]: rule["version"] for rule in (stored or {}).get("rules", [])}
