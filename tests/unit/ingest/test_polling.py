"""Polls of feeds: what is sent, what is known already, what is marked, and when the next try is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.ingest.fakes import FakeKafka, context

from presswatch.core.errors import BadMessageError
from presswatch.ingest.fetch import Answer, FetchError
from presswatch.ingest.jsonl import Context
from presswatch.ingest.polling import FULL_FETCH_MS, FeedPoller, read_feed_file
from presswatch.ingest.state import FeedState

ADDRESS = "https://a.example/rss?token=secret"
NOW = 1_795_600_000_000
INTERVAL_S = 600.0


@pytest.fixture
def kafka() -> FakeKafka:
    return FakeKafka()


@pytest.fixture
def here(tmp_path: Path, kafka: FakeKafka) -> Iterator[Context]:
    with context(tmp_path, kafka) as made:
        yield made


def rss(**titles: str) -> bytes:
    items = (
        f"<item><title>{title}</title><link>https://a.example/{name}</link></item>" for name, title in titles.items()
    )
    return f"<rss><channel><title>A</title>{''.join(items)}</channel></rss>".encode()


def answer(body: bytes | None, etag: str | None = None) -> Answer:
    return Answer(body, None, etag, None, ADDRESS)


def poll(
    here: Context, body: bytes | None, etag: str | None = None, *, now: int = NOW, conditional: bool = True
) -> FeedState:
    poller = FeedPoller(here, INTERVAL_S, clock=lambda: now)
    return poller.take(ADDRESS, poller.state(ADDRESS), answer(body, etag), conditional=conditional)


def test_only_what_is_new_or_reworded_is_sent(here: Context, kafka: FakeKafka) -> None:
    poll(here, rss(b="two", a="one"))
    poll(here, rss(c="three", b="two", a="one, corrected"))
    poll(here, rss(c="THREE", b="two  ", a="one, corrected"))  # no other wording
    assert [article.title for article in kafka.articles] == ["one", "two", "one, corrected", "three"]
    assert here.tally.known == 1 + 3


def test_the_ids_are_the_same_after_the_state_is_lost(tmp_path: Path, kafka: FakeKafka) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        with context(tmp_path / name, kafka) as here:
            poll(here, rss(a="one", b="two"))
    ids = [article.id for article in kafka.articles]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


def test_an_entry_without_words_is_counted_and_not_dead_lettered(here: Context, kafka: FakeKafka) -> None:
    poll(here, rss(a="", b="two"))
    assert (len(kafka.articles), here.tally.empty, kafka.dead) == (1, 1, [])


def test_an_entry_that_is_too_large_is_dead_lettered_once(tmp_path: Path, kafka: FakeKafka) -> None:
    with context(tmp_path, kafka, max_article_bytes=2000) as here:
        poll(here, rss(a="x" * 3000, b="two"))
        poll(here, rss(a="x" * 3000, b="two", c="three"))
    assert [article.title for article in kafka.articles] == ["two", "three"]
    ((_, headers),) = kafka.dead
    assert headers["presswatch.topic"] == "https://a.example/rss?..."


def test_an_unchanged_body_is_not_read_again(here: Context, kafka: FakeKafka) -> None:
    poll(here, rss(a="one"), '"1"')
    state = poll(here, rss(a="one"), '"2"')
    assert (state.etag, len(kafka.articles), here.tally.known) == ('"2"', 1, 0)
    assert poll(here, None, '"3"').etag == '"3"'
    assert poll(here, None).etag == '"3"'
    assert poll(here, rss(a="one")).etag is None


def test_once_a_day_the_feed_is_fetched_whatever_the_server_says(here: Context) -> None:
    state = poll(here, rss(a="one"), '"1"', conditional=False)
    assert state.full_ms == NOW
    poller = FeedPoller(here, INTERVAL_S, clock=lambda: NOW + FULL_FETCH_MS - 1)
    assert poller.validators(state) == ('"1"', None)
    poller = FeedPoller(here, INTERVAL_S, clock=lambda: NOW + FULL_FETCH_MS)
    assert poller.validators(state) == (None, None)
    assert poll(here, None, now=NOW + 5).full_ms == NOW


def waits(here: Context, failures: int, error: FetchError | BadMessageError) -> float:
    poller = FeedPoller(here, INTERVAL_S, clock=lambda: NOW)
    return (poller.failed(ADDRESS, FeedState(failures=failures - 1), error).due_ms - NOW) / 1000


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 600), (2, 1200), (3, 2400), (8, 76_800), (9, 86_400), (500, 86_400)]
)
def test_failures_double_the_wait_up_to_a_day(here: Context, failures: int, seconds: float) -> None:
    assert waits(here, failures, FetchError("http_5xx", "HTTP 500")) == pytest.approx(seconds, rel=0.101)


def test_a_server_that_asks_for_more_time_gets_it(here: Context) -> None:
    assert waits(here, 1, FetchError("http_4xx", "HTTP 429", 5000)) == pytest.approx(5000)
    assert waits(here, 1, FetchError("http_4xx", "HTTP 429", 5)) > 500


def test_a_failure_keeps_what_was_known_and_success_clears_it(here: Context) -> None:
    known = poll(here, rss(a="one"), '"1"')
    poller = FeedPoller(here, INTERVAL_S, clock=lambda: NOW)
    failed = poller.failed(ADDRESS, known, FetchError("timeout", "no answer"))
    assert (failed.etag, failed.body, failed.failures, failed.error) == ('"1"', known.body, 1, "no answer")
    assert poller.state(ADDRESS) == failed
    assert (poll(here, None).failures, poll(here, None).error) == (0, None)


def test_a_body_that_is_no_feed_is_not_marked_as_read(here: Context) -> None:
    with pytest.raises(BadMessageError, match="web page"):
        poll(here, b"<html/>")
    assert here.state.feed(ADDRESS) == FeedState()


def test_again_sends_everything_again(here: Context, kafka: FakeKafka) -> None:
    poll(here, rss(a="one"))
    poller = FeedPoller(here, INTERVAL_S, again=True)
    poller.take(ADDRESS, poller.state(ADDRESS), answer(rss(a="one")), conditional=False)
    assert len(kafka.articles) == 2


def test_a_feed_file_is_read_or_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(rss(a="one"))
    assert read_feed_file(str(tmp_path / "a.xml")).body == rss(a="one")
    for path, reason in ((tmp_path / "none", "file"), (tmp_path, "file"), (Path("/dev/zero"), "too_large")):
        with pytest.raises(FetchError) as error:
            read_feed_file(str(path))
        assert error.value.reason == reason
