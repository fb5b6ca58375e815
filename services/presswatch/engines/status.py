"""What runs now, of every instance: looked up in the process table and asked of the engines themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from presswatch.engines import processes, state
from presswatch.engines.control import KINDS
from presswatch.engines.errors import EngineError
from presswatch.engines.home import Home
from presswatch.engines.install import wanted
from presswatch.engines.state import ENGINES, EngineName, State


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One engine now."""

    engine: EngineName
    title: str
    address: str
    state: str
    """`ready`, `starting` (runs, does not answer yet), `stopped` (on purpose) or `gone` (meant to run, does not)."""
    pids: tuple[int, ...]
    memory: int
    """Resident bytes of its processes."""
    log: Path


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One instance now."""

    name: str
    folder: Path
    temporary: bool
    engines: tuple[EngineStatus, ...]


def status(home: Path | None = None, name: str | None = None) -> list[InstanceStatus]:
    """Return all instances that are remembered, or the one of that name (an empty list if there is none)."""
    place = Home.open(home)
    if name is None:
        known = state.load_readable(place)
    else:
        now = state.load(place, name)
        known = {} if now is None else {name: now}
    return [_instance(place, found, now) for found, now in known.items()]


def _instance(place: Home, name: str, now: State) -> InstanceStatus:
    engines = []
    for key in ENGINES:
        engine = KINDS[key](place, wanted(place), name, now)
        found = processes.find(engine.folder, place.account)
        if found:
            try:
                condition = "starting" if engine.waiting_for() else "ready"
            except EngineError:  # someone else answers on its port: it is not ready, and its log says why
                condition = "starting"
        else:
            condition = "gone" if key in now.running else "stopped"
        pids = tuple(process.pid for process in found)
        engines.append(EngineStatus(key, engine.title, engine.address, condition, pids, _memory(found), engine.log))
    return InstanceStatus(name, state.folder(place, name), now.owner is not None, tuple(engines))


def _memory(found: list[psutil.Process]) -> int:
    total = 0
    for process in found:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:  # ended since it was found
            continue
    return total
