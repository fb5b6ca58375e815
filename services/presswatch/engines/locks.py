"""Locks between processes, so that two starters never install, choose ports or start an engine at the same time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold an exclusive lock on a file; `waiting` is called if another process holds it now.

    The kernel frees it when the holder ends, however it ends. The holder may remove the file and its folder.
    """
    while True:
        path.parent.mkdir(mode=0o755, exist_ok=True)
        try:
            file = path.open("a")
        except FileNotFoundError:  # the folder was removed again just now
            continue
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _still_there(path, file.fileno()):
                continue  # its last holder removed it: what we hold is no longer the lock
            yield
            return


def _still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
