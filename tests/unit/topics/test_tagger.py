"""The tagger on small packs: what becomes a tag, and what the evidence says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.topics.packs import pack, tagger

from presswatch.core.errors import BadMessageError
from presswatch.core.judging import ALONE
from presswatch.core.learned import ANY, Calibration, Learned
from presswatch.core.packs import Pack
from presswatch.core.rules.document import Document
from presswatch.core.topics import Tagger


def evidence(tags: list[dict[str, Any]]) -> list[tuple[str, str, str, float]]:
    """Return pattern, field, quote and weight of each entry."""
    return [(e["pattern"], e["field"], e["quote"], e["weight"]) for tag in tags for e in tag["evidence"]]


def test_a_tag_as_on_the_wire() -> None:
    grain = pack([(1, "wheat")])
    assert Tagger([grain]).tag({"title": "No wheat, no bread", "text": "", "lang": "en"}) == [
        {
            "topic": "grain",
            "score": 0.5,
            "threshold": 0.5,
            "pack": grain.version,
            "evidence": [{"pattern": "wheat", "field": "title", "start": 3, "end": 8, "quote": "wheat", "weight": 1.0}],
        }
    ]


def test_below_the_threshold_there_is_no_tag() -> None:
    assert Tagger([pack([(0.9, "wheat")])]).tag({"title": "Wheat", "lang": "en"}) == []


def test_tags_come_by_topic() -> None:
    packs = [pack([(1, "wheat")], topic=topic) for topic in ("soil", "air", "grain")]
    tags = Tagger(packs).tag({"title": "Wheat", "lang": "en"})
    assert [tag["topic"] for tag in tags] == ["air", "grain", "soil"]


def test_each_occurrence_is_shown_but_no_more_than_five_of_a_pattern() -> None:
    tags = tagger((1, "wheat"), (0.5, "maize")).tag({"title": "wheat", "text": "wheat " * 7 + "maize", "lang": "en"})
    assert evidence(tags) == [
        ("wheat", "title", "wheat", 1.0),
        *[("wheat", "text", "wheat", 1.0)] * 4,
        ("maize", "text", "maize", 0.5),
    ]


def test_what_weighs_most_is_shown_first_and_what_counts_against_last() -> None:
    tags = tagger((-0.2, "beer"), (0.5, "bread"), (1, "wheat")).tag({"title": "Bread, beer, wheat", "lang": "en"})
    assert [weight for *_, weight in evidence(tags)] == [1.0, 0.5, -0.2]


def test_a_span_covers_what_the_pattern_took() -> None:
    tags = tagger((1, "(ship* OR send*) NEAR/4 grain")).tag(
        {"title": "", "text": "The grain was then shipped. They send no grain.", "lang": "en"}
    )
    assert [quote for _, _, quote, _ in evidence(tags)] == ["grain was then shipped", "send no grain"]


def test_offsets_are_code_points() -> None:
    text = "🌾 Café, 𝒲heat: wheat"
    (entry,) = tagger((1, "wheat")).tag({"title": "", "text": text[:8] + "wheat", "lang": "en"})[0]["evidence"]
    assert (entry["start"], entry["end"]) == (8, 13)


def test_an_and_within_one_field_is_one_span() -> None:
    tags = tagger((1, "wheat AND ban")).tag({"title": "", "text": "A ban, they say, on wheat. Wheat!", "lang": "en"})
    assert evidence(tags) == [("wheat AND ban", "text", "ban, they say, on wheat", 1.0)]


def test_a_pattern_over_both_fields_gives_one_entry_a_leaf_with_the_weight_on_the_first() -> None:
    tags = tagger((1, "wheat AND ban")).tag({"title": "Wheat", "text": "A ban follows.", "lang": "en"})
    assert evidence(tags) == [("wheat AND ban", "title", "Wheat", 1.0), ("wheat AND ban", "text", "ban", 0.0)]


def test_a_pattern_over_both_fields_counts_once() -> None:
    both = tagger((1, "wheat AND ban")).judge({"title": "Wheat", "text": "A ban follows.", "lang": "en"})
    title_only = tagger((1, "wheat")).judge({"title": "Wheat", "text": "A ban follows.", "lang": "en"})
    assert both[0].score == title_only[0].score == 0.5


def test_a_pattern_with_an_exception_has_the_places_of_what_it_wants() -> None:
    both = tagger((1, "wheat NOT beer"))
    assert evidence(both.tag({"title": "Wheat and more wheat", "lang": "en"})) == [
        ("wheat NOT beer", "title", "Wheat", 1.0),
        ("wheat NOT beer", "title", "wheat", 1.0),
    ]
    assert both.tag({"title": "Wheat and more wheat", "text": "for beer", "lang": "en"}) == []


def test_alternatives_with_an_and_among_them_have_their_own_places() -> None:
    tags = tagger((1, "rye OR (wheat AND ban)")).tag({"title": "Rye", "text": "Rye. A ban on wheat.", "lang": "en"})
    assert {quote for _, _, quote, _ in evidence(tags)} == {"Rye", "ban on wheat"}


@pytest.mark.parametrize("weight", [0, -1])
def test_a_trap_voids_what_lies_within_it(weight: float) -> None:
    trap = tagger((1, "harvest*"), (weight, '"harvest data"'))
    assert trap.tag({"title": "They harvest data", "lang": "en"}) == []


def test_a_trap_voids_however_often_it_stands_there() -> None:
    trap = tagger((1, ["farm", "farms"]), (0, '"wind farm*"'))
    text = "A wind farm here. " * 12 + "Two wind farms there. " * 12
    assert trap.tag({"title": "Wind farm", "text": text, "lang": "en"}) == []


def test_a_trap_voids_nothing_else() -> None:
    trap = tagger((1, "harvest*"), (0, '"harvest data"'))
    tags = trap.tag({"title": "They harvest data", "text": "A good harvest.", "lang": "en"})
    assert evidence(tags) == [("harvest*", "text", "harvest", 1.0)]


def test_a_trap_that_only_touches_a_span_does_not_void_it() -> None:
    trap = tagger((1, '"good harvest"'), (0, '"harvest data"'))
    assert evidence(trap.tag({"title": "Good harvest data", "lang": "en"})) == [
        ('"good harvest"', "title", "Good harvest", 1.0)
    ]


def test_a_negative_weight_lowers_the_score() -> None:
    article = {"title": "Wheat beer", "lang": "en"}
    assert tagger((1, "wheat"), (-0.5, "beer")).judge(article)[0].score == 0.293
    assert tagger((1, "wheat"), (-1, "beer")).judge(article)[0].score == 0.0


def test_negatives_alone_are_no_tag() -> None:
    assert tagger((-1, "beer")).tag({"title": "Beer", "lang": "en"}) == []


def test_wordings_of_one_idea_count_together() -> None:
    article = {"title": "Wheat and barley", "lang": "en"}
    one_idea = tagger((1, ["wheat", "barley"])).judge(article)[0].score
    two_ideas = tagger((1, "wheat"), (1, "barley")).judge(article)[0].score
    assert 0.5 < one_idea < two_ideas


def test_wordings_that_overlap_count_once_but_are_both_shown() -> None:
    article = {"title": "Winter wheat", "lang": "en"}
    overlapping = tagger((1, ["wheat", '"winter wheat"']))
    assert overlapping.judge(article)[0].score == 0.5
    assert [quote for _, _, quote, _ in evidence(overlapping.tag(article))] == ["wheat", "Winter wheat"]


@pytest.mark.parametrize("lang", ["en", "en-GB", "EN_us"])
def test_the_primary_subtag_decides(lang: str) -> None:
    assert tagger((1, "wheat")).tag({"title": "Wheat", "lang": lang})


@pytest.mark.parametrize("lang", [None, "", "fr", "eng"])
def test_a_language_without_patterns_gives_no_tags(lang: str | None) -> None:
    assert tagger((1, "wheat")).tag({"title": "Wheat", "lang": lang}) == []


def test_each_language_has_its_own_patterns_and_lists() -> None:
    packs = [pack([(1, "@crops")], lang="en", lists={"crops": ["wheat", "winter barley"]})]
    packs += [pack([(1, "blé")], topic="terre", lang="fr")]
    both = Tagger(packs)
    assert both.languages == {"en", "fr"}
    assert evidence(both.tag({"title": "Winter barley, ble", "lang": "en"})) == [
        ("@crops", "title", "Winter barley", 1.0)
    ]
    assert [tag["topic"] for tag in both.tag({"title": "Winter barley, ble", "lang": "fr"})] == ["terre"]


def test_a_missing_title_or_text_is_empty() -> None:
    assert tagger((1, "wheat")).tag({"text": "wheat", "title": None, "lang": "en"})


def test_a_wrong_type_is_refused() -> None:
    with pytest.raises(BadMessageError, match="title must be a string"):
        tagger((1, "wheat")).tag({"title": 7, "lang": "en"})


def test_an_article_made_ready_before_gives_the_same() -> None:
    article = {"title": "Wheat", "text": "More wheat", "lang": "en", "source": "Daily"}
    grain = tagger((1, "wheat"))
    assert grain.tag(article, Document.of(article)) == grain.tag(article)


def test_arabic_words_may_begin_with_article_and_particles() -> None:
    health = tagger((1, "صحة"), (1, "لقاح*"), (1, '"وزير صحة"'), lang="ar")
    tags = health.tag({"title": "وزير الصحة: للصحة العامة وباللقاحات", "text": "", "lang": "ar"})
    assert [quote for _, _, quote, _ in evidence(tags)] == ["الصحة", "للصحة", "وباللقاحات", "وزير الصحة"]
    assert health.tag({"title": "مصحة", "text": "", "lang": "ar"}) == []


def test_a_short_text_without_a_title_is_a_headline() -> None:
    wheat = tagger((1, "title:(wheat AND ban)"), (0, '"ban on wheat beer"'))
    assert evidence(wheat.tag({"text": "Orsal: ban on wheat", "lang": "en"})) == [
        ("title:(wheat AND ban)", "text", "ban on wheat", 1.0)
    ]
    assert wheat.tag({"text": "A ban on wheat beer", "lang": "en"}) == []
    assert wheat.tag({"title": "Orsal", "text": "A ban on wheat", "lang": "en"}) == []
    assert wheat.tag({"text": f"A ban on wheat {'and so on ' * 10}", "lang": "en"}) == []
    assert wheat.evidence(Document.of({"text": "A ban on wheat", "lang": "en"})) == {"grain": 1.0}


def test_amharic_words_may_begin_with_prepositions() -> None:
    assert evidence(tagger((1, "ጤና"), lang="am").tag({"title": "የጤና ሚኒስቴር", "lang": "am"})) == [
        ("ጤና", "title", "የጤና", 1.0)
    ]


def test_learned_words_alone_must_be_surer_where_there_are_patterns() -> None:
    plain = Calibration(1.0, 0.0, 0.0)
    part = Learned(
        "grain", {"en": {"barley": 1.0}}, {"en": 0.0}, {}, plain, Calibration(2.0, 0.0, -2.0), {"en": 1e5}, {ANY: 0.3}
    )
    barley = {"title": "Barley", "lang": "en"}
    (alone,) = Tagger([Pack("grain", 0.5, {}, learned=part)]).judge(barley)
    assert (alone.threshold, alone.tagged) == (0.3, True)
    (beside,) = Tagger([Pack("grain", 0.5, pack([(1, "wheat")]).patterns, learned=part)]).judge(barley)
    assert (beside.threshold, beside.tagged, 0.3 < beside.score < ALONE) == (ALONE, False, True)
    (both,) = Tagger([Pack("grain", 0.5, pack([(0.4, "barley")]).patterns, learned=part)]).judge(barley)
    assert (both.threshold, both.tagged) == (0.3, True)
