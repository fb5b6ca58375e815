"""What other packs change in the tags of an article, and the reason that is named for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.topics.packs import pack
from tests.unit.topics.test_learned import learned

from presswatch import matching
from presswatch.commands.topics_reasons import edited, told
from presswatch.core.packs import Pack, Pattern
from presswatch.core.retagging import Difference, Retagging, pack_edits, pattern_edits

pytestmark = pytest.mark.usefixtures("each_engine")

WHEAT = {"title": "Wheat ban", "text": "Bakers want wheat.", "lang": "en"}


def differences(old: list[Pack], new: list[Pack], article: dict[str, Any]) -> list[Difference]:
    return list(Retagging(old, new, matching.engine()).compare(article))


def grouped(*ideas: int) -> Pack:
    """Return a pack of two wordings, each of the idea that is given."""
    wordings = zip(("wheat", "bakers"), ideas, strict=True)
    return Pack("grain", 0.7, {"en": [Pattern(match, 1.0, idea) for match, idea in wordings]})


def both(*ideas: tuple[float, str]) -> Pack:
    return pack([(0.1, "rye"), *ideas])


LEARNED = learned({"wheat": 9.0, "bakers": 9.0}, bias=-1.0)

CASES = {
    "a pattern that came": (both(), both((1, "wheat")), "+", ["wheat (1) counts in NEW only: “Wheat”, “wheat”"]),
    "a pattern that went": (both((1, "wheat")), both(), "-", ["wheat (1) counts in OLD only: “Wheat”, “wheat”"]),
    "a weight": (both((0.2, "wheat")), both((1, "wheat")), "+", ["wheat weighs 0.2 in OLD, 1 in NEW: “Wheat”, “wheat”"]),
    "a trap": (
        both((1, "wheat")),
        both((1, "wheat"), (0, '"wheat ban"'), (0, '"want wheat"')),
        "-",
        [
            "wheat (1) counts in OLD only: “Wheat”, “wheat”",
            'trap "wheat ban" is in NEW only: “Wheat ban”',
            'trap "want wheat" is in NEW only: “want wheat”',
        ],
    ),
    "a sign against": (
        both((1, "wheat")),
        both((1, "wheat"), (-2, "bakers")),
        "-",
        ["bakers (-2) counts in NEW only: “Bakers”"],
    ),
    "a list": (
        pack([(1, "@grains")], lists={"grains": ["rye"]}),
        pack([(1, "@grains")], lists={"grains": ["rye", "wheat"]}),
        "+",
        ["@grains (1) counts in NEW only: “Wheat”, “wheat”"],
    ),
    "a threshold": (
        pack([(1, "bakers")], threshold=0.9),
        pack([(1, "bakers")], threshold=0.1),
        "+",
        ["threshold 0.9 in OLD, 0.1 in NEW"],
    ),
    "a language": (
        pack([(1, "blé")], lang="fr"),
        pack([(1, "wheat")]),
        "+",
        [
            "one of the two has neither patterns nor learned words in en",
            "wheat (1) counts in NEW only: “Wheat”, “wheat”",
        ],
    ),
    "ideas": (grouped(0, 0), grouped(0, 1), "+", ["nothing else than how patterns are grouped into ideas, or how the learned part is calibrated"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_reason_is_what_the_edit_did(name: str) -> None:
    old, new, sign, reasons = CASES[name]
    (found,) = differences([old], [new], WHEAT)
    assert found.sign == sign
    assert [told(reason) for reason in found.reasons] == reasons


def test_learned_words_that_moved_it_come_with_their_shares() -> None:
    bare = both((0.1, "wheat"))
    (found,) = differences([bare], [replace(bare, learned=LEARNED)], WHEAT)
    assert found.sign == "+"
    assert found.old is not None
    assert found.new is not None
    assert found.new.score > found.new.threshold
    shown = [told(reason) for reason in found.reasons if reason.kind == "word"]
    assert [line.split(":")[0] for line in shown] == ["learned word wheat", "learned word bakers"]
    assert all(line.split(":")[1].startswith(" +0.00 in OLD, +") for line in shown)
    (back,) = differences([replace(bare, learned=LEARNED)], [bare], WHEAT)
    assert (back.sign, back.reasons[-1].new) == ("-", None)


def test_only_topics_that_differ_are_read_and_all_are_counted() -> None:
    same = pack([(1, "bakers")], topic="bread")
    old, new = [same, pack([(1, "ban")], topic="bans")], [same, pack([(1, "wheat")])]
    retagging = Retagging(old, new, matching.engine())
    assert [(edit.topic, edit.change) for edit in retagging.edits] == [
        ("bans", "removed"),
        ("bread", "unchanged"),
        ("grain", "added"),
    ]
    found = [(each.topic, each.sign, each.old is None, each.new is None) for each in retagging.compare(WHEAT)]
    assert found == [("bans", "-", False, True), ("grain", "+", True, False)]
    assert list(retagging.compare({"title": "Rain", "lang": "en"})) == []
    assert retagging.counts == {("bans", "en", "-"): 1, ("grain", "en", "+"): 1}
    unchanged = Retagging([same], [same], matching.engine())
    assert list(unchanged.compare(WHEAT)) == []


def test_articles_that_both_tag_are_counted_by_language() -> None:
    retagging = Retagging([both((1, "wheat"))], [both((2, "wheat"))], matching.engine())
    for lang in ("en", "en-GB"):
        assert list(retagging.compare(WHEAT | {"lang": lang})) == []
    assert retagging.counts == {("grain", "en", "="): 2}


def test_an_edit_is_told_by_language() -> None:
    lists = ({"grains": ["rye", "oats"]}, {"grains": ["rye", "wheat"]})
    old = pack([(1, "wheat"), (0.5, "ban*"), (0, '"stand"')], lists=lists[0])
    new = pack([(1, "wheat"), (0.8, "ban*"), (0.3, "bakers")], lists=lists[1], threshold=0.6)
    (edit,) = pack_edits([old], [replace(new, learned=LEARNED)])
    assert list(pattern_edits(edit)) == ["en"]
    assert list(edited(edit)) == [
        'en: +bakers (0.3), -"stand" (0), ban* 0.5, now 0.8',
        "en: @grains: +wheat, -oats",
        "threshold 0.5, now 0.6",
        "learned part: only in NEW",
    ]
