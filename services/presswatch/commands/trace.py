"""`presswatch trace`: the way of one article, with times."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from presswatch.commands import config_option, period


@click.command(
    "trace",
    epilog="""
    \b
    presswatch trace https://harbour-courier.example/world/orsal-wheat-ban
    presswatch trace @canary            # the canary that was sent last
    presswatch trace --json 5f1c... | jq '.steps[] | {at, stage, what}'

    Exit code: 0; 1 if nothing is known of the article; 2 if Kafka or Elasticsearch is away.
    """,
)
@click.argument("article", metavar="ARTICLE")
@click.option(
    "--since",
    metavar="TIME",
    help="Read all of Kafka from then on; by default what lies around the times that Elasticsearch tells of the article.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
def command(article: str, since: str | None, config: Path | None, *, as_json: bool) -> None:
    """Show the way of ARTICLE (an id or an address) through all stages, from Kafka and Elasticsearch.

    The same id stands as `article` in the log lines of every stage.
    """
    import orjson

    from presswatch.adapters.elasticsearch import connect
    from presswatch.adapters.kafkalog import Log
    from presswatch.commands.progress import Progress
    from presswatch.listing import iso
    from presswatch.runtime import configure_logs, now_ms
    from presswatch.settings import load
    from presswatch.stored import identify
    from presswatch.trace import Tracer
    from presswatch.tracelist import lines, shape

    settings, now = load(config).settings, now_ms()
    first, _ = period(since, None, now)
    configure_logs(settings.log.model_copy(update={"level": "error"}), "trace")
    with connect(settings.elasticsearch) as client, Log(settings.kafka) as log:
        identity = identify(client, settings.elasticsearch, article.strip())
        found = Tracer(settings, client, log, now, Progress("read for the trace").tell).trace(identity, first)
    if as_json:
        click.echo(orjson.dumps(shape(found)).decode())
    elif found.steps:
        click.echo("\n".join(lines(found)))
    if not found.steps:
        click.echo(
            f"nothing is known of article {found.article}: not in Elasticsearch, and not in Kafka since {iso(found.since)}",
            err=True,
        )
        sys.exit(1)
