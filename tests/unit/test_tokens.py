"""Each sentence of the manual's part on tokens, by example."""

from __future__ import annotations

import hashlib
import json
import sys
import unicodedata
from pathlib import Path

import pytest

from presswatch.core import segmentation, text
from presswatch.core.text import by_character, fold_value, query_slots, tokenise

DATA = Path(__file__).parents[1] / "data" / "tokens"

# Digest of all tokens of tests/data/tokens for each version of the tokeniser. When it differs, stored tokens no longer
# compare with new ones: raise `text.VERSION` and add the new digest.
DIGESTS = {1: "4fa0f2a45973d80ca9aeb634034d88653b50e5b4a03f1a670940bbb4d4cb791e"}


def forms(written: str, lang: str | None = None) -> list[str]:
    return tokenise(written, lang).texts


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        # width and compatibility forms, and the white space that they make
        ("\uff37\uff28\uff2f \ufb01n \u2167 \u24d0 \uff76\uff9e\uff7d", ["who", "fin", "viii", "a", "\u30ac\u30b9"]),
        ("10\u202f000", ["10000"]),
        ("\ufdfa", ["\u0635\u0644\u0649\u0627\u0644\u0644\u0647\u0639\u0644\u064a\u0647\u0648\u0633\u0644\u0645"]),
        # full case folding by the Unicode table
        ("STRASSE Stra\u00dfe \u1e9e", ["strasse", "strasse", "ss"]),
        ("\u0130stanbul ISPARTA \u0131\u015f\u0131k", ["istanbul", "isparta", "isik"]),
        ("\u039f\u0394\u039f\u03a3 \u03bf\u03b4\u03cc\u03c2", ["\u03bf\u03b4\u03bf\u03c3", "\u03bf\u03b4\u03bf\u03c3"]),
        ("\u1c90 \u10d0", ["\u10d0", "\u10d0"]),
        # default-ignorables
        ("co\u00adop wo\u2060rd \ufe0e\u2764\ufe0f", ["coop", "word", "\u2764"]),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", ["\u0645\u06cc\u062e\u0648\u0627\u0647\u0645"]),
    ],
)
def test_width_case_and_invisible_characters(written: str, folded: list[str]) -> None:
    assert forms(written) == folded


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("caf\u00e9 cafe\u0301 CAFE\u0301", ["cafe"] * 3),
        (
            "\u0141\u00f3d\u017a S\u00f8ren \u0111 \u0127 \u00c6gir c\u0153ur \u00de\u00f3r\u00f0ur",
            "lodz soren d h aegir coeur thordur".split(),
        ),
        ("Vi\u1ec7t \u00d5\u1ecd\u0301", ["viet", "oo"]),
        ("\u1f00\u03c1\u03c7\u03ae \u0390 \u1fb3", ["\u03b1\u03c1\u03c7\u03b7", "\u03b9", "\u03b1\u03b9"]),
        ("\u0451\u043b\u043a\u0430 \u0401\u041b\u041a\u0410", ["\u0435\u043b\u043a\u0430"] * 2),
        ("\u0439\u043e\u0434 \u0438\u0306\u043e\u0434", ["\u0439\u043e\u0434"] * 2),
        ("\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f\u064c", ["\u0645\u062d\u0645\u062f"]),
        (
            "\u0647\u0670\u0630\u0627 \u0627\u0644\u0640\u0640\u0633\u0644\u0627\u0645",
            ["\u0647\u0630\u0627", "\u0627\u0644\u0633\u0644\u0627\u0645"],
        ),
        ("\u0623 \u0625 \u0622 \u0671 \u0627\u0654 \u0627", ["\u0627"] * 6),
        ("\u0622\u0654", ["\u0627"]),
        ("\u0624 \u0626", ["\u0624", "\u0626"]),
        ("\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd \ufb2a", ["\u05e9\u05dc\u05d5\u05dd", "\u05e9"]),
        ("\u0928\u093f\u092f\u0924\u093f", ["\u0928\u093f\u092f\u0924\u093f"]),
        ("\u0915\u093c \u0958", ["\u0915\u093c"] * 2),
    ],
)
def test_diacritics_points_and_vowel_signs(written: str, folded: list[str]) -> None:
    assert forms(written) == folded


@pytest.mark.parametrize("mark", ["'", "\u2018", "\u2019", "\u02bc", "\uff07"])
def test_five_apostrophes_are_one(mark: str) -> None:
    written = "Putin's O'Reilly don't l'\u00c9tat".replace("'", mark)
    assert forms(written) == ["putin", "oreilly", "dont", "etat"]


@pytest.mark.parametrize(
    ("written", "lang", "folded"),
    [
        ("\u0130stanbul'da", "tr", "istanbul"),
        ("Bak\u0131'n\u0131n", "az-Latn", "baki"),
        ("\u0130stanbul'da", "TR_tr", "istanbul"),
        ("\u0130stanbul'da", "en", "istanbulda"),
        ("\u0130stanbul'da", None, "istanbulda"),
        ("\u0130stanbul'da", "tri", "istanbulda"),
        ("O'Reilly'nin", "tr", "oreilly"),
        ("L'Oreal'in", "tr", "oreal"),
        ("AB'nin", "tr", "ab"),
        ("O'Reilly", "tr", "oreilly"),  # one letter is no stem
        ("Putin's", "fr", "putin"),
        ("Putin's", "tr", "putin"),
        ("l'homme's", "fr", "homme"),
        ("s's", None, "s"),
        ("\u02bcs", None, "s"),
        ("\u02bcs", "tr", "s"),
        ("lu'i", None, "lui"),
        ("aujourd'hui", "fr", "aujourdhui"),
        ("rock'n'roll", None, "rocknroll"),
        ("d'l'a", None, "la"),
        ("l\u02bc", None, "l"),
        ("\u05d2'", None, "\u05d2"),
    ],
)
def test_apostrophes_are_read_in_this_order(written: str, lang: str | None, folded: str) -> None:
    assert forms(written, lang) == [folded]


def test_elisions() -> None:
    words = "l d j m n s t c qu jusqu lorsqu puisqu quoiqu dell nell all dall sull coll un quest quell sant".split()
    assert forms(" ".join(f"{word.title()}'Italia" for word in words), "it") == ["italia"] * len(words)


def test_a_query_has_both_readings_of_an_apostrophe() -> None:
    assert query_slots("\u0130stanbul'da wi-fi") == [("istanbulda", "istanbul"), ("wi",), ("fi",)]
    assert query_slots("Putin's O'Reilly") == [("putin",), ("oreilly",)]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("wi-fi AT&T C++", ["wi", "fi", "at", "t", "c"]),
        ("U.S. 3.5% 1,200 snake_case", ["u.s", "3.5", "1,200", "snake_case"]),
        ("\u6771\u4eac\u3067", ["\u6771", "\u4eac", "\u3067"]),
        ("\u6211\u30052\u4eba", ["\u6211", "\u3005", "2", "\u4eba"]),
        ("\u30b3\u30fc\u30d2\u30fc \uc11c\uc6b8\uc2dc", ["\u30b3\u30fc\u30d2\u30fc", "\uc11c\uc6b8\uc2dc"]),
        ("\u0e20\u0e32\u0e29\u0e31\u0e01\u0e33", ["\u0e20", "\u0e32", "\u0e29\u0e31", "\u0e01\u0e4d\u0e32"]),
        ("\u0e9e\u0eb2\u0eaa\u0eb2", ["\u0e9e", "\u0eb2", "\u0eaa", "\u0eb2"]),
        ("\u1797\u17b6\u179f\u17b6", ["\u1797\u17b6", "\u179f\u17b6"]),
        ("\u1019\u103c\u1014\u103a\u1019\u102c", ["\u1019\u103c", "\u1014\u103a", "\u1019", "\u102c"]),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467x", ["\U0001f468\U0001f469\U0001f467", "x"]),
    ],
)
def test_words_and_what_is_cut_by_character(written: str, folded: list[str]) -> None:
    assert forms(written) == folded
    assert query_slots(written) == [(form,) for form in folded]


def test_offsets_are_code_points_of_the_original_text() -> None:
    tokens = tokenise("\U0001f600\U0001f600 Stra\u00dfe, \ufdfa \u0640 caf\u0065\u0301!")
    assert tokens.texts[2:] == ["strasse", forms("\ufdfa")[0], "cafe"]
    assert [tokens.original[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)] == [
        "\U0001f600",
        "\U0001f600",
        "Stra\u00dfe",
        "\ufdfa",
        "cafe\u0301",
    ]


def test_a_token_that_folds_to_nothing_is_dropped() -> None:
    assert forms("a \u0640 \u115f \u02bc b") == ["a", "b"]
    assert query_slots("\u0640") == []
    assert query_slots(" ?! ") == []


def test_the_longest_token_has_255_utf16_units() -> None:
    assert [len(form) for form in forms("a" * 600)] == [255, 255, 90]
    assert [len(form) for form in forms("\U00010330" * 300)] == [127, 127, 46]
    assert [len(form) for form in forms("\ufdfa" * 100)] == [255]


@pytest.mark.parametrize("lone", ["\ud800", "a\udfff", "\udc00\ud800 b"])
def test_lone_surrogates_are_no_words(lone: str) -> None:
    assert forms(lone) == [ch for ch in lone if ch in "ab"]


@pytest.mark.parametrize(
    ("ch", "expected"),
    [
        *((ch, True) for ch in "\u6771\u3005\u3007\U00020000\u3042\u0e01\u0e31\u0e9e\u1780\u17d2\u1019\u102c"),
        *((ch, False) for ch in "a1 -\u30ab\u30fc\uc11c\u0915\u0e51\u0301\ud800"),
    ],
)
def test_scripts_without_spaces(ch: str, expected: bool) -> None:
    assert by_character(ch) is expected


@pytest.mark.parametrize(
    ("value", "folded"),
    [
        ("  Le Monde\u00a0", "le monde"),
        ("\uff22\uff22\uff23", "bbc"),
        ("Stra\u00dfe", "strasse"),
        ("Caf\u00e9 CAFE\u0301", "caf\u00e9 caf\u00e9"),
        ("\u00a0", ""),
    ],
)
def test_metadata_values_keep_their_diacritics(value: str, folded: str) -> None:
    assert fold_value(value) == folded
    assert fold_value(folded) == folded


def test_every_python_knows_the_characters_of_words() -> None:
    """Folding must not depend on the Unicode version of the Python that runs it."""
    unknown = [
        hex(point)
        for point, kind in enumerate(segmentation.CLASSES.decode())
        if kind in "AHINKJTYyi" and unicodedata.category(chr(point)) == "Cn"
    ]
    assert unknown == []
    assert len(segmentation.CLASSES) == sys.maxunicode + 1


def test_version() -> None:
    lines = (DATA / "sentences.tsv").read_text("utf-8").splitlines()
    texts = [line.split("\t") for line in lines]
    texts += [["tr", json.loads(line)] for line in (DATA / "torture.txt").read_text("ascii").splitlines()]
    tokens = [[forms(written, lang), query_slots(written)] for lang, written in texts]
    assert hashlib.sha256(json.dumps(tokens).encode()).hexdigest() == DIGESTS[text.VERSION]
