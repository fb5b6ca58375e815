"""How far a long reading is, told on standard error now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

EVERY_S = 2.0


class Progress:
    """Says nothing about what takes less than `EVERY_S` seconds.

    Args:
        done: what is done to the records.
        clock: seconds.
    """

    def __init__(self, done: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._done = done
        self._clock = clock
        self._told = clock()

    def tell(self, name: str, number: int, total: int) -> None:
        """Take note of so many records of a topic, and say so if it is time."""
        now = self._clock()
        if now - self._told >= EVERY_S:
            self._told = now
            click.echo(f"{name}: {number:,} of {total:,} {self._done}", err=True)
