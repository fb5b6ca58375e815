"""What every service process has: logs, signals, and /metrics, /healthz, /readyz over HTTP.

A service beats while it makes progress. /healthz fails when the last beat is too old (the process hangs: restart it),
/readyz while it is not connected and working (do not count on it yet).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any

import orjson
import structlog
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from presswatch import metrics
from presswatch.core.errors import ConfigError
from presswatch.lograte import RepeatFilter
from presswatch.settings import HttpSettings, LogSettings

HEARTBEAT_LIMIT_S = 90.0
"""A service that made no beat for so long hangs. Longer than any single wait of ours with its retries."""

BREAKER_SHOWN_S = 20.0
"""So long a process whose breaker has opened goes on serving /metrics before it ends: longer than the interval at which
Prometheus asks (15 s in deploy/), so that the alert on it can fire."""

EXIT_FATAL = 70
"""Exit code of a stage that stopped because going on would lose data (EX_SOFTWARE of sysexits.h)."""


def now_ms() -> int:
    """Return the time in milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000


def configure_logs(settings: LogSettings, service: str) -> None:
    """Send our own log lines and those of libraries to standard error: one JSON object a line, or for people."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    for_people = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    about = {"service": service, "pid": os.getpid()}

    def name_process(_logger: Any, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        return {**event, **about}  # no context variable: threads of libraries would not have it

    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        name_process,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    render: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if for_people
        else [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=repr).decode()),
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("kafka", "aiokafka", "elastic_transport", "faust", "mode", "urllib3", "slack_sdk", "asyncio"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    # one line for each attempt to connect; that Kafka is away our own lines say, once a try
    logging.getLogger("kafka.net").setLevel(logging.CRITICAL)


class Health:
    """Progress of a service, as /healthz and /readyz tell it. Thread-safe.

    Args:
        parts: names of the parts that must all be ready and beating, such as ("decide", "deliver").
    """

    def __init__(self, parts: tuple[str, ...] = ("service",), clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beats = dict.fromkeys(parts, clock())
        self._waiting: dict[str, str] = dict.fromkeys(parts, "starting")

    def beat(self, part: str = "service") -> None:
        """Say that this part is alive: call it at least once in `HEARTBEAT_LIMIT_S`, also while waiting."""
        self._beats[part] = self._clock()

    def ready(self, part: str = "service") -> None:
        """Say that this part is connected and working."""
        self.beat(part)
        self._waiting.pop(part, None)
        metrics.READY.labels(part).set(1)

    def not_ready(self, why: str, part: str = "service") -> None:
        """Say that this part waits, and for what."""
        self.beat(part)
        self._waiting[part] = why
        metrics.READY.labels(part).set(0)

    def hanging(self) -> dict[str, float]:
        """Return the parts without a beat for too long, with the seconds since their last."""
        now = self._clock()
        return {part: now - beat for part, beat in self._beats.items() if now - beat > HEARTBEAT_LIMIT_S}

    def waiting(self) -> dict[str, str]:
        """Return the parts that are not ready, with what they wait for."""
        return dict(self._waiting)


class HttpEndpoint:
    """Serves /metrics, /healthz and /readyz from a thread of its own.

    Raises:
        ConfigError: the port is taken or the host is not ours.
    """

    def __init__(self, host: str, port: int, health: Health) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    encoder, content_type = choose_encoder(self.headers.get("Accept", ""))
                    self._answer(200, encoder(REGISTRY), content_type)
                elif path == "/healthz":
                    hanging = health.hanging()
                    self._answer(503 if hanging else 200, orjson.dumps({"hanging": hanging}), "application/json")
                elif path == "/readyz":
                    waiting = health.waiting()
                    self._answer(503 if waiting else 200, orjson.dumps({"waiting": waiting}), "application/json")
                else:
                    self._answer(404, b"there are /metrics, /healthz and /readyz\n", "text/plain")

            def _answer(self, status: int, body: bytes, content_type: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class' name)
                logging.getLogger(__name__).debug(format, *args)

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise ConfigError(
                f"cannot serve metrics on {host}:{port}: {error.strerror}; set another port (http.* in the settings, 0 takes a free one)"
            ) from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="http", daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class StopSignal:
    """Set by SIGTERM and SIGINT. A second signal ends the process at once."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def install(self) -> None:
        """Take over SIGTERM and SIGINT (main thread only)."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        if self._event.is_set():
            os._exit(128 + signum)
        self._event.set()

    def set(self) -> None:
        """Ask for a stop."""
        self._event.set()

    def is_set(self) -> bool:
        """Return whether a stop was asked for."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for a stop for at most so many seconds; return whether it was asked for."""
        return self._event.wait(seconds)


def show_open_breaker(seconds: float = BREAKER_SHOWN_S) -> None:
    """Let Prometheus see an open breaker of this process, before it ends; return at once if none is open."""
    if any(sample.value for family in metrics.BREAKER.collect() for sample in family.samples):
        time.sleep(seconds)  # nothing can be waited for: who asks is not known


@contextmanager
def service(
    name: str, http: HttpSettings, log: LogSettings, parts: tuple[str, ...] = ("service",)
) -> Iterator[tuple[Health, StopSignal]]:
    """Run a service's body between its log, signal and HTTP set-up and their end.

    A `FatalError` or an unexpected exception is logged and ends the process with `EXIT_FATAL`.
    """
    configure_logs(log, name)
    logger = structlog.get_logger(name)
    health, stop = Health(parts), StopSignal()
    stop.install()
    endpoint = HttpEndpoint(http.host, getattr(http, name), health)
    logger.info("started", http=f"http://{http.host}:{endpoint.port}")
    try:
        yield health, stop
    except ConfigError:
        raise
    except Exception:
        logger.critical("stopped: going on would lose data", exc_info=True)
        show_open_breaker()
        sys.exit(EXIT_FATAL)
    else:
        logger.info("stopped")
    finally:
        endpoint.close()
