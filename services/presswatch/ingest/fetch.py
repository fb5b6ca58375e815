"""One conditional GET of a feed, with limits: time, size, redirects, and the addresses that may be reached."""

from __future__ import annotations

import asyncio
import email.utils
import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from presswatch.core.errors import RetryableError
from presswatch.ingest.addresses import PORTS, is_public, next_hop
from presswatch.ingest.feeds import MAX_FEED_BYTES
from presswatch.settings import IngestSettings

MAX_REDIRECTS = 5
CONNECTIONS = 16
PER_HOST = 2
LONGEST_RETRY_AFTER_S = 86_400.0

_ACCEPT = "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
_REDIRECTS = (301, 302, 303, 307, 308)


class FetchError(RetryableError):
    """A feed could not be fetched; try later.

    Args:
        reason: a short, bounded label, such as ``timeout``.
        detail: one line for a person.
        retry_after_s: seconds that the server asked to wait.
    """

    def __init__(self, reason: str, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.retry_after_s = retry_after_s


class RefusedAddressError(OSError):
    """A connection to an address that is not public was about to be made."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered. `body` is None if nothing has changed since the validators were given."""

    body: bytes | None
    charset: str | None
    etag: str | None
    last_modified: str | None
    address: str


class Fetcher:
    """Fetches feeds; used as an async context manager.

    Args:
        settings: user agent, time limit, and whether private addresses are allowed.
    """

    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, limit_per_host=PER_HOST, socket_factory=self._socket),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            headers={"User-Agent": self._settings.user_agent, "Accept": _ACCEPT},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy would connect to the address in our place, unchecked
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, address: str, etag: str | None = None, last_modified: str | None = None) -> Answer:
        """Fetch a feed, if it has changed.

        Raises:
            FetchError: reason ``timeout``, ``too_large``, ``refused_address``, ``redirect``, ``dns``, ``tls``,
                ``connection``, ``bad_address``, ``bad_response``, ``http_4xx`` or ``http_5xx``.
        """
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await self._follow(address, etag, last_modified)
        except TimeoutError as error:
            raise FetchError("timeout", f"no complete answer within {self._settings.timeout_s:g} s") from error
        except aiohttp.ClientConnectorDNSError as error:
            raise FetchError("dns", f"the host name cannot be resolved: {error}") from error
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError) as error:
            raise FetchError("tls", f"no trusted connection: {error}") from error
        except aiohttp.ClientConnectionError as error:
            if _is_refusal(error):
                raise FetchError("refused_address", f"{_cause(error)}; ingest.allow_private would allow it") from error
            raise FetchError("connection", f"no connection: {error}") from error
        except (aiohttp.InvalidURL, ValueError) as error:
            raise FetchError("bad_address", "the address is not valid") from error
        except aiohttp.ClientError as error:
            what = " ".join((getattr(error, "message", "") or str(error)).split())
            raise FetchError("bad_response", f"the answer makes no sense: {what[:200]}") from error

    async def _follow(self, address: str, etag: str | None, last_modified: str | None) -> Answer:
        url = URL(address)
        if not self._settings.allow_private and url.port not in PORTS:
            ports = ", ".join(map(str, sorted(PORTS)))
            raise FetchError(
                "refused_address", f"port {url.port} is none of {ports}; ingest.allow_private would allow it"
            )
        headers = {
            name: value for name, value in (("If-None-Match", etag), ("If-Modified-Since", last_modified)) if value
        }
        for _ in range(MAX_REDIRECTS + 1):
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await self._read(response, url)
                try:
                    url = next_hop(url, response.headers.get("Location", ""), private=self._settings.allow_private)
                except ValueError as error:
                    raise FetchError("redirect", str(error)) from error
        raise FetchError("redirect", f"more than {MAX_REDIRECTS} redirects")

    async def _read(self, response: aiohttp.ClientResponse, url: URL) -> Answer:
        etag, modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
        if response.status == HTTPStatus.NOT_MODIFIED:
            return Answer(None, None, etag, modified, str(url))
        if response.status != HTTPStatus.OK:
            raise FetchError(
                "http_5xx" if response.status >= 500 else "http_4xx",
                f"HTTP {response.status} {response.reason or ''}".strip(),
                _retry_after_s(response.headers.get("Retry-After")),
            )
        body = bytearray()
        async for chunk in response.content.iter_chunked(65536):  # unpacked already, so a bomb is stopped as well
            body += chunk
            if len(body) > MAX_FEED_BYTES:
                raise FetchError("too_large", f"the answer is larger than {MAX_FEED_BYTES:,} bytes")
        return Answer(bytes(body), _charset(response.headers.get("Content-Type", "")), etag, modified, str(url))

    def _socket(self, info: Any) -> socket.socket:
        """Make the socket for one address that is about to be connected; every hop and every try comes by here."""
        family, kind, protocol, _, address = info
        if not self._settings.allow_private and not is_public(str(address[0])):
            raise RefusedAddressError(f"{address[0]} is not a public address")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


def _charset(content_type: str) -> str | None:
    found = re.search(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", content_type, re.IGNORECASE)
    return found[1] if found else None


def _retry_after_s(header: str | None) -> float | None:
    """Return the seconds of a Retry-After, which may be a number or a date; capped at a day, None if it is neither."""
    if not header:
        return None
    if header.strip().isdecimal():
        seconds = float(header)
    else:
        try:
            moment = email.utils.parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error with its causes, and those within groups: aiohttp wraps what a socket factory raises."""
    found: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue:
        item = queue.pop()
        if item is not None and item not in found:
            found.append(item)
            queue += [item.__cause__, item.__context__, getattr(item, "os_error", None)]
            queue += item.exceptions if isinstance(item, BaseExceptionGroup) else ()
    return found


def _is_refusal(error: BaseException) -> bool:
    return any("is not a public address" in str(item) for item in _chain(error))


def _cause(error: BaseException) -> str:
    return next((str(item) for item in _chain(error) if isinstance(item, RefusedAddressError)), str(error))
