"""Decisions on matches that are redelivered, come late and in any order: each alert once, and none that was taken back."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import event, given
from hypothesis import strategies as st
from tests.examples import FETCHED, match_event

from presswatch.core.alerts import candidates, decide, note_of
from presswatch.core.messages import MatchEvent

KINDS = ("matched", "withdrawn", "matched", "changed")


@dataclass(frozen=True)
class Batch:
    """Some events that are decided together; the process dies `before` publishing, `after` it, or not at all.

    `claimed`: of what was published, how much has reached the ledger by the end. `back`: so many events come again.
    """

    size: int
    death: str
    claimed: int
    back: int


events = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 4), st.sampled_from("aaab")), min_size=1, max_size=8)
batches = st.lists(
    st.builds(Batch, st.integers(1, 4), st.sampled_from(["no", "no", "before", "after"]), st.integers(0, 3), st.integers(0, 4)),
    max_size=8,
)  # fmt: skip


def log_of(told: list[tuple[str, int, str]]) -> list[MatchEvent]:
    return [match_event(kind=kind, article_seq=FETCHED + seq, article=article * 32) for kind, seq, article in told]


def read_once(log: list[MatchEvent]) -> tuple[set[str], int]:
    """Return what a reader alerts on that keeps for ever the last withdrawal of each article, and how many matches it drops."""
    dropped = 0
    withdrawn: dict[str, int] = {}
    alerted: set[str] = set()
    for each in log:
        if each.article.seq < withdrawn.get(each.article.id, 0):
            dropped += each.kind == "matched"
            continue
        if each.kind == "withdrawn":
            withdrawn[each.article.id] = each.article.seq
        if each.kind == "matched":
            alerted.update(candidates(each))
    return alerted, dropped


@given(events, batches)
def test_redelivery_deaths_and_a_slow_ledger_change_nothing(told: list[tuple[str, int, str]], run: list[Batch]) -> None:
    log = log_of(told)
    ledger: dict[str, int] = {}
    published: dict[str, MatchEvent] = {}
    position = 0
    for batch in [*run, Batch(len(log), "no", 0, 0)]:
        part = log[position : position + batch.size]
        decisions = decide(part, ledger, FETCHED)
        if batch.death == "before":
            continue
        for notification in (one.notification for of_event in decisions.of for one in of_event if one.notification):
            published.setdefault(notification.id, notification.match)
        ledger |= {identity: published[identity].article.seq for identity in list(published)[: batch.claimed]}
        if batch.death == "after":
            event("died after publishing")
            continue
        for withdrawn in decisions.notes:
            note = note_of(withdrawn)
            ledger[note] = max(ledger.get(note, 0), withdrawn.article.seq)
        position = max(0, position + len(part) - batch.back)
    decisions = decide(log[position:], ledger, FETCHED)
    for notification in (one.notification for of_event in decisions.of for one in of_event if one.notification):
        published.setdefault(notification.id, notification.match)
    expected, dropped = read_once(log)
    event(f"alerts: {len(expected)}")
    event(f"matches overtaken: {min(dropped, 2)}")
    assert set(published) == expected
