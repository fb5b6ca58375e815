"""Runs the tagger: waits for Kafka, keeps the faust App in an event loop of our own, stops it cleanly.

faust's own Worker is not used: it takes over signals, logs and the web port, which `presswatch.runtime` has.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from presswatch import topology
from presswatch.adapters.kafka import Breaker, DeadLetters, Publisher, persist
from presswatch.control.follow import Builder, Follower
from presswatch.core.errors import FatalError
from presswatch.runtime import Health, StopSignal
from presswatch.settings import Settings
from presswatch.tagger.app import FaustOutlet, Hand, TaggerApp, attach, build_app
from presswatch.tagger.batch import BatchWorker
from presswatch.tagger.packs import PackUpdate
from presswatch.tagger.service import Tagging
from presswatch.tagger.watchdog import Group, ProgressWatch, die, limit_stop

log = structlog.get_logger(__name__)

PARTS = ("input", "output", "packs")
"""Parts of the tagger's health: the consumer group, the topics that it writes, and the control topic that it follows."""

_OURS = PARTS[:2]

_PULSE_S = 0.1


def run(
    settings: Settings, build: Builder[PackUpdate], health: Health, stop: StopSignal, breaker: Breaker | None = None
) -> None:
    """Tag articles until a stop is asked for. Ends the process with `EXIT_FATAL` when going on would lose data.

    Args:
        build: makes a set of topic packs ready. The control topic is read to its end before the first article.
        breaker: in the place of an ordinary one.
    """
    with Follower(settings.kafka, topology.CONTROL_PACKS, "tagger", build, health, PARTS[2]) as follower:
        _tag(settings, follower, health, stop, breaker)


def _tag(
    settings: Settings, follower: Follower[PackUpdate], health: Health, stop: StopSignal, breaker: Breaker | None
) -> None:
    kafka = settings.kafka
    source, target = (topology.topic(kafka, name) for name in (topology.RAW, topology.TAGGED))
    dead = topology.topic(kafka, topology.dead_letter_topic("tagger"))
    group = Group(kafka, topology.group(kafka, "tagger"), source)
    # faust ends at once when the broker is down, and a member that joins before its topics exist is assigned nothing.
    if not persist(
        lambda: group.require_topics([source, target, dead]), stage="tagger", health=health, stop=stop, part="output"
    ):
        return
    publishers: list[Publisher] = []
    if not persist(
        lambda: publishers.append(Publisher(kafka, delivery_timeout_s=30)),
        stage="tagger", health=health, stop=stop, part="output",
    ):  # fmt: skip
        return
    first = follower.wait_first(stop, lambda: _beat(health))
    if first is None:
        return
    tagging = Tagging(first.tagger, generation=first.generation)
    watch = ProgressWatch(group, health)
    grave = DeadLetters(kafka, "tagger", publishers[0], breaker)
    asyncio.run(_serve(settings, tagging, follower, grave, watch, health, stop, source, target))
    publishers[0].close()
    group.close()


async def _serve(
    settings: Settings,
    tagging: Tagging,
    follower: Follower[PackUpdate],
    grave: DeadLetters,
    watch: ProgressWatch,
    health: Health,
    stop: StopSignal,
    source: str,
    target: str,
) -> None:
    try:
        app = build_app(settings)
        hand = Hand(BatchWorker(tagging, FaustOutlet(app, target), grave, health).handle, die)
        attach(app, source, hand)
        _tell_assignment(app, watch)
        watch.assigned(None)
        watch.start()
        starting = asyncio.create_task(app.start())
        while not stop.is_set():
            _beat(health)
            if (update := follower.take()) is not None:
                tagging.take(update.tagger, update.generation)
            _require_sound(app, starting, settings)
            await asyncio.sleep(_PULSE_S)
        log.info("stopping: finishing what is in hand")
        limit_stop()  # never cancelled: it also covers the end of the interpreter, which waits for faust's threads
        watch.close()
        await hand.close()
        if starting.done():
            await app.consumer.commit_acked()
        await app.stop()
        starting.cancel()
    except FatalError as error:
        die(str(error))
    except Exception as error:  # here and not outside of the loop, whose end waits for faust's tasks
        log.exception("the stream processor broke")
        die(f"the stream processor broke: {error!r}")


def _beat(health: Health) -> None:
    for part in _OURS:
        health.beat(part)


def _require_sound(app: TaggerApp, starting: asyncio.Task[None], settings: Settings) -> None:
    """Raise a `FatalError` if the App has broken."""
    if starting.done() and (error := starting.exception()):
        raise FatalError(f"the stream processor did not start: {error!r}") from error
    if app.crashed:
        raise FatalError(f"the stream processor broke: {app.crash_reason!r}") from app.crash_reason
    if app.consumer.pushed_out:
        raise FatalError(
            f"Kafka keeps on putting us out of the group: another tagger runs as instance {settings.instance!r}; "
            "each replica needs a name of its own (setting instance)"
        )


def _tell_assignment(app: TaggerApp, watch: ProgressWatch) -> None:
    async def assigned(_app: Any, partitions: Any, **_: Any) -> None:
        watch.assigned([partition.partition for partition in partitions])

    async def revoked(_app: Any, _partitions: Any, **_: Any) -> None:
        watch.assigned(None)

    # faust keeps weak references to what is connected; the app keeps these two alive.
    app.presswatch_signals = (assigned, revoked)
    app.on_partitions_assigned.connect(assigned)
    app.on_partitions_revoked.connect(revoked)
