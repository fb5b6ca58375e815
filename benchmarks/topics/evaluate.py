"""How right the topic packs are: figures by set, topic and language, and every mistake with its receipt.

python -m benchmarks.topics.evaluate                         the check part of every set
python -m benchmarks.topics.evaluate --part dev --report F   the development part, with its mistakes in the file F
python -m benchmarks.topics.evaluate --set masakhanews --lang fr
python -m benchmarks.topics.evaluate --keep                  also into docs/benchmarks.md, with plots
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.report import REPOSITORY, keep, table
from benchmarks.topics import bars
from benchmarks.topics.figures import ALL, TOGETHER, Judgement, figures, over_languages, table_row
from benchmarks.topics.sets import DESK, SETS, LabelledSet, sets
from presswatch import matching
from presswatch.core.topics import Tagger
from presswatch.packfiles import load_packs
from presswatch.settings import load

COLUMNS = {
    "set": "Set",
    "topic": "Topic",
    "lang": "Language",
    "rows": "Rows",
    "positives": "Positives",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "interval": "95 %",
    "average_precision": "AP",
}

RANDOM = "headlines-random"
"""The headlines that were drawn at random: the only ones whose share of positives is that of the stream."""

_MEANS = {"masakhanews", "sib-200"}


def judgements(labelled: LabelledSet, rows: Iterable[dict[str, Any]], tagger: Tagger) -> Iterator[Judgement]:
    """Judge rows on the topics that their set knows of; where a topic cannot judge the language, there is nothing."""
    for row in rows:
        for verdict in tagger.judge(row):
            topic = verdict.topic
            if labelled.judged(row, topic):
                yield Judgement(labelled.name, topic, row["lang"], topic in row["topics"], row, verdict)


def measure(found: Iterable[Judgement]) -> list[dict[str, Any]]:
    """Return one row for each set, topic and language, one for all languages where there are several, and means."""
    groups: defaultdict[tuple[str, str, str], list[Judgement]] = defaultdict(list)
    for each in found:
        names = [each.set_name, *(name for name, parts in TOGETHER.items() if each.set_name in parts)]
        if each.set_name == "headlines" and each.row.get("stratum") == "random":
            names.append(RANDOM)
        for name in names:
            groups[name, each.topic, each.lang].append(each)
            groups[name, each.topic, ALL].append(each)
    langs = defaultdict(set)
    for name, topic, lang in groups:
        langs[name, topic].add(lang)
    order = [RANDOM, *TOGETHER, *(each.name for each in SETS), DESK]
    rows = []
    for name, topic in sorted(langs, key=lambda key: (order.index(key[0]), key[1])):
        wanted = [ALL] if name in (RANDOM, *TOGETHER) else sorted(langs[name, topic] - {ALL})
        of_langs = [
            figures(name, topic, lang, groups[name, topic, lang])
            for lang in wanted
            if any(each.wanted for each in groups[name, topic, lang])
        ]
        if len(of_langs) > 1:
            rows.append(figures(name, topic, ALL, groups[name, topic, ALL]))
            if name in _MEANS:
                rows.append(over_languages(of_langs))
        rows += of_langs
    return rows


def mistake(each: Judgement) -> str:
    """Return a mistake with its receipt."""
    kind = "missed" if each.wanted else "wrong"
    head = (each.row["title"] or each.row["text"])[:160].replace("\n", " ")
    verdict = each.verdict
    reasons = sorted(verdict.hits, key=lambda hit: -abs(hit.pattern.weight))[:8]
    receipt = [
        *(f"{hit.pattern.weight:+g} {hit.spots[0].quote[:40]!r} x{len(hit.spots)}" for hit in reasons),
        *(f"{moved.weight:+.2f} model:{' '.join(moved.words)}" for moved in verdict.words),
    ]
    where = f"{each.set_name} {each.topic} {kind} {verdict.score:.3f}/{verdict.threshold:g}"
    return f"{where} [{each.lang} {each.row['id']}] {head} | {', '.join(receipt)}"


def unsupported(labelled: LabelledSet, rows: Iterable[Mapping[str, Any]], tagger: Tagger) -> Iterator[str]:
    """Yield a line for each topic and language of a set that the packs cannot judge."""
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        for topic in tagger.unsupported(row["lang"].partition("-")[0]):
            if labelled.judged(row, topic):
                counts[topic, row["lang"]] += 1
    for (topic, lang), number in sorted(counts.items()):
        yield f"{labelled.name}: {topic} in {lang} is unsupported: {number} rows left out"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", choices=[*(each.name for each in SETS), DESK], help="only this set")
    parser.add_argument("--part", choices=["dev", "check", ALL], default="check")
    parser.add_argument("--lang", action="append", help="only this language")
    parser.add_argument("--packs", type=Path, help="folder of topic packs, instead of the built-in ones")
    parser.add_argument("--report", type=Path, help="file for the mistakes, with receipts; read those of dev only")
    parser.add_argument("--keep", action="store_true", help="write the table into docs/benchmarks.md, and plots")
    parser.add_argument("--name", default="topics", help="under which it is kept")
    wanted = parser.parse_args()
    folder = REPOSITORY / load().settings.shared / "data" / "topics"
    if not folder.is_dir() and wanted.set != [DESK]:
        sys.exit(f"there is no {folder}: set PRESSWATCH_SHARED to the folder of development data")
    tagger = Tagger(load_packs(wanted.packs), engine=matching.engine())
    found: list[Judgement] = []
    notes: list[str] = []
    started, articles = time.process_time(), 0
    for labelled in sets():
        if wanted.set and labelled.name not in wanted.set:
            continue
        # the desk's marks train only what `--data all` makes: of other packs they may all judge
        whole = wanted.part == ALL or (labelled.name == DESK and wanted.packs is None)
        rows = [
            row
            for row in labelled.rows(folder, None if whole else wanted.part)
            if not (wanted.lang and row["lang"] not in wanted.lang)
        ]
        found += judgements(labelled, rows, tagger)
        notes += unsupported(labelled, rows, tagger)
        articles += len(rows)
    seconds = time.process_time() - started
    rows = measure(found)
    shown = table([table_row(row) for row in rows], COLUMNS)
    text = "\n".join([shown, "", *notes])
    if not (wanted.set or wanted.lang):
        made: bars.Made = "shipped" if wanted.packs is None else "all"
        text = f"{table(bars.reached(found, made), bars.COLUMNS)}\n\n{text}"
    sys.stdout.write(f"{text}\n\n{articles} articles, {articles / seconds:,.0f} a second of CPU time\n")
    if wanted.report:
        wanted.report.parent.mkdir(parents=True, exist_ok=True)
        lines = [mistake(each) for each in found if each.tagged != each.wanted]
        wanted.report.write_text("\n".join([*lines, ""]), encoding="utf-8")
        sys.stdout.write(f"{len(lines)} mistakes with receipts: {wanted.report}\n")
    if wanted.keep:
        from benchmarks.topics.plots import draw  # noqa: PLC0415 (half a second)

        keep(wanted.name, rows, f"## Topics ({wanted.name}): the {wanted.part} part of the labelled sets\n\n{text}")
        draw(found, REPOSITORY / "docs" / "images", wanted.name)


if __name__ == "__main__":
    main()
