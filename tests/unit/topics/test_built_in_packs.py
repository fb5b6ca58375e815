"""The packs that come with Presswatch: their own examples, and articles that were not written into them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from presswatch.core.packspec import PackSpec
from presswatch.core.topics import Tagger
from presswatch.packfiles import BUILT_IN, load_files, load_packs, load_specs
from presswatch.topictests import run_examples

LANGUAGES = set("en es fr pt de it ru ar zh hi sw tr sv nl pl uk id ha am fa ja ko".split())
ARTICLES = Path(__file__).parents[2] / "data" / "topics" / "articles.jsonl"
HEADLINES = ARTICLES.with_name("headlines.jsonl")
MANY = 60
"""Wordings of a language below which a pack is a word list and no pack."""


@pytest.fixture(scope="module")
def specs() -> list[PackSpec]:
    """The packs with their examples, every pattern checked."""
    return load_specs(BUILT_IN)


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    """All packs."""
    return Tagger(load_packs())


def articles() -> list[dict[str, Any]]:
    return [json.loads(line) for line in ARTICLES.read_text("utf-8").splitlines()]


def test_every_pack_has_patterns_traps_and_examples_in_every_language(specs: list[PackSpec]) -> None:
    assert [spec.topic for spec in specs] == ["agriculture", "diplomacy", "health"]
    for spec in specs:
        assert set(spec.patterns) == set(spec.must_tag) == set(spec.must_not_tag) == LANGUAGES
        for lang, ideas in spec.patterns.items():
            assert sum(len(idea.wordings) for idea in ideas) > MANY, (spec.topic, lang)
            assert any(idea.weight == 0 for idea in ideas), (spec.topic, lang)
            assert any(idea.weight < 0 for idea in ideas), (spec.topic, lang)
            assert any("NEAR" in match for idea in ideas for match in idea.wordings), (spec.topic, lang)
            assert len(spec.must_tag[lang]) >= 3, (spec.topic, lang)
            assert len(spec.must_not_tag[lang]) >= 3, (spec.topic, lang)


def test_no_idea_says_the_same_twice(specs: list[PackSpec]) -> None:
    for spec in specs:
        for lang, ideas in spec.patterns.items():
            for idea in ideas:
                matches = [idea.match] if isinstance(idea.match, str) else idea.match
                twice = [match for match, count in Counter(matches).items() if count > 1]
                assert not twice, (spec.topic, lang)


def test_the_examples_of_the_packs() -> None:
    outcomes = run_examples(load_files(BUILT_IN))
    assert len(outcomes) > 200
    failed = [(each.topic, each.lang, each.article["text"], each.score) for each in outcomes if not each.passed]
    assert failed == []


@pytest.mark.parametrize("article", articles(), ids=lambda article: article["id"])
def test_articles_that_the_packs_were_not_written_for(article: dict[str, Any], tagger: Tagger) -> None:
    assert [tag["topic"] for tag in tagger.tag(article)] == article["topics"]


def test_evidence_of_the_right_kind(tagger: Tagger) -> None:
    article = next(each for each in articles() if each["id"] == "en-visit")
    quotes = {
        tag["topic"]: " | ".join(entry["quote"] for entry in tag["evidence"] if entry["weight"] > 0).lower()
        for tag in tagger.tag(article)
    }
    assert "vaccine" in quotes["health"]
    assert "doses" in quotes["health"]
    assert "grain" in quotes["agriculture"]
    assert "farm goods" in quotes["agriculture"]
    assert "counterpart" in quotes["diplomacy"]
    assert "vaccine" not in quotes["agriculture"]


def test_headlines_that_the_packs_were_not_written_for(tagger: Tagger) -> None:
    """734 in 22 languages, a fifth of them of no topic: about the precision and recall that a desk meets."""
    right = wrong = missed = 0
    for line in HEADLINES.read_text("utf-8").splitlines():
        row = json.loads(line)
        tags = {tag["topic"] for tag in tagger.tag(row)}
        right += len(tags & set(row["topics"]))
        wrong += len(tags - set(row["topics"]))
        missed += len(set(row["topics"]) - tags)
    assert right / (right + wrong) > 0.95
    assert right / (right + missed) > 0.95


@pytest.mark.needs("shared")
def test_the_seed_article(shared: Path, tagger: Tagger) -> None:
    text = (shared / "seeds" / "000_145efd87eeb6d3d9.txt").read_text("utf-8")
    quotes = {
        tag["topic"]: " | ".join(entry["quote"] for entry in tag["evidence"] if entry["weight"] > 0)
        for tag in tagger.tag({"title": "", "text": text, "lang": "en"})
    }
    assert sorted(quotes) == ["agriculture", "diplomacy", "health"]
    assert "vaccines" in quotes["health"]
    assert "deliver 1.5 million doses" in quotes["health"]
    assert "agricultural" in quotes["agriculture"]
    assert "bilateral" in quotes["diplomacy"]
    assert "Kremlin held talks" in quotes["diplomacy"]


def test_one_word_of_a_topic_in_a_long_text_is_no_topic(tagger: Tagger) -> None:
    filler = "The council met again on the matter of the new bridge and agreed to wait for the plans. " * 40
    for word in ("hospital", "farm", "ambassador"):
        text = f"{filler} Somebody mentioned the {word}. {filler}"
        assert tagger.tag({"title": "Bridge delayed again", "text": text, "lang": "en"}) == []
