"""A server that answers the client of Elasticsearch as told: for answers that a healthy server never gives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from presswatch.adapters.elasticsearch import connect
from presswatch.settings import ElasticsearchSettings


@dataclass
class Script:
    """What was asked, and what is answered: (status, body), or a function of the documents of a bulk request."""

    answers: list[tuple[int, Any] | Callable[[int], tuple[int, Any]]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    url: str = ""

    def client(self, timeout_s: float = 5.0) -> Any:
        return connect(ElasticsearchSettings(url=self.url, timeout_s=timeout_s))


def item(status: int, kind: str = "", reason: str = "") -> dict[str, Any]:
    """Return an item of an answer to a bulk request."""
    if status < 300:
        return {"index": {"status": status, "_seq_no": 1, "_primary_term": 1}}
    return {"index": {"status": status, "error": {"type": kind, "reason": reason}}}


def written(number: int) -> tuple[int, Any]:
    """Answer that all was written."""
    return 200, {"items": [item(201)] * number}


@contextmanager
def serve(script: Script) -> Iterator[Script]:
    """Serve a script on loopback; when its answers are used up, everything is written."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            lines = self.rfile.read(int(self.headers["Content-Length"])).split(b"\n")
            number = len([line for line in lines if line]) // 2
            script.sizes.append(number)
            answer = script.answers.pop(0) if script.answers else written
            status, body = answer(number) if callable(answer) else answer
            data = body if isinstance(body, bytes) else orjson.dumps(body)
            self.send_response(status)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "text/html" if isinstance(body, bytes) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_PUT = do_GET = do_POST  # noqa: N815 (names that the base class looks for)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
