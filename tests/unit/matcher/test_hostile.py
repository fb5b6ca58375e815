"""Texts and rules made to be dear cost no more than in proportion to their size."""

from __future__ import annotations

import time

import pytest

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


def seconds(size: int, text: str) -> float:
    matcher = Matcher(Expression(query, "1", parse(query)) for query in QUERIES)
    document = Document.of({"text": TEXTS[text](size)})
    begun = time.process_time()
    matcher.match(document, cover=True)
    return time.process_time() - begun


@pytest.mark.parametrize("text", TEXTS)
def test_time_grows_with_the_text_and_not_with_its_square(text: str) -> None:
    small = min(seconds(3_000, text) for _ in range(3))
    large = min(seconds(24_000, text) for _ in range(2))
    assert large < 24 * small, f"8 times the text took {large / small:.0f} times as long"  # its square: 64 times


def test_a_list_of_5000_terms_is_looked_up_and_not_walked() -> None:
    document = Document.of({"text": "wheat name1 surname1 and word3000 " * 20})

    def seconds_with(size: int) -> float:
        terms = [f"name{at} surname{at}" if at % 3 else f"word{at}*" for at in range(1, size)]
        node = parse("@terms AND wheat NEAR/5 @terms", {"terms": terms})
        matcher = Matcher(Expression(str(at), "1", node) for at in range(5))
        assert len(matcher.match(document)) == 5
        times = []
        for _ in range(20):
            begun = time.process_time()
            matcher.match(document)
            times.append(time.process_time() - begun)
        return min(times)

    assert seconds_with(5_000) < 10 * seconds_with(10)


def test_tokens_met_once_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_MEMO_TOKENS", 100)
    matcher = Matcher([Expression("a", "1", parse("wheat OR bann* OR org?n"))])
    for start in range(0, 1_000, 50):
        text = " ".join(f"word{at}" for at in range(start, start + 50)) + " wheat banned organ " + "long" * 50
        assert len(matcher.match(Document.of({"text": text}))[0].receipts) == 3
        assert len(matcher._vocabulary._memo) <= 100
    assert "long" * 50 not in matcher._vocabulary._memo
