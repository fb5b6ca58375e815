"""What rules cost: looks are counted as the matcher makes them, and blamed on the words that call."""

from __future__ import annotations

import pytest

from presswatch.core.rules.cost import Cost, Meter
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Expression
from presswatch.core.rules.syntax import parse

TEXTS = ["wheat ban"] * 2 + ["wheat x x x x x ban"] + ["wheat"] * 5 + ["ban corn"] + ["rice", "rain"] * 6


def costs(*queries: str) -> dict[str, Cost]:
    meter = Meter(Expression(query, "1", parse(query)) for query in queries)
    documents = [Document.of({"text": text, "lang": "en"}) for text in TEXTS]
    for document in documents:
        meter.learn(document)
    meter.settle()
    for document in documents:
        meter.measure(document)
    assert meter.articles == len(TEXTS) == 21
    return {cost.rule: cost for cost in meter.costs()}


def test_looks_hits_and_the_words_that_call() -> None:
    found = costs("wheat NEAR/2 ban", "wheat", "ri?e OR corn", "zebra AND wheat", "words:>1", "wheat AND NOT ban")
    per = 1000 / len(TEXTS)
    near = found["wheat NEAR/2 ban"]
    assert (near.guards, near.clause) == (1, "ban with wheat")
    assert [near.looks, near.hits] == pytest.approx([3 * per, 2 * per])
    assert [found["wheat"].looks, found["wheat"].hits] == pytest.approx([8 * per, 8 * per])
    either = found["ri?e OR corn"]
    assert either.clause == "ri?e"
    assert [either.looks, either.clause_looks] == pytest.approx([7 * per, 6 * per])
    assert (found["zebra AND wheat"].looks, found["zebra AND wheat"].clause) == (0, "zebra with wheat")
    assert found["words:>1"].clause == "words:>1"
    assert found["words:>1"].looks == pytest.approx(1000)
    butnot = found["wheat AND NOT ban"]
    assert [butnot.looks, butnot.hits] == pytest.approx([8 * per, 5 * per])


def test_the_dearest_come_first_and_no_article_is_no_error() -> None:
    assert list(costs("rice", "wheat", "zebra")) == ["wheat", "rice", "zebra"]
    (cost,) = Meter([Expression("r", "1", parse("wheat"))]).costs()
    assert (cost.looks, cost.hits, cost.clause) == (0, 0, "wheat")


def test_what_was_learnt_decides_what_calls() -> None:
    """Guessed by its length, `ban` would be the commoner word; in these texts `harvester` is."""
    meter = Meter([Expression("r", "1", parse("ban AND harvester"))])
    documents = [Document.of({"text": text}) for text in ["harvester"] * 50 + ["ban harvester"]]
    for document in documents:
        meter.learn(document)
    meter.settle()
    for document in documents:
        meter.measure(document)
    (cost,) = meter.costs()
    assert cost.clause == "ban with harvester"
    assert cost.looks == pytest.approx(1000 / 51)
