"""A batch: every record ends confirmed, as article or dead letter, or none of it may be acked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.unit.tagger.fakes import NOW_MS, ListGrave, ListOutlet, WordTagger, record

from presswatch.adapters.kafka import Backoff, Breaker
from presswatch.core.errors import BadMessageError, FatalError, RetryableError
from presswatch.core.messages import TaggedArticle
from presswatch.runtime import Health
from presswatch.tagger.batch import BatchWorker
from presswatch.tagger.service import Tagging

PARTS = ("input", "output")


def worker(
    outlet: ListOutlet, grave: ListGrave, health: Health | None = None, retry_limit_s: float = 5.0
) -> BatchWorker:
    return BatchWorker(
        Tagging(WordTagger(), lambda: NOW_MS), outlet, grave, health or Health(PARTS),
        retry_limit_s=retry_limit_s, backoff=lambda: Backoff(0.001, 0.01),
    )  # fmt: skip


def test_poison_and_failures_go_to_the_dead_letters_as_they_came_and_the_rest_goes_through() -> None:
    outlet, grave = ListOutlet(), ListGrave()
    records = [record(0), record(1, b"\xff\x00"), record(2, title="fail"), record(3), record(4, b"")]
    asyncio.run(worker(outlet, grave).handle(records))
    assert sorted(key for key, _ in outlet.sent) == [b"a0", b"a3"]
    assert all(TaggedArticle.decode(value).tags for _, value in outlet.sent)
    found = {letter.offset: (letter, error.reason) for letter, error in grave.letters}
    assert found == {1: (records[1], "not_json"), 2: (records[2], "tagging_failed"), 4: (records[4], "empty")}


def test_dead_letters_come_from_one_thread_that_is_not_the_loop() -> None:
    grave = ListGrave()
    asyncio.run(worker(ListOutlet(), grave).handle([record(number, b"x") for number in range(5)]))
    assert grave.threads == {"dead-letters_0"}


def test_output_that_no_broker_takes_is_dead_lettered_with_the_raw_record() -> None:
    outlet = ListOutlet(always={b"a1": BadMessageError("too_large", "5 MB")})
    grave = ListGrave()
    asyncio.run(worker(outlet, grave).handle([record(0), record(1), record(2)]))
    assert sorted(key for key, _ in outlet.sent) == [b"a0", b"a2"]
    assert [(letter, error.reason) for letter, error in grave.letters] == [(record(1), "too_large")]


def test_a_passing_error_is_retried_and_readiness_tells_of_it() -> None:
    seen: list[dict[str, str]] = []

    class Watched(Health):
        def not_ready(self, why: str, part: str = "service") -> None:
            super().not_ready(why, part)
            seen.append(self.waiting())

    health = Watched(PARTS)
    health.ready("input")
    outlet = ListOutlet(RetryableError("broker away"), RetryableError("still away"))
    asyncio.run(worker(outlet, ListGrave(), health).handle([record(0)]))
    assert [key for key, _ in outlet.sent] == [b"a0"]
    assert outlet.attempts == 3
    assert seen == [{"output": "broker away"}, {"output": "still away"}]
    assert health.waiting() == {}


def test_a_passing_error_of_the_dead_letters_is_retried_too() -> None:
    grave = ListGrave(RetryableError("broker away"))
    asyncio.run(worker(ListOutlet(), grave).handle([record(0, b"x")]))
    assert len(grave.letters) == 1


def test_an_error_that_does_not_pass_is_fatal_within_the_limit() -> None:
    outlet = ListOutlet(always={b"a1": RetryableError("broker away")})
    with pytest.raises(FatalError, match=r"not taken a batch within 0\.2 s: broker away"):
        asyncio.run(worker(outlet, ListGrave(), retry_limit_s=0.2).handle([record(0), record(1)]))
    assert outlet.attempts > 3


def test_a_breaker_that_opens_is_fatal() -> None:
    """Through the real breaker: 19 dead letters pass, the twentieth within a minute does not."""

    class BrokenGrave(ListGrave):
        def send(self, record: object, error: BadMessageError) -> None:
            if not self.breaker.permit():
                raise FatalError("breaker")
            super().send(record, error)  # type: ignore[arg-type]

    grave = BrokenGrave()
    with pytest.raises(FatalError, match="breaker"):
        asyncio.run(worker(ListOutlet(), grave).handle([record(number, b"x") for number in range(Breaker.RECORDS)]))
    assert len(grave.letters) == Breaker.RECORDS - 1
    healthy = BrokenGrave()  # the same dead letters are well under 1 % of this many records
    asyncio.run(worker(ListOutlet(), healthy).handle([record(n, b"x" if n % 200 == 0 else None) for n in range(5000)]))
    assert len(healthy.letters) == 25


def test_what_is_tagged_is_sent_before_the_last_of_the_batch_is_tagged() -> None:
    order: list[str] = []

    class Noted(WordTagger):
        def tag(self, article: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
            order.append(f"tag {article['id']}")
            return super().tag(article)

    class NotedOutlet(ListOutlet):
        async def send(self, key: bytes, value: bytes) -> None:
            await asyncio.sleep(0)  # as the producer's own task must have its turn
            order.append(f"send {key.decode()}")
            await super().send(key, value)

    subject = BatchWorker(Tagging(Noted(), lambda: NOW_MS), NotedOutlet(), ListGrave(), Health(PARTS))
    asyncio.run(subject.handle([record(number) for number in range(5)]))
    assert order.index("send a0") < order.index("tag a4")


def test_cancelling_a_batch_leaves_nothing_of_it_running() -> None:
    async def main() -> None:
        outlet = ListOutlet(always={b"a0": RetryableError("broker away")})
        handling = asyncio.create_task(worker(outlet, ListGrave()).handle([record(0)]))
        while outlet.attempts < 2:  # noqa: ASYNC110 (the outlet counts and tells nobody)
            await asyncio.sleep(0.001)
        handling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handling
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
