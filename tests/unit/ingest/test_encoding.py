"""Feeds lie about their encoding; the bytes and the order of belief decide."""

from __future__ import annotations

import codecs

import pytest

from presswatch.ingest.encoding import decode

TEXT = "<rss>Blé – ’s €</rss>"


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (TEXT.encode(), None, TEXT),
        (TEXT.encode(), "iso-8859-1", TEXT),
        (codecs.BOM_UTF8 + TEXT.encode(), "windows-1252", TEXT),
        (TEXT.encode("cp1252"), "iso-8859-1", TEXT),
        (TEXT.encode("utf-16"), None, TEXT),
        (TEXT.encode("utf-16-be"), "utf-8", TEXT),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), None, TEXT),
        (TEXT.encode("utf-32-be"), None, TEXT),
        ("<?xml version='1.0' encoding='shift_jis'?><rss>小麦</rss>".encode("shift_jis"), None, "小麦"),
        ("<?xml version='1.0' encoding='iso-2022-jp'?><rss>小麦</rss>".encode("iso-2022-jp"), None, "小麦"),
        ("<rss>пшеница</rss>".encode("koi8-r"), "koi8-r", "пшеница"),
        ("<?xml encoding='utf-8'?><rss>пшеница</rss>".encode("koi8-r"), "koi8-r", "пшеница"),
        ("<?xml version='1.0' encoding='koi8-r'?><rss>пшеница</rss>".encode("koi8-r"), "no-such-charset", "пшеница"),
        ("<rss>пшеница</rss>".encode("koi8-r"), "rot13", ""),
        (b"<?xml version='1.0' encoding='unicode_escape'?><rss>\\x41</rss>", None, "\\x41"),
        (b"<rss>\xff\xfe\x00\x81</rss>", None, "<rss>"),
        (b"", None, ""),
    ],
)
def test_decoding(data: bytes, charset: str | None, text: str) -> None:
    assert text in decode(data, charset)


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "base64", "hex", "utf-7", "x" * 40, "utf-16"])
def test_odd_labels_never_raise(charset: str) -> None:
    assert decode(b"<rss>caf\xe9</rss>", charset).startswith("<rss>caf")
