"""Hands for the tests of the operator's commands: put things in, wait until all is done, look, and break things."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from tests.processes import Sandbox, ServiceProcess, wait_until

from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.cli import cli
from presswatch.core.article import article_id
from presswatch.core.errors import PresswatchError
from presswatch.demo import readback
from presswatch.engines import Engines
from presswatch.local import slack as stand_in
from presswatch.settings import Settings
from presswatch.topology import topic

RULES = """
- {id: wheat, name: Wheat, query: wheat, severity: high, notify: [slack:grain-desk]}
- {id: barley, name: Barley, query: barley, notify: [slack:barley-desk]}
"""


@dataclass
class ClosingWorkspace(stand_in.Workspace):
    """A workspace whose channels somebody may archive: `closed` holds their names. `broken`: it answers 500 to posts."""

    closed: set[str] = field(default_factory=set)
    broken: bool = False

    def post(self, channel: str, message: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, str]]:
        if self.broken:
            return 500, {"ok": False, "error": "internal_error"}, {}
        if channel in self.closed:
            return 200, {"ok": False, "error": "is_archived"}, {}
        return super().post(channel, message)


@contextmanager
def served(workspace: ClosingWorkspace) -> Iterator[ClosingWorkspace]:
    server = stand_in.serve(workspace)
    workspace.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield workspace
    finally:
        server.shutdown()
        server.server_close()


class Outcome(NamedTuple):
    """What a command ended with."""

    code: int
    out: str
    err: str


@dataclass
class System:
    """All services as processes, and everything around them."""

    sandbox: Sandbox
    workspace: ClosingWorkspace
    client: Elasticsearch
    publisher: Publisher
    services: dict[str, ServiceProcess]

    @property
    def settings(self) -> Settings:
        return self.sandbox.settings

    def ingest(self, *articles: dict[str, Any] | bytes, code: int = 0) -> None:
        lines = b"".join((one if isinstance(one, bytes) else orjson.dumps(one)) + b"\n" for one in articles)
        self.sandbox.command("ingest", "-", stdin=lines, code=code)

    def put(self, name: str, value: bytes, key: bytes | None = None) -> None:
        """Put a record on a topic."""
        assert not self.publisher.publish([Outgoing(topic(self.settings.kafka, name), key, value)])

    def wait_settled(self) -> None:
        progress = readback.Progress(self.settings)
        try:
            wait_until(
                lambda: all(done == there for done, there in progress.read().values()),
                60,
                "every stage has committed all",
            )
        finally:
            progress.close()

    def client_index(self, told: dict[str, Any]) -> str:
        """Return the index in which the article is."""
        record = self.client.get(index=self.index("article-ids"), id=article_id(told["url"]))
        return str(record["_source"]["index"])

    def run(self, *arguments: str) -> Outcome:
        """Run a command in this process, as `main` does: a start of Python for each would take minutes in all."""
        environ = {**self.sandbox._environment({}), **self.sandbox.environ}
        root = logging.getLogger()
        kept = root.handlers[:], root.level
        try:
            done = CliRunner().invoke(cli, arguments, env=environ)
        finally:
            root.handlers[:], level = kept
            root.setLevel(level)
        if isinstance(done.exception, PresswatchError):
            return Outcome(2, done.stdout, f"{done.stderr}presswatch: {done.exception}\n")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Outcome(done.exit_code, done.stdout, done.stderr)

    def command(self, *arguments: str, code: int = 0) -> str:
        """Run a command and return what it printed."""
        done = self.run(*arguments)
        assert done.code == code, done
        return done.out

    def index(self, name: str) -> str:
        return self.settings.elasticsearch.prefix + name

    def lines(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        """Run a command with --json and return its objects."""
        printed = self.command(*arguments, "--json", code=code)
        return [orjson.loads(line) for line in printed.splitlines()]


def article(name: str, text: str, **more: Any) -> dict[str, Any]:
    """Return an article as it is put in."""
    shape = {
        "url": f"https://daily.example/{name}",
        "source": "Daily",
        "lang": "en",
        "title": f"On {name}",
        "text": text,
    }
    return shape | more


@contextmanager
def prepared(engines: Engines, folder: Path, name: str) -> Iterator[System]:
    """Set a system up, under a prefix that begins with `name`; its rules are in folder/rules, its services do not run yet."""
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
        sandbox = Sandbox(engines, folder, f"{name}-{uuid4().hex[:8]}-", values)
        sandbox.environ["PRESSWATCH_SLACK_TOKEN"] = stand_in.TOKEN
        sandbox.command("setup")
        client = stack.enter_context(connect(sandbox.settings.elasticsearch))
        publisher = Publisher(sandbox.settings.kafka)
        stack.callback(publisher.close)
        yield System(sandbox, workspace, client, publisher, {})
