"""One pair of real engines for the whole session, in a fresh folder, on free ports. No engine is a failure, not a skip."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from presswatch import engines as local
from presswatch.engines import Engines, PortWish
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
