"""`make bench-matching`: our engines beside Lucene Monitor and OpenSearch's percolator; `QUICK=1` for a first look.

python -m benchmarks.matching                                        all of it; --keep writes docs and results
python -m benchmarks.matching --keep --case short:10000              only that case anew
python -m benchmarks.matching --case short:10000 --engine python --engine lucene-monitor
python -m benchmarks.matching --real                                 on newswire of the development data
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

import orjson

from benchmarks.matching.engines import KINDS, EngineFailedError
from benchmarks.matching.measure import FULL, QUICK, DifferentMatchesError, compare, one_core, say
from benchmarks.matching.rules import MIXES
from benchmarks.matching.texts import Corpus, invented, newswire
from benchmarks.report import REPOSITORY, RESULTS, keep, table
from presswatch.settings import load

CASES = (
    ("short", 1_000),
    ("short", 10_000),
    ("short", 100_000),
    ("short", 1_000_000),
    ("realistic", 1_000),
    ("realistic", 10_000),
)
TRIED = 1_000
"""Up to so many rules all variants of a peer are tried; above, the one that was the fastest at the last size."""
QUICK_CASES = (("short", 1_000), ("short", 10_000), ("realistic", 1_000))
COLUMNS = {
    "mix": "rules of",
    "rules": "number",
    "hits_per_doc": "hits a document",
    "engine": "engine",
    "docs_per_cpu_s": "documents a CPU second",
    "ratio_to_monitor": "to Monitor",
    "memory": "MB",
    "build_s": "build, CPU s",
    "add_ms": "add one rule, ms",
}


def main() -> None:
    wanted = _arguments()
    effort = QUICK if wanted.quick else FULL
    cases = wanted.case or (QUICK_CASES if wanted.quick else CASES)
    corpus = _corpus(real=wanted.real, count=200 if wanted.quick else 500)
    rows: list[dict[str, Any]] = []
    settled: dict[str, dict[str, str]] = {}
    began = time.monotonic()
    with one_core() as core:
        for mix, count in cases:
            names = [name for name in wanted.engine or KINDS if count <= KINDS[name].most]
            if not names:
                continue
            say(f"{mix}, {count:,} rules, on {core}")
            try:
                known = settled.get(mix, {}) if count > TRIED else {}
                found = compare(mix, count, names, corpus, effort, known)
            except (EngineFailedError, DifferentMatchesError) as error:
                sys.exit(f"{mix}, {count} rules: {error}\n\n--engine NAME, given once for each, leaves an engine out")
            settled[mix] = {row["engine"]: row["variant"] for row in found}
            rows += found
            print(_table(found), *_remarks(found), "", sep="\n", flush=True)
            if wanted.keep:  # at once, so that what fails later loses nothing
                kept = _with_earlier(found)
                keep("matching", kept, _page(kept, corpus))
    print(_page(rows, corpus), f"\n{(time.monotonic() - began) / 60:.1f} minutes")


def _with_earlier(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that were just measured among those that were kept before, less what they replace."""
    file = RESULTS / "matching.json"
    earlier = orjson.loads(file.read_bytes())["rows"] if file.exists() else []
    new = {(row["mix"], row["rules"]) for row in found}
    rows = [*(row for row in earlier if (row["mix"], row["rules"]) not in new), *found]
    return sorted(rows, key=lambda row: (MIXES.index(row["mix"]), row["rules"], list(KINDS).index(row["engine"])))


def _remarks(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [f"- {row['mix']}, {row['rules']:,} rules: {remark}" for row in rows for remark in row["remarks"]]


def _page(rows: Sequence[dict[str, Any]], corpus: Corpus) -> str:
    size = sum(len(title) + len(text) for title, text in corpus.articles) / len(corpus.articles)
    about = "; ".join(dict.fromkeys(row["about"] for row in rows))
    how = (
        f"{len(corpus.articles)} articles of {size / 1000:.1f} kB of invented words with the frequencies of news, one core, engines in "
        "turn, median of the rounds. CPU time is that of the whole process: Java's compilers and collectors share the core "
        "and are counted; Java is warmed until its rate is flat. Ours start from a Python dict and end with ids and "
        "receipts (of the native engine's, which leaf stands where is found, and whoever reads one makes them objects of Python); "
        "the peers end with ids. Every engine finds the same rules in every article, or the run fails (the slowest are "
        "compared on fewer articles). Rules are loaded by one core too, as text, or for the peers in their own form. "
        "MB: resident; for Java the heap in use after a collection stands beside it, for its resident size is what it was "
        f"allowed. `make bench-matching`. Measured: {about}."
    )
    short = (
        "- short: three words, two phrases, AND NOT, NEAR of two groups, a prefix AND a word, a long OR AND another AND a "
        "phrase, in turn. From a million rules on they ask for rarer words, else an article would have thousands of hits."
    )
    lines = [
        "## Matching, beside Lucene Monitor and OpenSearch's percolator",
        "",
        how,
        "",
        _table(rows),
        "",
        short,
        "- realistic: 50 to 500 terms (200 on average): names and phrases AND, NEAR or nested with contexts, AND NOT a list.",
        *_remarks(rows),
    ]
    return "\n".join(lines)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    shown = []
    for row in rows:
        memory = f"{row['rss_mb']:,}" if row["heap_mb"] is None else f"{row['rss_mb']:,} ({row['heap_mb']:,})"
        ratio = "-" if row["ratio_to_monitor"] is None else f"{row['ratio_to_monitor']:g}"
        rate = row["docs_per_cpu_s"]
        shown.append(
            {
                **row,
                "memory": memory,
                "ratio_to_monitor": ratio,
                "rules": f"{row['rules']:,}",
                "docs_per_cpu_s": f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}",
                "add_ms": f"{row['add_ms']:.3g}",
            }
        )
    return table(shown, COLUMNS)


def _corpus(*, real: bool, count: int) -> Corpus:
    if not real:
        return invented(count)
    shared = REPOSITORY / load().settings.shared
    if not shared.is_dir():
        sys.exit(f"there is no {shared}: set PRESSWATCH_SHARED to the folder of development data")
    return newswire(shared, count)


def _case(text: str) -> tuple[str, int]:
    mix, _, count = text.partition(":")
    if mix not in MIXES or not count.isdecimal() or int(count) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r}: write MIX:RULES, such as short:10000; mixes are {', '.join(MIXES)}"
        )
    return mix, int(count)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", type=_case, metavar="MIX:RULES", help="only this mix and number")
    parser.add_argument("--engine", action="append", choices=list(KINDS), help="only this engine")
    parser.add_argument("--quick", action="store_true", help="fewer cases, less warming: a few minutes")
    parser.add_argument("--real", action="store_true", help="on real texts, from the folder of development data")
    parser.add_argument("--keep", action="store_true", help="write the table into docs/benchmarks.md and results/")
    wanted = parser.parse_args()
    if wanted.keep and (wanted.engine or wanted.quick or wanted.real):
        parser.error("--keep goes with --case only: what is kept is measured in full")
    return wanted


if __name__ == "__main__":
    main()
