"""Windows and literal characters, each against the most obvious way to find them."""

from __future__ import annotations

import unicodedata
from itertools import combinations, permutations

from hypothesis import example, given
from hypothesis import strategies as st
from tests.property.reference import nfc, stands_alone

from presswatch.core.rules.characters import Characters, runs
from presswatch.core.rules.windows import shortest_windows


def filling(kinds: list[set[int]], words: list[int], first: int, last: int) -> bool:
    """Tell whether the positions from first to last can be these words, given by their kinds, one each."""
    return any(
        all(kind in kinds[at] for kind, at in zip(words, order, strict=True))
        for chosen in combinations(range(first, last + 1), len(words))
        for order in permutations(chosen)
    )


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3).filter(lambda wanted: sum(wanted) < 5), st.data())
@example([3], None)
def test_windows_are_the_shortest(wanted: list[int], data: st.DataObject | None) -> None:
    some = st.sets(st.integers(0, len(wanted) - 1))
    kinds = data.draw(st.lists(some, max_size=9)) if data else [{0}] * 3 + [set()] + [{0}] * 2
    words = [kind for kind, count in enumerate(wanted) for _ in range(count)]
    shortest = [
        (first, last)
        for first in range(len(kinds))
        for last in range(first, len(kinds))
        if filling(kinds, words, first, last)
        and not filling(kinds, words, first + 1, last)
        and not filling(kinds, words, first, last - 1)
    ]
    marks = [(at, sorted(some)) for at, some in enumerate(kinds) if some]
    assert list(shortest_windows(marks, wanted)) == shortest


# letters that compose and decompose, marks in and out of canonical order, scripts without spaces, conjoining Hangul
ALPHABET = (
    *("a", "e", "q", "W", "7", " ", "+", "_", "\u00e9", "\u1e9b"),
    *("\u0301", "\u0323", "\u030a", "\u0307", "\u3099"),
    *("\u304b", "\u304c", "\u6771", "\u0e01", "\u0e32", "\u30f3"),
    *("\u1100", "\u1161", "\u11a8", "\uac00", "\u09c7", "\u09be", "\u212b"),
)


@given(st.text(st.sampled_from(ALPHABET), max_size=14), st.data())
@example("caf\u0065\u0301", None)
@example("\u304b\u3099\u0301", None)
def test_literals_are_found_where_the_text_can_be_cut_around_them(text: str, data: st.DataObject | None) -> None:
    start = data.draw(st.integers(0, len(text))) if data else len(text) - 1
    literal = nfc(text[start : start + (data.draw(st.integers(1, 4)) if data else 1)]) or "a"
    heads = [nfc(text[:at]) for at in range(len(text) + 1)]
    tails = [nfc(text[at:]) for at in range(len(text) + 1)]
    wanted = [
        (start, end)
        for start, end in combinations(range(len(text) + 1), 2)
        if heads[start] + literal + tails[end] == nfc(text) and stands_alone(heads[start], literal, tails[end])
    ]
    characters = Characters(text)
    assert characters.nfc == nfc(text)
    assert list(characters.find(literal)) == wanted
    if wanted:
        assert runs(literal) <= runs(characters.nfc)


def test_a_base_under_thousands_of_marks_is_normalised_in_linear_time() -> None:
    text = "a" + "\u0301\u0316" * 200_000 + " WHO"
    characters = Characters(text)
    assert list(characters.find("WHO")) == [(len(text) - 3, len(text))]
    assert unicodedata.is_normalized("NFC", characters.nfc[:30])
