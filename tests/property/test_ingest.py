"""Laws of ingest: dates never raise and round-trip, ids are stable, no line is lost, no markup or feed breaks the reader."""

from __future__ import annotations

import email.utils
import html
from datetime import UTC, datetime, timedelta, timezone
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from presswatch.core.article import canonical_url
from presswatch.core.errors import BadMessageError
from presswatch.ingest.clock import FetchClock
from presswatch.ingest.dates import DAY_MS, EARLIEST_MS, read_published
from presswatch.ingest.encoding import decode
from presswatch.ingest.feeds import parse_feed
from presswatch.ingest.lines import LineReader
from presswatch.ingest.markup import html_to_text, title_text
from presswatch.ingest.records import from_json

FETCHED = 1_795_600_000_000
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2026, 11, 20))  # noqa: DTZ001 (a zone is added)
ZONES = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
PIECES = st.sampled_from(
    [
        *"2026 26 11 24 03 1 T Z : 10:00 10:00:00 am PM GMT CEST +0200 -05:00 / - . , Tue Nov November de mars 3rd 1790000000".split(),
        " ",
    ]
)
DATELIKE = st.lists(PIECES, max_size=12).map("".join) | st.lists(PIECES, max_size=12).map(" ".join)


@given(st.text() | DATELIKE | st.integers() | st.floats(), st.none() | st.booleans())
def test_reading_a_date_never_raises_and_stays_in_bounds(raw: str | float, first: bool | None) -> None:
    found = read_published(raw, FETCHED, day_first=first)
    assert (found.ms is None) == (found.precision is None)
    assert found.ms is None or EARLIEST_MS <= found.ms <= FETCHED + DAY_MS
    assert (found.raw is None) == (not str(raw).split())


@given(MOMENTS, ZONES, st.sampled_from(["iso", "rfc", "spaced", "unix", "basic"]))
def test_a_moment_written_in_a_known_form_is_read_back(naive: datetime, zone: timezone, form: str) -> None:
    moment = naive.replace(microsecond=0, tzinfo=zone)
    text = {
        "iso": moment.isoformat(),
        "rfc": email.utils.format_datetime(moment),
        "spaced": moment.strftime("%Y-%m-%d %H:%M:%S %z"),
        "unix": str(int(moment.timestamp())).rjust(9, "0"),
        "basic": moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"),
    }[form]
    found = read_published(text, FETCHED)
    assert (found.ms, found.precision) == (int(moment.timestamp() * 1000), "instant")


@given(MOMENTS)
def test_an_ambiguous_day_is_refused_and_a_clear_one_is_not(naive: datetime) -> None:
    found = read_published(naive.strftime("%d/%m/%Y"), FETCHED)
    if naive.day <= 12 and naive.day != naive.month:
        assert found.ms is None
    else:
        assert found.ms == int(datetime(naive.year, naive.month, naive.day, tzinfo=UTC).timestamp() * 1000)


NAMES = st.text("abcdefgh0123456789-", min_size=1, max_size=8)
PATHS = st.lists(NAMES, max_size=3).map(lambda parts: "/" + "/".join(parts))
QUERIES = st.dictionaries(NAMES, NAMES, max_size=3)


@given(NAMES, PATHS, QUERIES, st.permutations(["utm_source=x", "fbclid=1", "at_medium=rss"]))
def test_an_article_has_one_id_however_its_address_is_written(
    host: str, path: str, query: dict[str, str], trackers: list[str]
) -> None:
    pairs = [f"{name}={value}" for name, value in query.items()]
    plain = f"https://{host}.example{path}" + ("?" + "&".join(pairs) if pairs else "")
    dressed = f"http://WWW.{host}.EXAMPLE:80{path}?" + "&".join(sorted(pairs + trackers, reverse=True)) + "#top"
    ids = {
        from_json({"title": "x", "lang": "en", "url": url}, lambda _: FETCHED, "live").id for url in (plain, dressed)
    }
    assert len(ids) == 1
    assert canonical_url(canonical_url(dressed)) == canonical_url(dressed)


@given(st.binary(max_size=400), st.none() | st.text(max_size=20))
def test_decoding_never_raises(data: bytes, charset: str | None) -> None:
    assert isinstance(decode(data, charset), str)
    assert isinstance(decode(b"<?xml version='1.0' encoding='" + (charset or "x").encode() + b"'?>" + data), str)


MARKUP = st.lists(
    st.sampled_from(
        "<p> </p> <b> <br/> <script> </script> <a href='x'> <!-- --> <![CDATA[ ]]> & &amp; &lt; &#0; &#x110000; &bogus; < > <? \0 text".split()
    )
    | st.text(max_size=5),
    max_size=20,
).map("".join)


@given(MARKUP)
def test_markup_never_raises_and_lines_are_tidy(markup: str) -> None:
    lines = html_to_text(markup).split("\n")
    assert lines == [""] or all(line == " ".join(line.split()) and line for line in lines)
    assert "\n" not in title_text(markup)


WORDS = st.lists(st.text("abcäß<>&\"' 中", min_size=1, max_size=8), min_size=1, max_size=6).map(" ".join)


@given(WORDS)
def test_words_survive_being_escaped_as_html(words: str) -> None:
    assert html_to_text(f"<div><p>{html.escape(words)}</p></div>") == " ".join(words.split())


@given(st.lists(st.tuples(WORDS, WORDS), max_size=5, unique_by=lambda pair: " ".join(pair[0].split())))
def test_a_feed_gives_back_the_entries_that_were_written_into_it(entries: list[tuple[str, str]]) -> None:
    # as feeds are written: HTML within XML for the text, the title as it is
    items = "".join(
        f"<entry><title type='text'>{escape(title)}</title><content type='html'>{escape(html.escape(text))}</content></entry>"
        for title, text in entries
    )
    feed = parse_feed(f"<feed xmlns='http://www.w3.org/2005/Atom'>{items}</feed>".encode())
    assert [(entry.title, entry.text) for entry in feed.entries] == [
        (" ".join(title.split()), " ".join(text.split())) for title, text in entries
    ]


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            "<rss>",
            "<channel>",
            "<item>",
            "</item>",
            "<title>",
            "</title>",
            "<link>",
            "</link>",
            "<guid>",
            "</guid>",
            "<feed xmlns='http://www.w3.org/2005/Atom'>",
            "<entry>",
            "</entry>",
            "<content:encoded>",
            "</content:encoded>",
            "<item xml:base='http://['>",
            "<item xml:base='/x/' rdf:about='1'>",
            "<link href='http://['/>",
            "<link href='a'/>",
            "<![CDATA[",
            "]]>",
            "<!DOCTYPE",
            "<?xml",
            "<pubDate>",
            "&amp;",
            "&",
            "<",
            ">",
            "http://[",
            "text",
            "<p>",
            "</p>",
        ]
    )
    | st.text(max_size=4),
    max_size=25,
)


@given(FRAGMENTS, st.booleans())
def test_reading_a_feed_raises_nothing_but_a_refusal(fragments: list[str], start_right: bool) -> None:
    data = (["<rss>", "<channel>", "<item>"] if start_right else []) + fragments
    try:
        feed = parse_feed("".join(data).encode("utf-8", "surrogatepass"), base="https://a.example/")
    except BadMessageError as error:
        assert error.reason in ("not_a_feed", "broken_feed")  # noqa: PT017
    else:
        assert feed.kind in ("rss", "atom")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from("title text url lang source country author published id external_id other".split())


@given(st.dictionaries(FIELDS, VALUES, max_size=8))
def test_an_object_becomes_an_article_or_a_reason(value: dict[str, object]) -> None:
    try:
        article = from_json(value, lambda _: FETCHED, "live", lambda *_: (None, 0.0))
    except BadMessageError as error:
        assert error.reason in ("wrong_type", "empty_article", "field_too_long")  # noqa: PT017
    else:
        assert type(article).decode(article.encode()) == article
        assert (article.title, article.text) == (value.get("title") or "", value.get("text") or "")


@given(st.lists(st.binary(max_size=12)), st.integers(1, 9), st.integers(1, 5), st.integers(1, 20))
def test_lines_are_what_splitting_the_whole_gives(parts: list[bytes], cut: int, most: int, most_bytes: int) -> None:
    data = b"\n".join(parts)
    at = 0

    def read(_: int) -> bytes:
        nonlocal at
        piece = data[at : at + cut]
        at += cut
        return piece

    reader = LineReader(read, limit=10)
    lines = []
    while not reader.dry:
        lines += reader.take(most, most_bytes)
    rest = reader.rest()
    found = [*lines, rest] if rest else lines
    wanted = data.split(b"\n")
    if wanted[-1] == b"":
        wanted.pop()
    assert [line.content for line in found] == wanted
    assert [line.too_long for line in found] == [len(piece) > 10 for piece in wanted]
    assert all(data[line.start : line.start + line.size] == line.content for line in found)
    assert [line.number for line in found] == list(range(1, len(found) + 1))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-5, 5)), max_size=60))
def test_times_of_an_article_only_rise(steps: list[tuple[str, int]]) -> None:
    now = 1000
    clock = FetchClock(lambda: now)
    last: dict[str, int] = {}
    for article, step in steps:
        now += step
        moment = clock.fetched(article)
        assert moment > last.get(article, 0)
        assert moment >= now
        last[article] = moment
