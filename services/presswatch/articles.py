"""Articles as they are given on the command line: what ingest would have found out about them is filled in.

An edge, since the language model is read from disk. Which fields an article has is told in `core.rules.document`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from presswatch.core.article import article_id
from presswatch.core.errors import BadMessageError
from presswatch.core.jsontypes import json_type
from presswatch.language import detect, normalise_tag


def with_language(article: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the article with its language in normal form, detected where it gives none, as ingest does.

    Values of the wrong type are left as they are, for `Document.of` to refuse.
    """
    given = article.get("lang")
    if given == []:
        given = None
    if given is not None and not isinstance(given, str):
        return article
    title, text = article.get("title") or "", article.get("text") or ""
    if not (isinstance(title, str) and isinstance(text, str)):
        return article
    return {**article, "lang": normalise_tag(given) or detect(title, text)[0]}


def id_of(article: Mapping[str, Any]) -> str | int:
    """Return the id that the article gives, or else the one that ingest would give it.

    Raises:
        BadMessageError: reason ``invalid``; the id, or what the id is made of, is no string.
    """
    given = article.get("id")
    if isinstance(given, str | int) and not isinstance(given, bool) and given != "":
        return given
    if given is not None and given != "":
        raise BadMessageError("invalid", f"id must be a string or a whole number, not {json_type(given)}")
    external = article.get("external_id")
    if external is not None and not isinstance(external, str):
        raise BadMessageError("invalid", f"external_id must be a string, not {json_type(external)}")
    source = article.get("source")
    return article_id(
        article.get("url"),
        source if isinstance(source, str) else None,
        external,
        article.get("title") or "",
        article.get("text") or "",
    )
