"""Dead letters as an operator deals with them: read, chosen, tried again or dropped.

What was done about a letter is a record on `dead.settled` (docs/decisions/0012): the letters themselves are never touched.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.adapters.kafkalog import Log
from presswatch.core.deadletters import About, Letter, about, read_letter
from presswatch.core.errors import BadMessageError, ConfigError
from presswatch.core.messages import LetterSettled
from presswatch.runtime import now_ms
from presswatch.settings import KafkaSettings
from presswatch.topology import DEAD_SETTLED, STAGES, Stage, dead_letter_topic, topic

BATCH = 100
"""Letters tried again before it is noted that they were: what a death in between repeats, harmlessly."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A letter, what it is about, and what was done about it (None: nothing yet, it is open)."""

    letter: Letter
    about: About
    settled: LetterSettled | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant; None means any. `source` is that of the article, or of ingest the file or feed."""

    stage: Stage | None = None
    reason: str | None = None
    rule: str | None = None
    source: str | None = None
    article: str | None = None
    since: int | None = None

    def __bool__(self) -> bool:
        """Whether anything is chosen."""
        return any(
            value is not None for value in (self.stage, self.reason, self.rule, self.source, self.article, self.since)
        )

    def takes(self, entry: Entry) -> bool:
        """Whether it means this letter."""
        letter, told = entry.letter, entry.about
        return (
            self.stage in (None, letter.stage)
            and self.reason in (None, letter.reason)
            and self.rule in (None, told.rule)
            and self.source in (None, told.source)
            and self.article in (None, told.article)
            and (self.since is None or letter.failed >= self.since)
        )


def letters_of(log: Log, stage: Stage, since: int | None = None) -> Iterator[Letter]:
    """Yield the letters of a stage, oldest first.

    Raises:
        ConfigError: the topic has more than one partition, so that an offset would not name a letter.
    """
    name = dead_letter_topic(stage)
    spans = log.spans(name, since)
    if len(spans) > 1:
        raise ConfigError(
            f"the topic {name} has {len(spans)} partitions, and must have one: offsets name its letters. "
            "Move its records to a topic made by `presswatch setup`"
        )
    for record in log.read(name, spans=spans):
        yield read_letter(stage, record.offset, record.key, record.value, record.headers, record.timestamp_ms)


class Letters:
    """The dead letters of all stages."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._settled: dict[tuple[str, int], LetterSettled] | None = None

    def entries(self, choice: Choice = Choice(), *, settled: bool = False) -> Iterator[Entry]:
        """Yield the chosen letters, by stage, oldest first.

        Args:
            choice: which.
            settled: those too that were retried or dropped.
        """
        for stage in STAGES if choice.stage is None else (choice.stage,):
            # Kafka's time of a letter is that of its failure, or a little later.
            for letter in letters_of(self._log, stage, choice.since):
                entry = self._entry(letter)
                if choice.takes(entry) and (settled or entry.settled is None):
                    yield entry

    def named(self, name: str) -> Entry:
        """Return one letter by its id.

        Raises:
            ConfigError: it is no id, or there is no such letter (any more).
        """
        stage, slash, number = name.strip().rpartition("/")
        if not slash or stage not in STAGES or not (number.isascii() and number.isdigit()):
            raise ConfigError(
                f"{name!r} names no dead letter: write STAGE/NUMBER as `presswatch dlq list` shows it, such as indexer/17"
            )
        known: Stage = next(one for one in STAGES if one == stage)
        record = self._log.one(dead_letter_topic(known), 0, int(number))
        if record is None:
            raise ConfigError(
                f"there is no dead letter {name}: never was, or it is older than Kafka keeps it (30 days)"
            )
        letter = read_letter(stage, record.offset, record.key, record.value, record.headers, record.timestamp_ms)
        return self._entry(letter)

    def _entry(self, letter: Letter) -> Entry:
        if self._settled is None:
            self._settled = settlements(self._log)
        return Entry(letter, about(letter), self._settled.get((letter.id, letter.failed)))


def settlements(log: Log) -> dict[tuple[str, int], LetterSettled]:
    """Return the last thing done about each letter, by its id and the time of its failure."""
    found: dict[tuple[str, int], LetterSettled] = {}
    for record in log.read(DEAD_SETTLED):
        told = LetterSettled.decode(record.value)
        found[told.letter, told.failed] = told
    return found


Sender = Callable[[Letter], str]
"""Sends a letter's record where it came from, and says where that is. Raises `BadMessageError` if it cannot."""


@dataclass(slots=True)
class Settler:
    """Notes what is done about letters. `by` is who does it."""

    kafka: KafkaSettings
    publisher: Publisher
    by: str
    clock: Callable[[], int] = now_ms

    def retry(
        self, entries: Iterable[Entry], senders: Mapping[str, Sender], forgotten: Container[str] = ()
    ) -> Iterator[tuple[Letter, str | None]]:
        """Try letters again, and note it; yields each letter with the reason why it could not be sent, or None.

        The record goes to the topic that it came from, key and value as they were. First it is sent and confirmed, then
        noted: who dies in between leaves a letter that is still open, and trying it once more changes nothing.

        Args:
            entries: the letters.
            senders: by stage, for letters that do not come from a topic.
            forgotten: ids of articles that must not be sent again.
        """
        waiting = iter(entries)
        while batch := list(islice(waiting, BATCH)):
            sent: list[tuple[Letter, str]] = []
            failed: list[tuple[Letter, str]] = []
            for entry in batch:
                letter = entry.letter
                if entry.about.article in forgotten:
                    failed.append((letter, "its article is to be forgotten (presswatch forget): drop it"))
                    continue
                try:
                    sent.append((letter, senders.get(letter.stage, self._publish)(letter)))
                except BadMessageError as error:
                    failed.append((letter, error.detail))
            self._note("retried", sent)
            yield from ((letter, None) for letter, _ in sent)
            yield from failed

    def drop(self, entries: Iterable[Entry], because: str) -> Iterator[Letter]:
        """Note that letters are done with, and why; yields each."""
        waiting = iter(entries)
        while batch := [entry.letter for entry in islice(waiting, BATCH)]:
            self._note("dropped", [(letter, because) for letter in batch])
            yield from batch

    def _publish(self, letter: Letter) -> str:
        require_whole(letter)
        if not letter.place.topic.startswith(self.kafka.prefix):
            raise BadMessageError(
                "foreign_topic", f"it came from {letter.place.topic}, which is no topic under {self.kafka.prefix!r}"
            )
        refused = self.publisher.publish([Outgoing(letter.place.topic, letter.key, letter.value, letter.marks())])
        if refused:
            raise refused[0][1]
        return letter.place.topic

    def _note(self, action: Literal["retried", "dropped"], done: Sequence[tuple[Letter, str]]) -> None:
        notes = [
            LetterSettled(
                letter=letter.id, failed=letter.failed, action=action, because=because, by=self.by, at=self.clock()
            )
            for letter, because in done
        ]
        name = topic(self.kafka, DEAD_SETTLED)
        refused = self.publisher.publish(Outgoing(name, note.letter.encode(), note.encode()) for note in notes)
        if refused:
            raise refused[0][1]


def require_whole(letter: Letter) -> None:
    """Make sure that a letter holds all of its record.

    Raises:
        BadMessageError: reason ``truncated``.
    """
    if letter.truncated:
        raise BadMessageError(
            "truncated", "only its beginning was kept, the record was too large; get it from its source"
        )


def operator() -> str:
    """Return who we are, as is noted beside what we do: user@machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
