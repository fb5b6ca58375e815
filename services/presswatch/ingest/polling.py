"""Polls feeds: fetch, read, deliver what is new, and only then mark; after a failure waits longer, but never gives up."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import orjson
import structlog

from presswatch import metrics
from presswatch.adapters.kafka import Record
from presswatch.core.article import wording_hash
from presswatch.core.deadletters import ARTICLE, ORIGIN
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import RawArticle
from presswatch.ingest.addresses import shown
from presswatch.ingest.feeds import MAX_FEED_BYTES, Entry, parse_feed
from presswatch.ingest.fetch import Answer, FetchError
from presswatch.ingest.jsonl import Context
from presswatch.ingest.records import entry_id, feed_day_first, from_entry
from presswatch.ingest.state import FeedState
from presswatch.runtime import now_ms

log = structlog.get_logger(__name__)

FULL_FETCH_MS = 86_400_000
"""Once in so long a feed is fetched without validators: some servers answer 304 for ever."""

LONGEST_WAIT_S = 86_400.0
"""Failures double the time to the next poll up to this."""

JITTER = 0.1
"""Polls are spread by so much of the interval, so that feeds do not stay in step."""


class FeedPoller:
    """What is done with an answer, or with a failure. Blocking; called in worker threads.

    Args:
        context: delivery, state and clock of the process.
        interval_s: seconds between two polls.
        again: treat nothing as known already.
        clock: ms since 1970.
    """

    def __init__(
        self, context: Context, interval_s: float, *, again: bool = False, clock: Callable[[], int] = now_ms
    ) -> None:
        self._context = context
        self._interval_s = interval_s
        self._again = again
        self._clock = clock
        self._failing: set[str] = set()

    def state(self, address: str) -> FeedState:
        """Return what is known of a feed; nothing, if everything is to be read again."""
        known = self._context.state.feed(address)
        self._note(address, failed=bool(known.failures))
        return FeedState() if self._again else known

    def validators(self, feed: FeedState) -> tuple[str | None, str | None]:
        """Return what to ask the server for changes by; nothing, when a full fetch is due."""
        full = self._clock() - feed.full_ms >= FULL_FETCH_MS
        return (None, None) if full else (feed.etag, feed.last_modified)

    def take(self, address: str, feed: FeedState, answer: Answer, *, conditional: bool) -> FeedState:
        """Deliver what is new in an answer and mark it; return what is known of the feed now.

        Raises:
            BadMessageError: the answer is no feed that can be read.
            Exception: as `Delivery.deliver`; nothing is marked then.
        """
        now = self._clock()
        body = feed.body if answer.body is None else hashlib.sha256(answer.body).hexdigest()
        changed = answer.body is not None and body != feed.body
        marks = self._deliver(address, answer, now) if changed else []
        # validators are taken from every answer, also from a 304
        known = FeedState(
            etag=answer.etag or (feed.etag if answer.body is None else None),
            last_modified=answer.last_modified or (feed.last_modified if answer.body is None else None),
            body=body,
            due_ms=now + self._wait_ms(0),
            full_ms=feed.full_ms if conditional else now,
        )
        self._context.state.mark_feed(address, known, marks, now)
        metrics.FEED_POLLS.labels("changed" if changed else "unchanged").inc()
        self._note(address, failed=False)
        return known

    def failed(self, address: str, feed: FeedState, error: FetchError | BadMessageError) -> FeedState:
        """Mark and report a failure; return what is known of the feed now."""
        now = self._clock()
        detail = error.detail if isinstance(error, BadMessageError) else str(error)
        wait_ms = self._wait_ms(feed.failures + 1)
        if isinstance(error, FetchError) and error.retry_after_s:
            wait_ms = max(wait_ms, int(error.retry_after_s * 1000))
        known = dataclasses.replace(feed, due_ms=now + wait_ms, failures=feed.failures + 1, error=detail)
        self._context.state.mark_feed(address, known, now_ms=now)
        metrics.FEED_POLLS.labels(error.reason).inc()
        self._note(address, failed=True)
        log.warning(
            "feed failed",
            feed=shown(address),
            reason=error.reason,
            detail=detail,
            failures=known.failures,
            next_try_s=round(wait_ms / 1000),
        )
        return known

    def _note(self, address: str, *, failed: bool) -> None:
        (self._failing.add if failed else self._failing.discard)(address)
        metrics.FEEDS_FAILING.set(len(self._failing))

    def _wait_ms(self, failures: int) -> int:
        """Return the time to the next poll: twice as long with each failure after the first, at most a day."""
        longest = max(LONGEST_WAIT_S, self._interval_s)
        wait_s = min(self._interval_s * 2 ** min(max(failures - 1, 0), 20), longest)
        return int(wait_s * random.uniform(1 - JITTER, 1 + JITTER) * 1000)  # noqa: S311 (no secret)

    def _deliver(self, address: str, answer: Answer, now: int) -> list[tuple[str, str]]:
        """Deliver the entries that are new or reworded; return (article id, wording hash) of all that are articles."""
        assert answer.body is not None
        feed = parse_feed(answer.body, charset=answer.charset, base=answer.address)
        days_lead = feed_day_first(feed)
        known = {} if self._again else self._context.state.known_entries(address)
        marks: list[tuple[str, str]] = []
        fresh: list[tuple[RawArticle, Record]] = []
        empty = repeated = 0
        # Feeds list the newest first: sent in turn, an older wording of an article does not come after a newer one.
        for place, entry in reversed(list(enumerate(feed.entries, start=1))):
            key, wording = entry_id(entry, address), wording_hash(entry.title, entry.text)
            if known.get(key) == wording:
                repeated += 1
                marks.append((key, wording))
                continue
            try:
                article = from_entry(
                    entry, feed, address, self._context.clock.fetched, self._context.origin, days_lead=days_lead
                )
            except BadMessageError:  # neither title nor text: a picture, or a bare link
                empty += 1
                continue
            known[key] = wording
            marks.append((key, wording))
            fresh.append((article, _record(address, place, entry, now, article)))
        self._context.delivery.deliver("feed", fresh, [])
        self._context.tally.known += repeated
        self._context.tally.empty += empty
        for outcome, count in (
            ("sent", len(fresh)), ("known", repeated), ("empty", empty), ("left_out", feed.left_out),
        ):  # fmt: skip
            metrics.FEED_ENTRIES.labels(outcome).inc(count)
        log.info(
            "feed read", feed=shown(address), sent=len(fresh), known=repeated, empty=empty, left_out=feed.left_out,
            fault=feed.fault,
        )  # fmt: skip
        return marks


def read_feed_file(path: str) -> Answer:
    """Read a feed from disk, as if it had been fetched.

    Raises:
        FetchError: reason ``file`` or ``too_large``.
    """
    try:
        with Path(path).open("rb") as file:
            body = file.read(MAX_FEED_BYTES + 1)
    except OSError as error:
        raise FetchError("file", f"cannot be read: {error.strerror}") from error
    if len(body) > MAX_FEED_BYTES:
        raise FetchError("too_large", f"the file is larger than {MAX_FEED_BYTES:,} bytes")
    return Answer(body, charset=None, etag=None, last_modified=None, address="")


def _record(address: str, place: int, entry: Entry, now: int, article: RawArticle) -> Record:
    """Return what a dead letter made of an entry holds."""
    value = orjson.dumps(dataclasses.asdict(entry))
    key = (entry.guid or entry.link or "").encode() or None
    return Record(
        shown(address), 0, place, key, value, now, ((ORIGIN, article.origin.encode()), (ARTICLE, article.id.encode()))
    )
