"""`make bench-matching`, second part: what hostile articles and rules cost, beside ordinary text.

A cost that stays within a small multiple of the ordinary one is bounded: nobody can stop the system with an article.
"""

from __future__ import annotations

import argparse
import itertools
import random
import string
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.matching.engines import EngineFailedError, Process
from benchmarks.matching.forms import All, AnyOf, Near, Prefix, Word, query
from benchmarks.matching.measure import one_core, say
from benchmarks.matching.rules import rules
from benchmarks.matching.texts import Corpus, invented
from benchmarks.report import keep, table

RULES = 1_000
REPEATS = 3
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Attack:
    """Articles, and rules beside the ordinary ones, that an enemy might choose.

    Args:
        rules: queries.
        sizes: MB of the article.
    """

    name: str
    text: Callable[[int], str]
    rules: tuple[str, ...] = ()
    sizes: tuple[float, ...] = (1.0,)


def measure(engines: Sequence[str], corpus: Corpus) -> list[dict[str, Any]]:
    """Return a row for each attack, size and engine."""
    rows: list[dict[str, Any]] = []
    for name in engines:
        ordinary: float | None = None
        for attack in attacks(corpus):
            for megabytes in attack.sizes:
                say(f"{name}: {attack.name}, {megabytes:g} MB")
                row = _measure(name, attack, megabytes, corpus)
                ordinary = ordinary or row["cpu_s_per_mb"]
                rows.append(row | {"ratio_to_ordinary": round(row["cpu_s_per_mb"] / ordinary, 2)})
    return rows


def _measure(name: str, attack: Attack, megabytes: float, corpus: Corpus) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="presswatch-bench-") as temporary:
        folder = Path(temporary)
        ordinary = (query(form) for _, form in rules("short", RULES, corpus))
        lines = (f"{number}\t{each}\n" for number, each in enumerate((*ordinary, *attack.rules)))
        (folder / "rules").write_text("".join(lines), encoding="ascii")
        size = round(megabytes * MEGABYTE)
        text = attack.text(size)
        assert abs(len(text) - size) < 200, f"{attack.name}: {len(text)} characters"
        (folder / "docs").write_text(f"a title\t{text}\n", encoding="ascii")
        process = Process(name)
        try:
            process.ask("docs", str(folder / "docs"))
            load = process.ask("load", str(folder / "rules"))["cpu_s"]
            before = process.resident_mb()
            answers = [process.ask("pass", "0", "1", "1") for _ in range(REPEATS)]
            return {
                "input": attack.name,
                "megabytes": megabytes,
                "engine": name,
                "cpu_s_per_mb": round(max(answer["cpu_s"] for answer in answers) / megabytes, 4),
                "hits": answers[0]["hits"],
                "load_cpu_s": round(load, 2),
                "grown_mb": round(process.resident_mb() - before),
            }
        finally:
            process.close()


def attacks(corpus: Corpus) -> Iterator[Attack]:
    """Yield ordinary text first, then what is meant to hurt."""
    words = [word for word in corpus.unseen if len(word) > 3]
    prose = " ".join(text for _, text in corpus.articles)

    def ordinary(size: int) -> str:
        return (prose * (size // len(prose) + 1))[:size]

    def repeated(pattern: str) -> Callable[[int], str]:
        return lambda size: (pattern * (size // len(pattern) + 1))[:size]

    def distinct(size: int) -> str:
        chosen = random.Random(5)
        return " ".join("".join(chosen.choices(string.ascii_lowercase, k=9)) for _ in range(size // 10))

    five_thousand = words[:5_000]
    yield Attack("ordinary text", ordinary)
    yield Attack("a 10 MB article", ordinary, sizes=(10.0,))
    yield Attack("one word, over and over", repeated("wheat "), ('"wheat wheat wheat"', "COUNT/1000 wheat"), (1.0, 6.0))
    yield Attack("a word near itself", repeated("wheat ban "), _near_rules("wheat", "ban"), (0.25, 1.0))
    yield Attack("a phrase that almost fits", repeated("aa "), (f'"{"aa " * 100}bb"', f'"{"aa " * 100}"'), (0.25, 1.0))
    yield Attack("a window of 50 equal words", repeated("aa "), (f'"{"aa " * 50}"~5',), (0.02, 0.1))
    yield Attack("words that are all different", distinct)
    one_hash = _one_hash()
    yield Attack("4,096 words of one hash", repeated(" ".join(one_hash) + " "), tuple(one_hash))
    yield Attack("one word of 1 MB", lambda size: "a" * size)
    yield Attack("one letter a word", repeated("a b c d e f g h "))
    yield Attack("joined by hyphens and dots", repeated("a-b.c'd_e:f,1.2,"))
    yield Attack("ten ORs of 5,000 words", ordinary, tuple(" OR ".join(five_thousand) for _ in range(10)))
    present = sorted(corpus.frequencies)[:5_000]
    both = query(All((AnyOf(tuple(map(Word, present))), AnyOf(tuple(map(Word, five_thousand))))))
    yield Attack("an OR of 5,000 words that stand there, AND one of 5,000 that do not", ordinary, (both,))
    close = Near(AnyOf(tuple(map(Word, present[:2_500]))), AnyOf(tuple(map(Word, present[2_500:]))), 20)
    yield Attack("2,500 words NEAR 2,500 words, all there", ordinary, (query(close),))
    prefixes = sorted({word[:3] for word in (*corpus.frequencies, *words) if len(word) > 3})[:1_000]
    yield Attack("1,000 prefixes of three letters", ordinary, tuple(query(Prefix(prefix)) for prefix in prefixes))


def _near_rules(one: str, other: str) -> tuple[str, ...]:
    return (f"{one} NEAR/100 {other}", f"{one} NEAR/5f {one}", f"COUNT/100 ({one} OR {other})", f'"{one} {other}"~100')


def _one_hash() -> list[str]:
    """Return words that have the same hash where it is a polynomial in 31, as of Java's strings and many a hand-made table."""
    return ["".join(parts) for parts in itertools.product(("c0", "an"), repeat=12)]


def _page(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = {
        "input": "what",
        "megabytes": "MB",
        "engine": "engine",
        "ms_per_mb": "CPU ms a MB",
        "ratio_to_ordinary": "to ordinary text",
        "hits": "hits",
        "load_cpu_s": "load, CPU s",
        "grown_mb": "grown, MB",
    }
    shown = [{**row, "ms_per_mb": f"{1000 * row['cpu_s_per_mb']:,.1f}"} for row in rows]
    how = (
        f"What an enemy may send, or an analyst write, beside {RULES:,} short rules: CPU time to match, per MB, the slowest of {REPEATS} "
        "times, and beside it how many times that of ordinary text of 1 MB it is. Load: all rules, CPU time. Grown: resident "
        "memory while matching. `make bench-matching`"
    )
    return f"## Hostile articles and rules\n\n{how}\n\n{table(shown, columns)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", action="append", choices=["python", "native"], help="only this engine")
    parser.add_argument("--keep", action="store_true", help="write the table into docs/benchmarks.md and results/")
    wanted = parser.parse_args()
    try:
        with one_core():
            rows = measure(wanted.engine or ["python", "native"], invented())
    except EngineFailedError as error:
        sys.exit(f"{error}\n\n--engine NAME measures that engine alone")
    text = _page(rows)
    print(text)
    if wanted.keep:
        keep("hostile", rows, text)


if __name__ == "__main__":
    main()
