"""How the words of a query that hold wildcards are cut and folded."""

from __future__ import annotations

import pytest

from presswatch.core.text import wildcard_slots


@pytest.mark.parametrize(
    ("written", "slots"),
    [
        ("vaccin*", [("vaccin*",)]),
        ("organi?ation", [("organi?ation",)]),
        ("flu vaccin*", [("flu",), ("vaccin*",)]),
        ("wi-fi*", [("wi",), ("fi*",)]),
        ("\u00c9TAT*", [("etat*",)]),
        ("e\u0301t*", [("et*",)]),
        ("Stra\u00df*", [("strass*",)]),
        # digits go on with digits and letters
        ("covid-1*", [("covid",), ("1*",)]),
        ("20?6", [("20?6",)]),
        ("3,?", [("3,?",)]),
        ("B1?", [("b1?",)]),
        # by script
        ("\uc11c*", [("\uc11c*",)]),
        ("\u30ab\u30bf*", [("\u30ab\u30bf*",)]),
        ('\u05e6\u05d4"?', [('\u05e6\u05d4"?',)]),
        ("\u6771\u4eac*", [("\u6771",), ("\u4eac",)]),
        ("\u6771?", [("\u6771",), ("?",)]),
        ("\u0e01\u0e31?", [("\u0e01\u0e31",), ("?",)]),
        ("\u0e20\u0e32*", [("\u0e20",), ("\u0e32",)]),
        # apostrophes
        ("l'agri*", [("agri*",)]),
        ("Putin's*", [("putins*", "putin")]),
        ("\u0130stanbul'd*", [("istanbuld*", "istanbul")]),
        ("\u0130stanbul'*", [("istanbul*",)]),
        ("O'Rei?ly", [("orei?ly",)]),
        # a star that stands for nothing leaves another token
        ("U.S.*", [("u.s.*", "u.s")]),
        # too short, which is for the caller to say
        ("C-*", [("c",), ("*",)]),
        # the characters that stand for wildcards inside are no wildcards outside
        ("a\ufdd0b\ufdd1", [("a",), ("b",)]),
        ("", []),
    ],
)
def test_wildcards(written: str, slots: list[tuple[str, ...]]) -> None:
    assert wildcard_slots(written) == slots
