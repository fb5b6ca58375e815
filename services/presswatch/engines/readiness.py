"""Waits until an engine that was started answers by its own protocol, and explains it when that does not come."""

from __future__ import annotations

import threading
import time

import psutil

from presswatch.engines import processes
from presswatch.engines.engine import Engine
from presswatch.engines.errors import EngineError
from presswatch.engines.progress import Display

POLL_SECONDS = 0.25
LOG_LINES = 12


class StartGivenUpError(EngineError):
    """The wait was given up on request, or because the other engine failed."""

    def __init__(self, title: str) -> None:
        super().__init__(f"the start of {title} was given up", "start again")


def wait_ready(
    engine: Engine,
    watched: psutil.Process,
    display: Display,
    given_up: threading.Event,
    *,
    timeout: float,
) -> None:
    """Return once the engine is ready.

    Args:
        engine: what is waited for.
        watched: its first process; when that ends, so does the wait.
        display: told what is still missing.
        given_up: set by whoever wants the wait to end.
        timeout: seconds.

    Raises:
        EngineError: the engine ended or is not ready in time; it holds the last lines of the log and the likely mend.
        StartGivenUpError: `given_up` was set.
    """
    began = time.monotonic()
    while missing := engine.waiting_for():
        if given_up.is_set():
            raise StartGivenUpError(engine.title)
        display.doing(engine.title, f"starting: waiting for {missing}")
        if not processes.wait_gone([watched], POLL_SECONDS):
            raise EngineError(
                f"{engine.title} ended while it was starting; the end of {engine.log}:",
                engine.hint() or f"read {engine.log}",
                engine.last_lines(LOG_LINES),
            )
        if time.monotonic() - began > timeout:
            raise EngineError(
                f"{engine.title} is not ready after {timeout:.0f} s (still waiting for {missing}); {engine.log} ends with:",
                engine.hint() or "start again with less running on this machine, or with a longer --timeout",
                engine.last_lines(LOG_LINES),
            )
    display.doing(engine.title, f"ready at {engine.address}", done=True)
