"""Intake under any order: redelivery, crashes between its writes, messages that overtake one another."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from presswatch.core.intake import REPLACES, Decision, Incoming, Known, Stored, Wording, decide, is_excerpt

FULL = [
    Wording(f"Headline {name}", " ".join(f"{name}{number} report of the {name} office" for number in range(30)))
    for name in ("harbour", "ministry", "harvest")
]
TEASERS = [Wording(wording.title, wording.text[:200] + "...") for wording in FULL]


def test_the_wordings_are_what_the_properties_take_them_for() -> None:
    for at, wording in enumerate(FULL):
        assert [is_excerpt(teaser, wording) for teaser in TEASERS] == [at == other for other in range(len(FULL))]
        assert not any(is_excerpt(wording, other) for other in FULL)


@dataclass(frozen=True)
class Message:
    fetched: int
    generation: int
    wording: Wording


class Shelf:
    """One article's record, document and revisions, written in the order of the indexer."""

    def __init__(self) -> None:
        self.known: Known | None = None
        self.document: Stored | None = None
        self.revisions: set[tuple[int, str]] = set()

    def take(self, message: Message, *, crash: str = "") -> Decision:
        decision = decide(self.known, self.document, Incoming(message.fetched, message.generation, message.wording))
        if decision.state == "superseded":
            self.revisions.add((message.fetched, message.wording.hash))
        if decision.state in REPLACES and self.document and self.known and self.document.seq == self.known.seq:
            self.revisions.add((self.document.seq, self.document.hash))
        if crash == "before document":
            return decision
        writes = decision.state not in {"unchanged", "excerpt", "superseded"}
        if writes and (self.document is None or decision.known.seq >= self.document.seq):
            self.document = Stored(decision.known.seq, message.wording.hash, message.wording)
        if crash != "before settling" and decision.state != "superseded":
            self.known = decision.known
        return decision


class Oracle:
    """What must come out of a history in its order: plain, and without any of the code under test but `is_excerpt`."""

    def __init__(self) -> None:
        self.wording: Wording | None = None
        self.seq = 0
        self.generation = 0
        self.revisions: set[tuple[int, str]] = set()

    def take(self, message: Message) -> None:
        if self.wording is not None and message.wording.hash == self.wording.hash:
            self.generation = max(self.generation, message.generation)
            return
        if self.wording is not None and is_excerpt(message.wording, self.wording):
            return
        if self.wording is not None:
            self.revisions.add((self.seq, self.wording.hash))
        self.wording, self.seq, self.generation = message.wording, message.fetched, message.generation


class Redelivery(RuleBasedStateMachine):
    """A partition's log is delivered at least once: with rewinds, and crashes in the middle of a message.

    Whatever happens, in the end the state is that of the log read once, in order.
    """

    @initialize()
    def begin(self) -> None:
        self.log: list[Message] = []
        self.shelf = Shelf()
        self.oracle = Oracle()
        self.position = 0
        self.highest = 0

    @rule(wording=st.sampled_from(FULL + TEASERS), later=st.integers(1, 1000), generation=st.integers(0, 2))
    def publish(self, wording: Wording, later: int, generation: int) -> None:
        fetched = (self.log[-1].fetched if self.log else 1_790_000_000_000) + later
        newest = max((message.generation for message in self.log), default=0)
        self.log.append(Message(fetched, newest + generation // 2, wording))
        self.oracle.take(self.log[-1])

    @precondition(lambda self: self.position < len(self.log))
    @rule()
    def deliver(self) -> None:
        self.shelf.take(self.log[self.position])
        self.position += 1

    @precondition(lambda self: self.position < len(self.log))
    @rule(at=st.sampled_from(["before document", "before settling"]))
    def crash(self, at: str) -> None:
        decision = self.shelf.take(self.log[self.position], crash=at)
        event(f"crash {at} of {decision.state}")

    @precondition(lambda self: self.position > 0)
    @rule(back=st.integers(1, 5))
    def rewind(self, back: int) -> None:
        self.position = max(0, self.position - back)

    @invariant()
    def the_seq_never_falls(self) -> None:
        seq = self.shelf.known.seq if self.shelf.known else 0
        assert seq >= self.highest
        self.highest = seq

    def teardown(self) -> None:
        if not self.log:
            return
        for message in self.log[self.position :]:
            self.shelf.take(message)
        assert self.oracle.wording is not None
        assert self.shelf.known is not None
        known = self.shelf.known
        assert (known.hash, known.seq) == (self.oracle.wording.hash, self.oracle.seq)
        assert known.generation == self.oracle.generation
        assert self.shelf.document == Stored(self.oracle.seq, self.oracle.wording.hash, self.oracle.wording)
        assert self.shelf.revisions >= self.oracle.revisions
        event(f"{len(self.oracle.revisions)} revisions")
        # What is kept beyond them came late, and is nothing but messages of the log.
        assert self.shelf.revisions <= {(message.fetched, message.wording.hash) for message in self.log}


TestRedelivery = Redelivery.TestCase

messages = st.builds(
    Message, st.integers(1_790_000_000_000, 1_790_000_000_020), st.integers(0, 2), st.sampled_from(FULL)
)


@given(st.lists(messages, min_size=1, max_size=12), st.randoms())
def test_messages_that_overtake_one_another_end_in_the_latest_wording_and_lose_none(
    log: list[Message], random: object
) -> None:
    random.shuffle(log)  # type: ignore[attr-defined]
    shelf = Shelf()
    seqs = [0]
    states = set()
    for message in log:
        states.add(shelf.take(message).state)
        assert shelf.known is not None
        seqs.append(shelf.known.seq)
    for state in states:
        event(state)
    latest = max(log, key=lambda message: (message.fetched, message.wording.hash))
    assert shelf.known is not None
    assert shelf.known.hash == latest.wording.hash
    assert shelf.known.latest == latest.fetched
    assert shelf.document is not None
    assert shelf.document.hash == latest.wording.hash
    assert seqs == sorted(seqs)
    kept = {wording for _, wording in shelf.revisions} | {shelf.document.hash}
    assert kept == {message.wording.hash for message in log}


@given(st.lists(messages, min_size=1, max_size=8))
def test_a_second_delivery_of_everything_writes_nothing_new(log: list[Message]) -> None:
    log.sort(key=lambda message: (message.fetched, message.wording.hash))
    shelf = Shelf()
    for message in log:
        shelf.take(message)
    before = (shelf.known and (shelf.known.seq, shelf.known.hash, shelf.known.latest), shelf.document)
    late = {(message.fetched, message.wording.hash) for message in log}
    revisions = set(shelf.revisions)
    for message in log:
        assert shelf.take(message).state in {"unchanged", "superseded", "regenerated"}
    assert (shelf.known and (shelf.known.seq, shelf.known.hash, shelf.known.latest), shelf.document) == before
    assert shelf.revisions - revisions <= late
