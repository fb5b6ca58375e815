"""Reads the books of all stages: Kafka's topics against each other and against Elasticsearch.

How far each stage has got is read first, then what there is: whatever a stage has dealt with by then must be out. What
must be remembered of each record is on disk (`spool`), so that memory does not grow with the time that is audited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import TypeVar

import orjson

from presswatch.adapters.kafka import Record
from presswatch.adapters.kafkalog import Log
from presswatch.audit.articles import findings
from presswatch.audit.spool import Asked, Cover, Sheet, Spool, key_of
from presswatch.audit.stored import AT_ONCE, Stored
from presswatch.core.accounts import Account, Fate, Missing, Position
from presswatch.core.alerts import candidates, note_of
from presswatch.core.canary import is_canary_key
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import MatchEvent, Message, Notification, RawArticle, TaggedArticle
from presswatch.deadletters import letters_of
from presswatch.settings import Settings
from presswatch.topology import ALERTS, MATCHES, NOTIFICATIONS, RAW, SOURCES, STAGES, TAGGED, Stage, index

_M = TypeVar("_M", bound=Message)
_T = TypeVar("_T")

_UNDELIVERED = "sending"
"""State of an alert in the ledger that was claimed, and of which nobody knows whether it went out."""

Tell = Callable[[str, int, int], None]
"""Is told, often, of a topic how many records of how many are read."""


@dataclass(slots=True)
class Books:
    """What an audit found; times in milliseconds since 1970, `until` exclusive.

    Attributes:
        accounts: in the order of the stages.
        gone: by topic, the partitions of whose beginning Kafka has nothing any more: what stood there is not audited.
    """

    since: int
    until: int
    accounts: list[Account] = field(default_factory=list)
    gone: dict[str, list[int]] = field(default_factory=dict)

    @property
    def missing(self) -> list[Missing]:
        """What is missing and named, in the order of the stages."""
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
        tell: is told of the progress.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        stored: Stored,
        since: int,
        until: int,
        forgotten: Container[str] = (),
        tell: Tell = lambda *_: None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._stored = stored
        self._books = Books(since, until)
        self._forgotten = forgotten
        self._tell = tell
        self._spool: Spool
        self._committed: dict[Stage, dict[int, int]] = {}
        self._dead: set[tuple[str, int, int]] = set()
        self._letters: Counter[str] = Counter()
        self._unsent_rules: set[tuple[str, str]] = set()
        self._rules: dict[str, int] = {}
        """Rules that documents name, numbered in the order in which they were seen."""

    def run(self) -> Books:
        """Audit all stages.

        Raises:
            RetryableError, FatalError, ConfigError: as the engines' adapters.
        """
        with Spool() as self._spool:
            self._committed = {stage: self._log.committed(stage, source) for stage, source in SOURCES.items()}
            self._read_letters()
            indexer = self._indexer()
            ingest, tagger = self._tagger()
            deliver = self._deliver()
            decide = self._decide()
            self._books.accounts = [ingest, tagger, indexer, self._announced(), decide, deliver]
        return self._books

    def _read_letters(self) -> None:
        for stage in STAGES:
            for letter in letters_of(self._log, stage, self._books.since):
                self._letters[stage] += self._within(letter.failed)
                place = letter.place
                self._dead.add((place.topic, place.partition, place.offset))
                if letter.reason == "match_too_large" and letter.detail.startswith("rule "):
                    rule = letter.detail.removeprefix("rule ").partition(":")[0]
                    self._unsent_rules.add(((letter.key or b"").decode("utf-8", "replace"), rule))

    def _indexer(self) -> Account:
        account = Account("indexer")
        # To its end, whatever `until` says: what came in before it may have come out after it.
        for batch in _batches(self._read(TAGGED, to_end=True), AT_ONCE):
            asked: list[tuple[Record, TaggedArticle]] = []
            for record in batch:
                article = _decoded(TaggedArticle, record)
                fate = self._early(record, "indexer")
                within = self._within(record.timestamp_ms)
                # What was tagged after `until`, as by a repair, and is dealt with, nobody looks up below: whether it
                # came out is asked of Elasticsearch when its raw article is found lacking.
                if article is not None and (within or fate is not None):
                    self._spool.note(Sheet.TAGGED, key_of(article.id, str(article.fetched)))
                if not within:
                    continue
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
                if finding.verdict == "missing":
                    place = _position(record, TAGGED)
                    account.miss(Missing("indexer", article.id, article.title, article.url, finding.what, place))
                    continue
                if finding.verdict == "filtered":
                    account.enter("filtered")
                else:
                    self._spool.ask(Sheet.INDEXED, key_of(article.id, str(article.fetched)), _asked(record))
                if finding.indexed >= self._books.since:
                    for rule in finding.rules:
                        number = self._rules.setdefault(rule, len(self._rules))
                        self._spool.ask(Sheet.ANNOUNCED, key_of(article.id, rule), _asked(record, number))
        self._out_or_repeated(account, Sheet.INDEXED)
        return account

    def _tagger(self) -> tuple[Account, Account]:
        ingest, tagger = Account("ingest", known=False), Account("tagger")
        ingest.enter("dead", self._letters["ingest"])
        for record in self._read(RAW):
            ingest.enter("out")
            fate = self._early(record, "tagger")
            named = _named(record) if fate is None else None
            if fate is not None:
                tagger.enter(fate)
            elif named is not None and named[0] in self._forgotten:
                tagger.enter("filtered")
            elif named is not None:
                self._spool.ask(Sheet.TAGGED, key_of(*named), _asked(record))
            else:
                tagger.miss(self._unread(record, "tagger", RAW))
        lost = 0
        for batch in _batches(self._lacking(Sheet.TAGGED, "counted", RAW), AT_ONCE):
            read = [(record, _decoded(RawArticle, record)) for record, _ in batch]
            lost += len(batch)
            doubtful = [(record, raw) for record, raw in read if raw is not None]
            for record, raw in read:
                if raw is None:
                    tagger.miss(self._unread(record, "tagger", RAW))
            # Kafka may have deleted what was tagged; what is in Elasticsearch has been.
            found = findings(self._stored, [raw for _, raw in doubtful])
            for (record, raw), finding in zip(doubtful, found, strict=True):
                if finding.verdict == "missing":
                    what = f"it is not in {TAGGED}, and {finding.what}"
                    tagger.miss(Missing("tagger", raw.id, raw.title, raw.url, what, _position(record, RAW)))
                else:
                    tagger.enter("out")
        tagger.enter("out", self._spool.asked(Sheet.TAGGED)[0] - lost)
        return ingest, tagger

    def _deliver(self) -> Account:
        account = Account("deliver")
        for batch in _batches(self._read(NOTIFICATIONS, to_end=True), AT_ONCE):
            asked: list[tuple[Record, Notification]] = []
            for record in batch:
                notification = _decoded(Notification, record)
                if notification is not None:
                    self._spool.note(Sheet.NOTIFIED, key_of(notification.id))
                if not self._within(record.timestamp_ms):
                    continue
                fate = self._early(record, "deliver")
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
                state = states[notification.id].state if notification.id in states else _UNDELIVERED
                if state == _UNDELIVERED:
                    article, rule = notification.match.article, notification.match.rule.id
                    what = f"the alert of rule {rule} to {notification.receiver} was not delivered"
                    place = _position(record, NOTIFICATIONS)
                    account.miss(Missing("deliver", article.id, article.title, article.url, what, place))
                elif state == "failed":
                    account.enter("dead")
                else:
                    self._spool.ask(Sheet.DELIVERED, key_of(notification.id), _asked(record))
        self._out_or_repeated(account, Sheet.DELIVERED)
        return account

    def _decide(self) -> Account:
        account = Account("decide")
        for record in self._read(MATCHES, to_end=True):
            event = _decoded(MatchEvent, record)
            if event is not None:
                self._spool.note(Sheet.ANNOUNCED, key_of(event.article.id, event.rule.id))
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
                self._spool.ask(Sheet.DECIDED, key_of(*candidates(event)), _asked(record))
                for number, one in enumerate(candidates(event)):
                    self._spool.ask(Sheet.NOTIFIED, key_of(one), _asked(record, number))
        for batch in _batches(self._lacking(Sheet.NOTIFIED, "each", MATCHES), AT_ONCE):
            asked = [
                (record, event, [candidates(event)[number] for number in numbers])
                for record, numbers in batch
                if (event := _decoded(MatchEvent, record))
            ]
            wanted = ((self._ledger_of(event), one) for _, event, lost in asked for one in (*lost, note_of(event)))
            entries = self._stored.notifications(wanted)
            for record, event, lost in asked:
                if all(one in entries for one in lost):
                    continue
                self._spool.note(Sheet.DECIDED, key_of(*candidates(event)))
                note = entries.get(note_of(event))
                if note is not None and event.article.seq < note.seq:
                    account.enter("filtered")
                    continue
                article = event.article
                what = f"the alert of rule {event.rule.id} is neither in Kafka nor in {ALERTS}"
                place = _position(record, MATCHES)
                account.miss(Missing("decide", article.id, article.title, article.url, what, place))
        self._out_or_repeated(account, Sheet.DECIDED)
        return account

    def _announced(self) -> Account:
        """Of each rule that a document names there is an event on `matches`, or an alert."""
        account = Account("matches")
        names = list(self._rules)
        silent = 0
        for batch in _batches(self._lacking(Sheet.ANNOUNCED, "once", TAGGED), AT_ONCE):
            pairs = [
                (record, article, names[number])
                for record, numbers in batch
                if (article := _decoded(TaggedArticle, record))
                for number in numbers
            ]
            silent += len(pairs)
            alerted = self._stored.alerted((article.id, rule) for _, article, rule in pairs)
            for record, article, rule in pairs:
                if (article.id, rule) in self._unsent_rules:
                    account.enter("dead")
                elif (article.id, rule) in alerted:
                    account.enter("out")
                else:
                    what = f"rule {rule} matches it, and no match is in Kafka and no alert in {ALERTS}"
                    place = _position(record, TAGGED)
                    missing = Missing("matches", article.id, article.title, article.url, what, place, announce=True)
                    account.miss(missing)
        account.enter("out", self._spool.asked(Sheet.ANNOUNCED)[1] - silent)
        return account

    def _out_or_repeated(self, account: Account, sheet: Sheet) -> None:
        records, different = self._spool.uncovered(sheet)
        account.enter("out", different)
        account.enter("filtered", records - different)

    def _lacking(self, sheet: Sheet, cover: Cover, name: str) -> Iterator[tuple[Record, list[int]]]:
        """Yield the records asked for of which something is not there, each with the askers' numbers for what is not."""
        by_place = groupby(self._spool.lacking(sheet, cover), lambda one: (one.partition, one.offset))
        for some in _batches(((place, [one.about for one in group]) for place, group in by_place), AT_ONCE):
            numbers = dict(some)
            for record in self._log.at(name, numbers):
                yield record, numbers[record.partition, record.offset]

    def _read(self, name: str, *, to_end: bool = False) -> Iterator[Record]:
        spans = self._log.spans(name, self._books.since)
        begins = self._log.begins(name)
        if gone := [at for at, span in spans.items() if 0 < begins[at] == span.begin]:
            self._books.gone[name] = gone
        total = sum(span.end - span.begin for span in spans.values())
        for number, record in enumerate(self._log.read(name, spans=spans)):
            self._tell(name, number, total)
            # Of a canary that is missing an alert of Prometheus tells; Elasticsearch keeps it for hours only.
            if (to_end or self._within(record.timestamp_ms)) and not is_canary_key(record.key):
                yield record

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


def _decoded(kind: type[_M], record: Record) -> _M | None:
    try:
        return kind.decode(record.value)
    except BadMessageError:
        return None


def _named(record: Record) -> tuple[str, str] | None:
    """Return id and time of a raw article without reading all of it: whether it can be read is asked if it is not tagged."""
    try:
        value = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict) or value.get("schema") != RawArticle.SCHEMA:
        return None
    return str(value.get("id")), str(value.get("fetched"))


def _asked(record: Record, about: int = 0) -> Asked:
    return Asked(record.partition, record.offset, about)


def _position(record: Record, name: str) -> Position:
    return Position(name, record.partition, record.offset)


def _batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
