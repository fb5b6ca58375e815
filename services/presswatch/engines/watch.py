"""Keeps the engines of an instance running: starts again what ends unasked. `presswatch engines run` is this."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from presswatch.engines import control, processes, state
from presswatch.engines.errors import EngineError
from presswatch.engines.home import Home
from presswatch.engines.progress import Display
from presswatch.engines.state import EngineName

LOOK_SECONDS = 1.0
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0
# An engine that ran this long had come up well: its next end is a new trouble, not the same one again.
GOOD_RUN_SECONDS = 60.0


class Backoff:
    """How long to wait before the next start of one engine: doubles while it keeps ending soon after its start."""

    def __init__(self) -> None:
        self._delay = 0.0
        self._started: float | None = None

    def started(self, now: float) -> None:
        """Note a start, at a time in seconds."""
        self._started = now

    def delay(self, now: float) -> float:
        """Return the seconds to wait, at the time of an end."""
        good = self._started is None or now - self._started >= GOOD_RUN_SECONDS
        self._delay = (
            FIRST_DELAY_SECONDS if good else min(max(self._delay, FIRST_DELAY_SECONDS / 2) * 2, LONGEST_DELAY_SECONDS)
        )
        return self._delay


@dataclass(slots=True)
class Watcher:
    """Watches one instance that was started; `say` is told what it does and every failure."""

    name: str
    home: Path | None
    say: Callable[[str], None]
    timeout: float = control.START_SECONDS
    backoffs: dict[EngineName, Backoff] = field(default_factory=dict)

    def watch(self) -> None:
        """Start again, after a pause that grows, each engine that ended although it is meant to run.

        Returns when none is meant to run any more (`presswatch engines stop` was called); it never gives up.
        """
        place = Home.open(self.home)
        folder = state.folder(place, self.name)
        while meant := self._meant(place):
            found = {engine: processes.find(folder / engine, place.account) for engine in meant}
            ended = [engine for engine in meant if not found[engine]]
            if not ended:
                processes.wait_gone([members[0] for members in found.values()], LOOK_SECONDS)
                continue
            for engine in ended:
                if engine in self._meant(place):
                    self._start_again(engine)

    def _meant(self, place: Home) -> tuple[EngineName, ...]:
        now = state.load(place, self.name)
        return now.running if now is not None else ()

    def _start_again(self, engine: EngineName) -> None:
        backoff = self.backoffs.setdefault(engine, Backoff())
        pause = backoff.delay(time.monotonic())
        self.say(f"{control.KINDS[engine].title} ended unasked; it is started again in {pause:.0f} s")
        time.sleep(pause)
        backoff.started(time.monotonic())
        try:
            with Display() as display:
                control.start(
                    self.name, only=engine, home=self.home, display=display, restart=True, timeout=self.timeout
                )
        except EngineError as error:
            self.say(str(error))
