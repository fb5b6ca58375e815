"""Takes a backup of a system that may be running: nothing waits for it and nothing is changed by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import ScanError, scan

from presswatch import __version__
from presswatch.adapters.elasticsearch import translated
from presswatch.adapters.kafkalog import Log
from presswatch.backup.folder import FORMAT, About, Draft, packed
from presswatch.control.topic import read
from presswatch.core.control import BrokenSetError
from presswatch.core.errors import RetryableError
from presswatch.forgetting.log import ForgottenArticles
from presswatch.settings import Settings
from presswatch.topology import (
    ALERTS,
    ARTICLE_IDS,
    CONTROL_PACKS,
    CONTROL_RULES,
    DEAD_SETTLED,
    FORGOTTEN,
    MAPPING_VERSION,
    STAGES,
    dead_letter_topic,
    index,
)

CONTROL = (CONTROL_RULES, CONTROL_PACKS)
LETTERS = (*(dead_letter_topic(stage) for stage in STAGES), DEAD_SETTLED)
"""Notes after the letters that they are about."""

DOCUMENTS = (ALERTS, ARTICLE_IDS)
"""In this order: the identity of an article is written before its alert, so each alert's article is in the backup."""

_PAGE = 1000


def take(settings: Settings, client: Elasticsearch, place: Path, now: int, tell: Callable[[str], None]) -> About:
    """Write a backup into a folder; `tell` gets a line for each part.

    A set of rules or packs that is not whole is left out, and said in the answer; all else is backed up.

    Args:
        now: milliseconds since 1970.

    Raises:
        ConfigError: the folder is there already or cannot be written, or the engines are not set up.
        RetryableError: an engine is away.
        FatalError: one refuses us.
    """
    left_out: dict[str, str] = {}
    with Draft(place) as draft:
        for name in CONTROL:
            try:
                number = draft.write(name, _control(settings, name))
            except BrokenSetError as error:
                draft.drop(name)
                left_out[name] = str(error)
                tell(f"{name:15} left out: {error}")
            else:
                tell(f"{name:15} {_number(max(0, number - 1), 'object')}")
        tell(f"{FORGOTTEN:15} {_number(draft.write(FORGOTTEN, _forgotten(settings)), 'article')}")
        with Log(settings.kafka) as log:
            for name in LETTERS:
                tell(f"{name:15} {_number(draft.write(name, _records(log, name)), 'record')}")
        for name in DOCUMENTS:
            tell(f"{name:15} {_number(draft.write(name, _documents(settings, client, name)), 'document')}")
        prefixes = {"kafka": settings.kafka.prefix, "elasticsearch": settings.elasticsearch.prefix}
        about = About(FORMAT, __version__, MAPPING_VERSION, now, prefixes, {}, left_out)
        draft.finish(about)
    return about


def _control(settings: Settings, name: str) -> Iterator[dict[str, Any]]:
    """Yield the manifest in force, then the objects that it names; nothing if nothing was ever applied."""
    log = read(settings.kafka, name)
    current = log.current()
    if log.manifest is not None:
        yield {"manifest": packed(log.manifest.encode())}
        yield from ({"key": key, "value": packed(value)} for key, value in current.objects.items())


def _forgotten(settings: Settings) -> Iterator[dict[str, Any]]:
    with ForgottenArticles(settings.kafka) as forgotten:
        yield from ({"key": article, "value": packed(told.encode())} for article, told in forgotten.articles.items())


def _records(log: Log, name: str) -> Iterator[dict[str, Any]]:
    for record in log.read(name):
        yield {
            "offset": record.offset,
            "key": packed(record.key),
            "value": packed(record.value),
            "headers": [[header, packed(value)] for header, value in record.headers],
        }


def _documents(settings: Settings, client: Elasticsearch, name: str) -> Iterator[dict[str, Any]]:
    where = index(settings.elasticsearch, name)
    with translated():
        client.indices.refresh(index=where)
        try:
            for hit in scan(client, index=where, size=_PAGE, query={"query": {"match_all": {}}}):
                yield {"index": hit["_index"], "id": hit["_id"], "source": hit["_source"]}
        except ScanError as error:
            raise RetryableError(f"Elasticsearch did not give all of {where}: {error}") from error


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
