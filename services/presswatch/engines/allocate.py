"""Which ports an instance gets: those asked for, those it had before, the defaults or free ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from presswatch.engines import elasticsearch, kafka, ports, state
from presswatch.engines.errors import EngineError
from presswatch.engines.home import Home
from presswatch.engines.state import EngineName, State


@dataclass(frozen=True, slots=True)
class PortWish:
    """What the caller wants; without a wish an instance keeps its ports, and a new one gets the defaults."""

    kafka: int | None = None
    elasticsearch: int | None = None
    free: bool = False


def allocate(
    home: Home, name: str, wish: PortWish, *, start: Collection[EngineName], running: Collection[EngineName]
) -> State:
    """Return the state with which the engines in `start` can be started.

    Call it under the lock for ports, and save the result before letting go of it, so that no one else is given the same.

    Raises:
        EngineError: a port that has to be this one is taken, or the engine already runs on another.
    """
    others = {
        port: other for other, theirs in state.load_readable(home).items() if other != name for port in theirs.ports
    }
    used = set(others)

    def main(engine: EngineName, title: str, wanted: int | None, before: int | None, default: int) -> int:
        if engine in running and before is not None:
            if wanted not in (None, before):
                raise EngineError(
                    f"{title} of instance {name!r} already runs on port {before}, not {wanted}",
                    f"presswatch engines stop --name {name}, then start it on the other port",
                )
            return before
        if wanted is None and wish.free:
            port = before if before is not None and not ports.taken(before) else ports.free_port(used)
        else:
            port = wanted or before or default
            if engine in start:
                whose = f" of instance {others[port]!r}" if port in others else ""
                ports.require_free(port, title, f"--{engine}-port", whose)
        used.add(port)
        return port

    def internal(engine: EngineName, before: int | None) -> int:
        if before is not None and (engine in running or not ports.taken(before)):
            return before
        port = ports.free_port(used)
        used.add(port)
        return port

    old = state.load(home, name)
    return State(
        kafka_port=main("kafka", "Kafka", wish.kafka, old.kafka_port if old else None, kafka.DEFAULT_PORT),
        elasticsearch_port=main(
            "elasticsearch",
            "Elasticsearch",
            wish.elasticsearch,
            old.elasticsearch_port if old else None,
            elasticsearch.DEFAULT_PORT,
        ),
        kafka_controller_port=internal("kafka", old.kafka_controller_port if old else None),
        elasticsearch_transport_port=internal("elasticsearch", old.elasticsearch_transport_port if old else None),
        running=old.running if old else (),
        owner=old.owner if old else None,
    )
