"""Measures engines side by side on one set of rules: the same articles, one core, in turn."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.matching.engines import KINDS, Process
from benchmarks.matching.forms import All, Form, Word
from benchmarks.matching.rules import rules
from benchmarks.matching.texts import Corpus, write

FLAT = 1.04  # highest to lowest rate of the last windows
WINDOWS = 4


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure.

    Args:
        warm_s: CPU seconds for which a Java engine runs before its rate is looked at.
        most_s: CPU seconds after which it is measured even if its rate is not flat, which is then said.
        window_s: CPU seconds of a window whose rate is looked at, and of a round.
        rounds: times that each engine is measured, in turn; the median counts.
        adds: rules added one by one.
        check_s: CPU seconds, about, for comparing matches: of a slow engine the first articles only, at least 20.
    """

    warm_s: float
    most_s: float
    window_s: float
    rounds: int
    adds: int
    check_s: float = 40.0


FULL = Effort(warm_s=20.0, most_s=60.0, window_s=2.0, rounds=5, adds=15)
QUICK = Effort(warm_s=5.0, most_s=15.0, window_s=1.0, rounds=3, adds=5)


class DifferentMatchesError(Exception):
    """Two engines do not find the same rules in the same article."""


@dataclass
class Running:
    """An engine with the rules loaded."""

    process: Process
    build_s: float
    build_wall_s: float
    warm_s: float = 0.0
    flat: bool = True
    rate: float = 0.0
    rates: list[float] = field(default_factory=list)
    thread_rates: list[float] = field(default_factory=list)
    hits: float = 0.0
    compared: int = 0

    @property
    def name(self) -> str:
        return self.process.name


@contextmanager
def one_core() -> Iterator[str]:
    """Keep this process, and those that it starts, on one core; tell which."""
    if not hasattr(os, "sched_setaffinity"):
        yield "cores not pinned: this system cannot"
        return
    allowed = os.sched_getaffinity(0)
    core = max(allowed)
    os.sched_setaffinity(0, {core})
    try:
        yield f"core {core}"
    finally:
        os.sched_setaffinity(0, allowed)


def compare(
    mix: str, count: int, names: Sequence[str], corpus: Corpus, effort: Effort, settled: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Measure engines on so many rules of a mix.

    Args:
        settled: the variant to take, by engine; of others all are tried and the fastest is measured.

    Returns:
        a row for each engine, with remarks: a rate that did not become flat, rates of variants.

    Raises:
        EngineFailedError: an engine cannot be built or started, or died.
        DifferentMatchesError: match sets differ.
    """
    remarks: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="presswatch-bench-")))
        write(corpus.articles, folder / "docs")
        made = list(rules(mix, count, corpus))
        running: list[Running] = []
        reference: tuple[str, list[str]] | None = None
        for name in reversed(names):  # ours first: they are fast enough to be compared on all articles
            file = folder / name
            file.write_text("".join(f"{number}\t{KINDS[name].form(form)}\n" for number, form in made), encoding="ascii")
            tried = (settled[name],) if name in settled else KINDS[name].variants
            chosen: Running | None = None
            for variant in tried:
                engine = _start(name, variant, folder, file, stack)
                reference = _check(engine, reference, folder, corpus, effort)
                chosen = engine if len(tried) == 1 else _faster(chosen, engine, corpus, effort, remarks)
            assert chosen is not None
            running.insert(0, chosen)
        del made
        for engine in running:
            _warm(engine, corpus, effort, remarks)
        for number in range(effort.rounds):
            for engine in running:
                _round(engine, number, corpus, effort)
        rows = [_row(engine, mix, count, running, corpus, effort) for engine in running]
        return [{**row, "remarks": [each for each in remarks if each.startswith(row["engine"])]} for row in rows]


def _start(name: str, variant: str, folder: Path, file: Path, stack: ExitStack) -> Running:
    process = Process(name, variant)
    stack.callback(process.close)
    say(f"{process.about}: loading")
    process.ask("docs", str(folder / "docs"))
    loaded = process.ask("load", str(file))
    return Running(process, loaded["cpu_s"], loaded["seconds"])


def _check(
    engine: Running, reference: tuple[str, list[str]] | None, folder: Path, corpus: Corpus, effort: Effort
) -> tuple[str, list[str]]:
    """Compare what an engine finds in each article with what the first one found."""
    path = folder / "ids"
    _look(engine, min(10, len(corpus.articles)))
    engine.compared = min(len(corpus.articles), max(20, round(engine.rate * effort.check_s)))
    engine.process.ask("ids", str(path), str(engine.compared))
    found = path.read_text("ascii").splitlines()
    engine.hits = sum(len(line.split()) for line in found) / len(found)
    if reference is None:
        return engine.name, found
    first, wanted = reference
    differing = [number for number, (one, other) in enumerate(zip(wanted, found, strict=False)) if one != other]
    if differing:
        number = differing[0]
        one, other = set(wanted[number].split()), set(found[number].split())
        raise DifferentMatchesError(
            f"{first} and {engine.process.about} differ in {len(differing)} of {len(found)} articles; in article {number} "
            f"only {first} finds {sorted(one - other)[:10]}, only {engine.name} {sorted(other - one)[:10]}"
        )
    return reference


def _faster(best: Running | None, engine: Running, corpus: Corpus, effort: Effort, remarks: list[str]) -> Running:
    """Warm a variant for half the time, and keep the faster of it and the best one so far."""
    while engine.warm_s < effort.warm_s / 2:
        _window(engine, corpus, effort)
    remarks.append(f"{engine.name} as {engine.process.variant}, half warm: {engine.rate:,.0f} documents a CPU second")
    if best is None or engine.rate > best.rate:
        best, engine = engine, best or engine
    if engine is not best:
        engine.process.close()
    return best


def _warm(engine: Running, corpus: Corpus, effort: Effort, remarks: list[str]) -> None:
    """Run an engine until its rate is flat. Ours have no compiler that works meanwhile: one window fills their memories."""
    if not engine.process.kind.java:
        _window(engine, corpus, effort)
        return
    last: list[float] = []
    while True:
        last = [*last[1 - WINDOWS :], _window(engine, corpus, effort)]
        engine.flat = len(last) == WINDOWS and max(last) <= FLAT * min(last)
        if engine.warm_s >= effort.warm_s and engine.flat:
            return
        if engine.warm_s >= effort.most_s:
            shown = ", ".join(f"{rate:,.1f}" for rate in last)
            remarks.append(f"{engine.name}: not flat after {engine.warm_s:.0f} CPU seconds ({shown} documents/s)")
            return


def _window(engine: Running, corpus: Corpus, effort: Effort) -> float:
    """Match all articles, or as many as fit into the window, and return the rate by CPU time of the whole process."""
    count = len(corpus.articles)
    docs = min(count, max(1, round(engine.rate * effort.window_s)))
    return _look(engine, docs, max(1, round(engine.rate * effort.window_s / docs)))


def _look(engine: Running, docs: int, times: int = 1) -> float:
    answer = engine.process.ask("pass", "0", str(docs), str(times))
    engine.warm_s += answer["cpu_s"]
    engine.rate = docs * times / max(answer["cpu_s"], 1e-3)
    return engine.rate


def _round(engine: Running, number: int, corpus: Corpus, effort: Effort) -> None:
    """Measure once: all articles, or of an engine too slow for that the stretch whose turn it is."""
    count = len(corpus.articles)
    docs = min(count, max(10, round(engine.rate * 4 * effort.window_s)))
    first = 0 if docs == count else number * (count - docs) // max(1, effort.rounds - 1)
    last = first + docs
    times = max(1, round(engine.rate * effort.window_s / (last - first)))
    answer = engine.process.ask("pass", str(first), str(last), str(times))
    engine.rates.append((last - first) * times / answer["cpu_s"])
    engine.thread_rates.append((last - first) * times / answer["thread_s"])


def _row(
    engine: Running, mix: str, count: int, running: list[Running], corpus: Corpus, effort: Effort
) -> dict[str, Any]:
    adds, firsts = _adds(engine, corpus, effort)
    rate = statistics.median(engine.rates)
    monitor = [statistics.median(other.rates) for other in running if other.name == "lucene-monitor"]
    heap = engine.process.ask("memory").get("heap_bytes")
    return {
        "mix": mix,
        "rules": count,
        "engine": engine.name,
        "docs_per_cpu_s": round(rate, 1),
        "ratio_to_monitor": round(rate / monitor[0], 1) if monitor else None,
        "rss_mb": round(engine.process.resident_mb()),
        "build_s": round(engine.build_s, 2),
        "add_ms": round(1000 * statistics.median(adds), 4),
        "hits_per_doc": round(engine.hits, 2),
        "compared_docs": engine.compared,
        "build_wall_s": round(engine.build_wall_s, 2),
        "heap_mb": None if heap is None else round(heap / 1e6),
        "lowest_and_highest": [round(min(engine.rates), 1), round(max(engine.rates), 1)],
        "docs_per_thread_s": round(statistics.median(engine.thread_rates), 1),
        "match_after_add_ms": round(1000 * statistics.median(firsts), 3),
        "warm_s": round(engine.warm_s, 1),
        "flat": engine.flat,
        "variant": engine.process.variant,
        "about": engine.process.about,
    }


def _adds(engine: Running, corpus: Corpus, effort: Effort) -> tuple[list[float], list[float]]:
    """Add rules one by one, each of which the match right after it must find; return the seconds of both."""
    adds, firsts = [], []
    for number in range(effort.adds):
        rare = sorted(set(corpus.tokens[number]), key=lambda word: (corpus.frequencies[word], word))
        form: Form = All((Word(rare[0]), Word(rare[1])))
        answer = engine.process.ask("add", str(number), f"added-{number}", engine.process.kind.form(form))
        if not answer["found"]:
            raise DifferentMatchesError(f"{engine.process.about} does not see a rule that was added just before")
        adds.append(answer["add_s"])
        firsts.append(answer["match_s"])
    return adds, firsts


def say(text: str) -> None:
    """Tell what is being done."""
    sys.stderr.write(f"  {text}\n")
