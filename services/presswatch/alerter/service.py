"""The alerter process: `decide` and `deliver` each with a consumer of its own, side by side or alone."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import structlog

from presswatch import metrics, openletters
from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.elasticsearch.indices import require_mappings
from presswatch.adapters.kafka import BatchConsumer, Breaker, DeadLetters, Publisher, persist
from presswatch.adapters.slack import make_poster
from presswatch.alerter.decide import Decider
from presswatch.alerter.deliver import Deliverer
from presswatch.alerter.ledger import Ledger
from presswatch.forgetting.erase import Eraser
from presswatch.forgetting.log import ForgottenArticles
from presswatch.kibana.links import Discover
from presswatch.runtime import Health, StopSignal
from presswatch.settings import Settings
from presswatch.topology import ALERTS, MATCHES, NOTIFICATIONS, Stage

log = structlog.get_logger(__name__)

Part = Literal["decide", "deliver"]
PARTS: tuple[Part, ...] = ("decide", "deliver")

DELIVER_BATCH = 10
"""Few: within a channel they go out a second apart, and the batch is committed as a whole."""


def run(
    settings: Settings, parts: tuple[Part, ...], health: Health, stop: StopSignal, breaker: Breaker | None = None
) -> None:
    """Run the parts until a stop is asked for; if one ends with an error, stop the others and raise it.

    Args:
        settings: of the whole system.
        parts: which.
        health: has these parts.
        stop: asks for a stop.
        breaker: of all parts, in the place of an ordinary one for each.
    """
    if "deliver" in parts:
        metrics.CANARY_INTERVAL.labels("deliver").set(settings.canary.interval_s)
        metrics.CANARY_ARRIVED.labels("deliver").set(0)
    publisher: list[Publisher] = []

    def prepare() -> None:
        with connect(settings.elasticsearch) as client:
            require_mappings(client, settings.elasticsearch, (ALERTS,))
        publisher.append(Publisher(settings.kafka))

    def beat() -> None:
        for part in parts:
            health.beat(part)

    if not persist(prepare, stage=parts[0], health=health, stop=stop, part=parts[0], while_waiting=beat):
        return
    bodies: dict[Part, Callable[[], None]] = {
        "decide": lambda: _decide(settings, publisher[0], health, stop, breaker),
        "deliver": lambda: _deliver(settings, publisher[0], health, stop, breaker),
    }
    errors: list[BaseException] = []

    def body(part: Part) -> None:
        try:
            bodies[part]()
        except BaseException as error:  # noqa: BLE001 (raised again below, in the main thread)
            errors.append(error)
            stop.set()

    threads = [threading.Thread(target=body, args=(part,), name=part) for part in parts]
    threads.append(threading.Thread(target=openletters.watch, args=(settings.kafka, stop), name="open-letters"))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    publisher[0].close()
    if errors:
        raise errors[0]


def _decide(
    settings: Settings, publisher: Publisher, health: Health, stop: StopSignal, breaker: Breaker | None
) -> None:
    stage: Stage = "decide"
    with _forgotten(settings, stage, health, stop) as forgotten:
        if forgotten is None:
            return
        dead = DeadLetters(settings.kafka, stage, publisher, breaker)
        decider = Decider(settings.kafka, publisher, dead, _ledger(settings), forgotten)
        consumer = BatchConsumer(settings, stage, MATCHES, 300)
        consumer.run(decider.handle, health, stop, part=stage, on_idle=forgotten.renew)


def _deliver(
    settings: Settings, publisher: Publisher, health: Health, stop: StopSignal, breaker: Breaker | None
) -> None:
    stage: Stage = "deliver"
    with _forgotten(settings, stage, health, stop) as forgotten:
        if forgotten is None:
            return
        eraser = Eraser(connect(settings.elasticsearch), settings.elasticsearch)

        def forget() -> None:
            """Blank what this process, not knowing yet, may have written after the indexer had erased the article."""
            forgotten.renew()
            if new := forgotten.take_new():
                persist(lambda: _blank(eraser, new), stage=stage, health=health, stop=stop, part=stage)

        poster = make_poster(settings.slack)
        if poster is None:
            why = "neither slack.token nor slack.webhook is set; alerts wait in Kafka until one is"
            log.warning("nothing is delivered", why=why)
            while not stop.is_set():
                forget()
                health.not_ready(why, stage)
                stop.wait(10)
            return
        deliverer = Deliverer(
            settings.slack, poster, _ledger(settings), DeadLetters(settings.kafka, stage, publisher, breaker), health, stop,
            owner=uuid.uuid4().hex, forgotten=forgotten, kibana=Discover.of(settings),
        )  # fmt: skip
        consumer = BatchConsumer(settings, stage, NOTIFICATIONS, DELIVER_BATCH)
        consumer.run(deliverer.handle, health, stop, part=stage, on_idle=forget)


@contextmanager
def _forgotten(
    settings: Settings, stage: Stage, health: Health, stop: StopSignal
) -> Iterator[ForgottenArticles | None]:
    """Read to its end what is to be forgotten, before the first record; None if a stop was asked for before."""
    read: list[ForgottenArticles] = []
    persist(lambda: read.append(ForgottenArticles(settings.kafka)), stage=stage, health=health, stop=stop, part=stage)
    try:
        yield read[0] if read else None
    finally:
        for each in read:
            each.close()


def _blank(eraser: Eraser, articles: Sequence[str]) -> None:
    changed = eraser.blank_alerts(articles)
    if changed:
        log.info("alerts blanked", articles=len(articles), alerts=changed)


def _ledger(settings: Settings) -> Ledger:
    return Ledger(connect(settings.elasticsearch), settings.elasticsearch)
