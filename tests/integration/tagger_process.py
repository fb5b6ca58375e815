"""The tagger as its command runs it, but with a small deterministic topic engine: `python tagger_process.py WORK_MS`.

Articles tell it what to do: "wheat" in the text is tagged, the title "fail" raises, "swell" makes 6 MB of evidence.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from presswatch.runtime import service
from presswatch.settings import load
from presswatch.tagger.packs import PackUpdate
from presswatch.tagger.run import PARTS, run


class WordTagger:
    """Tags by one word, after so many milliseconds of work."""

    def __init__(self, work_ms: float) -> None:
        self._work_s = work_ms / 1000

    def tag(self, article: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        time.sleep(self._work_s)
        if article["title"] == "fail":
            raise ValueError("told to fail")
        start = article["text"].find("wheat")
        if start < 0:
            return []
        quote = "x" * 6_000_000 if article["title"] == "swell" else "wheat"
        evidence = {
            "pattern": "wheat",
            "field": "text",
            "start": start,
            "end": start + 5,
            "quote": quote,
            "weight": 1.0,
        }
        return [{"topic": "agriculture", "score": 0.9, "threshold": 0.5, "pack": "0" * 12, "evidence": [evidence]}]

    def unsupported(self, lang: str) -> list[str]:
        return [] if lang == "en" else ["agriculture"]


def main() -> None:
    settings = load().settings
    with service("tagger", settings.http, settings.log, PARTS) as (health, stop):
        tagger = WordTagger(float(sys.argv[1]))
        run(settings, lambda found, _pace: PackUpdate(found.generation, found.applied, tagger), health, stop)


if __name__ == "__main__":
    main()
