"""An HTTP server on loopback that answers as a test tells it, and remembers what it was asked."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """What to answer. With `etag`, a request that carries the body's hash gets a 304."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: bool = False
    raw: Callable[[BaseHTTPRequestHandler], None] | None = None


class FeedServer:
    """`replies` by path; `asked` holds (path, status) of each request."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.asked: list[tuple[str, int]] = []
        self.headers: list[dict[str, str]] = []
        serve = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                serve.headers.append(dict(self.headers))
                reply = serve.replies.get(self.path, Reply(status=404))
                if reply.raw:
                    serve.asked.append((self.path, 0))
                    reply.raw(self)
                    return
                tag = f'"{hashlib.sha256(reply.body).hexdigest()[:16]}"'
                unchanged = reply.etag and self.headers.get("If-None-Match") == tag
                status = 304 if unchanged else reply.status
                serve.asked.append((self.path, status))
                self.send_response(status)
                if reply.etag:
                    self.send_header("ETag", tag)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                body = b"" if unchanged else reply.body
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that goes away is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def statuses(self, path: str) -> list[int]:
        return [status for asked, status in self.asked if asked == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    """Serve for as long as the block lasts."""
    server = FeedServer()
    try:
        yield server
    finally:
        server.close()


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer a byte at a time, for ever: no single read ever times out."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def rss(*titles: str) -> bytes:
    """Write a feed whose entries have these titles, and addresses by their number."""
    items = "".join(
        f"<item><title>{title}</title><link>https://a.example/{number}</link><description>Text.</description></item>"
        for number, title in enumerate(titles)
    )
    return f"<rss><channel><title>Desk</title><language>en</language>{items}</channel></rss>".encode()
