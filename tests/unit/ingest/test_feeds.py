"""The feed reader where it matters: refusals, hostile documents, limits, and which of guid and link identify."""

from __future__ import annotations

import pytest

from presswatch.core.errors import BadMessageError
from presswatch.ingest import feeds
from presswatch.ingest.feeds import MAX_ENTRIES, MAX_FEED_BYTES, parse_feed


def rss(*items: str) -> bytes:
    return f"<rss><channel><title>T</title>{''.join(items)}</channel></rss>".encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_a_feed"),
        (b"   \n", "not_a_feed"),
        (b"plain text", "not_a_feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "not_a_feed"),
        (b"<!doctype html><html><body>404</body></html>", "not_a_feed"),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>', "not_a_feed"),
        (b"<urlset/>", "not_a_feed"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not_a_feed"),
        (b"<rss><channel>" + b"<a>" * 300 + b"<item><title>x</title></item>", "broken_feed"),
        (b"<rss>" + b" " * MAX_FEED_BYTES + b"</rss>", "feed_too_large"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(BadMessageError) as error:
        parse_feed(data)
    assert error.value.reason == reason


def test_a_feed_without_entries_is_a_feed() -> None:
    assert parse_feed(rss()).entries == ()


def test_it_is_read_up_to_where_it_breaks_off() -> None:
    whole = rss("<item><title>one</title></item>", "<item><title>two</title></item>")
    feed = parse_feed(whole[: whole.index(b"two") + 2])
    assert [entry.title for entry in feed.entries] == ["one", "tw"]
    assert feed.fault is not None


ENTITIES = "".join(f"<!ENTITY {chr(98 + i)} '{('&' + chr(97 + i) + ';') * 20}'>" for i in range(12))
HOSTILE = {
    "entities that swell": f"<!DOCTYPE l [<!ENTITY a 'lol'>{ENTITIES}]><rss><channel><item><title>&m;</title></item></channel></rss>",
    "a file of ours": "<!DOCTYPE l [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss><channel><item><title>&a;</title></item></channel></rss>",
    "a DTD elsewhere": "<!DOCTYPE rss SYSTEM 'http://127.0.0.1:1/x.dtd'><rss><channel><item><title>t</title></item></channel></rss>",
    "100,000 attributes": f"<rss><channel><item {' '.join(f'a{n}=' + chr(39) + chr(39) for n in range(100_000))}><title>t</title></item></channel></rss>",
    "a deep nest": "<rss><channel>" + "<a>" * 400_000,
    "a million stray end tags": "<rss>" + "</b>" * 1_000_000,
    "a million lone ampersands": "<rss>" + "& " * 1_000_000 + "</rss>",
    "half a million open CDATA": "<rss>" + "<![CDATA[" * 500_000,
    "deep HTML in an entry": "<rss><channel><item><title>t</title><description>"
    + "&lt;div&gt;" * 200_000
    + "</description></item></channel></rss>",
    "a tag without end in an entry": "<rss><channel><item><title>&lt;a "
    + "&lt;a " * 100_000
    + "</title></item></channel></rss>",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(120)  # measured: 2 s on a busy machine; what it guards against does not end
def test_hostile_documents_are_over_soon_and_read_nothing_of_ours(name: str) -> None:
    feed = parse_feed(HOSTILE[name].encode())
    assert all("root:" not in entry.title and len(entry.title) < 1_000_000 for entry in feed.entries)


def test_entries_beyond_the_limit_are_counted() -> None:
    feed = parse_feed(rss("<item><title>x</title></item>" * (MAX_ENTRIES + 7)))
    assert (len(feed.entries), feed.left_out) == (MAX_ENTRIES, 7)


def test_a_feed_that_takes_too_long_is_given_up() -> None:
    ticks = iter(range(0, 10_000, 4))
    with pytest.raises(BadMessageError) as error:
        parse_feed(rss("<item><title>x</title></item>" * 10), clock=lambda: float(next(ticks)))
    assert error.value.reason == "feed_too_slow"
    assert feeds.MAX_SECONDS < 40


def test_the_longest_of_content_and_summary_is_the_text() -> None:
    content = "<content:encoded>The whole text of it.</content:encoded>"
    for parts in (f"<description>Short.</description>{content}", f"{content}<description>Short.</description>"):
        assert parse_feed(rss(f"<item>{parts}</item>")).entries[0].text == "The whole text of it."


@pytest.mark.parametrize(
    ("guid", "link"),
    [
        ("<guid>https://a.example/1</guid>", "https://a.example/1"),
        ('<guid isPermaLink="true">https://a.example/1</guid>', "https://a.example/1"),
        ('<guid isPermaLink="false">https://a.example/1</guid>', None),
        ("<guid>1001</guid>", None),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>http://[broken</link>", None),
        ("<link>https://a.example/\n  1</link>", "https://a.example/1"),
    ],
)
def test_only_an_address_becomes_the_link(guid: str, link: str | None) -> None:
    assert parse_feed(rss(f"<item><title>x</title>{guid}</item>")).entries[0].link == link


def test_a_home_page_that_all_entries_link_to_identifies_none() -> None:
    first, second = parse_feed(
        rss(*(f"<item><title>{n}</title><link>https://a.example/</link></item>" for n in (1, 2)))
    ).entries
    assert (first.link, first.url, second.url) == ("https://a.example/", None, None)


def test_an_entry_listed_twice_keeps_its_address() -> None:
    twice = "<item><title>x</title><link>https://a.example/1</link><guid>g</guid></item>" * 2
    assert {entry.url for entry in parse_feed(rss(twice)).entries} == {"https://a.example/1"}


def test_a_guid_that_all_entries_share_identifies_none() -> None:
    items = (f"<item><title>{n}</title><link>https://a.example/{n}</link><guid>g</guid></item>" for n in (1, 2))
    assert {entry.guid for entry in parse_feed(rss(*items)).entries} == {None}
