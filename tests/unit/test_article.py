"""Identity: one article, one id, whatever its address went through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presswatch.core.article import article_id, canonical_url, domain_of, wording_hash


@pytest.mark.parametrize(
    "url",
    [
        "http://www.daily.example/news/1/",
        "https://daily.example/news/1?utm_source=rss&fbclid=x",
        "HTTPS://Daily.Example:443/news/1#comments",
        "https://amp.daily.example/news/1",
        "https://daily.example/news/1/amp/",
        "https://daily.example/amp/news/1",
        "https://daily.example//news/1",
    ],
)
def test_forms_of_one_address(url: str) -> None:
    assert canonical_url(url) == "https://daily.example/news/1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://daily.example/a", "https://daily.example/b"),
        ("https://daily.example/?id=1", "https://daily.example/?id=2"),
        ("https://daily.example:8443/a", "https://daily.example/a"),
        ("https://news.daily.example/a", "https://daily.example/a"),
    ],
)
def test_different_addresses_stay_different(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


@given(st.text() | st.from_regex(r"https?://[a-z.\[\]:0-9]{1,20}/\S{0,30}", fullmatch=True))
def test_any_text_has_a_canonical_form_and_it_is_stable(url: str) -> None:
    canonical = canonical_url(url)
    assert canonical == "" or canonical_url(canonical) == canonical
    domain_of(url)


def test_id_by_address_then_source_then_wording() -> None:
    by_url = article_id("https://daily.example/1", "Daily", "x", "t", "b")
    assert by_url == article_id("http://www.daily.example/1?utm_medium=m", "Other", None, "u", "c")
    by_external = article_id(None, "Daily", "x", "t", "b")
    assert by_external == article_id("", "Daily", "x", "u", "c") != article_id(None, "Other", "x", "t", "b")
    by_text = article_id(None, None, "x", "A title", "Some text")
    assert by_text == article_id(None, "Daily", None, "a  title", "Some\ntext")
    assert len({by_url, by_external, by_text}) == 3


def test_wording_ignores_white_space_counters_and_updated_lines() -> None:
    base = wording_hash("Title", "First paragraph.\nSecond.")
    assert base == wording_hash(" Title ", "First  paragraph.\n\nSecond.\n12 comments\nUpdated 3 May 2026, 10:00")
    assert base == wording_hash("Title", "First paragraph.\nSecond.\nMis à jour le 3 mai\n1 204 vues")
    assert base != wording_hash("Title", "First paragraph.\nSecond, corrected.")
    assert base != wording_hash("Title First", "paragraph.\nSecond.")
