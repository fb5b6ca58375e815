"""Reads the books of all stages: Kafka's topics against each other and against Elasticsearch.

How far each stage has got is read first, then what there is: whatever a stage has dealt with by then must be out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from presswatch.adapters.kafka import Record
from presswatch.adapters.kafkalog import Log
from presswatch.audit.articles import findings
from presswatch.audit.stored import AT_ONCE, Stored
from presswatch.core.accounts import Account, Fate, Missing, Position
from presswatch.core.alerts import candidates
from presswatch.core.canary import is_canary_key
from presswatch.core.deadletters import Letter
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import MatchEvent, Message, Notification, RawArticle, TaggedArticle
from presswatch.deadletters import letters_of
from presswatch.settings import Settings
from presswatch.topology import ALERTS, MATCHES, NOTIFICATIONS, RAW, SOURCES, STAGES, TAGGED, Stage, index

_M = TypeVar("_M", bound=Message)
_T = TypeVar("_T")

_UNDELIVERED = "sending"
"""State of an alert in the ledger that was claimed, and of which nobody knows whether it went out."""


@dataclass(slots=True)
class Books:
    """What an audit found; times in milliseconds since 1970, `until` exclusive."""

    since: int
    until: int
    accounts: list[Account] = field(default_factory=list)

    @property
    def missing(self) -> list[Missing]:
        """Everything that is missing, in the order of the stages."""
        return [missing for account in self.accounts for missing in account.missing]


class Auditor:
    """One audit.

    Args:
        settings: names and prefixes.
        log: Kafka.
        stored: Elasticsearch.
        since: audit what came into a stage from then on, by Kafka's time; milliseconds since 1970.
        until: and before then.
        forgotten: ids of articles of which nothing may be left: what came of them was rightly filtered.
    """

    def __init__(
        self, settings: Settings, log: Log, stored: Stored, since: int, until: int, forgotten: Container[str] = ()
    ) -> None:
        self._settings = settings
        self._log = log
        self._stored = stored
        self._books = Books(since, until)
        self._forgotten = forgotten
        self._committed: dict[Stage, dict[int, int]] = {}
        self._dead: dict[tuple[str, int, int], Letter] = {}
        self._letters: Counter[str] = Counter()
        self._unsent_rules: set[tuple[str, str]] = set()

    def run(self) -> Books:
        """Audit all stages.

        Raises:
            RetryableError, FatalError, ConfigError: as the engines' adapters.
        """
        self._committed = {stage: self._log.committed(stage, source) for stage, source in SOURCES.items()}
        self._read_letters()
        tagged, indexer, matches = Counter[tuple[str, int]](), Account("indexer"), _Matches()
        self._indexer(indexer, tagged, matches)
        ingest, tagger = Account("ingest", known=False), Account("tagger")
        self._tagger(ingest, tagger, tagged)
        notified = self._notifications()
        decide, deliver, announced = Account("decide"), Account("deliver"), Account("matches")
        self._decide(decide, matches, notified)
        self._announced(announced, matches)
        self._deliver(deliver)
        self._books.accounts = [ingest, tagger, indexer, announced, decide, deliver]
        return self._books

    def _read_letters(self) -> None:
        for stage in STAGES:
            for letter in letters_of(self._log, stage, self._books.since):
                self._letters[stage] += self._within(letter.failed)
                place = letter.place
                self._dead[place.topic, place.partition, place.offset] = letter
                if letter.reason == "match_too_large" and letter.detail.startswith("rule "):
                    rule = letter.detail.removeprefix("rule ").partition(":")[0]
                    self._unsent_rules.add(((letter.key or b"").decode("utf-8", "replace"), rule))

    def _tagger(self, ingest: Account, tagger: Account, tagged: Counter[tuple[str, int]]) -> None:
        ingest.fates["dead"] = self._letters["ingest"]
        for batch in _batches(self._read(RAW), AT_ONCE):
            doubtful: list[tuple[Record, RawArticle]] = []
            for record in batch:
                ingest.enter("out")
                fate = self._early(record, "tagger")
                if fate is not None:
                    tagger.enter(fate)
                    continue
                raw = _decoded(RawArticle, record)
                if raw is not None and raw.id in self._forgotten:
                    tagger.enter("filtered")
                elif raw is None:
                    tagger.miss(self._unread(record, "tagger", RAW))
                elif tagged[raw.id, raw.fetched] > 0:
                    tagged[raw.id, raw.fetched] -= 1
                    tagger.enter("out")
                else:
                    doubtful.append((record, raw))
            # Kafka may have deleted what was tagged; what is in Elasticsearch has been.
            for (record, raw), finding in zip(
                doubtful, findings(self._stored, [raw for _, raw in doubtful]), strict=True
            ):
                if finding.verdict == "missing":
                    what = f"it is not in {TAGGED}, and {finding.what}"
                    tagger.miss(Missing("tagger", raw.id, raw.title, raw.url, what, _position(record, RAW)))
                else:
                    tagger.enter("out")

    def _indexer(self, account: Account, tagged: Counter[tuple[str, int]], matches: _Matches) -> None:
        seen: set[tuple[str, int]] = set()
        # To its end, whatever `until` says: what came in before it may have come out after it.
        for batch in _batches(self._read(TAGGED, to_end=True), AT_ONCE):
            asked: list[tuple[Record, TaggedArticle]] = []
            for record in batch:
                article = _decoded(TaggedArticle, record)
                if article is not None:
                    tagged[article.id, article.fetched] += 1
                if not self._within(record.timestamp_ms):
                    continue
                fate = self._early(record, "indexer")
                if fate is not None:
                    account.enter(fate)
                elif article is None:
                    account.miss(self._unread(record, "indexer", TAGGED))
                elif article.id in self._forgotten:
                    account.enter("filtered")
                else:
                    asked.append((record, article))
            found = findings(self._stored, [article for _, article in asked])
            for (record, article), finding in zip(asked, found, strict=True):
                place = _position(record, TAGGED)
                if finding.verdict == "missing":
                    account.miss(Missing("indexer", article.id, article.title, article.url, finding.what, place))
                    continue
                repeated = (article.id, article.fetched) in seen
                seen.add((article.id, article.fetched))
                account.enter("filtered" if repeated or finding.verdict == "filtered" else "out")
                if finding.indexed >= self._books.since:
                    matches.expect(article, finding.rules, place)

    def _announced(self, account: Account, matches: _Matches) -> None:
        """Of each rule that a document names there is an event on `matches`, or an alert."""
        silent = {pair: told for pair, told in matches.expected.items() if pair not in matches.seen}
        alerted = self._stored.alerted(pair for pair in silent if pair not in self._unsent_rules)
        account.fates["out"] = len(matches.expected) - len(silent)
        for (article, rule), (title, url, place) in silent.items():
            if (article, rule) in self._unsent_rules:
                account.enter("dead")
            elif (article, rule) in alerted:
                account.enter("out")
            else:
                what = f"rule {rule} matches it, and no match is in Kafka and no alert in {ALERTS}"
                account.miss(Missing("matches", article, title, url, what, place, announce=True))

    def _notifications(self) -> set[str]:
        found: set[str] = set()
        for record in self._read(NOTIFICATIONS, to_end=True):
            notification = _decoded(Notification, record)
            if notification is not None:
                found.add(notification.id)
        return found

    def _decide(self, account: Account, matches: _Matches, notified: set[str]) -> None:
        seen: set[str] = set()
        for batch in _batches(self._read(MATCHES, to_end=True), AT_ONCE):
            asked: list[tuple[Record, MatchEvent]] = []
            for record in batch:
                event = _decoded(MatchEvent, record)
                if event is not None:
                    matches.seen.add((event.article.id, event.rule.id))
                if not self._within(record.timestamp_ms):
                    continue
                fate = self._early(record, "decide")
                if fate is not None:
                    account.enter(fate)
                elif event is None:
                    account.miss(self._unread(record, "decide", MATCHES))
                elif not candidates(event) or event.article.id in self._forgotten:
                    account.enter("filtered")
                else:
                    asked.append((record, event))
            wanted = [(self._ledger_of(event), one) for _, event in asked for one in candidates(event)]
            states = self._stored.notifications(pair for pair in wanted if pair[1] not in notified)
            for record, event in asked:
                lost = [one for one in candidates(event) if one not in notified and one not in states]
                if lost:
                    article = event.article
                    what = f"the alert of rule {event.rule.id} is neither in Kafka nor in {ALERTS}"
                    place = _position(record, MATCHES)
                    account.miss(Missing("decide", article.id, article.title, article.url, what, place))
                else:
                    account.enter("filtered" if seen >= set(candidates(event)) else "out")
                seen.update(candidates(event))

    def _deliver(self, account: Account) -> None:
        seen: set[str] = set()
        for batch in _batches(self._read(NOTIFICATIONS), AT_ONCE):
            asked: list[tuple[Record, Notification]] = []
            for record in batch:
                fate = self._early(record, "deliver")
                notification = _decoded(Notification, record)
                if fate is not None:
                    account.enter(fate)
                elif notification is None:
                    account.miss(self._unread(record, "deliver", NOTIFICATIONS))
                elif notification.match.article.id in self._forgotten:
                    account.enter("filtered")
                else:
                    asked.append((record, notification))
            states = self._stored.notifications((self._ledger_of(one.match), one.id) for _, one in asked)
            for record, notification in asked:
                state = states.get(notification.id, _UNDELIVERED)
                if state == _UNDELIVERED:
                    article = notification.match.article
                    what = (
                        f"the alert of rule {notification.match.rule.id} to {notification.receiver} was not delivered"
                    )
                    place = _position(record, NOTIFICATIONS)
                    account.miss(Missing("deliver", article.id, article.title, article.url, what, place))
                else:
                    account.enter("dead" if state == "failed" else "filtered" if notification.id in seen else "out")
                seen.add(notification.id)

    def _read(self, name: str, *, to_end: bool = False) -> Iterator[Record]:
        # Of a canary that is missing an alert of Prometheus tells; Elasticsearch keeps it for hours only.
        records = (record for record in self._log.read(name, self._books.since) if not is_canary_key(record.key))
        return records if to_end else (record for record in records if self._within(record.timestamp_ms))

    def _within(self, at: int) -> bool:
        return self._books.since <= at < self._books.until

    def _early(self, record: Record, stage: Stage) -> Fate | None:
        """Return the fate that needs no look at what came out: it died, or its stage has not dealt with it yet."""
        if (record.topic, record.partition, record.offset) in self._dead:
            return "dead"
        if record.offset >= self._committed[stage].get(record.partition, 0):
            return "waiting"
        return None

    def _unread(self, record: Record, stage: Stage, name: str) -> Missing:
        key = (record.key or b"").decode("utf-8", "replace")
        what = "the record cannot be read, and no dead letter was made of it"
        return Missing(stage, key, "", None, what, _position(record, name))

    def _ledger_of(self, event: MatchEvent) -> str:
        return f"{index(self._settings.elasticsearch, ALERTS)}-{event.article.index[-7:]}"


@dataclass(slots=True)
class _Matches:
    """Pairs (article, rule): those that documents name, with title, address and record, and those seen on `matches`."""

    expected: dict[tuple[str, str], tuple[str, str | None, Position]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def expect(self, article: TaggedArticle, rules: Iterable[str], place: Position) -> None:
        for rule in rules:
            self.expected[article.id, rule] = (article.title, article.url, place)


def _decoded(kind: type[_M], record: Record) -> _M | None:
    try:
        return kind.decode(record.value)
    except BadMessageError:
        return None


def _position(record: Record, name: str) -> Position:
    return Position(name, record.partition, record.offset)


def _batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
