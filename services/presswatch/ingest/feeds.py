"""RSS, RDF and Atom to entries: bytes in, plain values out. Pure; dates stay as written (see `dates`).

Our own reading over lxml, and not a feed library: those that are fast drop the raw date and read 01/09/2026 as they
like, the thorough one can be hung for 12 s by one item (docs/decisions names the measurements).
"""

from __future__ import annotations

import dataclasses
import html
import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree
from lxml.etree import _Element

from presswatch.core.article import canonical_url
from presswatch.core.errors import BadMessageError
from presswatch.ingest.encoding import decode
from presswatch.ingest.feedxml import (
    RDF_ABOUT,
    XML_BASE,
    XML_LANG,
    Children,
    children_of,
    local_name,
    parse_xml,
    plain_text,
)
from presswatch.ingest.markup import html_to_text, title_text

MAX_FEED_BYTES = 5 * 1024 * 1024
"""Larger feeds are refused. lxml takes at most 0.8 s for the worst document of this size that we could think of."""

MAX_ENTRIES = 5000
"""Entries beyond are left out, and said so; feeds of outlets hold 10 to 500."""

MAX_SECONDS = 10.0
"""A feed whose entries take longer to read is refused."""

# In the order in which they tell when an entry was first published.
_DATE_NAMES = (
    "pubdate", "published", "issued", "dc:date", "dcterms:issued", "dcterms:created", "created", "date",
    "updated", "modified", "dcterms:modified", "lastbuilddate",
)  # fmt: skip
_TEXT_NAMES = (
    "content:encoded",
    "content",
    "xhtml:body",
    "xhtml:div",
    "body",
    "description",
    "summary",
    "dc:description",
)

_ENTRY_TAG = re.compile(r"<(?:\w+:)?(?:item|entry)[\s/>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, as plain text.

    `link` is the address to follow; `url` the address by which the entry may be identified, None where several
    entries of the feed share it. `guid` is None where several entries share it.
    """

    title: str
    text: str
    link: str | None
    url: str | None
    guid: str | None
    dates: tuple[str, ...]
    authors: tuple[str, ...]
    lang: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed. `left_out` counts entries beyond `MAX_ENTRIES`; `fault` is the first fault that reading got over."""

    kind: str
    title: str
    lang: str | None
    entries: tuple[Entry, ...]
    left_out: int = 0
    fault: str | None = None


def parse_feed(
    data: bytes,
    *,
    charset: str | None = None,
    base: str = "",
    clock: Callable[[], float] = time.monotonic,
) -> Feed:
    """Read a feed.

    Args:
        data: the body as it came.
        charset: of the HTTP Content-Type.
        base: the feed's address, against which relative links are resolved.
        clock: seconds, for the limit `MAX_SECONDS`.

    Raises:
        BadMessageError: ``not_a_feed``, ``broken_feed``, ``feed_too_large`` or ``feed_too_slow``.
    """
    if len(data) > MAX_FEED_BYTES:
        raise BadMessageError("feed_too_large", f"the feed is larger than {MAX_FEED_BYTES:,} bytes")
    text = decode(data, charset)
    root, fault = parse_xml(text)
    kind = _kind(root)
    head = children_of(next((el for el in root if local_name(el) == "channel"), root))
    base = _absolute(root.get(XML_BASE) or "", base) or base
    found = (el for el in root.iter() if local_name(el) in ("item", "entry"))
    started = clock()
    entries = []
    for element in itertools.islice(found, MAX_ENTRIES):
        if clock() - started > MAX_SECONDS:
            raise BadMessageError("feed_too_slow", f"reading the feed took longer than {MAX_SECONDS:g} s")
        entries.append(_entry(element, kind, base))
    if fault and not entries and _ENTRY_TAG.search(text):
        raise BadMessageError("broken_feed", f"no entry can be read: {fault}")
    return Feed(
        kind=kind,
        title=_first_title(head, kind),
        lang=_first_text(head, ("language", "dc:language")) or root.get(XML_LANG),
        entries=_distinguish(entries),
        left_out=sum(1 for _ in found),
        fault=fault,
    )


def _kind(root: _Element) -> str:
    names = {"rss": "rss", "rdf": "rdf", "feed": "atom", "channel": "rss"}
    name = local_name(root)
    if name in names:
        return names[name]
    if name in ("html", "xhtml:html"):
        raise BadMessageError("not_a_feed", "it is a web page, not a feed")
    raise BadMessageError("not_a_feed", f"its root element is <{name[:50]}>, not rss, feed or RDF")


def _entry(element: _Element, kind: str, base: str) -> Entry:
    children = children_of(element)
    base = _absolute(element.get(XML_BASE) or "", base) or base
    texts = (_text(child, kind) for name in _TEXT_NAMES for child in children.get(name, ()))
    guid = _first_text(children, ("guid", "id")) or element.get(RDF_ABOUT) or ""
    link = _link(children, guid, base)
    return Entry(
        title=_first_title(children, kind) or _first_text(children, ("dc:title", "media:title")),
        text=max(texts, key=len, default=""),
        link=link,
        url=link,
        guid=guid or None,
        dates=tuple(raw for name in _DATE_NAMES for child in children.get(name, ()) if (raw := plain_text(child))),
        authors=tuple(dict.fromkeys(_authors(children))),
        lang=element.get(XML_LANG) or _first_text(children, ("dc:language", "language")) or None,
        source=_source(children) or None,
    )


def _first_text(children: Children, names: tuple[str, ...]) -> str:
    return next((text for name in names for child in children.get(name, ()) if (text := plain_text(child))), "")


def _first_title(children: Children, kind: str) -> str:
    for element in children.get("title", ()):
        declared = (element.get("type") or "").lower()
        if element.get("mode") == "base64" or declared == "application/octet-stream":
            continue
        if len(element):
            title = " ".join(html_to_text(_inner(element)).split())
        elif kind == "atom" and declared in ("text", "text/plain"):
            title = plain_text(element)
        elif kind == "atom" and declared in ("html", "text/html"):
            title = " ".join(html_to_text(element.text or "").split())
        else:
            title = title_text(element.text or "")
        if title:
            return title
    return ""


def _text(element: _Element, kind: str) -> str:
    declared = (element.get("type") or "").lower()
    if element.get("src") or element.get("mode") == "base64":
        return ""
    if len(element):
        return html_to_text(_inner(element))
    if declared not in ("", "text", "text/plain", "html", "xhtml", "text/html", "application/xhtml+xml"):
        return ""
    raw = element.text or ""
    if kind == "atom" and declared in ("text", "text/plain"):
        return "\n".join(line for line in (" ".join(line.split()) for line in raw.split("\n")) if line)
    return html_to_text(raw)


def _inner(element: _Element) -> str:
    """Return what an element holds as markup: escaped text and child elements alike."""
    pieces = [html.escape(element.text or "", quote=False)]
    pieces += [etree.tostring(_without_namespaces(child), encoding="unicode", method="html") for child in element]
    return "".join(pieces)


def _without_namespaces(element: _Element) -> _Element:
    """Strip prefixes, so that <xhtml:p> is a paragraph to an HTML parser."""
    for part in element.iter():
        if isinstance(part.tag, str):
            part.tag = part.tag.rpartition("}")[2].rpartition(":")[2] or "span"
    etree.cleanup_namespaces(element)
    return element


def _link(children: Children, guid: str, base: str) -> str | None:
    """Return the address of the entry's page: what FeedBurner hid, the alternate link, else a GUID that is one."""
    candidates = [_first_text(children, ("feedburner:origlink",))]
    ranked: list[tuple[bool, str]] = []
    for element in children.get("link", ()):
        if (element.get("rel") or "alternate").lower().rpartition("/")[2] == "alternate":
            other_form = "html" not in (element.get("type") or "html").lower()
            ranked.append((other_form, element.get("href") or plain_text(element)))
    candidates += [href for _, href in sorted(ranked, key=lambda item: item[0])]
    guids = children.get("guid", ())
    if not (guids and (guids[0].get("isPermaLink") or "true").lower() == "false"):
        candidates.append(guid if guid.lower().startswith(("http://", "https://")) else "")
    for candidate in candidates:
        address = _absolute(candidate, base) if candidate else ""
        if canonical_url(address):
            return address
    return None


def _absolute(address: str, base: str) -> str:
    try:
        return urljoin(base, "".join(address.split()))
    except ValueError:  # "http://[" and the like
        return ""


def _authors(children: Children) -> Iterator[str]:
    for name in ("author", "dc:creator"):
        for element in children.get(name, ()):
            names = [child for child in element if local_name(child) == "name"]
            author = plain_text(names[0]) if names else plain_text(element)
            mail = re.fullmatch(r"\S+@\S+ ?\(([^()]+)\)", author)  # RSS: "desk@example.org (Name)"
            author = mail[1] if mail else title_text(author)
            if author:
                yield author


def _source(children: Children) -> str:
    """Return the outlet that an aggregator names: RSS <source>Name</source>, Atom <source><title>Name</title></source>."""
    for element in children.get("source", ()):
        titles = [child for child in element if local_name(child) == "title"]
        name = title_text(plain_text(titles[0] if titles else element)) if titles or not len(element) else ""
        if name:
            return name
    return ""


def _distinguish(entries: list[Entry]) -> tuple[Entry, ...]:
    """Take away GUIDs and addresses that several different entries share: they identify none of them.

    The same entry listed twice (same address and same GUID, or same title) is no conflict.
    """
    by_guid: dict[str, set[tuple[str, str]]] = {}
    by_url: dict[str, set[str]] = {}
    for entry in entries:
        url = canonical_url(entry.url or "")
        if entry.guid:
            by_guid.setdefault(entry.guid, set()).add((url, entry.title if not url else ""))
    for entry in entries:
        unique_guid = entry.guid if entry.guid and len(by_guid[entry.guid]) == 1 else None
        if entry.url:
            by_url.setdefault(canonical_url(entry.url), set()).add(unique_guid or entry.title)
    return tuple(
        dataclasses.replace(
            entry,
            url=entry.url if entry.url and len(by_url[canonical_url(entry.url)]) == 1 else None,
            guid=entry.guid if entry.guid and len(by_guid[entry.guid]) == 1 else None,
        )
        for entry in entries
    )
