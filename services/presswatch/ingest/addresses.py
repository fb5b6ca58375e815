"""Which addresses a feed may be fetched from: public ones, so that nobody makes us ask the inner network.

Pure. The rule looks at the very address that is connected to, not at names, so that neither literal addresses nor
redirects nor a changing DNS answer get around it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from yarl import URL

PORTS = frozenset((80, 443, 8080, 8443))

_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_REFUSED = tuple(
    # Teredo and 6to4 carry an IPv4 address on; the others are for documentation and tests
    IPv6Network(network)
    for network in ("2001::/32", "2002::/16", "2001:2::/48", "2001:db8::/32", "3fff::/20")
)


def is_public(text: str) -> bool:
    """Return whether an IP address is one of the public internet.

    Python 3.11's `is_global` alone lets NAT64, 6to4, multicast and more pass, so the rule is: IPv6 inside 2000::/3
    only and out of the ranges that wrap or document; mapped and NAT64 addresses judged as the IPv4 address within.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None)
        if inner is None:
            inside = address in _UNICAST and not any(address in network for network in _REFUSED)
            return inside and address.is_global and not address.is_multicast and not address.is_reserved
        address = inner
    relays = int(address) >> 8 == 0xC05863  # 192.88.99.0/24, the anycast of 6to4 relays
    return address.is_global and not address.is_multicast and not address.is_reserved and not relays


def next_hop(current: URL, location: str, *, private: bool = False) -> URL:
    """Return where a redirect leads.

    Raises:
        ValueError: it may not be followed; the text says why.
    """
    target = current.join(URL(location)).with_fragment(None)
    if target.scheme not in ("http", "https") or not target.host:
        raise ValueError("a redirect leads to something that is no http address")
    if current.scheme == "https" and target.scheme == "http":
        raise ValueError("a redirect leads from https to http")
    if not private and target.port not in PORTS:
        raise ValueError(f"a redirect leads to port {target.port}")
    return target.with_user(None) if target.user else target


def shown(address: str) -> str:
    """Return an address for logs: without credentials, and without the query, where tokens stand."""
    try:
        url = URL(address)
    except ValueError:
        return address.partition("?")[0]
    if not url.host:
        return address
    return str(url.with_user(None).with_query(None).with_fragment(None)) + ("?..." if url.query_string else "")
