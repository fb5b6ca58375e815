"""A real Prometheus over the services of a system, and a real Alertmanager with the routes that we ship, into hooks of ours."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import yaml
from tools.prometheus import Prometheus, asked, prometheus, running

from presswatch.local.system import free_ports

ALERTMANAGER = Path(__file__).resolve().parents[3] / "deploy" / "compose" / "alertmanager.yml"

Alert = dict[str, Any]


@dataclass(frozen=True)
class Alerting:
    """Prometheus and Alertmanager; `got` has, by receiver, the alerts that came, each time that they came."""

    prometheus: Prometheus
    manager: str
    got: Mapping[str, list[Alert]]

    def came(self, receiver: str, alert: str, status: str = "firing") -> list[Alert]:
        """Return the alerts of a name that came to a receiver."""
        return [one for one in self.got[receiver] if one["labels"]["alertname"] == alert and one["status"] == status]

    def active(self) -> set[str]:
        return {one["labels"]["alertname"] for one in asked(f"http://{self.manager}/api/v2/alerts")}


@contextmanager
def alerting(targets: Mapping[str, str], folder: Path) -> Iterator[Alerting]:
    """Run both: the shipped rules on `targets` (service -> host:port), evaluated each second, and the shipped routes.

    Of the routes only the times are changed (all seconds), and each receiver's addresses, to hooks of ours.
    """
    got: dict[str, list[Alert]] = defaultdict(list)
    manager = f"127.0.0.1:{free_ports(1)[0]}"
    with ExitStack() as stack:
        hook = stack.enter_context(_hook(got))
        file = folder / "alertmanager.yml"
        file.write_text(yaml.safe_dump(_routes(hook)))
        arguments = [f"--storage.path={folder}/am", f"--web.listen-address={manager}", "--cluster.listen-address="]
        stack.enter_context(
            running("prometheus-alertmanager", f"--config.file={file}", *arguments, log=folder / "am.log")
        )
        watched = stack.enter_context(prometheus(targets, folder, every_s=1, alertmanagers=[manager]))
        yield Alerting(watched, manager, got)


def _routes(hook: int) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(ALERTMANAGER.read_text())
    config["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    for route in config["route"]["routes"]:
        route.update(group_wait="0s", group_interval="1s", repeat_interval="2s")
    config["receivers"] = [
        {"name": one["name"], "webhook_configs": [{"url": f"http://127.0.0.1:{hook}/{one['name']}"}]}
        for one in config["receivers"]
    ]
    return config


@contextmanager
def _hook(got: dict[str, list[Alert]]) -> Iterator[int]:
    """Serve a webhook for each receiver, by its name as the path; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            alerts = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]
            got[self.path.removeprefix("/")].extend(alerts)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
