"""A small training run on made data: what it learns, that it is always the same, and that it holds no label of the check part."""

from __future__ import annotations

import gzip
import random

import pytest
from benchmarks.topics.bars import BARS, UNSUPPORTED, reached
from benchmarks.topics.examples import Article, article
from benchmarks.topics.figures import Judgement, figures
from benchmarks.topics.fit import Choices, train
from benchmarks.topics.sets import SETS, LabelledSet
from benchmarks.topics.train import packed
from tests.unit.topics.packs import pack

from presswatch.core.learned import Learned, decoded
from presswatch.core.packs import Pack
from presswatch.core.topics import Tagger

MADE = LabelledSet("made", "made.jsonl", ("grain",), ships=True)
FILLER = [f"word{number}" for number in range(60)]
TOPICAL = ("barley", "harvest", "farmers", "drought")
PATTERNS = pack([(1, "wheat")])


def rows(number: int = 200) -> list[Article]:
    """Half of the articles are of grain, in words that no pattern knows."""
    rng = random.Random(7)
    tagger = Tagger([PATTERNS])
    made = []
    for at in range(number):
        words = rng.sample(FILLER, 12)
        if at % 2:
            words[:2] = rng.sample(TOPICAL, 2)
        rng.shuffle(words)
        row = {
            "id": f"made-{at}",
            "lang": "en",
            "title": " ".join(words[:4]),
            "text": " ".join(words[4:]),
            "topics": ["grain"] if at % 2 else [],
        }
        made.append(article(MADE, row, tagger))
    return made


@pytest.fixture(scope="module")
def trained() -> Learned:
    found, _ = train(rows(), ["grain"], Choices(own=40, shared=40))
    return found["grain"]


def test_it_learns_the_words_that_make_the_difference(trained: Learned) -> None:
    weights = trained.weights["en"]
    assert set(TOPICAL) <= {word for word in TOPICAL if weights.get(word, 0.0) > 1}
    assert all(abs(weights.get(word, 0.0)) < min(weights[topical] for topical in TOPICAL) for word in FILLER)
    assert len(weights) <= 40


def test_what_it_learned_tags_and_says_by_which_words(trained: Learned) -> None:
    tagger = Tagger([Pack("grain", 0.5, PATTERNS.patterns, learned=trained)])
    (tag,) = tagger.tag({"title": "Farmers fear drought", "text": "word1 word2", "lang": "en"})
    assert {"model:farmers", "model:drought"} <= {entry["pattern"] for entry in tag["evidence"]}
    assert tagger.tag({"title": "word1 word3", "text": "word5 word4 word9", "lang": "en"}) == []


def test_the_same_rows_give_the_same_file(trained: Learned) -> None:
    again, _ = train(rows(), ["grain"], Choices(own=40, shared=40))
    assert packed(again["grain"]) == packed(trained)
    assert decoded(gzip.decompress(packed(trained))) == trained


def test_cross_validation_is_near_perfect_where_the_words_decide() -> None:
    _, outs = train(rows(), ["grain"], Choices(own=40, shared=40))
    wanted = [out.total for out in outs["grain"] if out.wanted]
    others = [out.total for out in outs["grain"] if not out.wanted]
    assert len(wanted) == len(others) == 100
    assert sum(total > max(others) for total in wanted) > 90


def test_sets_that_may_not_ship_are_named() -> None:
    assert {each.name for each in SETS if not each.ships} == {
        "pages",
        "newswire-1987",
        "newswire-1987-hand",
        "tnews",
        "kyrgyz",
        "nepali",
        "congress-bills",
    }


def test_the_interval_of_f1_is_seeded_and_holds_it() -> None:
    tagger = Tagger([PATTERNS])
    group = [
        Judgement(
            "made", "grain", "en", number % 3 == 0, {}, tagger.judge({"title": title, "text": "", "lang": "en"})[0]
        )
        for number, title in enumerate(["wheat", "rye", "oats"] * 20)
    ]
    row = figures("made", "grain", "en", group)
    assert row == figures("made", "grain", "en", group)
    assert (row["precision"], row["recall"], row["f1"], row["average_precision"]) == (100.0, 100.0, 100.0, 100.0)
    worse = figures("made", "grain", "en", [*group, *(each for each in group if not each.wanted)][10:])
    assert worse["low"] <= worse["f1"] <= worse["high"]


def test_a_row_for_each_figure_that_is_to_be_reached() -> None:
    tagger = Tagger([PATTERNS])
    grain, silver = (
        tagger.judge({"title": title, "text": "", "lang": "en"})[0] for title in ("wheat harvest", "silver")
    )
    random = {"stratum": "random"}
    found = [
        *(Judgement("headlines", "agriculture", "en", True, {}, grain) for _ in range(9)),
        *(Judgement("headlines", "agriculture", "en", False, random, silver) for _ in range(9)),
        *(Judgement("headlines", "agriculture", "en", False, random, grain) for _ in range(3)),
        *(Judgement("pages", "agriculture", "en", True, {}, silver) for _ in range(3)),
        *(Judgement("masakhanews", "health", lang, True, {}, grain) for lang in ("en", "fr", "sw")),
        *(Judgement("masakhanews", "health", "ha", wanted, {}, grain) for wanted in (True, False)),
    ]
    shipped = {(row["set"], row["topic"], row["measure"]): row for row in reached(found, "shipped")}
    assert len(shipped) == len(BARS)
    today = shipped["today", "agriculture", "F1"]
    assert (today["value"], today["bar"], today["reached"]) == ("75.0", "80", "no")
    low, high = map(int, today["interval"].split(" to "))
    assert low < 75 < high
    false = shipped["headlines", "agriculture", "false positives, random stratum"]
    assert (false["value"], false["bar"], false["reached"]) == ("3", "at most 2", "no")
    mean = shipped["masakhanews", "health", "F1, mean of en fr sw ha am"]
    assert (mean["value"], mean["reached"]) == ("91.7", "yes")
    lowest = shipped["masakhanews", "health", "F1, lowest of en fr sw ha am"]
    assert (lowest["value"], lowest["reached"]) == ("66.7", "no")
    kyrgyz = shipped["kyrgyz", "diplomacy", "F1"]
    assert (kyrgyz["value"], kyrgyz["bar"], kyrgyz["reached"]) == (UNSUPPORTED, UNSUPPORTED, "yes")
    everything = {(row["set"], row["topic"], row["measure"]): row for row in reached(found, "all")}
    assert everything["kyrgyz", "diplomacy", "F1"]["reached"] == "no"
