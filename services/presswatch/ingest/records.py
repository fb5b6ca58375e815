"""From what a source says to a RawArticle: a JSON object of a JSON Lines file, or an entry of a feed.

Pure: the time of fetching and the language detector are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from presswatch.core.article import article_id, canonical_url
from presswatch.core.errors import BadMessageError
from presswatch.core.jsontypes import json_type
from presswatch.core.messages import Origin, RawArticle
from presswatch.ingest.dates import Published, day_first, read_published
from presswatch.ingest.feeds import Entry, Feed
from presswatch.language import detect, normalise_tag

MAX_META_CHARACTERS = 2048
"""Longest address, source, author or outside id: what the search index keeps of a keyword."""

Detect = Callable[[str, str, str | None], tuple[str | None, float]]


def from_json(
    value: Mapping[str, Any], fetched: Callable[[str], int], origin: Origin, detector: Detect = detect
) -> RawArticle:
    """Make an article of one JSON object.

    Fields: title, text (one of them is needed), url, source, external_id or id, country, author (a string or a list
    of strings), lang, published (text, or seconds or milliseconds since 1970). null is as good as absent; other
    fields are ignored.

    Args:
        value: the object.
        fetched: tells for an article id the time of fetching, in ms.
        origin: live or backfill.
        detector: as `presswatch.language.detect`.

    Raises:
        BadMessageError: ``wrong_type``, ``empty_article`` or ``field_too_long``.
    """
    title, text = _string(value, "title"), _string(value, "text")
    _require_words(title, text)
    address, source = _meta(value, "url"), _meta(value, "source")
    external = _meta(value, "external_id", number=True) or _meta(value, "id", number=True)
    url = address if canonical_url(address) else None
    if address and not url and not external:
        external = address  # "urn:..." and the like tell articles apart, but nobody can follow them
    key = article_id(url, source, external, title, text)
    moment = fetched(key)
    given = normalise_tag(_meta(value, "lang"))
    lang = given or detector(title, text, None)[0]
    published = read_published(_date(value), moment)
    return RawArticle(
        id=key,
        title=title,
        text=text,
        url=url,
        source=source or None,
        external_id=external or None,
        country=_meta(value, "country") or None,
        author=_authors(value),
        lang=lang,
        lang_from="given" if given else "detected" if lang else "unknown",
        published=published.ms,
        published_precision=published.precision,
        published_raw=published.raw,
        fetched=moment,
        origin=origin,
    )


def from_entry(
    entry: Entry,
    feed: Feed,
    address: str,
    fetched: Callable[[str], int],
    origin: Origin,
    detector: Detect = detect,
    *,
    days_lead: bool | None = None,
) -> RawArticle:
    """Make an article of an entry of a feed.

    Args:
        entry: the entry.
        feed: the feed that it stands in.
        address: of the feed: it scopes GUIDs, which are unique within a feed only.
        fetched: tells for an article id the time of fetching, in ms.
        origin: live or backfill.
        detector: as `presswatch.language.detect`.
        days_lead: how the feed writes numeric dates (see `feed_day_first`).

    Raises:
        BadMessageError: ``empty_article``.
    """
    _require_words(entry.title, entry.text)
    key = entry_id(entry, address)
    moment = fetched(key)
    lang, likely = detector(entry.title, entry.text, entry.lang or feed.lang)
    readings = [read_published(raw, moment, day_first=days_lead) for raw in entry.dates]
    published = next((reading for reading in readings if reading.ms is not None), (*readings, Published())[0])
    source = entry.source or feed.title
    return RawArticle(
        id=key,
        title=entry.title,
        text=entry.text,
        url=entry.link,
        source=source[:MAX_META_CHARACTERS] or None,
        external_id=entry.guid and entry.guid[:MAX_META_CHARACTERS],
        author=[author[:MAX_META_CHARACTERS] for author in entry.authors],
        lang=lang,
        lang_from="unknown" if lang is None else "detected" if likely else "given",
        published=published.ms,
        published_precision=published.precision,
        published_raw=published.raw,
        fetched=moment,
        origin=origin,
    )


def entry_id(entry: Entry, address: str) -> str:
    """Return the id of the article that an entry of the feed at `address` is."""
    return article_id(entry.url, canonical_url(address) or address, entry.guid, entry.title, entry.text)


def feed_day_first(feed: Feed) -> bool | None:
    """Tell how a feed writes numeric dates, by all of its dates."""
    return day_first(raw for entry in feed.entries for raw in entry.dates)


def _require_words(title: str, text: str) -> None:
    if not title.strip() and not text.strip():
        raise BadMessageError("empty_article", "the article has neither title nor text; give it at least one")


def _string(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise BadMessageError("wrong_type", f"{name} is {json_type(found)}, where a string is needed")
    return found


def _meta(value: Mapping[str, Any], name: str, *, number: bool = False) -> str:
    found = value.get(name)
    if number and isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    text = _string({name: found}, name).strip()
    if len(text) > MAX_META_CHARACTERS:
        raise BadMessageError(
            "field_too_long", f"{name} has {len(text):,} characters; {MAX_META_CHARACTERS:,} is the most"
        )
    return text


def _authors(value: Mapping[str, Any]) -> list[str]:
    found = value.get("author")
    if not isinstance(found, list):
        found = [found]
    names = [_meta({"author": name}, "author") for name in found]
    return [name for name in dict.fromkeys(names) if name]


def _date(value: Mapping[str, Any]) -> str | float | None:
    found = value.get("published")
    if found is None or (isinstance(found, str | int | float) and not isinstance(found, bool)):
        return found
    raise BadMessageError("wrong_type", f"published is {json_type(found)}, where a string or a number is needed")
