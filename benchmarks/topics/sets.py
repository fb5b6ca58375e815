"""The labelled sets of ../shared/data/topics and the desk's own: which topics each can judge, and our division of them.

Two thirds of the rows are for development: they may be read, their mistakes looked at and patterns mended by them. The
last third is for checking only: it is measured, never read. Which row belongs where follows from its id alone.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from presswatch import marks
from presswatch.settings import load

Part = Literal["dev", "check"]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A file of labelled articles.

    Args:
        name: how it is called in tables.
        file: its name in the folder.
        judges: the topics that its labels say something of.
        ships: whether its licence allows to ship weights that were trained on it.
        part: the part that all of it belongs to, if it is not divided.
    """

    name: str
    file: str
    judges: tuple[str, ...]
    ships: bool = False
    part: Part | None = None

    def part_of(self, row_id: str) -> Part:
        """Return the part that a row belongs to."""
        return self.part or part_of(row_id)

    def judged(self, row: Mapping[str, Any], topic: str) -> bool:
        """Tell whether the label of a row says something of a topic."""
        return topic in row.get("judges", self.judges) and topic not in row.get("ignore", ())

    def rows(self, folder: Path, part: Part | None = None) -> Iterator[dict[str, Any]]:
        """Yield the rows of one part, or all."""
        for row in self._all(folder):
            if part in (None, self.part_of(row["id"])):
                yield row

    def _all(self, folder: Path) -> Iterator[dict[str, Any]]:
        path = folder / self.file
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            yield from map(json.loads, lines)


class DeskSet(LabelledSet):
    """What `presswatch topics mark` has saved; each row says itself which topics it judges."""

    def _all(self, folder: Path) -> Iterator[dict[str, Any]]:
        return marks.rows(folder / self.file)


def part_of(row_id: str) -> Part:
    """Return the part that a row belongs to."""
    return "dev" if hashlib.sha256(row_id.encode()).digest()[0] % 3 else "check"


_ALL = ("diplomacy", "agriculture", "health")

SETS = (
    LabelledSet("headlines", "stream_hand_dev.jsonl", _ALL, ships=True),
    LabelledSet("pages", "pages_hand_dev.jsonl", _ALL),
    LabelledSet("newswire-1987", "reuters21578_train.jsonl.gz", ("agriculture",)),
    LabelledSet("newswire-1987-hand", "diplomacy_hand_reuters_en.jsonl", ("diplomacy",)),
    LabelledSet("uk-politics-hand", "diplomacy_hand_masakhanews_en.jsonl", ("diplomacy",), ships=True),
    LabelledSet("masakhanews", "masakhanews_dev.jsonl.gz", ("health",), ships=True),
    LabelledSet("masakhanews-train", "masakhanews_train_sample.jsonl.gz", ("health",), ships=True, part="dev"),
    LabelledSet("sib-200", "sib200_train.jsonl.gz", ("health",), ships=True),
    LabelledSet("tnews", "tnews_few.jsonl", ("agriculture",)),
    LabelledSet("kyrgyz", "kyrgyz24kg_train.jsonl.gz", ("diplomacy", "health")),
    LabelledSet("nepali", "nepali20_even.jsonl.gz", ("agriculture", "health")),
    LabelledSet("congress-bills", "uscongress_bills_cap.jsonl.gz", _ALL),
)

DESK = "desk"


def sets() -> tuple[LabelledSet, ...]:
    """Return all sets, and that of the desk (setting `tagger.marks`) if there is one."""
    path = load().settings.tagger.marks.absolute()
    if not path.exists():
        return SETS
    topics = sorted({topic for row in marks.rows(path) for topic in row["judges"]})
    return (*SETS, DeskSet(DESK, str(path), tuple(topics)))
