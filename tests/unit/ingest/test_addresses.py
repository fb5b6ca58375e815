"""Which addresses feeds may be fetched from, and where redirects may lead."""

from __future__ import annotations

import pytest
from yarl import URL

from presswatch.ingest.addresses import is_public, next_hop, shown


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "1.1.1.1",
        "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
        "2a00:1450::1",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
    ],
)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "192.88.99.1", "192.0.0.1",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
        "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001::1", "2002:7f00:1::",
        "2001:db8::1", "2001:2::1", "3fff::1", "5f00::1", "100::1", "4000::1",
        "", "localhost", "1.2.3", "0x7f000001",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_redirects_are_followed_within_http() -> None:
    here = URL("https://a.example/feed?x=1")
    assert next_hop(here, "/new") == URL("https://a.example/new")
    assert next_hop(here, "https://b.example:8443/new#part") == URL("https://b.example:8443/new")
    assert next_hop(URL("http://a.example/"), "https://a.example/") == URL("https://a.example/")


def test_credentials_do_not_travel() -> None:
    assert next_hop(URL("https://user:word@a.example/"), "https://b.example/").user is None
    assert next_hop(URL("https://a.example/"), "https://user:word@b.example/").password is None


@pytest.mark.parametrize(
    "location",
    [
        "http://a.example/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://a.example:22/",
    ],
)
def test_redirects_that_are_refused(location: str) -> None:
    with pytest.raises(ValueError, match="redirect"):
        next_hop(URL("https://a.example/"), location)


def test_an_intranet_may_use_other_ports() -> None:
    assert next_hop(URL("http://a.example/"), "http://a.example:9000/", private=True).port == 9000


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("https://user:word@a.example/feed?token=secret#x", "https://a.example/feed?..."),
        ("https://a.example/feed", "https://a.example/feed"),
        ("/var/feeds/a.xml", "/var/feeds/a.xml"),
        ("http://[broken?token=secret", "http://[broken"),
    ],
)
def test_secrets_are_not_shown(address: str, text: str) -> None:
    assert shown(address) == text
