"""Genuine Kafka and Elasticsearch on this machine, on loopback, without containers."""

from presswatch.engines.allocate import PortWish
from presswatch.engines.control import DEFAULT_NAME, Engines, Stopped, kill, start, stop
from presswatch.engines.errors import EngineError
from presswatch.engines.state import EngineName

__all__ = ["DEFAULT_NAME", "EngineError", "EngineName", "Engines", "PortWish", "Stopped", "kill", "start", "stop"]
