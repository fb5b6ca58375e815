"""`presswatch replay`: send articles of a time through all stages once more, behind the live ones."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from presswatch.commands import config_option, period
from presswatch.core.errors import ConfigError, PresswatchError
from presswatch.replay.sources import Choice, From

if TYPE_CHECKING:
    from presswatch.core.messages import RawArticle
    from presswatch.replay.job import Job
    from presswatch.replay.lane import Lane
    from presswatch.replay.sources import Place
    from presswatch.settings import Settings

REPORT_EVERY_S = 2.0
EXIT_INTERRUPTED = 130


@click.command(
    epilog="""
    \b
    presswatch replay --since 2026-11-20 --until 2026-11-20      one day, from the index
    presswatch replay --since 2h --from kafka --source "Daily"   every message of a source, as it came
    presswatch replay --retag                                    what earlier topic packs have tagged, by those in force
    presswatch replay --resume                                   go on with what was interrupted

    TIME is by when an article was fetched: 90m, 24h, 7d or 2w ago, a day such as 2026-11-01, or a day and time (UTC).

    Exit code: 0 when all is sent; 130 if it was interrupted; 2 if something is wrong.
    """
)
@click.option("--since", metavar="TIME", help="Articles fetched from then on.")
@click.option("--until", metavar="TIME", help="Articles fetched before then; of a day, to its end. Now if not given.")
@click.option(
    "--from",
    "origin",
    type=click.Choice(get_args(From)),
    default="elasticsearch",
    show_default=True,
    help="The index (each article's present wording), or Kafka (each message that it still has).",
)
@click.option("--source", metavar="NAME", help="Only of this source.")
@click.option("--topic", metavar="NAME", help="Only with this topic.")
@click.option(
    "--retag", is_flag=True, help="Only what earlier topic packs have tagged; of all times, if --since is not given."
)
@click.option("--rate", type=click.FloatRange(min=0.1), metavar="N", help="Articles a second at most.")
@click.option(
    "--max-lag",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Wait while more records than that wait before the tagger and the indexer.",
)
@click.option(
    "--job",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(".run/replay.json"),
    show_default=True,
    help="File that keeps the place reached.",
)
@click.option("--resume", is_flag=True, help="Go on with the replay of that file.")
@config_option
def command(
    since: str | None,
    until: str | None,
    origin: From,
    source: str | None,
    topic: str | None,
    rate: float | None,
    max_lag: int,
    path: Path,
    config: Path | None,
    *,
    resume: bool,
    retag: bool,
) -> None:
    """Send articles of a time through all stages once more: tagged, matched and indexed by what is in force now.

    What a rule finds for the first time by that is noted in the alerts index as late, and nobody is alerted (unless the
    rule says `late: alert`). Live articles go first.
    """
    from presswatch.replay.job import Job
    from presswatch.runtime import now_ms
    from presswatch.settings import load

    settings = load(config).settings
    if resume:
        if since or until or source or topic or retag:
            raise ConfigError(
                f"--resume goes on with what {path} says: give no --since, --until, --source, --topic or --retag"
            )
        job = Job.load(path)
    else:
        if since is None and not retag:
            raise ConfigError("since when? Give --since, such as --since 24h, or --retag, or --resume")
        if retag and origin != "elasticsearch":
            raise ConfigError("--retag goes by what the index says: not with --from kafka")
        if path.exists():
            raise ConfigError(f"a replay was interrupted: go on with --resume, or delete {path} to start anew")
        now = now_ms()
        first, end = period(since, until, now)
        below = _generation(settings) if retag else None
        job = Job(Choice(origin, first or 0, now if end is None else end, source, topic, below))
    sys.exit(_run(settings, job, path, max_lag, rate))


def _generation(settings: Settings) -> int:
    from presswatch.control.topic import read
    from presswatch.topology import CONTROL_PACKS

    generation = read(settings.kafka, CONTROL_PACKS).current().generation
    if not generation:
        raise ConfigError("topic packs were never applied (presswatch topics apply), so nothing can have changed")
    return generation


def _run(settings: Settings, job: Job, path: Path, max_lag: int, rate: float | None) -> int:
    from presswatch.adapters.kafka import Publisher
    from presswatch.adapters.kafkalog import Log
    from presswatch.forgetting.log import ForgottenArticles
    from presswatch.replay.lane import PORTION, Lane
    from presswatch.runtime import StopSignal, configure_logs

    configure_logs(settings.log.model_copy(update={"level": "warning"}), "replay")
    stop = StopSignal()
    stop.install()
    job.save(path)
    publisher = Publisher(settings.kafka)
    try:
        with (
            Log(settings.kafka) as log,
            ForgottenArticles(settings.kafka) as forgotten,
            _articles(settings, job) as (total, articles),
        ):
            lane = Lane(settings.kafka, log, publisher, stop, max_lag, rate)
            portion = PORTION if rate is None else max(1, min(PORTION, int(rate)))
            told = time.monotonic()
            while batch := list(islice(articles, portion)):
                forgotten.renew()
                wanted = [article for _, article in batch if article.id not in forgotten]
                if not lane.send(wanted):
                    break
                job = job.reached(batch[-1][0], len(wanted))
                job.save(path)
                if time.monotonic() - told >= REPORT_EVERY_S:
                    told = time.monotonic()
                    click.echo(_progress(job, total, lane), err=True)
            else:
                path.unlink()
                click.echo(f"{job.sent:,} articles sent again" if job.sent else "no article of that time and choice")
                return 0
    except PresswatchError:
        if not job.sent:  # nothing to go on with
            path.unlink(missing_ok=True)
        raise
    finally:
        publisher.close()
    click.echo(
        f"interrupted after {job.sent:,} articles; go on with: presswatch replay --resume --job {path}", err=True
    )
    return EXIT_INTERRUPTED


def _progress(job: Job, total: int, lane: Lane) -> str:
    waited = f", {lane.waited_s:.0f} s of waiting behind live articles" if lane.waited_s >= 1 else ""
    of = "of at most" if job.choice.origin == "kafka" else "of"
    return f"{job.sent:,} sent {of} {total:,}{waited}"


@contextmanager
def _articles(settings: Settings, job: Job) -> Iterator[tuple[int, Iterator[tuple[Place, RawArticle]]]]:
    """Open the source: about how many articles there are in all, and those still to be sent."""
    from presswatch.replay import sources

    if job.choice.origin == "elasticsearch":
        from presswatch.adapters.elasticsearch import connect

        with connect(settings.elasticsearch) as client:
            yield (
                sources.count(client, settings.elasticsearch, job.choice),
                sources.from_elasticsearch(client, settings.elasticsearch, job.choice, job.place),
            )
    else:
        from presswatch.adapters.kafkalog import Log

        with Log(settings.kafka) as log:
            yield sources.size(log, job.choice), sources.from_kafka(log, job.choice, job.place)
