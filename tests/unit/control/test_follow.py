"""The follower of a control topic, by example: a Kafka that fails in between, and a set that brings a defect to light."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from kafka.errors import KafkaTimeoutError
from tests.processes import wait_until

from presswatch.control.follow import Follower
from presswatch.core.control import MANIFEST_KEY, Log, Object, ObjectSet, plan
from presswatch.runtime import Health
from presswatch.settings import KafkaSettings

PARTITION = "control.rules 0"


@dataclass(frozen=True)
class Names:
    """An update that is nothing but the names of its objects."""

    generation: int
    applied: int
    names: tuple[str, ...]

    def replacing(self, _earlier: Names) -> Names:
        return self


def names(found: ObjectSet, _pace: Callable[[], None]) -> Names:
    if any(key.startswith("rule:boom") for key in found.objects):
        raise RecursionError("too deep")
    return Names(found.generation, found.applied, tuple(sorted(key.partition("@")[0] for key in found.objects)))


class Topic:
    """In place of a consumer: gives what is put into it, and fails at the next questions for its end as told."""

    def __init__(self) -> None:
        self.log = Log()
        self.records: list[Any] = []
        self.given = 0
        self.failures = 0

    def apply(self, **content: str) -> None:
        change = plan(self.log, "files", [Object.of("rule", name, text.encode()) for name, text in content.items()], 1)
        assert change.manifest is not None
        objects = [(str(each.key).encode(), each.value) for each in change.publish]
        for key, value in [*objects, (MANIFEST_KEY, change.manifest.encode())]:
            self.log.take(key, value)
            self.records.append(SimpleNamespace(key=key, value=value))

    def poll(self, timeout_ms: int) -> dict[str, list[Any]]:
        threading.Event().wait(0.005)
        new, self.given = self.records[self.given :], len(self.records)
        return {PARTITION: new}

    def end_offsets(self, _: Any, timeout_ms: int) -> dict[str, int]:
        if self.failures:
            self.failures -= 1
            raise KafkaTimeoutError("no answer")
        return {PARTITION: self.given}

    def position(self, _: Any, timeout_ms: int) -> int:
        return self.given


@contextmanager
def following(topic: Topic) -> Iterator[tuple[Follower[Names], Health]]:
    health = Health(("rules",))
    follower = Follower(KafkaSettings(), "control.rules", "indexer", names, health, "rules")
    thread = threading.Thread(target=lambda: follower._follow(topic, PARTITION))
    thread.start()
    try:
        yield follower, health
    finally:
        follower._stop.set()
        thread.join(10)


def test_what_came_with_a_poll_is_kept_when_the_next_question_fails() -> None:
    topic = Topic()
    topic.failures = 1
    topic.apply(a="1")
    with following(topic) as (follower, health):
        assert wait_until(follower.take, 30).names == ("rule:a",)
        wait_until(lambda: not health.waiting(), 10)


def test_a_set_that_brings_a_defect_to_light_is_refused_and_the_next_one_is_taken() -> None:
    topic = Topic()
    topic.apply(a="1")
    with following(topic) as (follower, health):
        wait_until(follower.take, 30)
        topic.apply(a="1", boom="1")
        wait_until(lambda: "cannot be made ready: RecursionError: too deep" in health.waiting().get("rules", ""), 10)
        assert "generation 1 stays" in health.waiting()["rules"]
        assert follower.take() is None
        topic.apply(a="1", b="1")
        assert wait_until(follower.take, 30).names == ("rule:a", "rule:b")
        wait_until(lambda: not health.waiting(), 10)
