"""A real Prometheus scrapes the running system, and alerts of ours arrive in a real Alertmanager and at its receiver."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import orjson
import pytest
import yaml
from tests.integration.operate.system import System, article
from tests.processes import wait_until

from presswatch.local.system import free_ports
from presswatch.topology import RAW

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.needs("prometheus")]

PROMETHEUS = Path(__file__).resolve().parents[3] / "deploy" / "prometheus"


@contextmanager
def receiver() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Serve a webhook; yields its port and the alerts that it got."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.extend(orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], got
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running(*command: str, log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def asked(url: str, check: Callable[[Any], Any] = bool) -> Any:
    """Return what is served as JSON if it passes the check, else None."""
    try:
        with urlopen(url, timeout=5) as answer:
            found = orjson.loads(answer.read())
    except (URLError, OSError, orjson.JSONDecodeError):
        return None
    return found if check(found) else None


def test_an_alert_of_ours_reaches_the_receiver(system: System, tmp_path: Path) -> None:
    port, manager_port = free_ports(2)
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    http = system.settings.http
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(PROMETHEUS / name) for name in config["rule_files"]]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [f"127.0.0.1:{manager_port}"]}]}]
    [job] = config["scrape_configs"]
    job["static_configs"] = [
        {"targets": [f"127.0.0.1:{getattr(http, name)}"], "labels": {"service": name}} for name in system.services
    ]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    with ExitStack() as stack:
        hook, got = stack.enter_context(receiver())
        route = {"receiver": "hook", "group_wait": "0s", "group_interval": "1s", "group_by": ["alertname"]}
        receivers = [{"name": "hook", "webhook_configs": [{"url": f"http://127.0.0.1:{hook}/"}]}]
        (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump({"route": route, "receivers": receivers}))
        stack.enter_context(
            running(
                "prometheus-alertmanager", f"--config.file={tmp_path}/alertmanager.yml", "--cluster.listen-address=",
                f"--storage.path={tmp_path}/am", f"--web.listen-address=127.0.0.1:{manager_port}", log=tmp_path / "am.log",
            )
        )  # fmt: skip
        stack.enter_context(
            running(
                "prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
                f"--web.listen-address=127.0.0.1:{port}", log=tmp_path / "prometheus.log",
            )
        )  # fmt: skip

        def query(expression: str) -> list[dict[str, Any]]:
            found = asked(f"http://127.0.0.1:{port}/api/v1/query?{urlencode({'query': expression})}")
            return list(found["data"]["result"]) if found else []

        wait_until(lambda: len(query("up == 1")) == len(system.services), 60, "Prometheus scrapes every service")
        wait_until(lambda: any(one["labels"]["alertname"] == "PresswatchWatchdog" for one in got), 60, "the watchdog")
        assert not any(one["labels"]["alertname"] == "PresswatchDeadLetters" for one in got)
        system.ingest(article("watched", "Wheat is watched."))
        system.put(RAW, b"garbage, for Prometheus")

        def told() -> dict[str, Any] | None:
            return next((one for one in got if one["labels"]["alertname"] == "PresswatchDeadLetters"), None)

        alert = wait_until(told, 90, "the alert on dead letters")
        assert alert["labels"] == {
            "alertname": "PresswatchDeadLetters", "stage": "tagger", "reason": "not_json", "severity": "ticket",
        }  # fmt: skip
        assert alert["annotations"]["runbook"] == "docs/operations/PresswatchDeadLetters.md"
        active = asked(f"http://127.0.0.1:{manager_port}/api/v2/alerts")
        assert {"PresswatchWatchdog", "PresswatchDeadLetters"} <= {one["labels"]["alertname"] for one in active}
        wait_until(lambda: query("presswatch:lag_records:sum"), 60, "a recorded rule has a value")
        assert not query('ALERTS{alertname="PresswatchProcessDown"}')
    system.command("dlq", "drop", "--stage", "tagger", "--because", "a test")
