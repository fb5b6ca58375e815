"""The stand-in for Slack, served from the test's own process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from presswatch.local import slack as stand_in


@contextmanager
def served_workspace(log: Path) -> Iterator[stand_in.Workspace]:
    """Serve a workspace without a rate limit; its address is http://127.0.0.1:`port`/api."""
    workspace = stand_in.Workspace(log, per_channel_s=0)
    server = stand_in.serve(workspace)
    workspace.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield workspace
    finally:
        server.shutdown()
        server.server_close()
