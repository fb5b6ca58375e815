"""One running system for the tests of the operator's commands: all services as processes, on the session's engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.operate.system import ClosingWorkspace, System, served
from tests.processes import Sandbox

from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.kafka import Publisher
from presswatch.engines import Engines
from presswatch.local import slack as stand_in

RULES = """
- {id: wheat, name: Wheat, query: wheat, severity: high, notify: [slack:grain-desk]}
- {id: barley, name: Barley, query: barley, notify: [slack:barley-desk]}
"""


@pytest.fixture(scope="session")
def system(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("operate")
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(RULES)
    with ExitStack() as stack:
        workspace = stack.enter_context(served(ClosingWorkspace(folder / "slack.jsonl", per_channel_s=0)))
        values: dict[str, dict[str, Any]] = {
            "ingest": {"state": str(folder / "state.sqlite")},
            "log": {"level": "debug"},
            "canary": {"interval_s": 5},
            "slack": {"api_url": f"http://127.0.0.1:{workspace.port}/api", "per_channel_s": 0},
        }
        sandbox = Sandbox(engines, folder, f"operate-{uuid4().hex[:8]}-", values)
        sandbox.environ["PRESSWATCH_SLACK_TOKEN"] = stand_in.TOKEN
        sandbox.command("setup")
        sandbox.command("rules", "apply", str(folder / "rules"))
        services = {name: stack.enter_context(sandbox.service(name)) for name in ("tagger", "indexer", "alerter")}
        for service in services.values():
            service.wait_ready()
        client = stack.enter_context(connect(sandbox.settings.elasticsearch))
        publisher = Publisher(sandbox.settings.kafka)
        yield System(sandbox, workspace, client, publisher, services)
        publisher.close()
