"""Puts a backup back: what is missing here is written, what is here already stays. So it can be run again at any time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from time import sleep
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch import Bulk, Write, ensure_monthly_index, translated
from presswatch.adapters.elasticsearch.indices import require_mappings
from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.adapters.kafkalog import Log
from presswatch.alerter.ledger import Ledger, entry_document
from presswatch.backup.folder import Backup, unpacked
from presswatch.backup.take import CONTROL, DOCUMENTS
from presswatch.control.topic import Writer, read
from presswatch.core.canary import is_canary
from presswatch.core.control import Change, Key, Manifest, Object
from presswatch.core.errors import BadMessageError, ConfigError, PresswatchError
from presswatch.core.messages import LetterSettled, Notification
from presswatch.deadletters import letters_of, settlements
from presswatch.forgetting.erase import Eraser
from presswatch.forgetting.log import ForgottenArticles
from presswatch.settings import Settings
from presswatch.topology import (
    ALERTS,
    ARTICLE_IDS,
    ARTICLES,
    CONTROL_PACKS,
    DEAD_SETTLED,
    FORGOTTEN,
    MAPPING_VERSION,
    NOTIFICATIONS,
    STAGES,
    dead_letter_topic,
    index,
    topic,
    write_alias,
)

_AT_ONCE = 200
_OWNER = "restore"
_REASON = "restored"
"""Of a ledger entry that was made anew from the notification in Kafka."""

Header = tuple[str, bytes]


@dataclass(slots=True)
class Restorer:
    """Restores one backup.

    Args:
        replace: put the backup's rules and packs into force although others are.
        now: milliseconds since 1970.
        tell: gets a line for each part.

    Raises (`run`):
        ConfigError: the backup does not belong here, or the engines are not set up.
        RetryableError: an engine is away: run it again.
        FatalError: one refuses us.
    """

    settings: Settings
    client: Elasticsearch
    backup: Backup
    now: int
    tell: Callable[[str], None]
    replace: bool = False

    def run(self) -> bool:
        """Restore all parts; return whether all that the backup has is in force now."""
        self._require_place()
        left = [name for name in CONTROL if not self._control(name)]
        with closing(Publisher(self.settings.kafka)) as publisher:
            self._forgotten(publisher)
            self._letters(publisher)
        for name in DOCUMENTS:
            self._documents(name)
        self._later_alerts()
        self._erase()
        return not left

    def _require_place(self) -> None:
        about = self.backup.about
        ours = {"kafka": self.settings.kafka.prefix, "elasticsearch": self.settings.elasticsearch.prefix}
        for engine, prefix in about.prefixes.items():
            if prefix != ours[engine]:
                raise ConfigError(
                    f"the backup is of a system with {engine}.prefix {prefix!r}, the settings say {ours[engine]!r}: "
                    "restore under the prefix that it had"
                )
        if about.mapping_version > MAPPING_VERSION:
            raise ConfigError(
                f"the backup was taken by a newer Presswatch ({about.presswatch}, mapping version "
                f"{about.mapping_version}; this one knows {MAPPING_VERSION}): restore it with that one"
            )
        require_mappings(self.client, self.settings.elasticsearch, (ARTICLES, *DOCUMENTS))

    def _control(self, name: str) -> bool:
        lines = self.backup.lines(name)
        first = next(lines, None)
        if first is None:
            self.tell(f"{name:15} nothing was in force")
            return True
        manifest = Manifest.decode(unpacked(first["manifest"]))
        objects = [_object(line) for line in lines]
        log = read(self.settings.kafka, name)
        here = log.manifest
        if here is not None and here.objects == manifest.objects and log.unreadable is None and not log.lacking(here):
            self.tell(f"{name:15} generation {here.generation} is in force already, with the same objects")
            return True
        if here is not None and not self.replace:
            self.tell(
                f"{name:15} left: generation {here.generation} is in force here, with other objects than generation "
                f"{manifest.generation} of the backup; --replace puts those of the backup into force"
            )
            return False
        generation = max(manifest.generation, here.generation + 1 if here else 0)
        if name == CONTROL_PACKS and (stored := self._highest_generation()) > manifest.generation:
            generation = max(generation, stored + 1)  # else nothing tagged from now on would replace those documents
        with closing(Writer(self.settings.kafka, name)) as writer:
            there = set(read(self.settings.kafka, name).objects)
            bury = tuple(sorted(there - set(manifest.named())))
            change = manifest.model_copy(update={"generation": generation, "applied": self.now})
            missing = tuple(each for each in objects if str(each.key) not in there)
            writer.publish(Change(change, generation, publish=missing, bury=bury))
        self.tell(f"{name:15} {_number(len(objects), 'object')} in force, as generation {generation}")
        return True

    def _highest_generation(self) -> int:
        with translated():
            found: Any = self.client.search(
                index=index(self.settings.elasticsearch, ARTICLES), size=0,
                aggs={"highest": {"max": {"field": "generation"}}},
            )  # fmt: skip
        return int(found["aggregations"]["highest"]["value"] or 0)

    def _forgotten(self, publisher: Publisher) -> None:
        with ForgottenArticles(self.settings.kafka) as known:
            lines = [line for line in self.backup.lines(FORGOTTEN) if line["key"] not in known]
        name = topic(self.settings.kafka, FORGOTTEN)
        self._publish(publisher, [Outgoing(name, line["key"].encode(), unpacked(line["value"])) for line in lines])
        self.tell(f"{FORGOTTEN:15} {_number(len(lines), 'article')} added")

    def _letters(self, publisher: Publisher) -> None:
        """Publish the dead letters that are missing, and the notes about them under the ids that they have now."""
        moved: dict[tuple[str, int], str] = {}
        with Log(self.settings.kafka) as log:
            for stage in STAGES:
                name = dead_letter_topic(stage)
                before = {_digest(record.headers, record.value) for record in log.read(name)}
                kept = [(line["offset"], _digest_of(line)) for line in self.backup.lines(name)]
                missing = {digest for _, digest in kept} - before
                self._publish(publisher, self._records(name, missing))
                known = {_digest(record.headers, record.value): record.offset for record in log.read(name)}
                failed = {letter.offset: letter.failed for letter in letters_of(log, stage)}
                for offset, digest in kept:
                    moved[f"{stage}/{offset}", failed[known[digest]]] = f"{stage}/{known[digest]}"
                self.tell(f"{name:15} {_number(len(missing), 'record')} added")
            noted = settlements(log)
        notes: dict[tuple[str, int], LetterSettled] = {}
        for line in self.backup.lines(DEAD_SETTLED):
            note = LetterSettled.decode(unpacked(line["value"]))
            letter = moved.get((note.letter, note.failed), note.letter)
            notes[letter, note.failed] = note.model_copy(update={"letter": letter})
        added = [note for at, note in notes.items() if at not in noted]
        name = topic(self.settings.kafka, DEAD_SETTLED)
        self._publish(publisher, [Outgoing(name, note.letter.encode(), note.encode()) for note in added])
        self.tell(f"{DEAD_SETTLED:15} {_number(len(added), 'record')} added")

    def _records(self, name: str, wanted: Container[str]) -> Iterator[Outgoing]:
        where = topic(self.settings.kafka, name)
        for line in self.backup.lines(name):
            if _digest_of(line) in wanted:
                yield Outgoing(where, unpacked(line["key"]), unpacked(line["value"]), _headers(line))

    def _documents(self, name: str) -> None:
        writes = (
            Write(write_alias(line["index"]), line["id"], orjson.dumps(line["source"]), create=True)
            for line in self.backup.lines(name)
        )
        added, there = self._create(writes)
        self.tell(f"{name:15} {_number(added, 'document')} added, {there:,} here already")

    def _later_alerts(self) -> None:
        """Enter what was delivered after the backup, as far as Kafka tells: else an article sent again would alert again."""
        with Log(self.settings.kafka) as log:
            done = log.committed("deliver", NOTIFICATIONS)
            dead = {(letter.place.partition, letter.place.offset) for letter in letters_of(log, "deliver")}
            delivered = (
                record.value
                for record in log.read(NOTIFICATIONS)
                if record.offset < done.get(record.partition, 0) and (record.partition, record.offset) not in dead
            )
            added, _ = self._create(self._entries(delivered))
        self.tell(
            f"{ALERTS:15} {_number(added, 'document')} added from Kafka, of alerts that went out after the backup"
        )

    def _entries(self, values: Iterable[bytes | None]) -> Iterator[Write]:
        ledger = Ledger(self.client, self.settings.elasticsearch)
        for value in values:
            try:
                told = Notification.decode(value)
            except BadMessageError:
                continue  # it is a dead letter of deliver
            if is_canary(told.match.article.id):
                continue  # the ledger has none of them
            entry = entry_document(told, "", "recorded", _OWNER, self.now) | {"reason": _REASON}
            yield Write(write_alias(ledger.index_of(told.match)), told.id, orjson.dumps(entry), create=True)

    def _create(self, writes: Iterable[Write]) -> tuple[int, int]:
        """Create documents; return how many were, and how many were there already."""
        bulk = Bulk(self.client, "deliver", _wait)
        waiting, added, there = iter(writes), 0, 0
        while batch := list(islice(waiting, _AT_ONCE)):
            for target in {write.target.removesuffix(write_alias("")) for write in batch}:
                if target != index(self.settings.elasticsearch, ARTICLE_IDS):
                    ensure_monthly_index(self.client, target)
            for write, outcome in zip(batch, bulk.write(batch), strict=True):
                match outcome.state:
                    case "written":
                        added += 1
                    case "conflict":
                        there += 1
                    case state:
                        raise PresswatchError(f"Elasticsearch does not take {write.id}: {state} {outcome.detail}")
        return added, there

    def _erase(self) -> None:
        """Erase what was to be forgotten after the backup was taken."""
        with ForgottenArticles(self.settings.kafka) as forgotten:
            changed = Eraser(self.client, self.settings.elasticsearch).erase(list(forgotten.articles))
        if changed:
            self.tell(f"{FORGOTTEN:15} {_number(changed, 'document')} of the backup erased again")

    def _publish(self, publisher: Publisher, records: Iterable[Outgoing]) -> None:
        waiting = iter(records)
        while batch := list(islice(waiting, _AT_ONCE)):
            if refused := publisher.publish(batch):
                raise PresswatchError(f"Kafka does not take a record for {refused[0][0].topic}: {refused[0][1]}")


def _object(line: Mapping[str, Any]) -> Object:
    key, value = Key.parse(line["key"]), unpacked(line["value"])
    assert key is not None
    assert value is not None
    return Object(key, value)


def _headers(line: Mapping[str, Any]) -> tuple[Header, ...]:
    return tuple((name, unpacked(value) or b"") for name, value in line["headers"])


def _digest_of(line: Mapping[str, Any]) -> str:
    return _digest(_headers(line), unpacked(line["value"]))


def _digest(headers: Iterable[Header], value: bytes | None) -> str:
    """Return what tells one dead letter from another, wherever it lies: when and why it failed, and the record."""
    told = repr([(name, bytes(data)) for name, data in headers]).encode()
    return hashlib.sha256(told + b"\0" + (value or b"")).hexdigest()


def _wait(seconds: float) -> bool:
    sleep(seconds)
    return False


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
