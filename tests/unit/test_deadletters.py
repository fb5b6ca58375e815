"""Headers of dead letters: written, carried through attempts, read back, whatever stands in them."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from presswatch.core.article import article_id
from presswatch.core.deadletters import (
    ARTICLE,
    HEADERS,
    HISTORY,
    ORIGIN,
    TRUNCATED,
    About,
    Failure,
    Headers,
    Letter,
    Place,
    about,
    letter_headers,
    past_of,
    read_letter,
)
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import ArticleRef, LetterSettled, MatchEvent, Notification, RawArticle, RuleRef
from presswatch.schemas import generate

PLACE = Place("articles.raw", 2, 17, 1_790_000_000_000)


def failed(
    reason: str = "not_json", detail: str = "no", at: int = 1_790_000_000_100, headers: Headers = (),
    value: bytes = b"x", stage: str = "tagger",
) -> Letter:  # fmt: skip
    """Return the letter of a record with these headers that failed."""
    written = letter_headers(stage, PLACE, value, BadMessageError(reason, detail), at, headers)
    return read_letter(stage, 5, b"key", value, written, at + 3)


def test_a_letter_says_where_it_came_from_and_why() -> None:
    letter = failed(detail="x" * 5000)
    assert letter.id == "tagger/5"
    assert (letter.reason, letter.detail, letter.place) == ("not_json", "x" * 2000, PLACE)
    assert (letter.past.attempts, letter.past.first_failed, letter.failed) == (1, 1_790_000_000_100, 1_790_000_000_100)
    assert letter.past.history == (Failure(1_790_000_000_100, "not_json", "x" * 2000),)
    assert not letter.truncated


reasons = st.sampled_from(["not_json", "too_large", "invalid"])


@given(st.lists(st.tuples(reasons, st.text(max_size=400)), min_size=1, max_size=HISTORY + 5))
def test_attempts_are_counted_and_the_last_remembered(failures: list[tuple[str, str]]) -> None:
    headers: Headers = ()
    for at, (reason, detail) in enumerate(failures, start=1_790_000_000_000):
        assert past_of(headers).attempts == at - 1_790_000_000_000
        letter = failed(reason, detail, at, headers)
        headers = letter.marks()
    assert letter.past.attempts == len(failures)
    assert letter.past.first_failed == 1_790_000_000_000
    assert [one.reason for one in letter.past.history] == [reason for reason, _ in failures[-HISTORY:]]
    assert letter.past.history[-1].failed == 1_790_000_000_000 + len(failures) - 1


def test_a_record_that_was_never_tried_again_has_no_past() -> None:
    assert past_of((("presswatch.attempt", b"7"), ("trace", b"abc"))).attempts == 0


def test_what_ingest_knows_is_carried() -> None:
    letter = failed(headers=((ORIGIN, b"backfill"), (ARTICLE, b"0123")), stage="ingest")
    assert (letter.origin, letter.article) == ("backfill", "0123")
    assert (failed(headers=letter.marks()).origin, about(letter).article) == ("backfill", "0123")


@given(
    st.lists(st.tuples(st.sampled_from([*HEADERS, "presswatch.retry"]), st.binary(max_size=30))), st.binary(max_size=60)
)
def test_a_letter_of_anybody_can_be_read(headers: list[tuple[str, bytes]], value: bytes) -> None:
    letter = read_letter("indexer", 3, None, value, tuple(headers), 1_790_000_000_000)
    assert letter.past.attempts >= 1
    assert letter.reason
    about(letter)
    past_of(letter.marks())


ARTICLE_REF = ArticleRef(id="a1", seq=1, index="articles-2026.11", title="T", source="Daily", fetched=1, tagged=2)
MATCH = MatchEvent(
    id="m", kind="matched", rule=RuleRef(id="wheat", version="1", name="Wheat", severity="high"), article=ARTICLE_REF,
    matched=3,
)  # fmt: skip
NOTIFICATION = Notification(id="n", alert="al", receiver="slack:x", decided=4, match=MATCH)
URL = "https://daily.example/a?utm_source=x"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (RawArticle(id="a1", title="T", url=URL, source="Daily", fetched=1).encode(), About("a1", "T", URL, "Daily")),
        (MATCH.encode(), About("a1", "T", None, "Daily", "wheat")),
        (NOTIFICATION.encode(), About("a1", "T", None, "Daily", "wheat")),
        (orjson.dumps({"url": URL, "title": "T", "id": 7}), About(article_id(URL), "T", URL)),
        (orjson.dumps({"link": URL, "url": None, "title": "T", "source": None}), About(article_id(URL), "T", URL)),
        (b'{"schema": "match", "rule": 3, "article": []}', About()),
        (b"[1]", About()),
        (b"not json", About()),
        (b"", About()),
    ],
)
def test_what_a_letter_is_about(value: bytes, told: About) -> None:
    assert about(failed(value=value)) == told


def test_the_rule_of_an_event_that_could_not_be_sent_stands_in_the_detail() -> None:
    assert about(failed("match_too_large", "rule grain-bans: 2 MB")).rule == "grain-bans"


def test_a_letter_of_ingest_has_its_file_as_source() -> None:
    assert about(failed(stage="ingest", value=b"{")).source == "articles.raw"


def test_every_header_is_described_and_no_other_written() -> None:
    headers = letter_headers("ingest", PLACE, b"", BadMessageError("a", "b"), 1, ((ORIGIN, b"live"), (ARTICLE, b"a")))
    assert {name for name, _ in headers} | {TRUNCATED} == set(HEADERS)


def test_the_note_of_what_was_done_is_as_its_schema_says() -> None:
    note = LetterSettled(letter="indexer/17", failed=1, action="dropped", because="spam", by="ada@desk", at=2)
    Draft202012Validator(generate()["messages/dead-letter.settled.v1.json"]).validate(orjson.loads(note.encode()))
    assert LetterSettled.decode(note.encode()) == note
