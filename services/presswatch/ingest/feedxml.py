"""The XML of a feed: text to a tree that strangers' mistakes and malice cannot spoil, and the names in it."""

from __future__ import annotations

import html.entities
import re

from lxml import etree
from lxml.etree import _Element

from presswatch.core.errors import BadMessageError

_CORE_NAMESPACES = frozenset(
    (
        "",
        "http://purl.org/rss/1.0/",
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://channel.netscape.com/rdf/simple/0.9/",
        "http://backend.userland.com/rss",
        "http://backend.userland.com/rss2",
        "http://blogs.law.harvard.edu/tech/rss",
        "http://www.w3.org/2005/atom",
        "http://purl.org/atom/ns#",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    )
)
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/elements/1.0/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"

_UNESCAPED = re.compile(r"&(#?[A-Za-z0-9]+;)?|<(?=[\s\d=<&])")
_XML_ENTITIES = {"lt;", "gt;", "amp;", "quot;", "apos;"}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")

Children = dict[str, list[_Element]]
"""Children of an element by name."""


def parse_xml(text: str) -> tuple[_Element, str | None]:
    """Return the root of a document, and the first fault that reading got over.

    No entity is expanded, no DTD and no other file or address is read; faults cost as little as the parser can help.

    Raises:
        BadMessageError: ``not_a_feed``: it is not XML at all.
    """
    text = _NOT_XML.sub("", _DECLARATION.sub("", text)).lstrip()
    # A parser of its own for each feed: they are cheap, and its error log is not shared with other threads.
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    if not text.startswith("<"):
        at = text.find("<")
        if at < 0 or text[0] in "{[":
            raise BadMessageError("not_a_feed", "it is not XML" if text else "it is empty")
        text = text[at:]
    try:
        root = etree.fromstring(_repair(text).encode(), parser)
    except etree.XMLSyntaxError as error:
        raise BadMessageError("not_a_feed", f"it is not XML: {error}") from error
    if root is None:
        raise BadMessageError("not_a_feed", "it is not XML")
    first = next(iter(parser.error_log), None)
    return root, f"line {first.line}: {first.message[:200]}" if first else None


def _repair(text: str) -> str:
    """Give HTML's named entities their character, and other names, lone "&" and "<" an escape, outside CDATA.

    Without it the parser drops them together with what follows. No entity is left for it to expand.
    """

    def replace(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "&lt;" if found[0] == "<" else "&amp;"
        if name in _XML_ENTITIES:
            return found[0]
        if name.startswith("#"):
            return found[0] if re.fullmatch(r"#(\d{1,7}|x[0-9A-Fa-f]{1,6});", name) else f"&amp;{name}"
        character = html.entities.html5.get(name)
        return character.translate(_ESCAPES) if character else f"&amp;{name}"

    pieces, at = [], 0
    while True:
        start = text.find("<![CDATA[", at)
        end = text.find("]]>", start) if start >= 0 else -1
        if end < 0:
            pieces.append(_UNESCAPED.sub(replace, text[at:]))
            return "".join(pieces)
        pieces += (_UNESCAPED.sub(replace, text[at:start]), text[start : end + 3])
        at = end + 3


_ESCAPES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "'": "&apos;"})


def local_name(element: _Element) -> str:
    """Return an element's name in lower case, with a prefix of ours unless it belongs to a feed format itself."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    namespace, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    if ":" in local:  # a prefix that was never declared
        prefix, _, local = local.rpartition(":")
        return local.lower() if prefix.lower() in ("rss", "atom", "rdf") else f"{prefix}:{local}".lower()
    namespace = namespace.lower()
    if namespace in _CORE_NAMESPACES:
        return local.lower()
    return _PREFIXES.get(namespace, "other:") + local.lower()


def children_of(element: _Element) -> Children:
    """Return the children of an element by `local_name`, in their order."""
    children: Children = {}
    for child in element:
        children.setdefault(local_name(child), []).append(child)
    return children


def plain_text(element: _Element) -> str:
    """Return all text within an element on one line."""
    return " ".join("".join(map(str, element.itertext())).split())
