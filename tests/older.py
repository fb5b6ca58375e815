"""An older version of Presswatch, taken from the repository's history, to run beside today's.

How the baseline moves: docs/decisions/0017.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

BASELINE = "f2705bcef99998a8b35793ac12ca1036f1fbc8ec"
"""The last commit of mapping version 1, of tagged articles and rules of schema version 1."""

_REPOSITORY = Path(__file__).resolve().parents[1]


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=_REPOSITORY, capture_output=True, check=False)


def has_history() -> bool:
    """Tell whether the repository's history is here, back to the baseline: not in a release's archive or a shallow clone."""
    try:
        return _git("cat-file", "-e", f"{BASELINE}:services/presswatch").returncode == 0
    except FileNotFoundError:
        return False


def unpack(folder: Path) -> Path:
    """Write the baseline's package into a folder; returns what goes into PYTHONPATH so that it is the one that runs."""
    done = _git("archive", "--format=tar", BASELINE, "services/presswatch")
    assert done.returncode == 0, done.stderr.decode()
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "services"
