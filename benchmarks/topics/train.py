"""Trains the learned parts of the topic packs, always the same from the same data.

python -m benchmarks.topics.train                          what ships, into the package
python -m benchmarks.topics.train --data all --out DIR     from all sets, for a desk's own use: packs with learned parts
"""

from __future__ import annotations

import argparse
import gzip
import io
import shutil
import sys
import time
from pathlib import Path

from benchmarks.report import REPOSITORY
from benchmarks.topics.examples import articles, silver
from benchmarks.topics.fit import Choices, Out, train
from benchmarks.topics.sets import sets
from presswatch import matching
from presswatch.core.learned import Learned, encoded
from presswatch.core.scoring import combined
from presswatch.core.topics import Tagger
from presswatch.packfiles import BUILT_IN, learned_path, load_packs
from presswatch.settings import load

SILVER = 8_000
"""Headlines of the stream that are used."""


def packed(learned: Learned) -> bytes:
    """Return a learned part as it stands in its file: gzip without name and time."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as file:
        file.write(encoded(learned))
    return out.getvalue()


def shared_folder() -> Path:
    """Return the folder of development data."""
    folder = REPOSITORY / load().settings.shared / "data"
    if not folder.is_dir():
        sys.exit(f"there is no {folder}: set PRESSWATCH_SHARED to the folder of development data")
    return folder


def summary(learned: Learned, outs: list[Out]) -> str:
    """Return what cross-validation gave, by set."""
    of_one = sum(map(len, learned.weights.values()))
    langs, shared = len(learned.languages), len(learned.shared)
    lines = [f"{learned.topic}: {langs} languages, {shared} weights shared by them, {of_one} of one language"]
    for name in dict.fromkeys(out.article.source.name for out in outs):
        rows = [out for out in outs if out.article.source.name == name]
        tagged = [
            combined(learned, out.evidence, out.total, out.article.length) >= learned.threshold(out.article.lang)
            for out in rows
        ]
        right = sum(tag and out.wanted for tag, out in zip(tagged, rows, strict=True))
        wanted = sum(out.wanted for out in rows)
        lines.append(
            f"  {name}: F1 {200 * right / max(1, sum(tagged) + wanted):.1f} of {len(rows)} rows, {wanted} positives"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=["shipped", "all"], default="shipped")
    parser.add_argument("--out", type=Path, help="folder for packs and learned parts, instead of the package")
    wanted = parser.parse_args()
    if wanted.data == "all" and wanted.out is None:
        sys.exit("say where with --out DIR: what was trained on all sets must not be shipped")
    started = time.process_time()
    data = shared_folder()
    bare = Tagger(load_packs(), engine=matching.engine())
    rows = list(articles(data / "topics", bare, "dev", shipped=wanted.data == "shipped"))
    labelled = frozenset(row["title"] for source in sets() for row in source.rows(data / "topics"))
    rows += silver(data / "feeds" / "stream.jsonl.gz", bare, SILVER, labelled)
    found, outs = train(rows, [pack.topic for pack in bare.packs], Choices())
    folder = wanted.out or BUILT_IN
    folder.mkdir(parents=True, exist_ok=True)
    for topic, learned in sorted(found.items()):
        path = folder / f"{topic}.yaml"
        if folder.resolve() != BUILT_IN.resolve():
            shutil.copyfile(BUILT_IN / path.name, path)
        artifact = learned_path(path)
        artifact.write_bytes(packed(learned))
        size = artifact.stat().st_size / 1000
        sys.stdout.write(f"{summary(learned, outs[topic])}\n  {artifact}: {size:,.0f} kB\n")
    sys.stdout.write(f"{time.process_time() - started:,.0f} s of CPU time\n")


if __name__ == "__main__":
    main()
