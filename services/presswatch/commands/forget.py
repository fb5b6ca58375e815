"""`presswatch forget`: have articles erased, and never taken in again."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from presswatch.commands import config_option
from presswatch.core.errors import ConfigError, PresswatchError

if TYPE_CHECKING:
    from presswatch.settings import Settings

WAIT_S = 60.0
LOOK_EVERY_S = 0.2


@click.command(
    epilog="""
    \b
    presswatch forget https://daily.example/news/17 --because "court order 4/26"
    presswatch forget --list
    presswatch forget --undo https://daily.example/news/17

    An article is named by its address or by its id. From then on ingest, the indexer, replays and dlq retry pass it
    over; its documents, its earlier wordings and what alerts quote of it are erased from Elasticsearch. What Kafka has
    of it goes with the topics' retention: 7 days for articles, 30 days for matches, notifications and dead letters. Messages in
    Slack stay. Marks on it (presswatch topics mark) are taken out of the file of this machine; on others that have such a file, run
    presswatch topics mark --sweep.

    Exit code: 0 when Elasticsearch has nothing of it any more; 1 if it still had after a minute; 2 if something is wrong.
    """
)
@click.argument("articles", metavar="[URL|ID]...", nargs=-1)
@click.option("--because", metavar="TEXT", help="Why, without anything of what the article says. It is kept.")
@click.option("--list", "listed", is_flag=True, help="List what is to be forgotten.")
@click.option("--undo", is_flag=True, help="Take articles in again when they come; what was erased stays so.")
@config_option
def command(articles: tuple[str, ...], because: str | None, config: Path | None, *, listed: bool, undo: bool) -> None:
    """Have articles erased, and never taken in again."""
    from presswatch.runtime import configure_logs
    from presswatch.settings import load

    settings = load(config).settings
    configure_logs(settings.log.model_copy(update={"level": "error"}), "forget")
    if listed:
        if articles or undo or because:
            raise ConfigError("--list lists all: give nothing else with it")
        _list(settings)
        return
    if not articles:
        raise ConfigError("which article? Give its address or its id, or --list")
    ids = dict.fromkeys(_id(article) for article in articles)
    if undo:
        _write(settings, dict.fromkeys(ids))
        click.echo(f"{_number(len(ids))} may be taken in again")
        return
    if because is None or not because.strip():
        raise ConfigError("--because: say why, in a few words, without anything of what the article says; it is kept")
    _forget(settings, list(ids), because.strip())


def _id(article: str) -> str:
    from presswatch.core.article import id_of

    identity = id_of(article).strip()
    if "/" in identity or not identity:
        raise ConfigError(f"{article!r} is neither an address (https://...) nor the id of an article")
    return identity


def _forget(settings: Settings, ids: list[str], because: str) -> None:
    from presswatch import marks
    from presswatch.adapters.elasticsearch import connect
    from presswatch.core.messages import Forgotten
    from presswatch.deadletters import operator
    from presswatch.forgetting.erase import Eraser
    from presswatch.runtime import now_ms

    now = now_ms()
    _write(
        settings,
        {one: Forgotten(id=one, asked=now, because=because, by=operator()).encode() for one in ids},
    )
    if marked := marks.forget(settings.tagger.marks, ids):
        click.echo(f"{marked} mark{'s' * (marked != 1)} on {_them(ids)} taken out of {settings.tagger.marks}")
    with connect(settings.elasticsearch) as client:
        eraser = Eraser(client, settings.elasticsearch)
        deadline = time.monotonic() + WAIT_S
        while left := eraser.left(ids):
            if time.monotonic() > deadline:
                click.echo(
                    f"asked for, but after {WAIT_S:g} s Elasticsearch still has {left[0]}"
                    f"{f' and {len(left) - 1} more' if len(left) > 1 else ''}: does the indexer run? It erases them when it does",
                    err=True,
                )
                sys.exit(1)
            time.sleep(LOOK_EVERY_S)
    click.echo(f"{_number(len(ids))} forgotten: nothing of {_them(ids)} is left in Elasticsearch")


def _write(settings: Settings, values: dict[str, bytes | None]) -> None:
    from contextlib import closing

    from presswatch.adapters.kafka import Outgoing, Publisher
    from presswatch.topology import FORGOTTEN, topic

    name = topic(settings.kafka, FORGOTTEN)
    with closing(Publisher(settings.kafka)) as publisher:
        refused = publisher.publish(Outgoing(name, article.encode(), value) for article, value in values.items())
    if refused:
        raise PresswatchError(f"Kafka does not take it: {refused[0][1]}")


def _list(settings: Settings) -> None:
    from presswatch.forgetting.log import ForgottenArticles
    from presswatch.listing import iso

    with ForgottenArticles(settings.kafka) as forgotten:
        for article, told in sorted(forgotten.articles.items(), key=lambda item: item[1].asked):
            click.echo(f"{iso(told.asked)}  {article}  {told.because}  ({told.by})")
        click.echo(f"{_number(len(forgotten.articles))} to be forgotten", err=True)


def _them(ids: list[str]) -> str:
    return "it" if len(ids) == 1 else "them"


def _number(articles: int) -> str:
    return f"{articles} article{'s' * (articles != 1)}"
