"""A stand-in for Slack on loopback, for the demo, tests and trying rules out: it keeps what was posted in a file.

It answers chat.postMessage, conversations.history, conversations.list, auth.test and incoming webhooks, checks what
Slack checks (token, channel, block limits), and limits the rate: one message a second and channel, else 429 with
Retry-After. Run it as `python -m presswatch.local.slack --log FILE`.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson

TOKEN = "xoxb-stand-in"  # noqa: S105 (a stand-in's, worth nothing)
WEBHOOK_PATH = "/services/T000/B000/stand-in"
_LIMITS = {"blocks": 50, "header": 150, "section": 3000, "field": 2000, "text": 40_000}


@dataclass
class Workspace:
    """What the stand-in remembers. `allow_early` messages a channel may take before the rate limit sets in."""

    log: Path
    per_channel_s: float = 1.0
    channels: dict[str, str] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    limited: int = 0
    port: int = 0
    _last: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def channel_id(self, name: str) -> str:
        """Return the id of a channel; one that is not there yet comes into being."""
        if name in self.channels.values():
            return name
        return self.channels.setdefault(name.removeprefix("#"), f"C{len(self.channels):08d}")

    def post(self, channel: str, message: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Take a message; returns status, answer and headers as Slack would."""
        problem = check(message)
        if problem:
            return 200, {"ok": False, "error": problem}, {}
        with self._lock:
            now = time.monotonic()
            wait = self._last[channel] + self.per_channel_s - now
            if wait > 0.02:
                self.limited += 1
                return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(max(1, round(wait)))}
            self._last[channel] = now
            identity = self.channel_id(channel)
            ts = f"{time.time():.6f}"
            kept = {"ts": ts, "channel": identity, "channel_name": channel, **message}
            self.messages.append(kept)
            with self.log.open("ab") as out:
                out.write(orjson.dumps(kept) + b"\n")
            return 200, {"ok": True, "channel": identity, "ts": ts, "message": message}, {}

    def history(self, channel: str, oldest: float) -> list[dict[str, Any]]:
        """Return the messages of a channel, newest first."""
        with self._lock:
            return [m for m in reversed(self.messages) if m["channel"] == channel and float(m["ts"]) >= oldest]


def check(message: dict[str, Any]) -> str | None:
    """Return Slack's error for a message that it would refuse, or None."""
    blocks = message.get("blocks") or []
    if not blocks and not message.get("text"):
        return "no_text"
    if len(blocks) > _LIMITS["blocks"] or len(message.get("text", "")) > _LIMITS["text"]:
        return "msg_too_long"
    for block in blocks:
        text = (block.get("text") or {}).get("text", "")
        if block["type"] == "header" and not 0 < len(text) <= _LIMITS["header"]:
            return "invalid_blocks"
        if block["type"] == "section" and len(text) > _LIMITS["section"]:
            return "invalid_blocks"
        if any(not 0 < len(part["text"]) <= _LIMITS["field"] for part in block.get("fields", [])):
            return "invalid_blocks"
    return None


def serve(workspace: Workspace, port: int = 0) -> ThreadingHTTPServer:
    """Return a server that answers for the workspace; the caller runs `serve_forever`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/messages":
                self._answer(200, {"messages": workspace.messages, "limited": workspace.limited})
            else:
                self._answer(404, {"ok": False, "error": "unknown_method"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == WEBHOOK_PATH:
                status, answer, headers = workspace.post("#webhook", orjson.loads(body))
                good = answer.get("ok")
                self._answer(
                    status if good or status == 429 else 400, b"ok" if good else answer["error"].encode(), headers
                )
                return
            if self.path.startswith("/services/"):
                self._answer(404, b"no_service")
                return
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._answer(200, {"ok": False, "error": "invalid_auth"})
                return
            arguments = self._arguments(body)
            method = self.path.removeprefix("/api/")
            if method == "chat.postMessage":
                channel = str(arguments.pop("channel", ""))
                self._answer(
                    *workspace.post(channel, arguments)
                    if channel
                    else (200, {"ok": False, "error": "channel_not_found"})
                )
            elif method == "conversations.history":
                found = workspace.history(str(arguments.get("channel")), float(arguments.get("oldest", 0)))
                self._answer(200, {"ok": True, "messages": found, "response_metadata": {"next_cursor": ""}})
            elif method == "conversations.list":
                listed = [{"id": identity, "name": name} for name, identity in workspace.channels.items()]
                self._answer(200, {"ok": True, "channels": listed, "response_metadata": {"next_cursor": ""}})
            elif method == "auth.test":
                self._answer(200, {"ok": True, "user": "stand-in"})
            else:
                self._answer(200, {"ok": False, "error": "unknown_method"})

        def _arguments(self, body: bytes) -> dict[str, Any]:
            if self.headers.get("Content-Type", "").startswith("application/json"):
                parsed: dict[str, Any] = orjson.loads(body or b"{}")
                return parsed
            return {name: values[-1] for name, values in parse_qs(body.decode()).items()}

        def _answer(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
            data = answer if isinstance(answer, bytes) else orjson.dumps(answer)
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/plain" if isinstance(answer, bytes) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class' name)
            """Say nothing: the file of messages is the log."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server


def main() -> None:
    """Serve until SIGTERM; print the address first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, required=True, help="file that keeps the messages, one JSON object a line")
    parser.add_argument("--per-channel-s", type=float, default=1.0)
    arguments = parser.parse_args()
    workspace = Workspace(arguments.log, arguments.per_channel_s)
    if arguments.log.exists():
        for line in arguments.log.read_bytes().splitlines():
            message = orjson.loads(line)
            workspace.messages.append(message)
            workspace.channels[message["channel_name"].removeprefix("#")] = message["channel"]
    server = serve(workspace, arguments.port)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
