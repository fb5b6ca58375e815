"""What the user sees while engines start: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Display:
    """One line a subject, with what it is doing now; on a terminal with a spinner and the seconds so far.

    Elsewhere a subject's line is printed when what it does changes, at most once in 5 seconds for repeats that only
    count (`downloading: 3 files so far`). A quiet display prints nothing.
    """

    REPEAT_SECONDS = 5.0

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True)
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._last: dict[str, tuple[str, float]] = {}
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._progress = Progress(
                SpinnerColumn(finished_text="[green]✓"),
                TextColumn("{task.fields[subject]:<14}"),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
                console=self._console,
            )
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def doing(self, subject: str, text: str, *, done: bool = False) -> None:
        """Show what a subject (such as "Kafka") does now; `done` is its last line."""
        if self._progress is not None:
            task = self._tasks.get(subject)
            if task is None:
                task = self._tasks[subject] = self._progress.add_task(text, total=1, subject=subject)
            self._progress.update(task, description=text, completed=int(done))
        elif not self._quiet and (done or self._new(subject, text)):
            seconds = time.monotonic() - self._began
            sys.stderr.write(f"[{seconds:5.1f} s] {subject}: {text}\n")  # in one piece: two threads report

    def finish(self, subject: str) -> None:
        """End the line of a subject, if it has one, as it stands."""
        if self._progress is not None and subject in self._tasks:
            self._progress.update(self._tasks[subject], completed=1)

    def _new(self, subject: str, text: str) -> bool:
        kind = text.partition(":")[0]
        before, when = self._last.get(subject, ("", 0.0))
        now = time.monotonic()
        if before == kind and now - when < self.REPEAT_SECONDS:
            return False
        self._last[subject] = (kind, now)
        return True
