"""Our words are those of Lucene's own StandardTokenizer, but for the differences that the manual of the rule language names.

These are: a run of Thai, Lao, Khmer or Burmese comes as grapheme clusters, and an ideographic repetition mark is a token of its
own. Characters newer than Lucene's Unicode (12.1) are left out, as is a lone surrogate at the end, at which Lucene loses the
text before it.
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tools.wordbreak import generate, java

from presswatch.core import segmentation

pytestmark = pytest.mark.needs("maven")

DATA = Path(__file__).parents[1] / "data" / "tokens"
SENTENCES = dict(line.split("\t") for line in (DATA / "sentences.tsv").read_text("utf-8").splitlines())
TORTURE = [json.loads(line) for line in (DATA / "torture.txt").read_text("ascii").splitlines()]
REPETITION_MARKS = "\u3005\u303b\U00016fe3"
WITHOUT_MARKS = dict.fromkeys(map(ord, REPETITION_MARKS))
SOUTH_EAST_ASIAN = b"TYyi"
EXTENDING = b"xzctupvw"

Spans = list[tuple[int, int]]


def lucene(texts: list[str]) -> list[Spans]:
    """Return the tokens of Lucene in code points, South-East Asian ones as grapheme clusters."""
    lines = (base64.b64encode(text.encode("utf-16-be", "surrogatepass")).decode("ascii") for text in texts)
    answers = java.run("StandardTokens", "".join(f"{line}\n" for line in lines)).split("\n")
    return [_in_code_points(text, answer) for text, answer in zip(texts, answers, strict=False)]


def _in_code_points(text: str, answer: str) -> Spans:
    point = {0: 0}
    units = 0
    for at, ch in enumerate(text, 1):
        units += 2 if ch > "\uffff" else 1
        point[units] = at
    fields = (token.split(",") for token in answer.split())
    return [(point[int(start)], point[int(end)]) for start, end, _ in fields]


def ours(text: str) -> Spans:
    spans: Spans = []
    for found in segmentation.CHUNK.finditer(text):
        at, chunk = found.start(), found[0].rstrip(segmentation.EDGE)
        spans += [(at + start, at + end) for start, end in segmentation.words(chunk, segmentation.classes(chunk))]
    return spans


def differences(texts: list[str], view: Callable[[str, Spans], Spans] = lambda _, spans: spans) -> list[str]:
    pairs = [
        (text, view(text, theirs), view(text, ours(text))) for text, theirs in zip(texts, lucene(texts), strict=True)
    ]
    assert sum(len(theirs) for _, theirs, _ in pairs) > len(texts)  # they hold words at all
    return [f"{text!a}: Lucene {theirs}, we {mine}" for text, theirs, mine in pairs if theirs != mine]


def clusters_joined(text: str, spans: Spans) -> Spans:
    """Put grapheme clusters that touch together again: Java parts them from soft hyphens and the like, we do not."""
    whole: Spans = []
    for start, end in spans:
        touches = bool(whole) and whole[-1][1] == start and _class(text, whole[-1][0]) in SOUTH_EAST_ASIAN
        if touches and _class(text, start) in SOUTH_EAST_ASIAN + EXTENDING:
            whole.append((whole.pop()[0], end))
        else:
            whole.append((start, end))
    return whole


def _class(text: str, at: int) -> int:
    return segmentation.CLASSES[ord(text[at])]


def news(seed: int) -> Iterator[str]:
    """Texts in each language of the sentences, with what surrounds words in the news."""
    chosen = random.Random(seed)
    wrappings = ["{}"] * 8 + [
        "«{}»",
        "“{}”",
        '"{}"',
        "'{}'",
        "({})",
        "{},",
        "{}.",
        "{}:",
        "{}!",
        "#{}",
        "@{}",
        "{}’s",
        "{}'da",
        "l’{}",
    ]
    others = [
        "3.5%",
        "1,200",
        "12:30",
        "2026-11-24",
        "—",
        "…",
        "😀",
        "👩🏽‍🌾",
        "🇺🇦🇵🇱",
        "1️⃣",
        "€5",
        "www.example.org/a_b?c=1",
        "C++",
        "№5",
        "x²",
    ]
    for sentence in SENTENCES.values():
        words = sentence.split()
        for _ in range(60):
            picked = [chosen.choice(wrappings).format(chosen.choice(words)) for _ in range(chosen.randint(3, 20))]
            picked.insert(chosen.randrange(len(picked)), chosen.choice(others))
            mixed = chosen.choice([" ", " ", " ", "", "-", "\n", "\u00a0", "/", "_", "'"])
            yield mixed.join(picked)


def code_points() -> dict[str, list[int]]:
    """The code points of each class that Lucene knows."""
    known: dict[str, list[int]] = {}
    newer = {
        point
        for run in generate.runs()
        if run.age > generate.LUCENES_UNICODE
        for point in range(run.first, run.last + 1)
    }
    for point, kind in enumerate(segmentation.CLASSES.decode()):
        if point not in newer and chr(point) not in REPETITION_MARKS:
            known.setdefault(kind, []).append(point)
    return known


def soup(seed: int) -> Iterator[str]:
    """Code points drawn class by class, from few classes at a time, so that each rule meets each other."""
    chosen = random.Random(seed)
    known = code_points()
    for _ in range(8_000):
        kinds = chosen.sample(sorted(known), chosen.choice([1, 2, 3, 5, len(known)]))
        text = "".join(chr(chosen.choice(known[chosen.choice(kinds)])) for _ in range(chosen.randint(1, 30)))
        yield re.sub("[\ud800-\udbff]$", "", text)


def long_words(seed: int) -> Iterator[str]:
    """Words about as long as Lucene's limit, which counts UTF-16 units and never tears a surrogate pair apart."""
    chosen = random.Random(seed)
    known = code_points()
    kinds = sorted(set(known) - set(SOUTH_EAST_ASIAN.decode()))
    for _ in range(1_000):
        few = chosen.sample(kinds, chosen.randint(1, 4))
        lengths = [1, 2, 100, 126, 127, 128, 253, 254, 255, 256, 300]
        text = "".join(
            chr(chosen.choice(known[chosen.choice(few)])) * chosen.choice(lengths) for _ in range(chosen.randint(1, 8))
        )
        yield re.sub("[\ud800-\udbff]$", "", text)


def test_words_of_the_news_in_forty_languages() -> None:
    texts = [text.translate(WITHOUT_MARKS) for text in (*SENTENCES.values(), *news(seed=1))]
    assert len(texts) > 2_000
    assert differences(texts) == []


def test_torture_lines() -> None:
    assert differences([line.translate(WITHOUT_MARKS) for line in TORTURE]) == []


def test_each_class_beside_each_other() -> None:
    assert differences(list(soup(seed=2)), clusters_joined) == []


def test_longest_word() -> None:
    assert differences(list(long_words(seed=3))) == []


@pytest.mark.parametrize("mark", REPETITION_MARKS)
def test_repetition_marks_are_the_ideographs_that_lucene_takes_for_letters(mark: str) -> None:
    text = f"a{mark}2"
    assert lucene([text]) == [[(0, 3)]]
    assert ours(text) == [(0, 1), (1, 2), (2, 3)]


def test_the_table_is_what_its_generator_writes() -> None:
    assert generate.TARGET.read_text("ascii") == generate.module()
