"""The picture of a real run in docs/operations: the whole system under a steady stream, scraped by Prometheus, drawn from its answers.

`make picture` starts engines, services and Prometheus of its own, feeds articles in by a feed that grows, kills a stage on
the way, and writes docs/images/operations-run.svg. It needs Prometheus (make setup-system).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import as_file, files
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import click
import matplotlib as mpl
import orjson

from presswatch.engines.progress import Display
from presswatch.local.system import SERVICES, TrialSystem
from presswatch.metrics import STAGE
from tools.prometheus import Prometheus, prometheus

mpl.use("svg")
from matplotlib import pyplot as plt

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "operations-run.svg"

SCRAPE_S = 2
IN_FEED = 200
"""Entries that the feed holds, the newest first: far more than come in between two polls."""

CANARY_S = 10
VICTIM = "indexer"
BAD = b'{"title": "cut off in the mid\n'
BAD_LINES = 3


class Panel(NamedTuple):
    """One plot: what is asked of Prometheus, and which label names the lines."""

    title: str
    unit: str
    expression: str
    label: str


PANELS: tuple[Panel, ...] = (
    Panel(
        "Records of articles dealt with, by stage", "a second",
        'sum by (stage) (rate(presswatch_records_total{outcome!~"canary|dead"}[30s]))', "stage",
    ),
    Panel(
        "Latency since fetched, median", "seconds",
        "histogram_quantile(0.5, sum by (stage, le) (rate(presswatch_latency_seconds_bucket[30s])))", "stage",
    ),
    Panel(
        "Latency since fetched, 99 %", "seconds",
        "histogram_quantile(0.99, sum by (stage, le) (rate(presswatch_latency_seconds_bucket[30s])))", "stage",
    ),
    Panel("Records that wait", "records", "presswatch:lag_records:sum", "stage"),
    Panel(
        "Age of the youngest canary that arrived", "seconds",
        "time() - max(presswatch_canary_arrived_timestamp_seconds > 0)", "",
    ),
    Panel("Dead letters that wait", "letters", "max by (stage) (presswatch_dead_letters_open)", "stage"),
    Panel(
        "Articles by language", "a minute",
        "60 * sum by (lang) (rate(presswatch_articles_ingested_total[30s]))", "lang",
    ),
    Panel("Tags by topic", "a minute", "60 * sum by (topic) (rate(presswatch_tags_total[30s]))", "topic"),
    Panel(
        "Notifications, by what became of them", "a minute",
        "60 * sum by (kind, outcome) (rate(presswatch_notifications_total[30s]))", "outcome",
    ),
)  # fmt: skip


class Stream:
    """A feed file that grows: the demo's articles again and again, each time under a new address and so a new article."""

    def __init__(self, feed: Path, articles: Sequence[Mapping[str, Any]], rate: float) -> None:
        self._feed = feed
        self._rate = rate
        self._numbers = count()
        self._articles = articles
        self._entries: list[str] = []
        self.sent = 0

    def grow(self, seconds: float) -> None:
        """Bring the feed to what it must hold after so many seconds."""
        wanted = int(seconds * self._rate)
        if wanted > self.sent:
            self._entries = [*reversed([self._entry() for _ in range(wanted - self.sent)]), *self._entries][:IN_FEED]
            self.sent = wanted
        fresh = self._feed.with_suffix(".new")
        items = "".join(self._entries)
        fresh.write_text(f'<rss version="2.0"><channel><title>Wire</title>{items}</channel></rss>', encoding="utf-8")
        fresh.replace(self._feed)

    def _entry(self) -> str:
        number = next(self._numbers)
        article = self._articles[number % len(self._articles)]
        parts = {
            "title": article["title"],
            "description": article["text"],
            "link": f"{article['url']}?edition={number}",
        }
        return f"<item>{''.join(f'<{name}>{escape(text)}</{name}>' for name, text in parts.items())}</item>"


@dataclass(frozen=True, slots=True)
class Run:
    """What was run; times in seconds since 1970."""

    begin: float
    killed: float
    broken: float
    end: float
    articles: int
    rate: float


@click.command()
@click.option("--minutes", type=click.FloatRange(min=1), default=8.0, show_default=True)
@click.option(
    "--rate", type=click.FloatRange(min=0.1, max=50), default=5.0, show_default=True, help="Articles a second."
)
def main(minutes: float, rate: float) -> None:
    """Run the system for a while and draw what Prometheus saw."""
    with as_file(files("presswatch.demo") / "data") as data, tempfile.TemporaryDirectory(prefix="picture-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        stream = Stream(place / "wire.xml", list(_articles(data / "articles.jsonl")), rate)
        stream.grow(0)
        system = TrialSystem(
            place, data / "rules",
            {
                "ingest": {"feeds": [str(place / "wire.xml")], "interval_s": 1},
                "canary": {"interval_s": CANARY_S},
                "slack": {"channel": "#newsroom", "per_channel_s": 0.25},
            },
        )  # fmt: skip
        try:
            with Display() as display:
                system.start_engines(display)
            system.start_services(_tell)
            targets = {name: f"127.0.0.1:{getattr(system.settings.http, name)}" for name in SERVICES}
            with prometheus(targets, place, every_s=SCRAPE_S) as watcher:
                watcher.wait_scraping(len(SERVICES))
                run = _stream(system, stream, minutes * 60, rate, place)
                _draw(watcher, run)
        finally:
            system.stop()


def _articles(path: Path) -> Iterator[Mapping[str, Any]]:
    for line in path.read_bytes().splitlines():
        with suppress(orjson.JSONDecodeError):  # the demo has a broken one
            article = orjson.loads(line)
            if article.get("url") and article.get("title") and article.get("text"):
                yield article


def _stream(system: TrialSystem, stream: Stream, seconds: float, rate: float, place: Path) -> Run:
    """Feed articles in at a steady pace; at a third of the time bad lines come, at half of it a stage is killed."""
    bad = place / "bad.jsonl"
    bad.write_bytes(BAD * BAD_LINES)
    begin = time.time()
    broken = killed = 0.0
    while (passed := time.time() - begin) < seconds:
        stream.grow(passed)
        if not broken and passed > seconds / 3:
            system.command("ingest", str(bad), code=1)
            broken = time.time()
            _tell(f"{BAD_LINES} bad lines are in")
        if not killed and passed > seconds / 2:
            killed = time.time()
            system.kill_service(VICTIM)
            _tell(f"{VICTIM} killed")
        time.sleep(0.5)
    return Run(begin, killed, broken, time.time(), stream.sent, rate)


def _draw(watcher: Prometheus, run: Run) -> None:
    plt.rcParams.update({"font.size": 8, "svg.hashsalt": "presswatch", "svg.fonttype": "none"})
    columns = 3
    figure, axes = plt.subplots(-(-len(PANELS) // columns), columns, figsize=(13, 8), layout="constrained")
    day = datetime.fromtimestamp(run.begin, UTC)
    figure.suptitle(
        f"{(run.end - run.begin) / 60:.0f} minutes of {day:%Y-%m-%d}: {run.articles:,} articles by a feed, {run.rate:g} a second; "
        f"{BAD_LINES} bad lines (dotted); {VICTIM} killed by SIGKILL (dashed)"
    )
    for axis, panel in zip(axes.flat, PANELS, strict=True):
        series = watcher.query_range(panel.expression, run.begin, run.end, SCRAPE_S)
        if not series:
            raise click.ClickException(f"Prometheus has nothing of {panel.expression}")
        for one in sorted(series, key=lambda one: _order(one["metric"].get(panel.label, ""))):
            times = [(float(at) - run.begin) / 60 for at, _ in one["values"]]
            axis.plot(
                times, [float(value) for _, value in one["values"]], label=one["metric"].get(panel.label), linewidth=1
            )
        axis.axvline((run.broken - run.begin) / 60, color="grey", linestyle="dotted", linewidth=1)
        axis.axvline((run.killed - run.begin) / 60, color="grey", linestyle="dashed", linewidth=1)
        axis.set(title=panel.title, ylabel=panel.unit, xlabel="minutes", xlim=(0, (run.end - run.begin) / 60))
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        if panel.label:
            axis.legend(fontsize=6, loc="upper left", ncols=2)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, metadata={"Date": None})
    _tell(f"wrote {PICTURE}")


def _order(name: str) -> tuple[int, str]:
    """Stages in the order of the way, everything else by name."""
    stages = STAGE.values or ()
    return (stages.index(name), name) if name in stages else (len(stages), name)


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
