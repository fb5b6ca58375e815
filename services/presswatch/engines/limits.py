"""How much memory and disk the engines need, and the refusal when there is less."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from presswatch.engines.errors import EngineError

MB = 1024 * 1024

INSTALL_DISK = 900 * MB  # downloads, the unpacked set and the copy of Java lie side by side for a moment
# Elasticsearch stops giving shards to a disk with less than its low watermark (elasticsearch.py), so it must have more.
RUN_DISK = 1500 * MB

CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
CGROUP_USED = Path("/sys/fs/cgroup/memory.current")


def available_memory() -> int:
    """Return the bytes of memory a new process can have: the machine's, or fewer if a control group says so."""
    available = int(psutil.virtual_memory().available)
    try:
        limit = int(CGROUP_LIMIT.read_text())
        used = int(CGROUP_USED.read_text())
    except (OSError, ValueError):  # no such control group, or its limit is the word "max"
        return available
    return min(available, max(0, limit - used))


def available_disk(path: Path) -> int:
    """Return the bytes free for the caller on the file system of the nearest existing folder of a path."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def require_disk(path: Path, needed: int, purpose: str) -> None:
    """Raise EngineError if fewer than `needed` bytes are free there."""
    free = available_disk(path)
    if free < needed:
        raise EngineError(
            f"{free // MB} MB are free on the disk of {path}, {needed // MB} MB are needed {purpose}",
            "free some space, or set PRESSWATCH_ENGINES_HOME to a folder on a larger disk",
        )


def require_memory(needed: int, purpose: str) -> None:
    """Raise EngineError if fewer than `needed` bytes of memory are available."""
    available = available_memory()
    if available < needed:
        raise EngineError(
            f"{available // MB} MB of memory are available, {needed // MB} MB are needed {purpose}",
            "end other programs (`presswatch engines status` lists engines that run), or give the machine more memory",
        )
