"""Laws of the learned part: any weights, any article of words that it knows and words that it does not."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presswatch.core import features
from presswatch.core.learned import ANY, Calibration, Learned, Table, bent, decoded, encoded
from presswatch.core.packs import Pack
from presswatch.core.rules.document import Document
from presswatch.core.topics import Tagger

WORDS = ("wheat", "wheaten", "wheatfield", "barley", "bans", "école", "麦", "ngano")
FEATURES = [*WORDS, "whea*", "wheatf*", "wheat bans", "bans bans", "麦 麦", "écol*"]

numbers = st.floats(-8, 8)
texts = st.lists(st.sampled_from((*WORDS, "the", "of")), max_size=30).map(" ".join)
articles = st.fixed_dictionaries({"title": texts, "text": texts, "lang": st.just("en")})
weights = st.dictionaries(st.sampled_from(FEATURES), st.floats(-5, 5).map(lambda x: round(x, 3)), max_size=8)
calibrations = st.builds(Calibration, st.floats(0, 6), st.floats(-1, 1), st.floats(-5, 5))


@st.composite
def parts(draw: st.DrawFn) -> Learned:
    model, patterns = draw(calibrations), draw(calibrations)
    own, shared, bias = draw(weights), draw(weights), draw(st.floats(-2, 2))
    return Learned(
        "grain",
        {"en": own},
        {"en": bias},
        shared,
        model,
        patterns,
        {"en": draw(st.floats(1, 100))},
        {ANY: draw(st.floats(0.01, 1))},
    )


@given(calibrations, numbers, numbers, st.floats(0, 1e5))
def test_a_calibration_is_a_probability_and_never_falls(
    calibration: Calibration, one: float, other: float, words: float
) -> None:
    low, high = sorted((one, other))
    assert 0 <= calibration.probability(low, words) <= calibration.probability(high, words) <= 1


@given(numbers, numbers)
def test_more_evidence_is_never_bent_below_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert bent(low) <= bent(high)


@given(parts())
def test_an_artifact_survives_its_file(part: Learned) -> None:
    again = decoded(encoded(part))
    assert encoded(again) == encoded(part)


@given(parts(), articles)
def test_the_table_counts_as_training_does(part: Learned, article: dict[str, Any]) -> None:
    doc = Document.of(article)
    title, text = doc.title.texts, doc.text.texts
    total = part.bias["en"] + sum(
        (part.weights["en"].get(feature, 0.0) + part.shared.get(feature, 0.0)) * features.value(count)
        for feature, count in features.counts(title, text).items()
    ) / sqrt(features.size(len({*title, *text})))
    table = Table([part], "en")
    counts = table.count(doc)
    assert table.totals(counts) == [pytest.approx(total)]
    assert part.bias["en"] + sum(each.weight for each in table.moved(0, counts)) == pytest.approx(total)


@given(parts(), articles)
def test_a_tag_by_learned_words_has_a_score_and_quotes_that_are_slices(part: Learned, article: dict[str, Any]) -> None:
    for tag in Tagger([Pack("grain", 0.5, {}, learned=part)]).tag(article):
        assert part.threshold("en") <= tag["score"] <= 1
        assert tag["evidence"]
        for entry in tag["evidence"]:
            assert entry["quote"] == article[entry["field"]][entry["start"] : entry["end"]] != ""
            assert entry["pattern"] == f"model:{entry['quote']}".lower()
            assert entry["weight"] > 0


@given(parts(), articles)
def test_tagging_twice_says_the_same(part: Learned, article: dict[str, Any]) -> None:
    tagger = Tagger([Pack("grain", 0.5, {}, learned=part)])
    assert tagger.tag(article) == tagger.tag(article)
