"""How right the topic packs are: precision, recall and F1 by set, topic and language, and the mistakes one by one.

python -m benchmarks.topics.evaluate                         the check part of every set
python -m benchmarks.topics.evaluate --part dev --errors     the development part, with its mistakes
python -m benchmarks.topics.evaluate --set masakhanews --lang fr
python -m benchmarks.topics.evaluate --keep                  also into docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import REPOSITORY, keep, table
from benchmarks.topics.sets import SETS, LabelledSet
from presswatch.core.topics import Tagger, Verdict
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
}
ALL = "all"
_ORDER = {each.name: number for number, each in enumerate(SETS)}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the packs said of one row on one topic, and what its label says."""

    set_name: str
    topic: str
    lang: str
    wanted: bool
    row: dict[str, Any]
    verdict: Verdict

    @property
    def tagged(self) -> bool:
        """Whether it was tagged."""
        return self.verdict.tagged


def judgements(labelled: LabelledSet, rows: Iterable[dict[str, Any]], tagger: Tagger) -> Iterator[Judgement]:
    """Judge rows on the topics that their set knows of; languages without patterns are left out."""
    for row in rows:
        for verdict in tagger.judge(row):
            topic = verdict.pack.topic
            if topic in labelled.judges and topic not in row.get("ignore", ()):
                yield Judgement(labelled.name, topic, row["lang"], topic in row["topics"], row, verdict)


def measure(found: Iterable[Judgement]) -> list[dict[str, Any]]:
    """Return one row for each set, topic and language, and one for all languages where there are several."""
    groups: defaultdict[tuple[str, str, str], list[Judgement]] = defaultdict(list)
    for each in found:
        groups[each.set_name, each.topic, each.lang].append(each)
        groups[each.set_name, each.topic, ALL].append(each)
    langs = defaultdict(set)
    for name, topic, lang in groups:
        langs[name, topic].add(lang)
    return [
        _figures(*key, groups[key])
        for key in sorted(groups, key=lambda key: (_ORDER[key[0]], key[1], key[2] != ALL, key[2]))
        if any(each.wanted for each in groups[key])
        and not (key[2] == ALL and len(langs[key[0], key[1]]) == 2)  # one language and "all" say the same
    ]


def _figures(name: str, topic: str, lang: str, group: list[Judgement]) -> dict[str, Any]:
    right = sum(each.tagged and each.wanted for each in group)
    tagged = sum(each.tagged for each in group)
    wanted = sum(each.wanted for each in group)
    precision = right / tagged if tagged else None
    recall = right / wanted if wanted else None
    f1 = 2 * right / (tagged + wanted) if tagged + wanted else None
    shown = {"precision": precision, "recall": recall, "f1": f1}
    return {
        "set": name,
        "topic": topic,
        "lang": lang,
        "rows": len(group),
        "positives": wanted,
        **{key: "-" if value is None else f"{100 * value:.1f}" for key, value in shown.items()},
    }


def mistake(each: Judgement) -> str:
    """Return a mistake with its reasons."""
    kind = "missed" if each.wanted else "wrong"
    head = (each.row["title"] or each.row["text"])[:160].replace("\n", " ")
    reasons = sorted(each.verdict.hits, key=lambda hit: -abs(hit.pattern.weight))[:8]
    shown = ", ".join(
        [
            *(f"{hit.pattern.weight:+g} {hit.spots[0].quote[:40]!r} x{len(hit.spots)}" for hit in reasons),
            *(f"{moved.weight:+.2f} model:{' '.join(moved.words)}" for moved in each.verdict.words),
        ]
    )
    return (
        f"{each.set_name} {each.topic} {kind} {each.verdict.score:.3f} [{each.lang} {each.row['id']}] {head} | {shown}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", choices=[each.name for each in SETS], help="only this set")
    parser.add_argument("--part", choices=["dev", "check", ALL], default="check")
    parser.add_argument("--lang", action="append", help="only this language")
    parser.add_argument("--packs", type=Path, help="folder of topic packs, instead of the built-in ones")
    parser.add_argument("--errors", action="store_true", help="list mistakes (development part only)")
    parser.add_argument("--keep", action="store_true", help="write the table into docs/benchmarks.md")
    wanted = parser.parse_args()
    if wanted.errors and wanted.part != "dev":
        sys.exit("mistakes are listed for --part dev only: what has been read cannot check anything any more")
    folder = REPOSITORY / load().settings.shared / "data" / "topics"
    if not folder.is_dir():
        sys.exit(f"there is no {folder}: set PRESSWATCH_SHARED to the folder of development data")
    tagger = Tagger(load_packs(wanted.packs))
    found: list[Judgement] = []
    started, articles = time.process_time(), 0
    for labelled in SETS:
        if wanted.set and labelled.name not in wanted.set:
            continue
        rows = [
            row
            for row in labelled.rows(folder, None if wanted.part == ALL else wanted.part)
            if row["lang"] in tagger.languages and not (wanted.lang and row["lang"] not in wanted.lang)
        ]
        found += judgements(labelled, rows, tagger)
        articles += len(rows)
    seconds = time.process_time() - started
    figures = measure(found)
    text = table(figures, COLUMNS)
    sys.stdout.write(f"{text}\n\n{articles} articles, {articles / seconds:,.0f} a second of CPU time\n")
    if wanted.errors:
        sys.stdout.writelines(f"{mistake(each)}\n" for each in found if each.tagged != each.wanted)
    if wanted.keep:
        keep("topics", figures, f"## Topics: the {wanted.part} part of the labelled sets\n\n{text}")


if __name__ == "__main__":
    main()
