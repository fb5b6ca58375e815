"""One pair of real engines for the whole session, in a fresh folder, on free ports. No engine is a failure, not a skip."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from presswatch import engines as local
from presswatch.engines import Engines, PortWish
from presswatch.engines.home import Home
from presswatch.engines.progress import Display
from presswatch.settings import load


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest) -> Iterator[Engines]:
    """Kafka at `engines.bootstrap` (host:port) and Elasticsearch at `engines.url`; stopped and removed at the end."""
    name = f"test-{os.getpid()}"
    home = load().settings.engines_home
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled(), Display() as display:
        started = local.start(name, wish=PortWish(free=True), temporary=True, home=home, display=display)
    yield started
    local.stop(name, delete_data=True, home=home)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A fresh folder that the engines' account can reach; pytest's own are closed to it when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="test-", dir=Home.open(load().settings.engines_home).path))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
