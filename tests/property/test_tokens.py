"""Laws of the tokeniser, over texts in every script that it has a rule for."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presswatch.core import folding, segmentation
from presswatch.core import text as text_module
from presswatch.core.folding import fold
from presswatch.core.text import Tokens, by_character, fold_value, query_slots, tokenise, wildcard_slots

APOSTROPHES = "'\u2018\u2019\u02bc\uff07"
SCRIPTS = {
    "latin": "aeiosltEIOSLT\u00e9\u00df\u0130\u0131\u0142\u00f8\u00c6\u0153\u00fe\ufb01\u1ec7\u01c4\uff21",
    "greek": "\u03b1\u03ac\u1fb3\u0390\u03a3\u03c2\u03c3\u0391\u1f08",
    "cyrillic": "\u0430\u0435\u0451\u0401\u0439\u0419\u0456\u0491",
    "arabic": "\u0627\u0622\u0623\u0625\u0671\u0644\u0645\u0640\u064e\u0651\u0670\u0654\ufefb\ufdf2\u06cc\u200c\u0665",
    "hebrew": "\u05d0\u05d2\u05dc\u05e9\u05f3\u05f4\u05b8\u05c1\ufb2a",
    "devanagari": "\u0915\u0928\u0929\u0958\u093f\u093c\u094d\u200d\u0969",
    "tamil": "\u0b95\u0bc6\u0bbe\u0bca",
    "thai": "\u0e01\u0e20\u0e32\u0e33\u0e31\u0e49\u0e40\u0e51",
    "lao": "\u0e9e\u0eb2\u0eb3\u0eb1\u0edc",
    "khmer": "\u1780\u1793\u17d2\u17b6\u17bb\u17b5",
    "burmese": "\u1000\u1019\u102c\u1031\u1039\u103a\u103c\u1040",
    "han": "\u6771\u4eac\u3005\u3007\uf900\u2f00\U00020000\U000e0100",
    "kana": "\u3042\u304c\u3099\u30ab\u30bf\u30fc\uff76\uff9e\u3304",
    "hangul": "\uc11c\uc6b8\u1109\u1165\u11af\u3131\u115f",
    "ethiopic": "\u1230\u120b\u121d",
    "georgian": "\u10d0\u1c90\u10e5",
    "emoji": "\U0001f600\U0001f44d\U0001f3fd\u200d\ufe0f\u2764\u2139\U0001f1eb\U0001f1f7\u20e3#",
    "digits": "0123456789\u0661\uff11\u00b2\u00bd",
}
BETWEEN = " \n\t.,:;-_/&\"'\u2019\u02bc\u00b7\u00a0\u202f\u00ad\u200b\u0301\u0308\ud800"

LANGUAGES = st.sampled_from([None, "en", "tr", "az-Latn"])


def words_of(script: str) -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(SCRIPTS[script]), min_size=1, max_size=8)


MIXED = st.lists(
    st.one_of(
        st.sampled_from(sorted(SCRIPTS)).flatmap(words_of),
        st.text(st.sampled_from(BETWEEN), min_size=1, max_size=2),
        st.sampled_from(["l'\u00c9tat", "Putin's", "O\u2019Reilly", "\u0130stanbul'da", "qu'il", "wi-fi", "3.5", " "]),
        st.text(max_size=4),
    ),
    max_size=12,
).map("".join)


def slices(tokens: Tokens) -> list[str]:
    return [tokens.original[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)]


@given(MIXED, LANGUAGES)
def test_offsets_point_at_what_was_folded(text: str, lang: str | None) -> None:
    tokens = tokenise(text, lang)
    turkish = lang in {"tr", "az-Latn"}
    assert tokens.original == text
    assert [fold(written, turkish=turkish) for written in slices(tokens)] == tokens.texts
    edges = [edge for span in zip(tokens.starts, tokens.ends, strict=True) for edge in span]
    assert edges == sorted(edges)
    assert all(start < end for start, end in zip(tokens.starts, tokens.ends, strict=True))
    assert not edges or (edges[0] >= 0 and edges[-1] <= len(text))


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_every_script_has_words(script: str) -> None:
    """The laws below would hold of a tokeniser that found none."""
    if script != "emoji":
        assert "".join(slices(tokenise(SCRIPTS[script]))) == SCRIPTS[script].replace("\u00b2\u00bd", "")
    assert tokenise(SCRIPTS[script]).texts


@given(MIXED, LANGUAGES)
def test_folded_tokens_are_in_their_last_form(text: str, lang: str | None) -> None:
    for form in tokenise(text, lang).texts:
        assert form
        assert fold(form, turkish=False) == form == fold(form, turkish=True)
        assert form == unicodedata.normalize("NFKC", form) == form.casefold()
        assert not re.search(rf"\s|[{APOSTROPHES}\u00ad\u200b-\u200f\ufe0f]", form)
        assert len(form.encode("utf-16-le")) <= 2 * 255


@given(MIXED, MIXED, LANGUAGES)
def test_texts_side_by_side_keep_their_tokens(left: str, right: str, lang: str | None) -> None:
    first, second, both = tokenise(left, lang), tokenise(right, lang), tokenise(f"{left} {right}", lang)
    shift = len(left) + 1
    assert both.texts == first.texts + second.texts
    assert both.starts == first.starts + [start + shift for start in second.starts]
    assert both.ends == first.ends + [end + shift for end in second.ends]


@given(MIXED)
def test_chunks_are_cut_as_the_whole_text_is(text: str) -> None:
    whole = [text[start:end] for start, end in segmentation.words(text, segmentation.classes(text))]
    chunks = (found[0].rstrip(segmentation.EDGE) for found in segmentation.CHUNK.finditer(text))
    assert [
        chunk[start:end] for chunk in chunks for start, end in segmentation.words(chunk, segmentation.classes(chunk))
    ] == whole


@given(MIXED, LANGUAGES)
def test_what_is_copied_from_an_article_finds_it(text: str, lang: str | None) -> None:
    tokens = tokenise(text, lang)
    slots = query_slots(text)
    assert len(slots) == len(tokens.texts)
    for form, slot, written in zip(tokens.texts, slots, slices(tokens), strict=True):
        assert form in slot
        assert [slot] == query_slots(written)


@given(MIXED)
def test_canonically_equivalent_texts_have_the_same_tokens(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert tokenise(composed).texts == tokenise(decomposed).texts


@given(st.sampled_from(["latin", "greek", "cyrillic", "georgian"]).flatmap(words_of))
def test_capitals_and_small_letters_are_one(word: str) -> None:
    # (the title-case letter is not: str.title takes the Turkish dotted capital for two letters)
    assert tokenise(word.upper()).texts == tokenise(word).texts == tokenise(word.casefold()).texts


@given(
    st.sampled_from(["latin", "greek"]).flatmap(words_of),
    st.text(st.sampled_from("\u0300\u0301\u0308\u0323\u0327\u030c"), max_size=3),
)
def test_diacritics_of_latin_and_greek_do_not_matter(word: str, marks: str) -> None:
    assert tokenise(word + marks).texts == tokenise(word).texts


@given(
    st.sampled_from(["arabic", "hebrew"]).flatmap(words_of),
    st.sampled_from("\u064b\u064e\u0651\u0652\u0670\u05b0\u05b8\u05bc"),
)
def test_points_and_vowels_of_arabic_and_hebrew_do_not_matter(word: str, mark: str) -> None:
    base = "\u0628" + word
    assert tokenise(f"\u0628{mark}{word}").texts == tokenise(base).texts


@given(
    st.sampled_from("\u0130stanbul Bak\u0131 Ankara \u0130zmir AB".split()),
    st.sampled_from(APOSTROPHES),
    st.sampled_from(["da", "n\u0131n", "s", "ye", ""]),
)
def test_turkish_suffixes(stem: str, apostrophe: str, suffix: str) -> None:
    written = stem + apostrophe + suffix
    assert tokenise(written, "tr").texts == tokenise(stem).texts
    assert tokenise(stem).texts[0] in query_slots(written)[0]
    if suffix != "s":
        assert tokenise(written, "en").texts == [fold(stem + suffix, turkish=False)]


@given(
    st.text(
        st.sampled_from("abcde\u00e9\u00df\u0430\u0451\u0439\uc11c\u0627\u0645\u064e\u30ab"), min_size=2, max_size=9
    ),
    st.data(),
)
def test_a_star_finds_every_word_that_begins_so(word: str, data: st.DataObject) -> None:
    tokens = tokenise(word)
    if len(tokens.texts) != 1:  # Katakana and letters are two words
        return
    stem = word[: data.draw(st.integers(1, len(word)))]
    slots = wildcard_slots(f"{stem}*")
    assert len(slots) == 1
    assert any(form.endswith("*") and tokens.texts[0].startswith(form[:-1]) for form in slots[0])


@given(st.text(st.sampled_from("abcdez0129\u0430\u0431\u05d0\u05d1"), min_size=3, max_size=9), st.data())
def test_a_question_mark_is_one_letter_or_digit(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    assert wildcard_slots(f"{word[:at]}?{word[at + 1 :]}") == [(f"{word[:at]}?{word[at + 1 :]}",)]


@given(MIXED)
def test_words_without_wildcards_are_the_same_to_both_readers(text: str) -> None:
    assert wildcard_slots(re.sub(r"[?*]", " ", text)) == query_slots(re.sub(r"[?*\ufdd0\ufdd1]", " ", text))


@given(MIXED)
def test_characters_fold_alone_as_they_do_together(text: str) -> None:
    """The quick way through a word, character by character, is the long way."""
    for written in slices(tokenise(text)):
        assert folding._fold_characters(written) == folding._fold_together(written)


@given(MIXED)
def test_metadata_values_fold_once_and_for_all(text: str) -> None:
    folded = fold_value(text)
    assert fold_value(folded) == folded == folded.strip()
    assert fold_value(f" {text}\u00a0") == folded


@given(st.sampled_from(["han", "thai", "lao", "khmer", "burmese"]).flatmap(words_of))
def test_scripts_without_spaces_have_a_token_for_each_cluster(word: str) -> None:
    tokens = tokenise(word)
    bases = [
        at
        for at, ch in enumerate(word)
        if by_character(ch) and unicodedata.category(ch) == "Lo" and ch not in "\u0e33\u0eb3"
    ]
    assert set(bases) <= set(tokens.starts)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("unit", "times", "tokens"),
    [
        ("wheat ", 1_000_000, 1_000_000),
        ("a", 5_000_000, 19_608),
        ("a,", 1_000_000, 1_000_000),
        ("_", 3_000_000, 0),
        ("#", 1_000_000, 0),
        ("\u200d", 3_000_000, 0),
        ("e" + "\u0301" * 254, 10_000, 10_000),
        ("\u6771", 1_000_000, 1_000_000),
        ("\u0e01\u0e31", 500_000, 500_000),
        ("\U0001f600", 500_000, 500_000),
        ('\u05d0"', 500_000, 250_000),
        ("l'\u00e9tat qu'il ", 200_000, 400_000),
    ],
)
def test_large_texts_cost_linear_time(unit: str, times: int, tokens: int) -> None:
    """Each takes a second or two; anything but linear time would take hours."""
    assert len(tokenise(unit * times).texts) == tokens


def test_memory_of_chunks_is_bounded() -> None:
    memo = text_module._MEMOS[False]
    for number in range(2 * text_module._MEMO_CHUNKS + 1000):
        tokenise(f"w{number}")
    tokenise("x" * 1_000_000)
    assert len(memo) <= len(memo._older) == text_module._MEMO_CHUNKS
    assert max(map(len, (*memo, *memo._older))) <= text_module._MEMO_LENGTH
