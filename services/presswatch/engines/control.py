"""Start, stop and kill instances of the local engines: what the command line, the demo and the tests call."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import psutil

from presswatch.engines import limits, processes, state
from presswatch.engines.allocate import PortWish, allocate
from presswatch.engines.elasticsearch import Elasticsearch
from presswatch.engines.engine import Engine
from presswatch.engines.errors import EngineError
from presswatch.engines.home import Home
from presswatch.engines.install import install
from presswatch.engines.kafka import Kafka
from presswatch.engines.locks import locked
from presswatch.engines.progress import Display
from presswatch.engines.readiness import StartGivenUpError, wait_ready
from presswatch.engines.state import ENGINES, EngineName, Owner, State

KINDS: dict[EngineName, type[Engine]] = {"kafka": Kafka, "elasticsearch": Elasticsearch}
DEFAULT_NAME = "default"
START_SECONDS = 180.0
# Setting the clock moves the creation times that the system reports; a pid is not given to another so soon.
OWNER_SLACK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Engines:
    """Where the engines of a started instance are."""

    name: str
    bootstrap: str
    """Kafka's bootstrap server, `host:port`."""
    url: str
    """Elasticsearch's URL."""
    folder: Path
    """The instance's folder: state, data, logs."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """How one engine came to its end."""

    title: str
    pids: tuple[int, ...]
    clean: bool
    """False: it did not end in time and was killed."""


def start(
    name: str = DEFAULT_NAME,
    *,
    only: EngineName | None = None,
    wish: PortWish | None = None,
    temporary: bool = False,
    home: Path | None = None,
    timeout: float = START_SECONDS,
    display: Display | None = None,
    restart: bool = False,
) -> Engines:
    """Start the engines of an instance that do not run yet, and return when all asked for are ready.

    Calling it for engines that run is no error. If it fails, what it started is stopped again.

    Args:
        name: the instance; instances live side by side.
        only: one engine instead of both.
        wish: ports; without it those of the last start, or the defaults for a new instance.
        temporary: the instance is removed when it stops, or once the calling process is gone.
        home: where all instances live; default: see `default_home`.
        timeout: seconds that each engine may take to become ready.
        display: shows progress; default: nothing is shown.
        restart: start only what is still meant to run (another process may have stopped it on purpose).

    Raises:
        EngineError: with what is wrong and how to mend it.
    """
    place = Home.open(home)
    folder = state.folder(place, name)
    display = display or Display(quiet=True)
    remove_abandoned(place)
    dist = install(place, lambda text: display.doing("Engines", text))
    names: Collection[EngineName] = (only,) if only else ENGINES
    with locked(folder / "lock", lambda: display.doing("Engines", f"waiting: {name!r} is being started or stopped")):
        display.finish("Engines")
        running = [engine for engine in ENGINES if processes.find(folder / engine, place.account)]
        if restart:
            before = state.load(place, name)
            names = [engine for engine in names if before and engine in before.running]
        fresh = [engine for engine in names if engine not in running]
        with locked(place.path / "ports.lock"):
            now = allocate(place, name, wish or PortWish(), start=fresh, running=running)
            meant = tuple(engine for engine in ENGINES if engine in now.running or engine in names)
            now = now.model_copy(update={"running": meant, "owner": _this_process() if temporary else now.owner})
            state.save(place, name, now)
        engines = [KINDS[engine](place, dist, name, now) for engine in names]
        try:
            _require_room(place, fresh)
            _bring_up(engines, fresh, display, timeout)
        except BaseException:
            _end(place, name, fresh)
            if not restart:
                _leave(place, name, fresh)
            raise
    bootstrap, url = (KINDS[engine](place, dist, name, now).address for engine in ENGINES)
    return Engines(name, bootstrap, url, folder)


def stop(
    name: str = DEFAULT_NAME, *, only: EngineName | None = None, delete_data: bool = False, home: Path | None = None
) -> list[Stopped]:
    """End the engines of an instance, each by SIGTERM and, if it does not end in time, by SIGKILL.

    Ports and data stay for the next start, unless `delete_data` is set or the instance is a temporary one (which is
    removed with its last engine).

    Returns:
        One entry for each engine that ran.
    """
    place = Home.open(home)
    folder = state.folder(place, name)
    if not folder.is_dir():
        return []
    names: Collection[EngineName] = (only,) if only else ENGINES
    with locked(folder / "lock"):
        _not_meant(place, name, names)  # first, so that `engines run` does not take it for a crash
        ended = _end(place, name, names)
        if delete_data:
            for engine in names:
                shutil.rmtree(folder / engine, ignore_errors=True)
        _leave(place, name, names, remove=delete_data)
    return ended


def kill(name: str = DEFAULT_NAME, *, only: EngineName | None = None, home: Path | None = None) -> list[int]:
    """Kill engines of an instance with SIGKILL, as a crash would, and return the pids once they are gone.

    The engines stay meant to run: `start` brings them back, and so does `engines run`.
    """
    place = Home.open(home)
    folder = state.folder(place, name)
    victims = [
        process
        for engine in ((only,) if only else ENGINES)
        for process in processes.find(folder / engine, place.account)
    ]
    processes.kill(victims)
    return [process.pid for process in victims]


def remove_abandoned(place: Home) -> list[str]:
    """Stop and remove temporary instances whose owner is gone; return their names."""
    removed = []
    for name, now in state.load_readable(place).items():
        if now.owner is not None and not _alive(now.owner):
            stop(name, delete_data=True, home=place.path)
            removed.append(name)
    return removed


def _bring_up(engines: Sequence[Engine], fresh: Collection[EngineName], display: Display, timeout: float) -> None:
    """Start engines side by side and wait for all; the first failure gives up the other."""
    given_up = threading.Event()

    def bring_up(engine: Engine) -> None:
        if engine.name in fresh:
            display.doing(engine.title, "starting: writing its configuration")
            engine.prepare()
            if given_up.is_set():
                raise StartGivenUpError(engine.title)
            first = launch(engine)
        else:
            found = processes.find(engine.folder, engine.home.account)
            if not found:
                raise EngineError(f"{engine.title} has ended just now", f"read {engine.log}, then start again")
            first = found[0]
        wait_ready(engine, first, display, given_up, timeout=timeout)

    with ThreadPoolExecutor(max_workers=len(ENGINES)) as pool:
        tasks = [pool.submit(bring_up, engine) for engine in engines]
        try:
            for task in as_completed(tasks):
                task.result()
        except BaseException:  # also Ctrl-C: the threads would go on waiting
            given_up.set()
            raise


def launch(engine: Engine) -> psutil.Process:
    """Start an engine's program, detached, with its output in a new log; return its first process."""
    if engine.log.exists():
        engine.log.replace(engine.log.with_suffix(".log.1"))
    with engine.log.open("wb") as log:
        started = engine.home.account.popen(engine.command(), env=engine.environment(), output=log, detached=True)
    return psutil.Process(started.pid)


def _end(place: Home, name: str, names: Collection[EngineName]) -> list[Stopped]:
    folder = state.folder(place, name)
    found = {engine: processes.find(folder / engine, place.account) for engine in names}
    for members in found.values():
        processes.ask_to_end(members)
    return [
        Stopped(KINDS[engine].title, tuple(process.pid for process in members), processes.wait_or_kill(members))
        for engine, members in found.items()
        if members
    ]


def _not_meant(place: Home, name: str, names: Collection[EngineName]) -> State | None:
    now = state.load(place, name)
    if now is not None:
        now = now.model_copy(update={"running": tuple(engine for engine in now.running if engine not in names)})
        state.save(place, name, now)
    return now


def _leave(place: Home, name: str, names: Collection[EngineName], *, remove: bool = False) -> None:
    """Note that engines run no more; with the last one go a temporary instance and one to be removed."""
    now = _not_meant(place, name, names)
    folder = state.folder(place, name)
    if (now is None or not now.running) and (remove or (now is not None and now.owner is not None)):
        shutil.rmtree(folder)


def _require_room(place: Home, fresh: Sequence[EngineName]) -> None:
    if fresh:
        titles = " and ".join(KINDS[engine].title for engine in fresh)
        limits.require_memory(sum(KINDS[engine].memory for engine in fresh), f"for {titles}")
        limits.require_disk(place.path, limits.RUN_DISK, f"for {titles}")


def _this_process() -> Owner:
    return Owner(pid=os.getpid(), created=psutil.Process().create_time())


def _alive(owner: Owner) -> bool:
    try:
        return abs(psutil.Process(owner.pid).create_time() - owner.created) < OWNER_SLACK_SECONDS
    except psutil.NoSuchProcess:
        return False
