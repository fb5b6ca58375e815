"""How fast articles are tagged: articles a second on one core, cold start, memory, on each matching engine.

python -m benchmarks.topics.speed                    both engines, where both are installed
python -m benchmarks.topics.speed --engine python    one of them
python -m benchmarks.topics.speed --keep             also into docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.report import REPOSITORY, keep, table
from benchmarks.topics.sets import SETS

SIZE = 3000
"""Characters of an article: what a news article has. Longer ones are cut."""

ARTICLES = 600
"""Of a round, at most."""

ROUNDS = 3
"""The articles of the first are not counted. No article comes twice; the better of the other rounds counts."""

COLUMNS = {
    "engine": "Engine",
    "articles_per_s": "Articles a second",
    "characters": "Characters an article",
    "cold_start_s": "Cold start, s of CPU time",
    "resident_mb": "Resident, MB",
    "disk_mb": "Packs and models on disk, MB",
}


def articles(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield full articles of the news sets in the order of the files."""
    for labelled in SETS:
        if labelled.name in ("masakhanews", "newswire-1987", "pages"):
            for row in labelled.rows(folder):
                if len(row["text"]) >= SIZE * 0.8:
                    yield {"title": row["title"], "text": row["text"][:SIZE], "lang": row["lang"]}


def work(engine: str) -> None:
    """Measure in this process and print what came out as JSON."""
    from presswatch import matching  # noqa: PLC0415 (its cost is what is measured)
    from presswatch.core.topics import Tagger  # noqa: PLC0415
    from presswatch.packfiles import load_packs  # noqa: PLC0415

    chosen = matching.choose(engine)  # type: ignore[arg-type]  # the parser allows the choices only
    tagger = Tagger(load_packs(), engine=chosen.engine)
    tagger.tag({"title": "Wheat exports halted", "text": "", "lang": "en"})
    cold = time.process_time()  # from the start of the process to its first tags
    from presswatch.settings import load  # noqa: PLC0415

    rows = list(articles(REPOSITORY / load().settings.shared / "data" / "topics"))
    first, *others = (rows[at::ROUNDS][:ARTICLES] for at in range(ROUNDS))
    for (
        row
    ) in first:  # languages are made ready, common words are remembered, as in a service that has run for a minute
        tagger.tag(row)
    best = min(_seconds(tagger, each) / len(each) for each in others)
    json.dump(
        {
            "engine": chosen.name,
            "articles_per_s": round(1 / best),
            "characters": round(sum(len(row["title"]) + len(row["text"]) for row in rows) / len(rows)),
            "cold_start_s": round(cold, 2),
            "resident_mb": round(psutil.Process().memory_info().rss / 1e6),
        },
        sys.stdout,
    )


def _seconds(tagger: Any, rows: list[dict[str, Any]]) -> float:
    started = time.process_time()
    for row in rows:
        tagger.tag(row)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", action="append", choices=["python", "native"])
    parser.add_argument("--keep", action="store_true", help="write the table into docs/benchmarks.md")
    parser.add_argument("--work", choices=["python", "native"], help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.work:
        work(wanted.work)
        return
    from presswatch.packfiles import BUILT_IN  # noqa: PLC0415

    disk = round(sum(path.stat().st_size for path in BUILT_IN.iterdir() if path.is_file()) / 1e6, 1)
    rows = []
    for engine in wanted.engine or ["python", "native"]:
        command = [sys.executable, "-m", "benchmarks.topics.speed", "--work", engine]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stderr.write(f"{engine}: {done.stderr.strip().splitlines()[-1]}\n")
            continue
        rows.append({**json.loads(done.stdout), "disk_mb": disk})
    text = table(rows, COLUMNS)
    sys.stdout.write(f"{text}\n")
    if wanted.keep:
        keep("topics-speed", rows, f"## Topics: how fast\n\nOne core, `make bench-topics`.\n\n{text}")


if __name__ == "__main__":
    main()
