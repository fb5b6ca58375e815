"""The client, and what errors of whole requests mean: wait and repeat, or stop.

The client itself repeats nothing: whoever calls knows what may be sent twice, and for how long to wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionError as TransportConnectionError
from elastic_transport import ConnectionTimeout, SerializationError, TlsError, TransportError
from elasticsearch import ApiError, ConflictError, Elasticsearch
from elasticsearch.serializer import OrjsonSerializer

from presswatch.core.errors import FatalError, RetryableError
from presswatch.settings import ElasticsearchSettings


class UnreachableError(RetryableError):
    """No connection or no answer in time; the outcome of what was sent is unknown."""


class BusyError(RetryableError):
    """The server asks for patience: a full queue or too little memory (429)."""


class UnavailableError(RetryableError):
    """A shard or the cluster has no primary or no master at the moment (5xx, red index)."""


class DiskFullError(RetryableError):
    """The disk is over the flood-stage watermark: the server refuses writes until somebody makes room."""


def connect(settings: ElasticsearchSettings) -> Elasticsearch:
    """Return a client. It opens its connections on first use, so an absent server shows only then."""
    trust: dict[str, Any] = {"ca_certs": str(settings.ca_file)} if settings.ca_file else {}
    return Elasticsearch(
        settings.url,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        serializer=OrjsonSerializer(),
        request_timeout=settings.timeout_s,
        max_retries=0,
        retry_on_timeout=False,
        **trust,
    )


def reach(client: Elasticsearch) -> None:
    """Ask the server whether it is there (cluster health: it exists in every build and needs only `monitor`).

    Raises:
        RetryableError: it is not there, or not ready.
        FatalError: it refuses us.
    """
    with translated():
        client.cluster.health(timeout="10s")


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of a whole request into ours; `ConflictError` (409) passes, it is an answer.

    Raises:
        RetryableError: `UnreachableError`, `BusyError`, `UnavailableError` or `DiskFullError`.
        FatalError: the server refuses us, or the request was wrong.
    """
    try:
        yield
    except ConflictError:
        raise
    except TlsError as error:
        raise FatalError(
            f"the TLS certificate of Elasticsearch is not trusted ({error.message}); "
            "set elasticsearch.ca_file to the PEM file of the authority that signed it"
        ) from error
    except SerializationError as error:
        raise FatalError(f"cannot read or write what goes over the wire: {error.message}") from error
    except (TransportConnectionError, ConnectionTimeout) as error:
        raise UnreachableError(f"Elasticsearch cannot be reached: {error.message}") from error
    except TransportError as error:
        raise FatalError(f"Elasticsearch client: {error.message}") from error
    except ApiError as error:
        raise meaning(error.meta.status, error.error, _reason(error.body)) from error


def meaning(status: int, kind: str, reason: str) -> RetryableError | FatalError:
    """Return what a failure means for us; the same for a whole request and for one item of it.

    Args:
        status: HTTP status.
        kind: Elasticsearch's error type, such as ``es_rejected_execution_exception``.
        reason: its text.
    """
    text = f"Elasticsearch: {status} {kind}: {reason}"
    if status == 429 and kind == "cluster_block_exception":
        return DiskFullError(f"{text} (it takes no writes until there is room on its disk)")
    if status == 429:
        return BusyError(text)
    if status in {401, 403}:
        return FatalError(f"{text}. Check elasticsearch.api_key and its privileges, and write blocks on the index")
    if status == 404:
        return FatalError(f"{text}. Run `presswatch setup`")
    if status >= 500:
        return UnavailableError(text)
    return FatalError(text)


def checked(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer of a search if every shard took part in it.

    Raises:
        UnavailableError: some did not, although the status was 200: the result would be silently incomplete.
    """
    shards = answer.get("_shards", {})
    if shards.get("failed"):
        failures: list[Mapping[str, Any]] = shards.get("failures") or [{}]
        first = failures[0].get("reason", {})
        raise UnavailableError(
            f"Elasticsearch: {shards['failed']} of {shards['total']} shards did not answer "
            f"({first.get('type', 'no reason given')}: {first.get('reason', '')})"
        )
    if answer.get("timed_out"):
        raise UnavailableError("Elasticsearch: the search ran out of time; its result would be incomplete")
    return answer


def _reason(body: Any) -> str:
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        return str(error.get("reason", ""))
    return str(error or body or "")[:500]
