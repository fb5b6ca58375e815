"""What every service serves over HTTP, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson
import pytest

from presswatch.core.errors import ConfigError
from presswatch.runtime import EXIT_FATAL, HEARTBEAT_LIMIT_S, Health, HttpEndpoint


def get(port: int, path: str, accept: str = "*/*") -> tuple[int, bytes, str]:
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": accept}), timeout=5) as answer:
            return answer.status, answer.read(), answer.headers["Content-Type"]
    except HTTPError as error:
        return error.code, error.read(), error.headers["Content-Type"]


def test_health_tells_what_hangs_and_what_is_waited_for() -> None:
    now = 0.0
    health = Health(("decide", "deliver"), clock=lambda: now)
    endpoint = HttpEndpoint("127.0.0.1", 0, health)
    try:
        assert get(endpoint.port, "/healthz")[0] == 200
        assert get(endpoint.port, "/readyz")[0] == 503
        health.ready("decide")
        health.not_ready("no Slack", "deliver")
        status, body, _ = get(endpoint.port, "/readyz")
        assert (status, orjson.loads(body)) == (503, {"waiting": {"deliver": "no Slack"}})
        health.ready("deliver")
        assert get(endpoint.port, "/readyz")[0] == 200
        now = HEARTBEAT_LIMIT_S + 1
        health.beat("deliver")
        status, body, _ = get(endpoint.port, "/healthz")
        assert (status, list(orjson.loads(body)["hanging"])) == (503, ["decide"])
    finally:
        endpoint.close()


def test_metrics_in_both_formats() -> None:
    endpoint = HttpEndpoint("127.0.0.1", 0, Health())
    try:
        _, body, kind = get(endpoint.port, "/metrics")
        assert b"# HELP presswatch_rules Rules in force." in body
        assert kind.startswith("text/plain")
        _, body, kind = get(endpoint.port, "/metrics", "application/openmetrics-text; version=1.0.0")
        assert body.endswith(b"# EOF\n")
        assert kind.startswith("application/openmetrics-text")
        assert get(endpoint.port, "/")[0] == 404
    finally:
        endpoint.close()


def test_a_taken_port_is_a_clear_error() -> None:
    endpoint = HttpEndpoint("127.0.0.1", 0, Health())
    try:
        with pytest.raises(ConfigError, match=f"127.0.0.1:{endpoint.port}.*set another port"):
            HttpEndpoint("127.0.0.1", endpoint.port, Health())
    finally:
        endpoint.close()


PROGRAM = """
import sys
from presswatch.core.errors import FatalError
from presswatch.runtime import service
from presswatch.settings import HttpSettings, LogSettings
with service("indexer", HttpSettings(indexer=0), LogSettings(format="json")) as (health, stop):
    print("up", flush=True)
    if sys.argv[1] == "fatal":
        raise FatalError("the mapping is behind")
    stop.wait(60)
"""


@pytest.mark.parametrize(
    ("how", "code", "said"), [("fatal", EXIT_FATAL, "the mapping is behind"), ("wait", 0, '"event":"stopped"')]
)
def test_a_service_ends_with_the_right_code(how: str, code: int, said: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGTERM) if how == "wait" else None
    _, log = process.communicate(timeout=30)
    assert process.returncode == code
    assert said in log
    assert all(orjson.loads(line)["service"] == "indexer" for line in log.splitlines())
