"""What the fields of an article mean to rules, and which values are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from presswatch import matching
from presswatch.core.errors import BadMessageError

pytestmark = pytest.mark.usefixtures("each_engine")

NOON_MS = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp() * 1000)


def test_everything_may_be_missing_or_null() -> None:
    names = ["title", "text", "lang", "url", "source", "author", "published"]
    for article in ({}, dict.fromkeys([*names, "tags"]), dict.fromkeys(names, "")):
        document = matching.document(article)
        assert document.title.texts == document.text.texts == []
        assert not any(document.meta.values())
        assert document.numbers == {"words": 0}


def test_metadata_is_folded_and_keeps_how_it_was_written() -> None:
    document = matching.document(
        {
            "source": " Le MONDE ",
            "author": ["Ana L\u00f3pez", "B. WU", ""],
            "country": "FR",
            "lang": ["en-GB", "pt_BR", "en-US"],
            "url": "https://WWW.Example.org:443/A?b=C",
            "domain": "elsewhere.org",
        }
    )
    assert document.meta["source"] == {"le monde": " Le MONDE "}
    assert document.meta["author"] == {"ana l\u00f3pez": "Ana L\u00f3pez", "b. wu": "B. WU"}
    assert document.meta["country"] == {"fr": "FR"}
    assert document.meta["lang"] == {"en": "en-GB", "pt": "pt_BR"}
    assert document.meta["url"] == {"https://www.example.org:443/a?b=c": "https://WWW.Example.org:443/A?b=C"}
    assert document.meta["domain"] == {"example.org": "example.org"}


def test_a_domain_counts_where_no_url_gives_one() -> None:
    assert matching.document({"domain": "BBC.co.uk"}).meta["domain"] == {"bbc.co.uk": "BBC.co.uk"}


def test_the_language_decides_how_an_apostrophe_is_read() -> None:
    assert matching.document({"title": "Ankara'da", "lang": "tr"}).title.texts == ["ankara"]
    assert matching.document({"title": "Ankara'da", "lang": ["TR-tr"]}).title.texts == ["ankara"]
    assert matching.document({"title": "Ankara'da", "lang": "en"}).title.texts == ["ankarada"]


def test_tags_give_topics_and_scores() -> None:
    document = matching.document(
        {"tags": [{"topic": "Health", "score": 0.7}, {"topic": "health", "score": 1}, {"topic": "trade"}]}
    )
    assert document.meta["topic"] == {"health": "Health", "trade": "trade"}
    assert {key: value for key, value in document.numbers.items() if key != "words"} == {"score.health": 1.0}
    other = document.with_tags([{"topic": "war", "score": 0.5, "evidence": []}])
    assert other.meta["topic"] == {"war": "war"}
    assert other.numbers == {"words": 0, "score.war": 0.5}
    assert other.title == document.title


def test_words_are_tokens_of_title_and_text() -> None:
    assert matching.document({"title": "Wi-Fi, again!", "text": "\u6771\u4eac"}).numbers["words"] == 5


@pytest.mark.parametrize(
    ("published", "ms"),
    [
        ("2026-11-24T12:00:00Z", NOON_MS),
        ("2026-11-24t12:00:00z", NOON_MS),
        ("2026-11-24T12:00", NOON_MS),
        ("2026-11-24 14:00:00+02:00", NOON_MS),
        ("20261124T120000Z", NOON_MS),
        ("2026-11-24", NOON_MS - 12 * 3_600_000),
        ("2026-11-24T12:00:00.123999Z", NOON_MS + 123),
        ("1969-12-31T23:59:59.5Z", -500),
        (NOON_MS, NOON_MS),
        (NOON_MS + 0.75, NOON_MS),
        (0, 0),
    ],
)
def test_published_is_read_in_utc(published: Any, ms: int) -> None:
    document = matching.document({"published": published})
    assert document.numbers["published"] == ms
    assert document.published == str(published)


@pytest.mark.parametrize(
    ("article", "text"),
    [
        ({"title": 5}, "title must be a string, not a number"),
        ({"text": ["a"]}, "text must be a string, not an array"),
        ({"url": True}, "url must be a string, not true"),
        ({"lang": 1}, "lang must be a string or an array of strings, not a number"),
        ({"author": ["a", None]}, "author must hold strings only; it holds null"),
        ({"source": {"name": "RFI"}}, "source must be a string or an array of strings, not an object"),
        ({"tags": "health"}, 'tags must be an array of {"topic", "score"}, not a string'),
        ({"tags": ["health"]}, 'tags[0] must be an object {"topic", "score"}, not a string'),
        ({"tags": [{"topic": "a"}, {"score": 1}]}, "tags[1].topic must be a string that is not empty"),
        ({"tags": [{"topic": "a", "score": 2}]}, "tags[0].score must be a number from 0 to 1"),
        ({"tags": [{"topic": "a", "score": True}]}, "tags[0].score must be a number from 0 to 1"),
        ({"tags": [{"topic": "a", "score": float("nan")}]}, "tags[0].score must be a number from 0 to 1"),
        ({"published": "yesterday"}, "published is no date or time: 'yesterday'"),
        ({"published": "2026-02-30"}, "published is no date or time: '2026-02-30'"),
        ({"published": False}, "published must be a string or a number, not false"),
        ({"published": 10**400}, "published is beyond any calendar"),
        ({"published": float("inf")}, "published is beyond any calendar"),
    ],
)
def test_a_wrong_value_is_named(article: dict[str, Any], text: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        matching.document(article)
    assert caught.value.reason == "invalid"
    assert caught.value.detail.startswith(text)
