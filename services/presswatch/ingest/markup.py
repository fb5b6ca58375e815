"""HTML to plain text, as articles carry it: one line a block, white space collapsed.

lxml feeds its events to a collector, so no tree is built: time and memory stay linear for nests of 200,000
elements and for tags of 100,000 attributes, where a tree took 13 s or lost the text.
"""

from __future__ import annotations

import html
import re
from typing import Any

from lxml import etree

# Not <object>, <form> and the like: left open, as feeds have them, they would take the rest of the article with them.
_SKIPPED = frozenset("script style template iframe svg math noscript textarea select".split())
_BLOCKS = frozenset(
    "address article aside blockquote br dd details div dl dt fieldset figcaption figure footer h1 h2 h3 h4 h5 h6"
    " header hr li main nav ol p pre section summary table td th tr ul".split()
)
_OTHERS = (
    "a abbr acronym applet area audio b base bdi bdo big blink body button center cite code del em embed font form"
    " frame frameset head html i img input ins link mark marquee meta object q s small span strike strong sub sup tt u"
    " video wbr".split()
)
_TAG = re.compile(rf"</?(?:{'|'.join(sorted({*_SKIPPED, *_BLOCKS, *_OTHERS}))})(?:\s[^<>]*)?/?>", re.IGNORECASE)


def html_to_text(markup: str) -> str:
    """Return the text of an HTML fragment; never raises. Scripts, styles and frames are left out."""
    if "<" not in markup:
        return _tidy(html.unescape(markup))
    parser = etree.HTMLParser(target=_Collector(), recover=True, no_network=True)
    try:
        parser.feed(markup)
        text = parser.close()
    except (etree.LxmlError, AssertionError):  # nothing in it that HTML could be made of
        return _tidy(html.unescape(re.sub(r"<[^<>]*>", " ", markup)))
    assert isinstance(text, str)
    return _tidy(text)


def title_text(title: str) -> str:
    """Return a headline as one line of plain text.

    Feeds escape headlines once more than they should and slip in mark-up, so it is read as HTML if a tag of HTML
    is in it; any other "<" stays.
    """
    return " ".join((html_to_text(title) if _TAG.search(title) else html.unescape(title)).split())


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


class _Collector:
    """Target of lxml's parser: gathers text, turns block elements into line feeds."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._skipping = 0

    def start(self, tag: Any, attrib: Any) -> None:
        if tag in _SKIPPED:
            self._skipping += 1
        elif tag in _BLOCKS:
            self._pieces.append("\n")

    def end(self, tag: Any) -> None:
        if tag in _SKIPPED:
            self._skipping -= 1
        elif tag in _BLOCKS:
            self._pieces.append("\n")

    def data(self, data: Any) -> None:
        if not self._skipping:
            # line feeds of the source are white space; ours are blocks
            self._pieces.append(data.replace("\n", " ").replace("\r", " "))

    def comment(self, text: Any) -> None:
        """Comments are no text."""

    def pi(self, target: Any, data: Any = None) -> None:
        """Processing instructions are no text."""

    def close(self) -> str:
        return "".join(self._pieces)
