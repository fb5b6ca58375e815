"""What the words on the command line mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from presswatch.core.errors import ConfigError
from presswatch.ingest.inputs import Input, classify, classify_feeds


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"title": "x"}\n', "jsonl"),
        (b"", "jsonl"),
        (b"not json", "jsonl"),
        (b"<rss/>", "feed_file"),
        (b"\n \xef\xbb\xbf<rss/>", "jsonl"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?><rss/>", "feed_file"),
        ("<rss/>".encode("utf-16"), "feed_file"),
        ("<rss/>".encode("utf-16-be"), "feed_file"),
    ],
)
def test_files_are_told_by_how_they_begin(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "a file"
    path.write_bytes(content)
    assert [item.kind for item in classify([str(path)])] == [kind]
    assert classify([str(path)])[0].place == str(path)


def test_addresses_and_standard_input() -> None:
    assert classify(["-", "HTTPS://a.example/x", "http://b.example"]) == [
        Input("stdin", "-"),
        Input("feed", "HTTPS://a.example/x"),
        Input("feed", "http://b.example"),
    ]


def test_the_same_input_twice_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jsonl").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert len(classify(["a.jsonl", "./a.jsonl", str(tmp_path / "a.jsonl")])) == 1


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        classify([str(tmp_path), "no-such-file", "a.example/feed.xml", "ftp://a.example/feed"])
    text = str(error.value)
    assert "is a folder" in text
    assert "no-such-file: no such file" in text
    assert "starts with https://" in text
    assert "ftp: is no scheme" in text


def test_a_feed_file_of_the_settings_may_come_later(tmp_path: Path) -> None:
    later = tmp_path / "later.xml"
    assert classify_feeds([str(later), f"file://{later}", "https://a.example/x"]) == [
        Input("feed_file", str(later)),
        Input("feed", "https://a.example/x"),
    ]
    with pytest.raises(ConfigError, match=r"ingest\.feeds: gopher"):
        classify_feeds(["gopher://a.example"])
