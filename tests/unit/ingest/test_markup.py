"""HTML to text: blocks to lines, nothing that is not text, and linear time on what is made to be slow."""

from __future__ import annotations

import pytest

from presswatch.ingest.markup import html_to_text, title_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("  a\n b  \n\n c ", "a\nb\nc"),
        ("R&amp;D &eacute;t&eacute; 5 &lt; 6", "R&D été 5 < 6"),
        ("<p>One.</p><p>Two <b>bold</b> words.</p>", "One.\nTwo bold words."),
        ("One<br/>two<br>three", "One\ntwo\nthree"),
        ("<p>line\nbroken in\nthe source</p>", "line broken in the source"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a\nb"),
        ("a<script>var x = '<p>';</script><style>p{}</style><!-- c -->b", "ab"),
        ("<p>cut <a href='x", "cut"),
        ("<p>unclosed <i>tags <b>here", "unclosed tags here"),
        ("before <embed src='x'> after <object>and <p>on", "before after and\non"),
        ("a <iframe src='x'></iframe>b <iframe src='y'/>c", "a b c"),
        ("a <form>b <select><option>x</option></select></form>c", "a b c"),
        ("a <script>lost", "a"),
        ("<unknown>kept</unknown>", "kept"),
        ("<script>only</script>", ""),
        ("<", "<"),
        ("<!---->", ""),
        ("<?php echo 1 ?>x", "x"),
        ("3 < 5 and 7 > 6", "3 < 5 and 7 > 6"),
        ("a\0b<p>c", "a�b\nc"),
    ],
)
def test_text_of_markup(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Plain", "Plain"),
        ("AT&amp;T &#8216;wins&#8217;", "AT&T ‘wins’"),
        ("A <em>very</em> big <b class='x'>deal</b>", "A very big deal"),
        ("3 < 5 & 6 > 2", "3 < 5 & 6 > 2"),
        ("The <blinking light> of Orsal", "The <blinking light> of Orsal"),
        ("two\n  lines", "two lines"),
        ("x<script>alert(1)</script>", "x"),
    ],
)
def test_text_of_a_title(title: str, text: str) -> None:
    assert title_text(title) == text


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 200_000 + "deep",
        "<a " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x</a>",
        "<" * 1_000_000,
        "<b><i>" * 100_000,
        "<!--" * 300_000,
    ],
)
@pytest.mark.timeout(60)  # measured: 0.4 s; what it guards against takes hours
def test_hostile_markup_ends(markup: str) -> None:
    assert len(html_to_text(markup)) <= len(markup)
    assert len(title_text(markup)) <= len(markup)


def test_deep_nests_keep_their_text() -> None:
    assert html_to_text("<div>" * 200_000 + "deep" + "</div>" * 200_000) == "deep"
