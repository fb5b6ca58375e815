"""The native tokeniser and documents against the Python ones, over every character and texts in every script."""

from __future__ import annotations

import json
import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.test_tokens import LANGUAGES, MIXED

from presswatch.core import text as text_module
from presswatch.core.errors import BadMessageError
from presswatch.core.rules.document import Document
from presswatch.core.segmentation import CLASSES
from presswatch.core.text import by_character, fold_value, query_slots, tokenise, wildcard_slots

pytestmark = pytest.mark.needs("native")

DATA = Path(__file__).parents[1] / "data" / "tokens"
T = TypeVar("T")
SURROGATES = range(0xD800, 0xE000)

BY_CLASS: dict[str, list[str]] = {}
for _point, _class in enumerate(CLASSES.decode()):
    if _point not in SURROGATES:
        BY_CLASS.setdefault(_class, []).append(chr(_point))

CLASSY = st.lists(st.sampled_from(sorted(BY_CLASS)).flatmap(lambda kind: st.sampled_from(BY_CLASS[kind]))).map("".join)
"""Texts in which characters of all word-break classes are as likely as one another."""


def assert_same_tokens(text: str, lang: str | None) -> int:
    import presswatch_matcher

    expected = tokenise(text, lang)
    assert presswatch_matcher.tokenise(text, lang) == (expected.texts, expected.starts, expected.ends)
    return len(expected.texts)


def assert_same_characters(points: Iterable[int]) -> None:
    import presswatch_matcher

    chars = list(map(chr, points))
    assert_same_tokens("".join(f"a{ch}b {ch}\n" for ch in chars), None)
    for ch in chars:
        if ord(ch) not in SURROGATES:
            assert presswatch_matcher.by_character(ch) is by_character(ch)


def test_characters_alone_and_between_letters() -> None:
    """The common ones, and of each run of a class the first and the last."""
    borders = [at for at in range(0x3000, 0x110000) if CLASSES[at] != CLASSES[at - 1]]
    assert_same_characters([*range(0x3000), *borders, *(at - 1 for at in borders)])


@pytest.mark.slow
def test_every_character_alone_and_between_letters() -> None:
    for first in range(0, 0x110000, 0x1000):
        assert_same_characters(range(first, first + 0x1000))


@given(st.one_of(MIXED, CLASSY, st.text(max_size=60)), LANGUAGES)
def test_the_same_tokens(text: str, lang: str | None) -> None:
    assert_same_tokens(text, lang)


@given(
    st.one_of(MIXED, CLASSY),
    st.integers(1, 40),
    st.sampled_from(["", "_", "a", "1.", "\u0301", "\u200d", "\U00020000"]),
)
def test_the_same_tokens_where_words_are_longer_than_the_limit(text: str, times: int, filler: str) -> None:
    assert_same_tokens((filler * 20 + text.replace(" ", "")) * times, None)


def test_the_same_tokens_in_the_texts_of_the_tests() -> None:
    found = 0
    for line in (DATA / "sentences.tsv").read_text("utf-8").splitlines():
        lang, text = line.split("\t")
        found += assert_same_tokens(text, lang)
    for line in (DATA / "torture.txt").read_text("ascii").splitlines():
        assert_same_tokens(json.loads(line), None)
    assert found > 500


@given(st.one_of(MIXED, CLASSY).filter(lambda text: not any(ord(ch) in SURROGATES for ch in text)))
def test_the_same_forms_of_a_query(text: str) -> None:
    import presswatch_matcher

    assert presswatch_matcher.query_slots(text) == [list(forms) for forms in query_slots(text)]


@given(st.lists(st.one_of(MIXED, CLASSY, st.sampled_from("?*")), max_size=6).map("".join))
def test_the_same_patterns_of_a_query(text: str) -> None:
    import presswatch_matcher

    text = "".join(ch for ch in text if ord(ch) not in SURROGATES)
    assert presswatch_matcher.wildcard_slots(text) == [list(forms) for forms in wildcard_slots(text)]


@given(st.text(st.characters(exclude_categories=["Cs", "Cn"])))
def test_the_same_values(value: str) -> None:
    import presswatch_matcher

    assert presswatch_matcher.fold_value(value) == fold_value(value)


def test_hostile_texts() -> None:
    """Nothing takes the square of its length, and nothing is lost."""
    letters = "a" * 1_000_000
    texts = {
        "one long word": letters,
        "a long run that only leads to a word": "_" * 1_000_000 + "a",
        "a word of marks": "a" + "\u0301" * 300_000,
        "marks out of order": "a" + "\u0323\u0301" * 150_000,
        "identical tokens": "wheat " * 1_000_000,
        "joined for ever": "a.b:c'd" * 150_000,
        "emoji joined for ever": "\U0001f468\u200d" * 200_000,
        "nothing but zeros": "\0" * 1_000_000,
        "halves of surrogate pairs": "a\ud800\udfffb \udc00" * 50_000,
    }
    for name, text in texts.items():
        import presswatch_matcher

        found, starts, ends = presswatch_matcher.tokenise(text)
        assert all(start < end for start, end in zip(starts, ends, strict=True)), name
        assert all(len(token) <= 255 for token in found), name
        head = text[:3000]
        assert_same_tokens(head, None)
    assert len(presswatch_matcher.tokenise(texts["identical tokens"])[0]) == 1_000_000


@pytest.mark.slow
def test_ten_megabytes_are_cut_in_the_same_way() -> None:
    chosen = random.Random(5)
    words = [
        chosen.choice(["wheat", "caf\u00e9", "\u6771\u4eac", "don\u2019t", "3.5", "\u0915\u093f", "a_b"])
        for _ in range(1_500_000)
    ]
    assert assert_same_tokens(" ".join(words), None) >= 1_500_000


VALUES = st.one_of(
    st.none(), st.text(max_size=8), st.lists(st.text(max_size=8), max_size=3), st.integers(), st.just([1])
)
NUMBERS = st.one_of(st.none(), st.integers(-1, 2), st.floats(), st.booleans(), st.just("1"))
TAGS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.lists(
        st.one_of(
            st.fixed_dictionaries(
                {"topic": st.sampled_from(["health", "Health", "", " ", 3])}, optional={"score": NUMBERS}
            ),
            st.just("health"),
        ),
        max_size=4,
    ),
    st.just({}),
)
TIMES = st.one_of(
    st.none(),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z"),
    st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "-05:30"),
    st.sampled_from(["", " ", "2026-11-24", "2026-W01", "24:00", "2026-11-24T08:30:00+24:00", "2026-02-30T00:00:00"]),
    st.integers(-(2**54), 2**54),
    st.floats(),
    st.booleans(),
)
URLS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "https://www.Example.org./a",
            "http://a:80/",
            "https://u@a.b/",
            "https://\u00e9.fr/x",
            "HTTP://A.b",
            "x",
            "http://[",
            " https://a.b ",
        ]
    ),
    st.text(max_size=10).map("https://".__add__),
    st.integers(),
)
ARTICLES = st.fixed_dictionaries(
    {},
    optional={
        "title": st.one_of(st.none(), MIXED, st.just(5)),
        "text": MIXED,
        "url": URLS,
        "published": TIMES,
        "tags": TAGS,
        **dict.fromkeys(["lang", "source", "country", "author", "domain"], VALUES),
    },
)


def assert_same_document(native: Any, python: Document) -> None:
    assert (native.title, native.text) == (python.title, python.text)
    assert native.published == python.published
    assert native.numbers == python.numbers
    if not any(ord(ch) in SURROGATES for values in python.meta.values() for value in values.values() for ch in value):
        assert native.meta == python.meta
        assert [list(values) for values in native.meta.values()] == [list(values) for values in python.meta.values()]


def known_to_all(article: dict[str, Any]) -> bool:
    """Whether no metadata holds a character that only some versions of Unicode know."""
    shown = [value for name, value in article.items() if name not in ("title", "text")]
    return not any(unicodedata.category(ch) == "Cn" for ch in str(shown))


def attempted(make: Callable[[], T]) -> T | str:
    try:
        return make()
    except BadMessageError as error:
        return str(error)


def test_the_same_documents_and_the_same_refusals() -> None:
    import presswatch_matcher

    seen: Counter[bool] = Counter()

    @given(ARTICLES.filter(known_to_all), TAGS)
    def agree(article: dict[str, Any], tags: Any) -> None:
        expected = attempted(lambda: Document.of(article))
        native = attempted(lambda: presswatch_matcher.Document.of(article))
        seen[isinstance(expected, str)] += 1
        if isinstance(expected, str) or isinstance(native, str):
            assert native == expected
            return
        assert_same_document(native, expected)
        assert_same_document(presswatch_matcher.Document.like(expected), expected)
        tagged = attempted(lambda: expected.with_tags(tags))
        natively_tagged = attempted(lambda: native.with_tags(tags))
        if isinstance(tagged, str) or isinstance(natively_tagged, str):
            assert natively_tagged == tagged
        else:
            assert_same_document(natively_tagged, tagged)

    agree()
    assert min(seen[True], seen[False]) / seen.total() >= 0.1, seen


def test_it_is_of_this_version() -> None:
    import presswatch_matcher

    assert presswatch_matcher.TOKENS_VERSION == text_module.VERSION
