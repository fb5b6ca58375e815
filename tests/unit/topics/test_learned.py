"""The learned part of a topic: its artifact, what it makes of an article, and how its words stand in the receipt."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from math import log, sqrt
from pathlib import Path
from typing import Any

import pytest
from tests.unit.topics.packs import pack

from presswatch.core.judging import MAX_WORD_PLACES, MAX_WORDS
from presswatch.core.learned import ANY, Calibration, Learned, Table, decoded, encoded
from presswatch.core.packs import Pack
from presswatch.core.rules.document import Document
from presswatch.core.topics import Tagger
from presswatch.packfiles import PackFileError, load_packs

PLAIN = Calibration(1.0, 0.0, 0.0)


def learned(weights: dict[str, float], *, threshold: float = 0.5, bias: float = 0.0, lang: str = "en") -> Learned:
    part = Learned(
        "grain", {lang: weights}, {lang: bias}, {}, PLAIN, Calibration(2.0, 0.0, -2.0), {lang: 1e5}, {ANY: threshold}
    )
    return decoded(encoded(part))


def tagger(part: Learned, *ideas: tuple[float, str]) -> Tagger:
    patterns = pack(ideas).patterns if ideas else {}
    return Tagger([Pack("grain", 0.5, patterns, learned=part)])


def article(title: str, text: str = "", lang: str = "en") -> dict[str, Any]:
    return {"title": title, "text": text, "lang": lang}


def test_an_artifact_is_read_as_it_was_written() -> None:
    part = learned({"wheat": 1.5, "bird flu": 2.0})
    assert decoded(encoded(part)) == part
    assert part.version == decoded(encoded(part)).version != learned({"wheat": 1.6}).version


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 2}, "it has format 2, and this Presswatch reads format 1"),
        ({"weights": None}, "wrong kind"),
        ({"weights": {"en": {"wheat": "heavy"}}}, "'heavy' stands where a number must"),
        ({"weights": {"en": {"wheat": True}}}, "True stands where a number must"),
        ({"bias": {}}, "a bias and a reach for each of its languages"),
        ({"model": [-1, 0, 0]}, "falls where it must rise"),
        ({"model": [1, 0]}, "not enough values"),
        ({"thresholds": {"en": 0.5}}, "one of them for any language"),
        ({"thresholds": {ANY: 0}}, "above 0"),
    ],
)
def test_a_damaged_artifact_says_what_is_wrong(change: dict[str, Any], told: str) -> None:
    data = json.dumps({**json.loads(encoded(learned({"wheat": 1.0}))), **change}).encode()
    with pytest.raises(ValueError, match=told):
        decoded(data)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"7"])
def test_what_is_no_artifact_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|format"):
        decoded(data)


PACK = "topic: grain\npatterns:\n  en:\n    - {weight: 1, match: wheat}\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"wheat", "no gzip file"),
        (gzip.compress(encoded(learned({"wheat": 1.0})))[:-9], "only a part of one"),
        (gzip.compress(b"{}"), "it has format None"),
        (
            gzip.compress(encoded(replace(learned({}), topic="soil"))),
            "it is of the topic `soil`, and the pack is of `grain`",
        ),
    ],
)
def test_a_wrong_learned_part_beside_a_pack_is_told_with_its_file(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "grain.yaml").write_text(PACK)
    (tmp_path / "grain.model.gz").write_bytes(content)
    with pytest.raises(PackFileError) as error:
        load_packs(tmp_path)
    assert told in str(error.value)
    assert "grain.model.gz" in str(error.value)


def test_a_learned_part_beside_a_pack_is_loaded_and_changes_its_version(tmp_path: Path) -> None:
    (tmp_path / "grain.yaml").write_text(PACK)
    (bare,) = load_packs(tmp_path)
    (tmp_path / "grain.model.gz").write_bytes(gzip.compress(encoded(learned({"wheat": 1.0}, lang="sw"))))
    (whole,) = load_packs(tmp_path)
    assert bare.learned is None
    assert whole.learned is not None
    assert whole.version != bare.version
    assert whole.languages == {"en", "sw"}


def test_a_sum_is_bias_and_weights_by_count_over_the_root_of_the_words() -> None:
    table = Table([learned({"wheat": 1.5, "whea*": 0.5, "wheat ban": 3.0, "unseen": 9.0}, bias=-1.0)], "en")
    doc = Document.of(article("Wheat ban", "the wheat"))
    # wheat: 2 in the title and 1 in the text, its beginning as well; the pair once, in the title; few words count as 12
    expected = -1.0 + (2.0 * (1 + log(3)) + 3.0 * (1 + log(2))) / sqrt(12)
    assert table.totals(table.count(doc)) == [pytest.approx(expected)]


def test_the_words_that_moved_a_sum_add_up_to_it() -> None:
    table = Table([learned({"whea*": 0.5, "wheat": 1.0, "ban": -0.5, "wheat ban": 3.0})], "en")
    counts = table.count(Document.of(article("Wheat ban", "wheaten wheat bans")))
    moved = table.moved(0, counts)
    assert sum(each.weight for each in moved) == pytest.approx(table.totals(counts)[0])
    assert [each.words for each in moved] == [("wheat", "ban"), ("wheat",), ("wheaten",), ("ban",)]


def test_a_tag_shows_learned_words_with_their_places() -> None:
    (tag,) = tagger(learned({"barley": 4.0, "big harvest": 3.0})).tag(article("Barley", "A  big harvest of barley"))
    assert [(e["pattern"], e["field"], e["start"], e["end"], e["quote"]) for e in tag["evidence"]] == [
        ("model:barley", "title", 0, 6, "Barley"),
        ("model:barley", "text", 18, 24, "barley"),
        ("model:big harvest", "text", 3, 14, "big harvest"),
    ]
    assert all(entry["weight"] > 0 for entry in tag["evidence"])


def test_a_tag_shows_few_learned_words_and_few_places_of_each() -> None:
    words = "abcdefghijkl"
    (tag,) = tagger(learned(dict.fromkeys(words, 1.0))).tag(article("", " ".join(words * 5)))
    shown = [entry["pattern"] for entry in tag["evidence"]]
    assert len(set(shown)) == MAX_WORDS
    assert all(shown.count(pattern) == MAX_WORD_PLACES for pattern in shown)


def test_no_tag_without_a_word_that_speaks_for_it() -> None:
    certain = learned({"barley": 4.0, "chess": -1.0}, bias=9.0)
    assert tagger(certain).tag(article("Barley")) != []
    assert tagger(certain).tag(article("Chess tonight")) == []
    assert tagger(certain).tag(article("Nothing known")) == []


def test_patterns_and_model_count_half_each() -> None:
    part = learned({"barley": 2.0})
    both = tagger(part, (1, "wheat")).judge(article("Wheat and barley"))[0].score
    by_patterns, by_words = 0.5, part.model.probability(2.0 * (1 + log(2)) / sqrt(12), 3)
    assert both == pytest.approx((by_patterns + by_words) / 2, abs=0.001)


def test_a_learned_part_counts_less_in_articles_longer_than_it_was_trained_on() -> None:
    part = replace(learned({"barley": 9.0}), reach={"en": 10.0})
    assert (part.share("en", 5), part.share("en", 10), part.share("en", 100)) == (0.5, 0.5, 0.05)
    long = article("Barley", "of " * 99)
    by_patterns = part.patterns.probability(0.0, 100)
    by_words = part.model.probability(9.0 * (1 + log(2)) / sqrt(12), 100)
    score = tagger(part, (1, "wheat")).judge(long)[0].score
    assert score == pytest.approx(0.95 * by_patterns + 0.05 * by_words, abs=0.001)


def test_what_a_trap_covers_is_no_learned_word() -> None:
    part = learned({"health": 5.0}, threshold=0.4)
    with_trap = tagger(part, (1, "wheat"), (0, '"health of the economy"'))
    assert with_trap.tag(article("Doubts about the health of the economy")) == []
    (tag,) = with_trap.tag(article("Health comes first", "The health of the economy comes second"))
    assert [(entry["field"], entry["start"]) for entry in tag["evidence"]] == [("title", 0)]


def test_a_topic_that_knows_neither_patterns_nor_words_of_a_language_is_unsupported() -> None:
    both = Tagger([Pack("grain", 0.5, pack([(1, "wheat")]).patterns, learned=learned({"ngano": 4.0}, lang="sw"))])
    assert [both.unsupported(lang) for lang in ("en", "sw", "ky", "")] == [[], [], ["grain"], ["grain"]]
    assert both.tag(article("wheat", lang="ky")) == []
    assert [tag["topic"] for tag in both.tag(article("Ngano", lang="sw"))] == ["grain"]


def test_a_language_without_a_learned_part_is_scored_as_if_there_were_none() -> None:
    patterns = pack([(1, "wheat")]).patterns
    bare = Tagger([Pack("grain", 0.5, patterns)]).judge(article("Wheat"))[0]
    other = Tagger([Pack("grain", 0.5, patterns, learned=learned({"ngano": 4.0}, lang="sw"))]).judge(article("Wheat"))[
        0
    ]
    assert (other.score, other.threshold) == (bare.score, bare.threshold)
