"""From JSON objects and entries to articles: identity, types, dates, language."""

from __future__ import annotations

from typing import Any

import pytest

from presswatch.core.article import article_id
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import RawArticle
from presswatch.ingest.feeds import parse_feed
from presswatch.ingest.records import MAX_META_CHARACTERS, entry_id, from_entry, from_json

FETCHED = 1_795_600_000_000
GOOD = {"title": "Wheat exports halted", "text": "The ministry said on Monday that no licence would be issued."}


def read(**fields: Any) -> RawArticle:
    return from_json({**GOOD, **fields}, lambda _: FETCHED, "live")


def test_all_fields_arrive() -> None:
    article = read(
        id="ignored, since external_id is given",
        external_id="daily-7",
        url="https://daily.example/a?utm_source=x",
        source=" Daily ",
        country="KE",
        author=["Mira Holt", "", "Mira Holt", "Jon Abaza"],
        lang="EN_gb",
        published="2026-11-24T10:00:00+02:00",
        labels=["not ours"],
    )
    assert article == RawArticle(
        id=article_id("https://daily.example/a"),
        title=GOOD["title"],
        text=GOOD["text"],
        url="https://daily.example/a?utm_source=x",
        source="Daily",
        external_id="daily-7",
        country="KE",
        author=["Mira Holt", "Jon Abaza"],
        lang="en-GB",
        lang_from="given",
        published=1_795_507_200_000,
        published_precision="instant",
        published_raw="2026-11-24T10:00:00+02:00",
        fetched=FETCHED,
        origin="live",
    )


def test_words_are_kept_exactly() -> None:
    title, text = "  Weizen\u00a0und \t Mais ", "Zeile\r\n\n  Ende\u0000 \U0001f33e"
    article = read(title=title, text=text)
    assert (article.title, article.text) == (title, text)


@pytest.mark.parametrize(
    ("fields", "same_as"),
    [
        ({"url": "http://www.daily.example/a/"}, {"url": "https://daily.example/a", "id": "other"}),
        ({"source": "Daily", "id": 7}, {"source": "Daily", "external_id": "7", "title": "Reworded"}),
        ({"url": "not an address"}, {"id": "an id without a source"}),
        ({"source": "Daily", "url": "urn:daily:7"}, {"source": "Daily", "id": "urn:daily:7"}),
        ({"url": None, "id": None}, {"url": ""}),
    ],
)
def test_what_is_the_same_article(fields: dict[str, Any], same_as: dict[str, Any]) -> None:
    assert read(**fields).id == read(**same_as).id


@pytest.mark.parametrize(
    ("fields", "other"),
    [
        ({"url": "https://daily.example/a"}, {"url": "https://daily.example/b"}),
        ({"source": "Daily", "id": "7"}, {"source": "Weekly", "id": "7"}),
        ({}, {"title": "Another"}),
    ],
)
def test_what_is_another_article(fields: dict[str, Any], other: dict[str, Any]) -> None:
    assert read(**fields).id != read(**other).id


def test_an_address_that_cannot_be_followed_is_no_url() -> None:
    article = read(url="javascript:alert(1)", source="Daily")
    assert (article.url, article.external_id) == (None, "javascript:alert(1)")


@pytest.mark.parametrize(
    ("fields", "reason", "named"),
    [
        ({"title": 1}, "wrong_type", "title is a number"),
        ({"text": ["a"]}, "wrong_type", "text is an array"),
        ({"url": {}}, "wrong_type", "url is an object"),
        ({"id": True}, "wrong_type", "id is true"),
        ({"author": [1]}, "wrong_type", "author is a number"),
        ({"published": []}, "wrong_type", "published is an array"),
        ({"published": False}, "wrong_type", "published is false"),
        ({"lang": 5}, "wrong_type", "lang is a number"),
        ({"title": None, "text": " \n "}, "empty_article", "neither title nor text"),
        ({"source": "x" * (MAX_META_CHARACTERS + 1)}, "field_too_long", "source has 2,049 characters"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], reason: str, named: str) -> None:
    with pytest.raises(BadMessageError) as error:
        read(**fields)
    assert error.value.reason == reason
    assert named in error.value.detail


def test_one_of_title_and_text_is_enough() -> None:
    assert read(title=None).title == ""
    assert read(text=None).text == ""


def test_a_language_is_found_if_none_is_given() -> None:
    assert (read().lang, read().lang_from) == ("en", "detected")
    assert (read(lang="und").lang, read(lang="und").lang_from) == ("en", "detected")
    unknown = from_json({"title": "1, 2, 3"}, lambda _: FETCHED, "live")
    assert (unknown.lang, unknown.lang_from) == (None, "unknown")


def test_a_bad_date_does_not_cost_the_article() -> None:
    article = read(published="soon")
    assert (article.published, article.published_precision, article.published_raw) == (None, None, "soon")
    assert read(published=1_795_500_000).published == 1_795_500_000_000


def test_backfill_is_said() -> None:
    assert from_json(GOOD, lambda _: FETCHED, "backfill").origin == "backfill"


def feed_article(body: str, address: str = "https://a.example/rss") -> RawArticle:
    feed = parse_feed(f"<rss><channel><title>The Desk</title>{body}</channel></rss>".encode(), base=address)
    return from_entry(feed.entries[0], feed, address, lambda _: FETCHED, "live")


def test_the_same_article_by_feed_and_by_file_has_one_id() -> None:
    entry = "<item><title>x</title><link>http://www.daily.example/a?utm_medium=rss</link><guid>9</guid></item>"
    assert feed_article(entry).id == read(url="https://daily.example/a").id


def test_a_guid_counts_within_its_feed_only() -> None:
    entry = '<item><title>x</title><guid isPermaLink="false">9</guid></item>'
    first, second = (feed_article(entry, address) for address in ("https://a.example/rss", "https://b.example/rss"))
    assert first.id != second.id
    assert first.id == feed_article(entry, "http://www.a.example/rss").id


def test_the_id_of_an_entry_can_be_told_before_it_is_read() -> None:
    feed = parse_feed(b"<rss><channel><item><title>x</title><guid>9</guid></item></channel></rss>")
    article = from_entry(feed.entries[0], feed, "https://a.example/rss", lambda _: FETCHED, "live")
    assert entry_id(feed.entries[0], "https://a.example/rss") == article.id


def test_the_source_is_the_outlet_that_is_named_else_the_feed() -> None:
    assert feed_article("<item><title>x</title></item>").source == "The Desk"
    assert feed_article("<item><title>x</title><source url='https://o.example'>The Outlet</source></item>").source == (
        "The Outlet"
    )


def test_a_wrong_language_of_the_feed_does_not_count() -> None:
    body = "<language>en-us</language><item><title>Die Ausfuhr von Weizen ist gestoppt</title></item>"
    assert (feed_article(body).lang, feed_article(body).lang_from) == ("de", "detected")
