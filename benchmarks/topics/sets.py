"""The labelled sets of ../shared/data/topics: which topics each can judge, and our division of them.

Two thirds of the rows are for development: they may be read, their mistakes looked at and patterns mended by them. The
last third is for checking only: it is measured, never read. Which row belongs where follows from its id alone.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Part = Literal["dev", "check"]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A file of labelled articles.

    Args:
        name: how it is called in tables.
        file: its name in the folder.
        judges: the topics that its labels say something of.
    """

    name: str
    file: str
    judges: tuple[str, ...]

    def rows(self, folder: Path, part: Part | None = None) -> Iterator[dict[str, Any]]:
        """Yield the rows of one part, or all."""
        path = folder / self.file
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                row = json.loads(line)
                if part in (None, part_of(row["id"])):
                    yield row


def part_of(row_id: str) -> Part:
    """Return the part that a row belongs to."""
    return "dev" if hashlib.sha256(row_id.encode()).digest()[0] % 3 else "check"


SETS = (
    LabelledSet("headlines", "stream_hand_dev.jsonl", ("diplomacy", "agriculture", "health")),
    LabelledSet("pages", "pages_hand_dev.jsonl", ("diplomacy", "agriculture", "health")),
    LabelledSet("newswire-1987", "reuters21578_train.jsonl.gz", ("agriculture",)),
    LabelledSet("newswire-1987-hand", "diplomacy_hand_reuters_en.jsonl", ("diplomacy",)),
    LabelledSet("uk-politics-hand", "diplomacy_hand_masakhanews_en.jsonl", ("diplomacy",)),
    LabelledSet("masakhanews", "masakhanews_dev.jsonl.gz", ("health",)),
    LabelledSet("sib-200", "sib200_train.jsonl.gz", ("health",)),
    LabelledSet("tnews", "tnews_few.jsonl", ("agriculture",)),
    LabelledSet("congress-bills", "uscongress_bills_cap.jsonl.gz", ("diplomacy", "agriculture", "health")),
)
