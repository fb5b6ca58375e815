"""Labelled articles as training sees them: counted features, the evidence of the patterns, the label on one topic.

Made once for all topics from the sets of `sets` and, without labels of a person, from headlines of the stream (`silver`).
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.topics.sets import LabelledSet, Part, sets
from presswatch.core import features
from presswatch.core.scoring import Length, words
from presswatch.core.topics import Tagger

FOLDS = 3


@dataclass(frozen=True)
class Article:
    """An article made ready for training.

    Args:
        source: the set that it comes from.
        part: the part of the set.
        row: as in the file.
        lang: primary subtag.
        title, text: tokens.
        evidence: by topic, of the patterns; topics without patterns in this language are missing.
    """

    source: LabelledSet
    part: Part
    row: Mapping[str, Any]
    lang: str
    title: Sequence[str]
    text: Sequence[str]
    evidence: Mapping[str, float]

    @cached_property
    def counts(self) -> dict[str, float]:
        """How often each feature occurs."""
        return features.counts(self.title, self.text)

    @cached_property
    def size(self) -> int:
        """Number of different words, as weights are divided by its root."""
        return features.size(len({*self.title, *self.text}))

    @property
    def length(self) -> Length:
        """Length in tokens."""
        return Length(len(self.title), len(self.text), self.lang)

    @cached_property
    def words(self) -> float:
        """Length in words of English."""
        return words(self.length)

    @cached_property
    def fold(self) -> int:
        """The fold of cross-validation; a sentence and its translations are in the same."""
        name = self.row["id"]
        group = name.rsplit("-", 1)[1] if self.source.name == "sib-200" else name
        return hashlib.sha256(f"fold {group}".encode()).digest()[0] % FOLDS

    def judged(self, topic: str) -> bool:
        """Tell whether its label says something of a topic."""
        return self.source.judged(self.row, topic)

    def positive(self, topic: str) -> bool:
        """Tell whether it has the topic by its label."""
        return topic in self.row["topics"]


def articles(folder: Path, tagger: Tagger, part: Part | None, *, shipped: bool) -> Iterator[Article]:
    """Yield the articles of the sets in the order of the files.

    Args:
        folder: of the labelled sets.
        tagger: its patterns give the evidence.
        part: of each set; None for all.
        shipped: only sets from which weights may be shipped.
    """
    for source in sets():
        if source.ships or not shipped:
            for row in source.rows(folder, part):
                yield article(source, row, tagger)


def article(source: LabelledSet, row: Mapping[str, Any], tagger: Tagger) -> Article:
    """Make one row ready."""
    doc = tagger.document(row)
    return Article(
        source,
        source.part_of(row["id"]),
        row,
        next(iter(doc.meta["lang"]), ""),
        doc.title.texts,
        doc.text.texts,
        tagger.evidence(doc),
    )


SILVER = LabelledSet("silver", "stream.jsonl.gz", ("agriculture", "diplomacy", "health"), ships=True, part="dev")


def silver(stream: Path, tagger: Tagger, most: int, without: frozenset[str]) -> Iterator[Article]:
    """Yield headlines of the stream that nobody has labelled, each once, chosen by the hash of their title.

    Args:
        stream: the file of headlines.
        tagger: its patterns give the evidence.
        most: so many at most.
        without: titles that are labelled in a set.
    """
    titles: dict[str, str] = {}
    with gzip.open(stream) as lines:
        for line in lines:
            row = json.loads(line)
            if row["lang"] in ("en", "sv") and row["title"] not in without:
                titles.setdefault(row["title"], row["lang"])
    chosen = sorted(titles, key=lambda title: hashlib.sha256(title.encode()).digest())[:most]
    for title in chosen:
        row = {"id": f"silver-{title}", "title": title, "text": "", "lang": titles[title], "topics": []}
        yield article(SILVER, row, tagger)
