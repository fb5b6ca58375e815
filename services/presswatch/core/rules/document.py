"""An article as the matcher sees it: tokens with offsets, metadata folded, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from presswatch.core.text import Tokens, tokenise


@dataclass(frozen=True, slots=True)
class Document:
    """An article made ready for matching. Build it once per article with `Document.of`.

    Args:
        title, text: the tokens of each field; `Tokens.original` is the field as it came.
        meta: values by name (topic, source, domain, country, lang, author, url), case folded.
        numbers: published (ms since 1970, UTC), words, score.<topic>; a missing key never matches.
    """

    title: Tokens
    text: Tokens
    meta: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, float]
