"""`presswatch demo` as a user runs it, from a folder that is not the repository's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.engine


def demo_processes() -> list[str]:
    return [
        " ".join(process.info["cmdline"] or [])
        for process in psutil.process_iter(["cmdline"])
        if "presswatch-demo-" in " ".join(process.info["cmdline"] or [])
    ]


def test_the_demo_finds_what_it_must_and_leaves_nothing_running(tmp_path: Path) -> None:
    before = set(demo_processes())
    done = subprocess.run(
        [sys.executable, "-m", "presswatch", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("Articles in Elasticsearch", "Slack messages", "Dead letters", "found by a search", "All as expected"):
        assert part in done.stdout
    assert set(demo_processes()) == before
