"""The engines' processes: found by a mark on their command line, started, ended.

No pid file: a pid that was given to another process since can so never be taken for an engine's.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from presswatch.engines.account import Account
from presswatch.engines.errors import EngineError

# How long a clean stop may take, in seconds, before the engine is killed. It takes 1 to 2; a supervisor waits 30.
STOP_SECONDS = 25.0
KILL_SECONDS = 30.0
LOOK_SECONDS = 0.1


def mark(folder: Path) -> str:
    """Return the JVM argument that tells the engine which lives in this folder from all other processes."""
    return f"-Dpresswatch.engine={folder}"


def data_setting(folder: Path) -> str:
    """Return the argument that marks Elasticsearch's launcher, which takes only settings: the path of its data."""
    return f"-Epath.data={folder / 'data'}"


def find(folder: Path, account: Account) -> list[psutil.Process]:
    """Return the live processes of the engine in a folder, oldest first (a launcher before what it launched).

    Only processes of the engines' account count: another user's is not ours, whatever its command line says.
    """
    marks = {mark(folder), data_setting(folder)}
    found = []
    for process in psutil.process_iter():
        try:
            if (
                not marks.isdisjoint(process.cmdline())
                and process.uids().effective == account.uid
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append((process.create_time(), process))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # gone since, or another user's: no engine of ours
    return [process for _, process in sorted(found, key=lambda pair: pair[0])]


def wait_gone(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until processes have ended; return those that have not after that many seconds.

    A zombie counts as ended: its parent, which may be another command or an idle first process of a container, has only
    not asked for its exit code yet.
    """
    deadline = time.monotonic() + seconds
    alive = list(processes)
    while alive:
        _, alive = psutil.wait_procs(alive, timeout=max(0.0, min(LOOK_SECONDS, deadline - time.monotonic())))
        alive = [process for process in alive if not _is_zombie(process)]
        if time.monotonic() >= deadline:
            break
    return alive


def ask_to_end(processes: Sequence[psutil.Process]) -> None:
    """Send SIGTERM to the first of an engine's processes (a launcher ends what it launched)."""
    for process in processes[:1]:
        _signal(process, signal.SIGTERM)


def wait_or_kill(processes: Sequence[psutil.Process], seconds: float = STOP_SECONDS) -> bool:
    """Wait until processes that were asked to end are gone; kill what is left. Return whether none had to be."""
    alive = wait_gone(processes, seconds)
    kill(alive)
    return not alive


def kill(processes: Sequence[psutil.Process]) -> None:
    """End processes at once, and wait until they are gone.

    Raises:
        EngineError: one is not even gone after SIGKILL; the system itself is stuck, mostly on a disk.
    """
    for process in processes:
        _signal(process, signal.SIGKILL)
    if stuck := wait_gone(processes, KILL_SECONDS):
        pids = ", ".join(str(process.pid) for process in stuck)
        raise EngineError(f"process {pids} does not end, not even by SIGKILL", "look at the disk, restart the machine")


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)  # psutil checks that the pid is still that process
    except psutil.NoSuchProcess:
        return
