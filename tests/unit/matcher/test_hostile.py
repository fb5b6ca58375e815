"""Texts and rules made to be dear cost no more than in proportion to their size."""

from __future__ import annotations

import pytest
from tests.effort import lines_run

from presswatch.core.rules import vocabulary
from presswatch.core.rules.match import Document, Expression, Matcher
from presswatch.core.rules.syntax import parse

QUERIES = (
    "wheat NEAR/5 ban",
    "wheat NEAR/0f wheat",
    '"wheat wheat wheat"',
    '"wheat ban wheat"~5',
    '"ban wheat wheat wheat"~50',
    '(wheat OR whea* OR "wheat wheat") NEAR/3 (ban OR bans OR "ban ban")',
    "COUNT/50 (wheat OR whea* OR ban)",
    "raw:wheat NEAR/2 raw:ban",
)
TEXTS = {
    "one word": lambda size: "wheat " * size,
    "two words in turn": lambda size: "wheat ban " * (size // 2),
    "one after the other": lambda size: "wheat " * (size // 2) + "x " * 60 + "ban " * (size // 2),
    "in small heaps": lambda size: ("wheat " * 5 + "x " * 20 + "ban " * 5) * (size // 30),
}


def effort(size: int, text: str) -> int:
    matcher = Matcher(Expression(query, "1", parse(query)) for query in QUERIES)
    document = Document.of({"text": TEXTS[text](size)})
    return lines_run(lambda: matcher.match(document, cover=True))


@pytest.mark.parametrize("text", TEXTS)
def test_work_grows_with_the_text_and_not_with_its_square(text: str) -> None:
    small, large = effort(600, text), effort(4_800, text)
    assert small > 600
    assert large < 16 * small, f"8 times the text took {large / small:.0f} times the work"  # its square: 64 times


def test_a_window_of_many_equal_words_costs_no_more_than_in_proportion_to_them() -> None:
    document = Document.of({"text": "aa " * 500})

    def effort_with(words: int) -> int:
        query = f'"{"aa " * words}"~5'
        matcher = Matcher([Expression(query, "1", parse(query))])
        assert len(matcher.match(document)) == 1
        return lines_run(lambda: matcher.match(document))

    assert effort_with(40) < 6 * effort_with(10)  # its square: 16 times


def test_a_list_of_5000_terms_is_looked_up_and_not_walked() -> None:
    document = Document.of({"text": "wheat name1 surname1 and word3000 " * 20})

    def effort_with(size: int) -> int:
        terms = [f"name{at} surname{at}" if at % 3 else f"word{at}*" for at in range(1, size)]
        node = parse("@terms AND wheat NEAR/5 @terms", {"terms": terms})
        matcher = Matcher(Expression(str(at), "1", node) for at in range(5))
        assert len(matcher.match(document)) == 5
        return lines_run(lambda: matcher.match(document))

    assert effort_with(5_000) < 5 * effort_with(10)


def test_tokens_met_once_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_MEMO_TOKENS", 100)
    matcher = Matcher([Expression("a", "1", parse("wheat OR bann* OR org?n"))])
    for start in range(0, 1_000, 50):
        text = " ".join(f"word{at}" for at in range(start, start + 50)) + " wheat banned organ " + "long" * 50
        assert len(matcher.match(Document.of({"text": text}))[0].receipts) == 3
        assert len(matcher._vocabulary._memo) <= 100
    assert "long" * 50 not in matcher._vocabulary._memo
