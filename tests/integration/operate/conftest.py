"""One running system for the tests of the operator's commands: all services as processes, on the session's engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.integration.operate.system import System, prepared

from presswatch.engines import Engines


@pytest.fixture(scope="session")
def system(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("operate")
    with ExitStack() as stack:
        system = stack.enter_context(prepared(engines, folder, "operate"))
        system.command("rules", "apply", str(folder / "rules"))
        for name in ("tagger", "indexer", "alerter"):
            system.services[name] = stack.enter_context(system.sandbox.service(name))
        for service in system.services.values():
            service.wait_ready()
        yield system
