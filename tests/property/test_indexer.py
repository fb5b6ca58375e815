"""The indexer, its writes in a store in memory: it dies anywhere, messages come again, two of them share an article.

What must hold in the end: the document is the last wording, no wording is lost, record and document agree, and who
reads the announcements in the order of their seq knows exactly which rules match.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from elasticsearch import Elasticsearch
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.fakes.elastic import MemoryElastic
from tests.fakes.rules import ruleset

from presswatch.adapters.elasticsearch import Bulk
from presswatch.adapters.kafka import DeadLetters, Outgoing, Publisher, Record
from presswatch.core.effects import document_version
from presswatch.core.errors import BadMessageError, RetryableError
from presswatch.core.intake import Wording, is_excerpt
from presswatch.core.messages import MatchEvent, TaggedArticle
from presswatch.indexer.plan import Planner
from presswatch.indexer.rules import RuleSet
from presswatch.indexer.service import Indexer
from presswatch.indexer.store import Identity, Store
from presswatch.runtime import Health
from presswatch.settings import Settings

ARTICLE = "a" * 32
START = 1_794_000_000_000
BODY = " ".join(f"sentence {number} of the report from the mills of Orsal" for number in range(8))
FULL = [Wording(title, BODY) for title in ("wheat", "barley", "wheat and barley", "nothing")]
EXCERPT = Wording("oats", BODY[:120] + " ...")
RULESETS = [
    {"wheat": "wheat", "barley": "barley"},
    {"wheat": "wheat"},
    {"wheat": "wheat OR nothing", "barley": "barley", "mills": "mills"},
    {"no-barley": "mills NOT barley"},
]
SETTINGS = Settings()


class DeathError(RetryableError):
    """The process dies here."""


class Announcements:
    """In place of a publisher: keeps what was announced; dies after as many as `apply` says, None for never."""

    def __init__(self) -> None:
        self.events: list[MatchEvent] = []
        self.on_call: Callable[[str], None] = lambda _: None
        self.apply: Callable[[int], int | None] = lambda _: None

    def publish(self, records: Iterable[Outgoing]) -> list[tuple[Outgoing, BadMessageError]]:
        self.on_call("publish")
        records = list(records)
        limit = self.apply(len(records))
        self.events += [MatchEvent.decode(record.value) for record in records[:limit]]
        if limit is not None:
            raise DeathError("publishing")
        return []

    def standing(self) -> dict[str, str]:
        """Return rule -> version of what matches, to a reader that drops what is older than what it has."""
        latest: dict[str, MatchEvent] = {}
        for announced in self.events:
            known = latest.get(announced.rule.id)
            if known is None or announced.article.seq >= known.article.seq:
                latest[announced.rule.id] = announced
        return {name: seen.rule.version for name, seen in latest.items() if seen.kind != "withdrawn"}


def indexer(elastic: MemoryElastic, announcements: Announcements, rules: RuleSet) -> Indexer:
    client = cast("Elasticsearch", elastic)
    store = Store(client, SETTINGS.elasticsearch, Bulk(client, "indexer", lambda _: False))
    publisher = cast("Publisher", announcements)
    dead = DeadLetters(SETTINGS.kafka, "indexer", publisher)
    return Indexer(Planner(SETTINGS, rules, clock=lambda: START), store, publisher, dead, Health(), clock=lambda: START)


def message(wording: Wording, fetched: int, generation: int = 1, source: str = "Daily") -> TaggedArticle:
    return TaggedArticle(
        id=ARTICLE, title=wording.title, text=wording.text, source=source, lang="en", fetched=fetched,
        tagged=fetched, generation=generation,
    )  # fmt: skip


def records(messages: Sequence[TaggedArticle]) -> list[Record]:
    return [Record("articles.tagged", 0, 0, None, each.encode(), START) for each in messages]


@dataclass(frozen=True)
class State:
    """What is in the store about the article."""

    identity: Identity
    document: dict[str, Any]
    version: int
    revisions: set[str]

    @classmethod
    def of(cls, elastic: MemoryElastic) -> State:
        ((_, record),) = elastic.of_index("article-ids")
        ((_, held),) = elastic.of_index("articles-2")
        revisions = {revision["_source"]["title"] for _, revision in elastic.of_index("revisions-2")}
        return cls(Identity.decode(record["_source"], (0, 0)), held["_source"], held["_version"], revisions)

    def agrees(self, announcements: Announcements) -> None:
        known = self.identity.known
        assert known is not None
        assert self.identity.intent is None
        assert not self.identity.unsettled
        assert (self.document["seq"], self.document["hash"]) == (known.seq, known.hash)
        assert self.version == document_version(known.seq, known.generation)
        rules = {each["id"]: each["version"] for each in self.document["rules"]}
        assert self.identity.rules == rules
        assert announcements.standing() == rules
        first: dict[str, str] = {}
        for announced in announcements.events:
            first.setdefault(announced.rule.id, announced.kind)
        assert "changed" not in first.values(), "changed before it matched: nobody would be alerted"


@dataclass(frozen=True)
class Attempt:
    """One batch: how many messages, under which rules, and where the process dies, if it does.

    `request` is the request that breaks, from 1 (5 and above: none does), `items` how many of its items are carried out
    before. `back` messages are read again afterwards.
    """

    size: int
    rules: int
    request: int
    items: int
    back: int


articles = st.lists(
    st.tuples(st.sampled_from([*FULL, EXCERPT]), st.integers(1, 9), st.booleans()), min_size=1, max_size=5
)
attempts = st.builds(
    Attempt, st.integers(1, 3), st.integers(0, len(RULESETS) - 1), st.integers(1, 6), st.integers(0, 3), st.integers(0, 2)
)  # fmt: skip


@settings(max_examples=settings().max_examples * 5)
@given(articles, st.lists(attempts, max_size=8), st.integers(0, len(RULESETS) - 1))
def test_a_process_that_dies_anywhere_and_starts_again_with_other_rules(
    sent: list[tuple[Wording, int, bool]], history: list[Attempt], last_rules: int
) -> None:
    log: list[TaggedArticle] = []
    for wording, later, new_generation in sent:
        before = log[-1] if log else message(wording, START - 1_000_000)
        number = before.generation + new_generation
        log.append(message(wording, before.fetched + later, number, f"source {len(log)}"))
    elastic, announcements = MemoryElastic(broken=DeathError("writing")), Announcements()
    position = 0
    for attempt in history:
        batch = log[position : position + attempt.size]
        left = [attempt.request]

        def apply(items: int, left: list[int] = left, attempt: Attempt = attempt) -> int | None:
            left[0] -= 1
            return min(attempt.items, items) if left[0] == 0 else None

        elastic.apply = announcements.apply = apply
        try:
            indexer(elastic, announcements, ruleset(RULESETS[attempt.rules])).handle(records(batch))
        except DeathError as error:
            event(f"died at request {attempt.request}, {error}")
        else:
            position += len(batch)
        position = max(0, position - attempt.back)
    elastic.apply = announcements.apply = lambda _: None
    indexer(elastic, announcements, ruleset(RULESETS[last_rules])).handle(records(log[position:] or log[-1:]))

    wording, seq, replaced = read_once(log)
    state = State.of(elastic)
    assert (state.document["title"], state.document["seq"]) == (wording.title, seq)
    assert state.document["source"] == "source 0"
    assert state.revisions >= replaced
    state.agrees(announcements)


def read_once(log: Sequence[TaggedArticle]) -> tuple[Wording, int, set[str]]:
    """Return wording, seq and replaced wordings of a log that is read once, in order."""
    present, seq, replaced = Wording(log[0].title, log[0].text), log[0].fetched, set()
    for article in log[1:]:
        wording = Wording(article.title, article.text)
        if wording != present and not is_excerpt(wording, present):
            replaced.add(present.title)
            present, seq = wording, article.fetched
    return present, seq, replaced


class Baton:
    """Lets one of several threads run at a time, from request to request, as a list of choices says."""

    def __init__(self, choices: Sequence[int]) -> None:
        self._choices = list(choices)
        self._mine = [threading.Semaphore(0), threading.Semaphore(0)]
        self._back = threading.Semaphore(0)
        self.switches = 0

    def pause(self, me: int) -> None:
        self._back.release()
        self._mine[me].acquire()

    def run(self, bodies: Sequence[Callable[[], None]]) -> list[BaseException]:
        errors: list[BaseException] = []
        alive = set(range(len(bodies)))

        def body(me: int) -> None:
            self._mine[me].acquire()
            try:
                bodies[me]()
            except BaseException as error:  # noqa: BLE001 (the main thread raises it)
                errors.append(error)
            alive.discard(me)
            self._back.release()

        threads = [threading.Thread(target=body, args=(me,)) for me in range(len(bodies))]
        for thread in threads:
            thread.start()
        last = None
        while alive:
            chosen = self._choices.pop(0) if self._choices else 0
            me = sorted(alive)[chosen % len(alive)]
            self.switches += me != last
            last = me
            self._mine[me].release()
            self._back.acquire()
        for thread in threads:
            thread.join()
        return errors


logs = st.lists(st.tuples(st.sampled_from(FULL), st.integers(0, 6)), min_size=1, max_size=3)


@settings(max_examples=settings().max_examples * 5)
@given(logs, logs, st.lists(st.integers(0, 1), min_size=40, max_size=40))
def test_two_writers_step_by_step(
    ours: list[tuple[Wording, int]], theirs: list[tuple[Wording, int]], choices: list[int]
) -> None:
    elastic, announcements = MemoryElastic(), Announcements()
    baton = Baton(choices)
    here = threading.local()
    elastic.on_call = announcements.on_call = lambda _: baton.pause(here.me)
    histories = [sorted(history, key=lambda each: each[1]) for history in (ours, theirs)]

    def writer(me: int) -> Callable[[], None]:
        def body() -> None:
            here.me = me
            for wording, at in histories[me]:
                indexer(elastic, announcements, ruleset(RULESETS[0])).handle(
                    records([message(wording, START - 1000 + at)])
                )

        return body

    errors = baton.run([writer(0), writer(1)])
    assert not errors, errors
    event(f"switches: {min(baton.switches, 12)}")
    state = State.of(elastic)
    everything = ours + theirs
    last, _ = max(everything, key=lambda each: (each[1], each[0].hash))
    assert state.document["title"] == last.title
    assert state.revisions | {last.title} == {wording.title for wording, _ in everything}
    state.agrees(announcements)
