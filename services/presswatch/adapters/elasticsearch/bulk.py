"""Bulk writes with one outcome per item.

What may be wrong with an item and what we do about it follows the error table in docs/decisions; in short: a newer
version is a success, a bad value is that document's fault, an unknown field is ours, anything else is waited out or
stops the stage.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from elasticsearch import ApiError, Elasticsearch

from presswatch import metrics
from presswatch.adapters.elasticsearch.client import BusyError, UnavailableError, meaning, translated
from presswatch.core.errors import FatalError, RetryableError
from presswatch.topology import Stage

log = structlog.get_logger(__name__)

MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""Body of one bulk request; a single larger document goes alone. The server's own limit is 100 MB, proxies set less."""

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
"""A document that takes more than 10 % of the heap is refused for ever (429), 50 MB at 512 MB: stay well below."""

SHARD_WAIT_S = 15.0
"""How long the server waits for a shard that is not there, before it says so: shorter than our own time-out."""

PATIENCE = 6
"""Attempts for items that the server is too busy for, 0.1 to 3.2 s apart, before the caller is told to wait."""


@dataclass(frozen=True, slots=True)
class Write:
    """One document to write.

    Args:
        target: a write alias (`topology.write_alias`): a name that is no alias is refused, never created.
        id: document id, at most 512 bytes.
        source: the document as JSON.
        version: external version; an older one than the stored changes nothing. Excludes the next two.
        create: only if there is no such document.
        seen: (_seq_no, _primary_term) of the document that this one replaces, if it is still that.
    """

    target: str
    id: str
    source: bytes
    version: int | None = None
    create: bool = False
    seen: tuple[int, int] | None = None

    def action(self) -> dict[str, Any]:
        """Return the line that goes before the document."""
        about: dict[str, Any] = {"_index": self.target, "_id": self.id}
        if self.version is not None:
            about |= {"version": self.version, "version_type": "external_gte"}
        if self.seen is not None:
            about |= {"if_seq_no": self.seen[0], "if_primary_term": self.seen[1]}
        return {"create" if self.create else "index": about}


State = Literal["written", "superseded", "conflict", "rejected", "missing"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one write.

    Args:
        state: ``written``; ``superseded``: a newer version is there; ``conflict``: the document exists (create) or is
            no longer the one that was seen; ``rejected``: a value that the mapping does not take, `detail` says
            which; ``missing``: the index is gone.
        seen: (_seq_no, _primary_term) of what was written.
    """

    state: State
    detail: str = ""
    seen: tuple[int, int] | None = None


class Bulk:
    """Writes documents and tells for each what became of it.

    Args:
        stage: who writes, for the metrics.
        wait: waits for so many seconds and returns whether a stop was asked for.
        max_items: documents at most in one request. When the server is too busy the number is halved, and grows again.
        shard_wait_s: see `SHARD_WAIT_S`.
    """

    def __init__(
        self,
        client: Elasticsearch,
        stage: Stage,
        wait: Callable[[float], bool],
        max_items: int = 500,
        max_request_bytes: int = MAX_REQUEST_BYTES,
        shard_wait_s: float = SHARD_WAIT_S,
    ) -> None:
        self._client = client
        self._stage = stage
        self._wait = wait
        self._max_items = max_items
        self._max_bytes = max_request_bytes
        self._shard_wait_s = shard_wait_s
        self._items = max_items

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Write documents; returns an outcome for each, in their order.

        Raises:
            RetryableError: the outcome of some is unknown or they were not taken: send all of them again.
            FatalError: the server refuses us, or our mapping is behind.
        """
        outcomes: list[Outcome | None] = [None] * len(writes)
        waiting = list(range(len(writes)))
        attempt = 0
        while waiting:
            chunk = self._chunk(writes, waiting)
            try:
                answer = self._send([writes[at] for at in chunk])
            except _TooLargeRequestError as error:
                if len(chunk) == 1:
                    outcomes[chunk[0]] = Outcome("rejected", str(error))
                    waiting = waiting[1:]
                else:
                    self._slow_down()
                continue
            except BusyError as error:
                attempt = self._patience(attempt, error)
                continue
            busy: list[int] = []
            for at, item in zip(chunk, answer, strict=True):
                outcome = _outcome(writes[at], item)
                if isinstance(outcome, Outcome):
                    outcomes[at] = outcome
                    metrics.BULK_ITEMS.labels(outcome.state).inc()
                else:
                    metrics.BULK_ITEMS.labels(type(outcome).__name__.removesuffix("Error").lower()).inc()
                    if not isinstance(outcome, BusyError):
                        raise outcome
                    busy.append(at)
                    last = outcome
            waiting = busy + waiting[len(chunk) :]
            if busy:
                attempt = self._patience(attempt, last)
            else:
                attempt = 0
                self._items = min(self._max_items, self._items + max(1, self._items // 4))
        return [outcome for outcome in outcomes if outcome is not None]

    def _chunk(self, writes: Sequence[Write], waiting: Sequence[int]) -> list[int]:
        chunk: list[int] = []
        size = 0
        for at in waiting[: self._items]:
            size += len(writes[at].source)
            if chunk and size > self._max_bytes:
                break
            chunk.append(at)
        return chunk

    def _send(self, writes: Sequence[Write]) -> Iterator[Mapping[str, Any]]:
        lines: list[Any] = [line for write in writes for line in (write.action(), write.source)]
        with translated(), metrics.BULK_SECONDS.time():
            try:
                answer = self._client.bulk(
                    operations=lines,
                    require_alias=True,
                    timeout=f"{self._shard_wait_s * 1000:.0f}ms",
                    filter_path="items.*.status,items.*.error,items.*._seq_no,items.*._primary_term",
                )
            except ApiError as error:
                if error.meta.status == 413:
                    raise _TooLargeRequestError(
                        f"413: a request of {sum(map(len, lines))} parts is too large"
                    ) from error
                raise
        items = answer.body.get("items", [])
        if len(items) != len(writes):
            raise UnavailableError(f"Elasticsearch answered {len(items)} of {len(writes)} items of a bulk request")
        return (next(iter(item.values())) for item in items)

    def _slow_down(self) -> None:
        self._items = max(1, self._items // 2)

    def _patience(self, attempt: int, error: RetryableError) -> int:
        """Halve the requests and wait; after `PATIENCE` attempts, or when a stop is asked for, raise."""
        self._slow_down()
        wait_s = 0.1 * 2**attempt * random.uniform(0.7, 1.3)  # noqa: S311 (jitter, not a secret)
        metrics.RETRIES.labels(self._stage, type(error).__name__).inc()
        log.warning("Elasticsearch is busy", why=str(error), attempt=attempt + 1, items=self._items)
        if attempt + 1 >= PATIENCE or self._wait(wait_s):
            raise error
        return attempt + 1


class _TooLargeRequestError(Exception):
    """413: the server, or a proxy before it, takes smaller requests only."""


def _outcome(write: Write, item: Mapping[str, Any]) -> Outcome | RetryableError | FatalError:
    """Return what became of an item, or the error that it means for the stage."""
    status = int(item["status"])
    if status < 300:
        seen = (item["_seq_no"], item["_primary_term"]) if "_seq_no" in item else None
        return Outcome("written", seen=seen)
    error = item.get("error", {})
    kind, reason = str(error.get("type", "")), str(error.get("reason", ""))
    if status == 409:
        return Outcome("conflict" if write.version is None else "superseded", reason)
    if status == 404 and kind == "index_not_found_exception":
        return Outcome("missing", reason)
    if status == 400 and kind == "strict_dynamic_mapping_exception":
        return FatalError(
            f"the mapping in Elasticsearch is behind this version ({reason}); stop, run `presswatch setup`, start again"
        )
    if status == 400:
        cause = error.get("caused_by", {})
        because = f" ({cause.get('type')}: {cause.get('reason')})" if cause else ""
        return Outcome("rejected", f"{kind}: {reason}{because}")
    return meaning(status, kind, reason)
