"""The audit's memory on disk says the same as counters in memory."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from presswatch.audit import spool
from presswatch.audit.spool import Asked, Cover, Sheet, Spool, key_of

keys = st.integers(-3, 3).map(lambda number: key_of(str(number)))
notes = st.lists(st.tuples(st.sampled_from([Sheet.TAGGED, Sheet.NOTIFIED]), keys), max_size=20)


@given(notes, notes, st.sampled_from(["counted", "each", "once"]), st.integers(1, 7))
def test_what_is_lacking(
    there: list[tuple[Sheet, int]], asked: list[tuple[Sheet, int]], cover: Cover, rows: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, Spool() as kept:
        patch.setattr(spool, "_ROWS", rows)
        for sheet, key in there:
            kept.note(sheet, key)
        for number, (sheet, key) in enumerate(asked):
            kept.ask(sheet, key, Asked(number % 3, number, number % 2))
        wanted = [
            (key, Asked(number % 3, number, number % 2))
            for number, (sheet, key) in enumerate(asked)
            if sheet == Sheet.TAGGED
        ]
        have = Counter(key for sheet, key in there if sheet == Sheet.TAGGED)
        uncovered = [(key, record) for key, record in wanted if key not in have]
        left = Counter(have)
        expected: list[Asked] = []
        for key, record in wanted:
            if cover == "counted" and left[key]:
                left[key] -= 1
            elif cover == "counted" or (cover == "each" and key not in have):
                expected.append(record)
        if cover == "once":
            expected = list(dict(uncovered).values())
        assert list(kept.lacking(Sheet.TAGGED, cover)) == sorted(expected)
        assert kept.asked(Sheet.TAGGED) == (len(wanted), len({key for key, _ in wanted}))
        assert kept.uncovered(Sheet.TAGGED) == (len(uncovered), len({key for key, _ in uncovered}))
        event(f"{cover}: lacking {min(len(expected), 3)} of {min(len(wanted), 3)}")


def test_keys_of_different_things_differ() -> None:
    assert len({key_of("a", "b"), key_of("ab"), key_of("a", "b", ""), key_of("b", "a")}) == 4
    assert key_of("\udcff")
