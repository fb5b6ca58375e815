"""What share of a stream topics can judge, from counts of languages."""

from __future__ import annotations

from tests.unit.topics.packs import pack

from presswatch.commands.topics import coverage_table
from presswatch.core.learned import ANY, Calibration, Learned
from presswatch.core.packs import Pack
from presswatch.coverage import coverage, shares

PLAIN = Calibration(1.0, 0.0, 0.0)
LEARNED = Learned("grain", {"en": {}, "sw": {}}, {"en": 0, "sw": 0}, {}, PLAIN, PLAIN, {"en": 1, "sw": 1}, {ANY: 0.5})
PACKS = [
    Pack("grain", 0.5, {**pack([(1, "wheat")]).patterns, **pack([(1, "blé")], lang="fr").patterns}, learned=LEARNED),
    Pack("soil", 0.5, pack([(1, "soil")]).patterns),
]
LANGS = {"ky": 10, "en": 60, "fr": 20, "sw": 10}


def test_each_language_has_patterns_or_learned_words_or_both_or_neither() -> None:
    assert [(line.lang, line.articles, line.means["grain"], line.means["soil"]) for line in coverage(PACKS, LANGS)] == [
        ("en", 60, "patterns + model", "patterns"),
        ("fr", 20, "patterns", "neither"),
        ("ky", 10, "neither", "neither"),
        ("sw", 10, "model", "neither"),
    ]


def test_shares_are_of_articles() -> None:
    lines = coverage(PACKS, LANGS)
    assert shares(lines, "grain") == {"patterns + model": 0.6, "patterns": 0.2, "model": 0.1, "neither": 0.1}
    assert shares([], "grain") == {"patterns + model": 0, "patterns": 0, "model": 0, "neither": 0}


def test_a_person_reads_a_line_for_each_language_and_the_shares() -> None:
    told = coverage_table(coverage(PACKS, LANGS), ["grain", "soil"]).splitlines()
    assert told[0].split() == ["language", "articles", "share", "grain", "soil"]
    assert told[3].split() == ["ky", "10", "10.0%", "neither", "neither"]
    assert told[-2:] == [
        "grain: patterns + model 60.0%, patterns 20.0%, model 10.0%, neither 10.0%",
        "soil: patterns + model 0.0%, patterns 60.0%, model 0.0%, neither 40.0%",
    ]
