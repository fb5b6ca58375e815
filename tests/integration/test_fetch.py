"""Fetching over real sockets: limits of time, size and redirects, and the addresses that are refused."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from tests.integration.feed_server import FeedServer, Reply, drip, feed_server, rss

from presswatch.ingest.feeds import MAX_FEED_BYTES
from presswatch.ingest.fetch import MAX_REDIRECTS, Answer, Fetcher, FetchError
from presswatch.settings import IngestSettings


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


def fetch(url: str, etag: str | None = None, modified: str | None = None, **settings: Any) -> Answer:
    async def once() -> Answer:
        async with Fetcher(IngestSettings(**{"allow_private": True, "timeout_s": 5, **settings})) as fetcher:
            return await fetcher.get(url, etag, modified)

    return asyncio.run(once())


def refusal(url: str, **settings: Any) -> FetchError:
    with pytest.raises(FetchError) as error:
        fetch(url, **settings)
    return error.value


def test_a_feed_arrives_with_its_validators_and_charset(server: FeedServer) -> None:
    headers = {"Content-Type": 'text/xml; Charset="KOI8-R"', "Last-Modified": "Tue, 24 Nov 2026 08:00:00 GMT"}
    server.replies["/"] = Reply(rss("one"), headers=headers, etag=True)
    first = fetch(server.url("/"), user_agent="Desk/1 (desk@example.org)")
    assert (first.body, first.charset, first.last_modified) == (rss("one"), "KOI8-R", headers["Last-Modified"])
    assert server.headers[0]["User-Agent"] == "Desk/1 (desk@example.org)"
    second = fetch(server.url("/"), first.etag, first.last_modified)
    assert (second.body, second.etag) == (None, first.etag)
    assert server.headers[1]["If-Modified-Since"] == headers["Last-Modified"]


def test_redirects_are_followed_and_relative_links_count_from_their_end(server: FeedServer) -> None:
    server.replies["/old"] = Reply(status=301, headers={"Location": "/deep/new"})
    server.replies["/deep/new"] = Reply(rss("one"))
    assert fetch(server.url("/old")).address == server.url("/deep/new")


def test_redirects_have_an_end(server: FeedServer) -> None:
    server.replies["/loop"] = Reply(status=302, headers={"Location": "/loop"})
    assert refusal(server.url("/loop")).reason == "redirect"
    assert len(server.asked) == MAX_REDIRECTS + 1


def test_a_redirect_to_a_private_address_is_refused(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # the loopback server stands for a public one; where it sends us does not
    monkeypatch.setattr("presswatch.ingest.fetch.PORTS", frozenset((server.port,)))
    monkeypatch.setattr("presswatch.ingest.addresses.PORTS", frozenset((server.port, 80)))
    monkeypatch.setattr("presswatch.ingest.fetch.is_public", lambda address: address == "127.0.0.1")
    server.replies["/"] = Reply(status=302, headers={"Location": "http://127.0.0.2/latest/meta-data"})
    error = refusal(server.url("/"), allow_private=False)
    assert (error.reason, server.statuses("/")) == ("refused_address", [302])
    assert "127.0.0.2 is not a public address" in str(error)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/",
        "http://0.0.0.0/",
    ],
)
def test_addresses_of_the_inner_network_are_refused(address: str) -> None:
    error = refusal(address, allow_private=False)
    assert error.reason == "refused_address"
    assert "ingest.allow_private" in str(error)


@pytest.mark.parametrize(
    "address", ["http://2130706433/", "http://0x7f.1/", "http:///path", "http://a b/", "http://a.example:99999/"]
)
def test_addresses_that_are_none_are_refused(address: str) -> None:
    assert refusal(address, allow_private=False).reason in ("bad_address", "refused_address", "dns")


def test_other_ports_are_refused(server: FeedServer) -> None:
    server.replies["/"] = Reply(rss("one"))
    assert refusal(server.url("/"), allow_private=False).reason == "refused_address"
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "headers", "reason", "retry_after_s"),
    [
        (404, {}, "http_4xx", None),
        (410, {}, "http_4xx", None),
        (429, {"Retry-After": "120"}, "http_4xx", 120),
        (503, {"Retry-After": "9999999"}, "http_5xx", 86_400),
        (503, {"Retry-After": "Tue, 24 Nov 2020 08:00:00 GMT"}, "http_5xx", 0),
        (500, {"Retry-After": "soon"}, "http_5xx", None),
    ],
)
def test_refusals_of_the_server(
    server: FeedServer, status: int, headers: dict[str, str], reason: str, retry_after_s: float | None
) -> None:
    server.replies["/"] = Reply(b"sorry", status, headers)
    error = refusal(server.url("/"))
    assert (error.reason, error.retry_after_s) == (reason, retry_after_s)
    assert str(status) in str(error)


@pytest.mark.timeout(30)  # the drip itself never ends
def test_a_slow_drip_ends(server: FeedServer) -> None:
    server.replies["/"] = Reply(raw=drip)
    assert refusal(server.url("/"), timeout_s=0.5).reason == "timeout"


def test_a_body_that_is_too_large_ends_early(server: FeedServer) -> None:
    server.replies["/"] = Reply(b"x" * (MAX_FEED_BYTES + 1))
    assert refusal(server.url("/")).reason == "too_large"


def test_a_packed_bomb_ends_early(server: FeedServer) -> None:
    bomb = gzip.compress(bytes(60_000_000))
    assert len(bomb) < 100_000
    server.replies["/"] = Reply(bomb, headers={"Content-Encoding": "gzip"})
    assert refusal(server.url("/")).reason == "too_large"


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"this is not HTTP\r\n\r\n")


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"<rss>")


@pytest.mark.parametrize(("raw", "reason"), [(garbage, "bad_response"), (cut_off, "bad_response")])
def test_answers_that_make_no_sense(server: FeedServer, raw: Any, reason: str) -> None:
    server.replies["/?token=secret"] = Reply(raw=raw)
    error = refusal(server.url("/?token=secret"))
    assert error.reason == reason
    assert "secret" not in str(error)


def test_nobody_there(server: FeedServer) -> None:
    server.close()
    assert refusal(server.url("/")).reason == "connection"


def test_a_server_that_does_not_speak_tls(server: FeedServer) -> None:
    # plain HTTP where TLS is expected
    error = refusal(server.url("/").replace("http://", "https://"))
    assert error.reason == "tls"
