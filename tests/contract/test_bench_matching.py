"""The benchmark of matching: its rules are always the same, and Lucene Monitor finds what our engine finds."""

from __future__ import annotations

import pytest
from benchmarks.matching import forms
from benchmarks.matching.engines import EngineFailedError, Process
from benchmarks.matching.measure import Effort, compare
from benchmarks.matching.rules import MIXES, rules
from benchmarks.matching.texts import SIZE, invented

from presswatch.core.rules.model import And, AtLeast, Near, Node, Not, Or, Phrase
from presswatch.core.rules.syntax import parse
from presswatch.matching import choose

CORPUS = invented(30)
BRIEF = Effort(warm_s=0.2, most_s=0.2, window_s=0.1, rounds=2, adds=2)


@pytest.mark.parametrize("mix", MIXES)
def test_the_same_rules_and_articles_each_time(mix: str) -> None:
    again = invented(30)
    assert again.articles == CORPUS.articles
    assert {len(title) + len(text) for title, text in CORPUS.articles} == {SIZE}
    made = list(rules(mix, 40, CORPUS))
    assert made == list(rules(mix, 40, again))
    assert made != list(rules(mix, 40, CORPUS, seed=3))
    assert len({form for _, form in made}) == 40


def test_realistic_rules_have_fifty_to_five_hundred_terms() -> None:
    sizes = [forms.terms(form) for _, form in rules("realistic", 200, CORPUS)]
    assert 40 <= min(sizes) < 70
    assert 400 < max(sizes) <= 510


@pytest.mark.parametrize("mix", MIXES)
def test_a_rule_keeps_its_terms_in_our_language(mix: str) -> None:
    for _, form in rules(mix, 40, CORPUS):
        assert _phrases(parse(forms.query(form), {})) == forms.terms(form)


def _phrases(node: Node) -> int:
    match node:
        case And(clauses) | Or(clauses) | AtLeast(_, clauses):
            return sum(map(_phrases, clauses))
        case Not(clause):
            return _phrases(clause)
        case Near(left, right, _, _):
            return _phrases(left) + _phrases(right)
        case _:
            assert isinstance(node, Phrase)
            return 1


@pytest.mark.needs("maven")
@pytest.mark.parametrize(("mix", "count"), [("short", 300), ("realistic", 60)])
def test_lucene_monitor_finds_the_same(mix: str, count: int) -> None:
    ours = choose("auto").name
    rows = compare(mix, count, ["lucene-monitor", ours], CORPUS, BRIEF, {"lucene-monitor": "multipass-2"})
    monitor, mine = rows
    assert monitor["hits_per_doc"] == mine["hits_per_doc"] > 0.3
    assert monitor["compared_docs"] == mine["compared_docs"] == 30
    assert monitor["ratio_to_monitor"] == 1
    assert mine["docs_per_cpu_s"] > 0
    assert {"mix", "rules", "engine", "rss_mb", "build_s", "add_ms"} <= mine.keys()


@pytest.mark.needs("maven")
def test_an_engine_that_does_not_start_says_why() -> None:
    with pytest.raises(EngineFailedError, match="no such presearcher: none"):
        Process("lucene-monitor", "none")
