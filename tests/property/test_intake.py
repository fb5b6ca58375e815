"""Intake under any order of arrival. tests/property/test_indexer.py adds crashes and a second writer."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import event, given
from hypothesis import strategies as st

from presswatch.core.intake import REWORDS, Decision, Incoming, Known, Stored, Wording, decide, is_excerpt

WORDINGS = [
    Wording(f"Headline {name}", " ".join(f"{name}{number} report of the {name} office" for number in range(30)))
    for name in ("harbour", "ministry", "harvest")
]


def test_the_wordings_are_what_the_properties_take_them_for() -> None:
    assert not any(is_excerpt(part, whole) for part in WORDINGS for whole in WORDINGS)
    assert len({wording.hash for wording in WORDINGS}) == len(WORDINGS)


@dataclass(frozen=True)
class Message:
    fetched: int
    generation: int
    wording: Wording


class Shelf:
    """One article's record, document and revisions."""

    def __init__(self) -> None:
        self.known: Known | None = None
        self.document: Stored | None = None
        self.revisions: set[tuple[int, str]] = set()

    def take(self, message: Message) -> Decision:
        incoming = Incoming(message.fetched, message.generation, message.wording)
        decision = decide(self.known, None, self.document, incoming)
        if decision.state == "superseded":
            self.revisions.add((message.fetched, message.wording.hash))
        if decision.state in REWORDS:
            if self.document is not None:
                self.revisions.add((self.document.seq, self.document.hash))
            self.document = Stored(decision.known.seq, message.wording.hash, message.wording)
        self.known = decision.known
        return decision


messages = st.builds(
    Message, st.integers(1_790_000_000_000, 1_790_000_000_020), st.integers(0, 2), st.sampled_from(WORDINGS)
)
logs = st.lists(messages, min_size=1, max_size=12)


@given(logs, st.randoms())
def test_messages_that_overtake_one_another_end_in_the_latest_wording_and_lose_none(
    log: list[Message], random: Random
) -> None:
    random.shuffle(log)
    shelf = Shelf()
    seqs = [0]
    for message in log:
        event(shelf.take(message).state)
        assert shelf.known is not None
        seqs.append(shelf.known.seq)
    latest = max(log, key=lambda message: (message.fetched, message.wording.hash))
    assert shelf.known is not None
    assert shelf.document is not None
    assert shelf.known.hash == shelf.document.hash == latest.wording.hash
    assert shelf.known.latest == latest.fetched
    assert seqs == sorted(seqs)
    kept = {wording for _, wording in shelf.revisions} | {shelf.document.hash}
    assert kept == {message.wording.hash for message in log}


@given(logs)
def test_in_order_each_wording_has_the_time_of_its_message_as_seq(log: list[Message]) -> None:
    log = sorted({message.fetched: message for message in log}.values(), key=lambda message: message.fetched)
    shelf = Shelf()
    expected: list[tuple[int, str]] = []
    for message in log:
        shelf.take(message)
        if not expected or expected[-1][1] != message.wording.hash:
            expected.append((message.fetched, message.wording.hash))
    assert shelf.document is not None
    assert (shelf.document.seq, shelf.document.hash) == expected.pop()
    assert shelf.revisions == set(expected)
    event(f"{len(expected)} replaced")


@given(logs)
def test_a_second_delivery_of_everything_writes_no_document(log: list[Message]) -> None:
    log.sort(key=lambda message: (message.fetched, message.wording.hash))
    shelf = Shelf()
    for message in log:
        shelf.take(message)
    assert shelf.known is not None
    known, document = shelf.known, shelf.document
    for message in log:
        assert shelf.take(message).state in {"unchanged", "superseded", "regenerated"}
    assert (shelf.known.seq, shelf.known.latest, shelf.known.hash) == (known.seq, known.latest, known.hash)
    assert shelf.document == document
