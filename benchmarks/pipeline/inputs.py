"""Articles and rules for the pipeline benchmark, made from the demo's sentences by a seeded generator."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

SENTENCES_AN_ARTICLE = (10, 30)

PRESENT = 0.02
"""Share of the rules' words that occur in articles at all: most of a desk's words are rare on most days."""


def _demo_articles() -> list[dict[str, Any]]:
    lines = (files("presswatch.demo") / "data" / "articles.jsonl").read_bytes().splitlines()
    return [orjson.loads(line) for line in lines[:-1]]  # the last one is broken on purpose


def articles(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield articles of 1 to 4 kB in six languages, each with an address of its own."""
    random_ = random.Random(seed)
    sentences: dict[str, list[str]] = defaultdict(list)
    titles: dict[str, list[str]] = defaultdict(list)
    for article in _demo_articles():
        if "lang" in article:
            sentences[article["lang"]] += re.split(r"(?<=[.؟])\s+", article["text"])
            titles[article["lang"]].append(article["title"])
    languages = sorted(sentences)
    for number in range(count):
        lang = random_.choice(languages)
        text = " ".join(random_.choices(sentences[lang], k=random_.randint(*SENTENCES_AN_ARTICLE)))
        yield {
            "url": f"https://bench.example/{number}",
            "source": f"Source {number % 50}",
            "lang": lang,
            "published": "2026-11-23T10:00:00Z",
            "title": f"{random_.choice(titles[lang])} ({number})",
            "text": text,
        }


def write_rules(folder: Path, count: int, seed: int = 2) -> None:
    """Write rules of five forms over words of the articles and words that never occur, as a desk's rules are."""
    random_ = random.Random(seed)
    words = sorted({word for article in _demo_articles() for word in re.findall(r"[a-z]{4,}", article["text"])})
    absent = [f"{random_.choice('qxz')}{random_.choice(words)}{number}" for number in range(count)]

    def word() -> str:
        chosen: str = random_.choice(words if random_.random() < PRESENT else absent)
        return chosen

    forms = (
        lambda: f"{word()} AND {word()}",
        lambda: f'"{word()} {word()}" OR {word()}',
        lambda: f"({word()} OR {word()} OR {word()}) NEAR/8 ({word()} OR {word()})",
        lambda: f"{word()[:6]}* AND topic:{random_.choice(('health', 'diplomacy', 'agriculture'))}",
        lambda: f"({' OR '.join(word() for _ in range(20))}) AND NOT {word()}",
    )
    rules = [{"id": f"bench-{n}", "name": f"Bench {n}", "query": forms[n % len(forms)]()} for n in range(count)]
    (folder / "rules.yaml").write_bytes(orjson.dumps(rules))  # JSON is YAML
