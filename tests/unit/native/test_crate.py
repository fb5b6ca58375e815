"""The crate of the native core: its tables are those of the Python core, and its own tests pass."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.conftest import REPOSITORY
from tools.wordbreak import native

from presswatch.core import text

CRATE = REPOSITORY / "services" / "matcher"


def test_the_tables_are_written_anew_when_those_of_the_python_core_change() -> None:
    assert native.TARGET.read_text("ascii") == native.module(), "run python -m tools.wordbreak.native"


def test_the_version_of_the_tokens_is_that_of_the_python_core() -> None:
    assert f"pub const VERSION: u32 = {text.VERSION};" in (CRATE / "src" / "text" / "mod.rs").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.needs("cargo")
def test_the_tests_of_the_crate_pass() -> None:
    done = subprocess.run(
        ["cargo", "test", "--quiet", "--locked"],
        cwd=CRATE, capture_output=True, text=True, check=False, timeout=500,
        env={**os.environ, "PYO3_PYTHON": sys.executable},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert "test result: ok" in done.stdout
