"""Intake decisions by example."""

from __future__ import annotations

import pytest

from presswatch.core.errors import BadMessageError
from presswatch.core.intake import (
    CLOCK_SKEW_MS,
    OLDEST_MS,
    Incoming,
    Known,
    Stored,
    Wording,
    decide,
    is_excerpt,
    plausible,
)

FULL = Wording(
    "Ports of Belmora close for grain ships",
    "The port authority of Belmora closed both of its grain terminals on Tuesday after inspectors found rust in the loaders. "
    "Twelve vessels wait in the bay. Traders expect that the harvest of the southern provinces will be shipped through "
    "Karsund instead, at twice the freight, until the repairs end in the second week of December.",
)
CORRECTED = Wording(FULL.title, FULL.text.replace("Twelve vessels wait", "Fourteen vessels wait"))
TEASER = Wording(FULL.title, FULL.text[:60] + "…")
SEQ = 1_790_000_000_000


def known(wording: Wording = FULL, seq: int = SEQ, latest: int = SEQ, generation: int = 3) -> Known:
    return Known(seq, latest, generation, wording.hash)


def stored(wording: Wording = FULL, seq: int = SEQ) -> Stored:
    return Stored(seq, wording.hash, wording)


def message(wording: Wording, fetched: int, generation: int = 3) -> Incoming:
    return Incoming(fetched, generation, wording)


def test_a_first_sighting_is_new_and_brings_its_own_seq() -> None:
    decision = decide(None, None, None, message(FULL, SEQ, 7))
    assert (decision.state, decision.reason) == ("new", "first_sighting")
    assert decision.known == Known(SEQ, SEQ, 7, FULL.hash)


def test_another_wording_is_a_revision_with_the_seq_of_its_message() -> None:
    decision = decide(known(), None, stored(), message(CORRECTED, SEQ + 500))
    assert (decision.state, decision.reason) == ("revision", "wording_differs")
    assert decision.known == Known(SEQ + 500, SEQ + 500, 3, CORRECTED.hash)


def test_white_space_counters_and_update_lines_are_no_revision() -> None:
    same = Wording(FULL.title.upper(), f"Updated: today 12:30\n  {FULL.text}\n\n 12 comments ")
    decision = decide(known(), None, stored(), message(same, SEQ + 500))
    assert (decision.state, decision.reason) == ("unchanged", "wording_is_the_same")
    assert decision.known == known(latest=SEQ + 500)


def test_a_wording_that_returns_is_a_new_revision() -> None:
    after = decide(known(), None, stored(), message(CORRECTED, SEQ + 500)).known
    decision = decide(after, None, stored(CORRECTED, after.seq), message(FULL, SEQ + 900))
    assert (decision.state, decision.known.seq) == ("revision", SEQ + 900)


def test_an_older_message_is_superseded() -> None:
    decision = decide(known(), None, stored(), message(CORRECTED, SEQ - 1))
    assert (decision.state, decision.reason) == ("superseded", "fetched_before_what_is_there")
    assert decision.known == known()


def test_a_message_between_two_sightings_of_the_present_wording_is_superseded() -> None:
    seen_again = decide(known(), None, stored(), message(FULL, SEQ + 900)).known
    assert decide(seen_again, None, stored(), message(CORRECTED, SEQ + 500)).state == "superseded"


def test_of_two_wordings_of_one_millisecond_the_same_one_wins_in_either_order() -> None:
    winners = set()
    for first, second in ((FULL, CORRECTED), (CORRECTED, FULL)):
        after = decide(known(first), None, stored(first), message(second, SEQ)).known
        winners.add(after.hash)
        assert after.seq >= SEQ
    assert len(winners) == 1


def test_a_later_roll_out_of_the_same_wording_regenerates_and_keeps_the_seq() -> None:
    decision = decide(known(), None, stored(), message(FULL, SEQ, 4))
    assert (decision.state, decision.reason) == ("regenerated", "generation_is_newer")
    assert decision.known == known(generation=4)
    assert decide(known(), None, stored(), message(FULL, SEQ, 2)).state == "unchanged"


@pytest.mark.parametrize("there", [None, stored(CORRECTED, SEQ - 100)], ids=["missing", "behind"])
def test_a_document_that_is_missing_or_behind_is_restored(there: Stored | None) -> None:
    decision = decide(known(), None, there, message(FULL, SEQ + 5))
    assert (decision.state, decision.reason) == ("restored", "document_is_missing")
    assert decision.known == known(latest=SEQ + 5)


def test_an_excerpt_never_replaces_the_full_text_however_late_it_comes() -> None:
    decision = decide(known(), None, stored(), message(TEASER, SEQ + 10_000))
    assert (decision.state, decision.reason) == ("excerpt", "excerpt_of_what_is_there")
    assert decision.known == known()


def test_the_full_text_replaces_an_excerpt_even_if_it_was_fetched_before() -> None:
    decision = decide(known(TEASER), None, stored(TEASER), message(FULL, SEQ - 60_000))
    assert (decision.state, decision.reason) == ("completed", "full_text_replaces_excerpt")
    # Above the excerpt's, so that the document's version grows; `latest` is the truth, so a correction counts as newer.
    assert decision.known == Known(SEQ + 1, SEQ - 60_000, 3, FULL.hash)
    after = decide(decision.known, None, stored(FULL, SEQ + 1), message(CORRECTED, SEQ - 30_000))
    assert (after.state, after.known.seq) == ("revision", SEQ + 2)


@pytest.mark.parametrize("settled", [None, known(TEASER)], ids=["new", "known"])
def test_an_attempt_that_was_not_finished_is_taken_up_with_its_seq(settled: Known | None) -> None:
    begun = Known(SEQ + 1, SEQ - 60_000, 3, FULL.hash)
    for there in (None, stored(TEASER), stored(FULL, SEQ + 1)):
        again = decide(settled, begun, there, message(FULL, SEQ - 60_000))
        assert (again.state, again.reason) == ("revision" if settled else "new", "attempt_was_not_finished")
        assert again.known == begun


def test_other_messages_are_measured_against_what_was_begun() -> None:
    begun = Known(SEQ + 500, SEQ + 500, 3, CORRECTED.hash)
    assert decide(known(), begun, stored(), message(FULL, SEQ)).state == "superseded"
    assert decide(known(), begun, stored(), message(Wording("x", "y"), SEQ + 499)).state == "superseded"
    later = decide(known(), begun, stored(), message(FULL, SEQ + 900))
    assert (later.state, later.known.seq) == ("revision", SEQ + 900)
    assert decide(known(), begun, stored(CORRECTED, SEQ + 500), message(TEASER, SEQ + 900)).state == "excerpt"


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        (Wording("x", ""), FULL),
        (Wording("other title", FULL.text[:120]), FULL),
        (Wording("x", FULL.text[:250] + " [...]"), FULL),
        (Wording("x", FULL.text[:290] + "\nRead more"), FULL),
        (Wording("x", FULL.text[:90] + "... The post Ports of Belmora appeared first on Belmora Times."), FULL),
        (Wording(FULL.title, "Grain terminals of Belmora closed after inspectors found rust; vessels wait."), FULL),
        (Wording("t", "港口当局周二关闭了两个粮食码头。"), Wording("t", "港口当局周二关闭了两个粮食码头。十二艘船在海湾等候,贸易商预计将改道。")),
    ],
    ids=["headline", "beginning", "cut mark", "read more", "blog footer", "teaser", "chinese"],
)  # fmt: skip
def test_excerpts(part: Wording, whole: Wording) -> None:
    assert is_excerpt(part, whole)
    assert not is_excerpt(whole, part)


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        (FULL, FULL),
        (Wording("new title", FULL.text), FULL),
        (CORRECTED, FULL),
        (Wording(FULL.title, FULL.text[: int(len(FULL.text) * 0.9)]), FULL),
        (Wording(FULL.title, "This report was withdrawn by the editors: the authority denies that there was any closure."), FULL),
        (Wording("Retraction", "Grain terminals of Belmora closed after inspectors found rust; vessels wait."), FULL),
        (Wording("a", ""), Wording("b", "")),
    ],
    ids=["same", "title", "correction", "last paragraph gone", "withdrawal", "other title", "two headlines"],
)  # fmt: skip
def test_no_excerpts(part: Wording, whole: Wording) -> None:
    assert not is_excerpt(part, whole)


def test_cut_marks_are_found_in_reasonable_time() -> None:
    dots = Wording("x", "a" + "...... [" * 20_000 + "b")
    assert not is_excerpt(dots, Wording("x", "word " * 100_000))


@pytest.mark.parametrize("fetched", [0, OLDEST_MS - 1, SEQ + CLOCK_SKEW_MS + 1])
def test_times_of_a_clock_that_is_wrong_are_refused(fetched: int) -> None:
    with pytest.raises(BadMessageError, match="check the clock"):
        plausible("a", fetched, SEQ)


def test_an_id_that_elasticsearch_would_refuse_is_refused() -> None:
    plausible("й" * 256, SEQ, SEQ)
    with pytest.raises(BadMessageError, match="512 bytes"):
        plausible("й" * 257, SEQ, SEQ)
