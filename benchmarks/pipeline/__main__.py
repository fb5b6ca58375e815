"""`make bench-pipeline`: the system as `make up` runs it, articles through it, CPU time of each process."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
import psutil

from benchmarks.pipeline.inputs import articles, write_rules
from benchmarks.report import keep, table
from presswatch.adapters.elasticsearch import connect
from presswatch.demo import readback
from presswatch.engines import status
from presswatch.engines.progress import Display
from presswatch.local.system import TrialSystem
from presswatch.topology import ARTICLES, index

WAIT_S = 1200
STAGES = ("ingest", "tagger", "indexer", "alerter", "kafka", "elasticsearch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=4000)
    parser.add_argument("--rules", type=int, default=800)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="presswatch-bench-") as name:
        folder = Path(name)
        rules, source = folder / "rules", folder / "articles.jsonl"
        rules.mkdir()
        write_rules(rules, wanted.rules)
        with source.open("wb") as out:
            out.writelines(orjson.dumps(article) + b"\n" for article in articles(wanted.articles))
        size = source.stat().st_size / wanted.articles
        system = TrialSystem(folder / "run", rules, {"slack": {"per_channel_s": 0}})
        try:
            with Display() as display:
                system.start_engines(display)
            system.start_services(lambda text: print(f"waiting for {text}"), slack_per_channel_s=0)
            rows, seconds = measure(system, source, wanted.articles)
        finally:
            system.stop()
    total = sum(row["cpu_ms_per_article"] for row in rows)
    for row in rows:
        row["share"] = f"{100 * row['cpu_ms_per_article'] / total:.0f} %"
    columns = {"stage": "stage", "cpu_ms_per_article": "CPU ms an article", "share": "share", "rss_mb": "resident MB"}
    text = (
        f"## The whole system\n\n{wanted.articles} articles of {size / 1000:.1f} kB in six languages, {wanted.rules} rules, "
        f"{rows[0]['matches_per_article']:.1f} matches an article, all stages and both engines on one machine: "
        f"{total:.1f} ms of CPU an article, {wanted.articles / seconds:.0f} articles a second from file to index. `make bench-pipeline`\n\n"
        + table(rows, columns)
    )
    print(text)
    keep("pipeline", rows, text)


def measure(system: TrialSystem, source: Path, count: int) -> tuple[list[dict[str, Any]], float]:
    """Put the articles in, wait until all stages are done, return CPU time per article and stage, and seconds."""
    processes = {status.name: psutil.Process(status.pid) for status in system.supervisor.statuses()}
    engine_pids = control_pids(system)
    settings = system.settings
    client = connect(settings.elasticsearch)
    progress = readback.Progress(settings)

    def cpu() -> dict[str, float]:
        used = {name: sum(process.cpu_times()[:2]) for name, process in processes.items() if name in STAGES}
        return used | {
            name: sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids) for name, pids in engine_pids.items()
        }

    before, began = cpu(), time.monotonic()
    children = psutil.Process().cpu_times()
    system.command("ingest", str(source))
    after_ingest = psutil.Process().cpu_times()

    def done() -> bool:
        there = client.count(index=index(settings.elasticsearch, ARTICLES))["count"]
        now = progress.read()
        sys.stderr.write(f"\r{there} of {count} articles, {now}   ")
        return there >= count and all(now[stage][0] == now[stage][1] for stage in ("tagger", "indexer", "decide"))

    if not readback.wait(done, WAIT_S, 1.0):
        raise SystemExit("not done in time")
    seconds = time.monotonic() - began
    matches = progress.read()["decide"][1]
    after = cpu()
    # The one-shot ingest is a child of ours: what it used is in our children's times.
    ingest = (after_ingest.children_user + after_ingest.children_system) - (
        children.children_user + children.children_system
    )
    after["ingest"] += ingest
    rows: list[dict[str, Any]] = []
    for stage in STAGES:
        pids = [processes[stage].pid] if stage in processes else engine_pids[stage]
        rows.append(
            {
                "stage": stage,
                "cpu_ms_per_article": round(1000 * (after[stage] - before[stage]) / count, 2),
                "rss_mb": round(sum(psutil.Process(pid).memory_info().rss for pid in pids) / 1e6),
                "matches_per_article": round(matches / count, 2),
            }
        )
    progress.close()
    return rows, seconds


def control_pids(system: TrialSystem) -> dict[str, list[int]]:
    """Return the processes of each engine."""
    [instance] = status.status(None, system.engines_name)
    return {engine.engine: list(engine.pids) for engine in instance.engines}


if __name__ == "__main__":
    main()
