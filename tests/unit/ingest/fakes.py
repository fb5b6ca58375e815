"""Kafka for unit tests: keeps what is published, refuses or fails as told. The real one is in the integration tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from presswatch.adapters.kafka import Breaker, DeadLetters, Outgoing, Publisher
from presswatch.core.errors import BadMessageError, RetryableError
from presswatch.core.messages import RawArticle
from presswatch.ingest.clock import FetchClock
from presswatch.ingest.delivery import Delivery, Patience, Tally
from presswatch.ingest.jsonl import Context
from presswatch.ingest.state import State
from presswatch.runtime import Health, StopSignal
from presswatch.settings import Settings


class FakeKafka:
    """Stands in for a `Publisher`. `failures` attempts fail first; values longer than `most` are refused."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.failures = 0
        self.most = 10**9

    def publish(self, records: Iterable[Outgoing]) -> list[tuple[Outgoing, BadMessageError]]:
        batch = list(records)
        if self.failures:
            self.failures -= 1
            raise RetryableError("Kafka is away")
        refused = [item for item in batch if len(item.value or b"") > self.most]
        self.records += [item for item in batch if item not in refused]
        return [(item, BadMessageError("too_large", "told so")) for item in refused]

    @property
    def articles(self) -> list[RawArticle]:
        return [RawArticle.decode(item.value) for item in self.records if item.topic == "articles.raw"]

    @property
    def dead(self) -> list[tuple[bytes | None, dict[str, str]]]:
        """Return value and headers of each dead letter."""
        return [
            (item.value, {name: value.decode() for name, value in item.headers})
            for item in self.records
            if item.topic == "ingest.dead"
        ]


class Held(set[str]):
    """Articles that are held back."""

    def renew(self) -> None:
        """Nothing is ever added."""


@contextmanager
def context(folder: Path, kafka: FakeKafka, stop: StopSignal | None = None, **ingest: Any) -> Iterator[Context]:
    """Give what sources need, over a fake Kafka and a state in `folder`."""
    settings = Settings.model_validate({"ingest": ingest})
    tally = Tally()
    publisher = cast(Publisher, kafka)
    patience = Patience(stop or StopSignal(), None)
    letters = DeadLetters(settings.kafka, "ingest", publisher, Breaker())
    with State(folder / "state.sqlite") as state:
        delivery = Delivery(settings, publisher, letters, Health(), patience, tally, Held())
        yield Context(delivery, state, FetchClock(), tally, "live")
