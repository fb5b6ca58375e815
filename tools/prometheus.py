"""A real Prometheus (Debian's package) over running services, with the rules that we ship: for tests and for the picture in docs/."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import orjson
import yaml

from presswatch.local.system import free_ports

FOLDER = Path(__file__).resolve().parents[1] / "deploy" / "prometheus"
READY_S = 60.0


def asked(url: str) -> Any:
    """Return what an address serves as JSON; None if it does not answer, or not so."""
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310 (our own address)
            return orjson.loads(answer.read())
    except (URLError, OSError, orjson.JSONDecodeError):
        return None


class Prometheus:
    """A running one, at a port of loopback."""

    def __init__(self, port: int) -> None:
        self._api = f"http://127.0.0.1:{port}/api/v1"

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of an expression now; none while it does not answer."""
        return self._result("query", {"query": expression})

    def query_range(self, expression: str, begin: float, end: float, step_s: float) -> list[dict[str, Any]]:
        """Return the series of an expression between two times, in seconds since 1970."""
        return self._result("query_range", {"query": expression, "start": begin, "end": end, "step": step_s})

    def _result(self, name: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = asked(f"{self._api}/{name}?{urlencode(arguments)}")
        return list(found["data"]["result"]) if found and found["status"] == "success" else []

    def wait_scraping(self, targets: int) -> None:
        """Wait until it scrapes so many services.

        Raises:
            TimeoutError: it does not.
        """
        deadline = time.monotonic() + READY_S
        while len(self.query("up == 1")) < targets:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Prometheus does not scrape {targets} services after {READY_S:g} s")
            time.sleep(0.1)


@contextmanager
def prometheus(
    targets: Mapping[str, str], folder: Path, *, every_s: int, alertmanagers: Sequence[str] = ()
) -> Iterator[Prometheus]:
    """Run Prometheus with our configuration and rules.

    Args:
        targets: host:port by service.
        folder: takes its configuration, data and log.
        every_s: seconds between two scrapes, and between two evaluations of the rules.
        alertmanagers: host:port of each.
    """
    config: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": f"{every_s}s", "evaluation_interval": f"{every_s}s"}
    config["rule_files"] = [str(FOLDER / name) for name in config["rule_files"]]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": list(alertmanagers)}]}]
    [job] = config["scrape_configs"]
    job["static_configs"] = [{"targets": [at], "labels": {"service": name}} for name, at in targets.items()]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    [port] = free_ports(1)
    arguments = [f"--storage.tsdb.path={folder}/prometheus", f"--web.listen-address=127.0.0.1:{port}"]
    # The first is sent before Alertmanager is discovered; the next would come a minute later.
    arguments.append(f"--rules.alert.resend-delay={every_s}s")
    with running("prometheus", f"--config.file={file}", *arguments, log=folder / "prometheus.log"):
        yield Prometheus(port)


@contextmanager
def running(*command: str, log: Path) -> Iterator[None]:
    """Run a program, its output in a file, and end it."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
