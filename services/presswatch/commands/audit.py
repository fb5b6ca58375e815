"""`presswatch audit`: is anything missing, and send it again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from presswatch.commands import config_option, period

if TYPE_CHECKING:
    from presswatch.adapters.kafkalog import Log
    from presswatch.audit.run import Books
    from presswatch.settings import Settings


@click.command(
    "audit",
    epilog="""
    \b
    out       it came out of the stage
    dead      it is a dead letter (presswatch dlq)
    filtered  it was seen and rightly made nothing: a repetition, an excerpt, a match that alerted before
    waiting   the stage has not dealt with it yet
    missing   none of these

    Of what ingest was given, only what it published is written down. Kafka keeps articles for 7 days; what went in
    before cannot be audited.

    Exit code: 0 if nothing is missing (after --repair: any more); 1 if something is; 2 if an engine is away.
    """,
)
@click.option(
    "--since", metavar="TIME", default="24h", show_default=True, help="What came in from then on: 90m, 24h, 7d."
)
@click.option("--until", metavar="TIME", help="And before then; by default until now.")
@click.option("--repair", is_flag=True, help="Send what is missing again, wait, and audit once more.")
@click.option("--wait", type=click.FloatRange(min=1), default=120.0, show_default=True, help="Seconds to mend for.")
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="Missing things to name.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all that is missing.")
@config_option
def command(
    since: str, until: str | None, wait: float, limit: int, config: Path | None, *, repair: bool, as_json: bool
) -> None:
    """Prove that nothing is missing: for each stage in = out + dead + filtered, or the articles for which it is not so.

    Kafka's topics are compared with each other and with Elasticsearch. It changes nothing without --repair.
    """
    import orjson

    from presswatch.adapters.elasticsearch import connect
    from presswatch.adapters.kafkalog import Log
    from presswatch.audit.report import lines, shape
    from presswatch.audit.run import Auditor
    from presswatch.audit.stored import Stored
    from presswatch.commands.progress import Progress
    from presswatch.forgetting.log import ForgottenArticles
    from presswatch.runtime import configure_logs, now_ms
    from presswatch.settings import load

    settings, now = load(config).settings, now_ms()
    first, end = period(since, until, now)
    configure_logs(settings.log.model_copy(update={"level": "error"}), "audit")
    with (
        connect(settings.elasticsearch) as client,
        Log(settings.kafka) as log,
        ForgottenArticles(settings.kafka) as forgotten,
    ):

        def audit() -> Books:
            forgotten.renew()
            stored, until = Stored(client, settings.elasticsearch), now_ms()
            progress = Progress("read for the audit")
            return Auditor(settings, log, stored, first or 0, min(end or until, until), forgotten, progress.tell).run()

        books = audit()
        if not as_json:
            click.echo("\n".join(lines(books, limit)))
        if repair and books.missing:
            books = _mend(settings, log, books, audit, wait)
            if not as_json:
                click.echo("\n" + "\n".join(lines(books, limit)))
    if as_json:
        click.echo(orjson.dumps(shape(books)).decode())
    sys.exit(1 if books.missing else 0)


def _mend(settings: Settings, log: Log, books: Books, audit: Callable[[], Books], wait_s: float) -> Books:
    """Send again and audit again until nothing is missing or the time is up.

    Once may not be enough: for some seconds after somebody deleted a document, Elasticsearch refuses it in its old version.
    """
    import time

    from presswatch.adapters.kafka import Publisher
    from presswatch.audit.repair import send_again, wait_dealt_with
    from presswatch.topology import SOURCES, Stage

    stages: dict[str, Stage] = {**{stage: stage for stage in SOURCES}, "matches": "indexer"}
    deadline = time.monotonic() + wait_s
    publisher = Publisher(settings.kafka)
    try:
        while books.missing and (left_s := deadline - time.monotonic()) > 0:
            sent = send_again(settings.kafka, log, publisher, books.missing)
            click.echo(f"sent again: {sent:,} record{'s' * (sent != 1)}", err=True)
            first = min((stages[one.stage] for one in books.missing), key=list(SOURCES).index)
            behind = wait_dealt_with(log, first, left_s)
            if behind is not None:
                click.echo(f"{behind} has not dealt with it yet; audit again later", err=True)
                return audit()
            if (books := audit()).missing:
                click.echo(
                    "not all of it is there yet: for a few seconds Elasticsearch refuses what was deleted", err=True
                )
                time.sleep(min(5.0, max(0.0, deadline - time.monotonic())))
    finally:
        publisher.close()
    return books
