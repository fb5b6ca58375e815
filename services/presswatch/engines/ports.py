"""TCP ports on loopback: whether one is taken and by whom, and which are free."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection

import psutil

from presswatch.engines.errors import EngineError

LOOPBACK = "127.0.0.1"
# Below the range from which systems take the ports of outgoing connections (Linux from 32768, macOS from 49152). From
# within it, a client that calls a stopped engine again and again can be given that very port and talk to itself, and
# the engine cannot come back.
FREE_RANGE = range(20000, 30000)


def taken(port: int) -> bool:
    """Whether something listens or waits on the port, so that an engine could not."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the engines do: TIME_WAIT is no hindrance
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def free_port(avoid: Collection[int]) -> int:
    """Return a port that nothing uses now and that is not in `avoid`."""
    for port in random.SystemRandom().sample(FREE_RANGE, k=500):
        if port not in avoid and not taken(port):
            return port
    raise EngineError(
        f"no free port was found between {FREE_RANGE.start} and {FREE_RANGE.stop}", "see what listens there: ss -ltnp"
    )


def holder(port: int) -> str:
    """Say which process listens on a port, or that it cannot be told (another user's process)."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid is None:
                    break
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return "a process that you may not see"
    return "a process that you may not see"


def require_free(port: int, what: str, option: str, whose: str = "") -> None:
    """Raise EngineError, naming the process in the way (and `whose` it is), if the port is taken."""
    if taken(port):
        raise EngineError(
            f"port {port} for {what} is taken by {holder(port)}{whose}",
            f"stop it, or choose another port with {option} N, or any with --free-ports",
        )
