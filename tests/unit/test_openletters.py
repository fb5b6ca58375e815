"""Open dead letters are counted as `dlq list` counts them: without settled ones, deleted ones, and those of a topic before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from presswatch.adapters.kafka import Record
from presswatch.adapters.kafkalog import Log, Span
from presswatch.core.deadletters import Place, letter_headers
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import LetterSettled
from presswatch.openletters import OpenLetters
from presswatch.topology import DEAD_SETTLED, dead_letter_topic

HOUR = 60 * 60 * 1000
BEGIN = 1_794_000_000_000
TAGGER = dead_letter_topic("tagger")


class Topics:
    """In place of Kafka: topics of one partition, of which the first records may be deleted. Counts what is read."""

    def __init__(self) -> None:
        self.records: dict[str, list[Record]] = {}
        self.begin: dict[str, int] = {}
        self.reads = 0

    def put(self, name: str, value: bytes, headers: Any = (), at: int = BEGIN) -> None:
        records = self.records.setdefault(name, [])
        records.append(Record(name, 0, len(records), b"key", value, at, headers))

    def fail(self, failed: int, stage: str = "tagger") -> None:
        place = Place("articles.raw", 0, 7, failed)
        about = letter_headers(stage, place, b"bad", BadMessageError("not_json", "bad"), failed)
        self.put(f"{stage}.dead", b"bad", about, failed)

    def settle(self, letter: str, failed: int) -> None:
        told = LetterSettled(letter=letter, failed=failed, action="dropped", because="old", by="me", at=failed + 1)
        self.put(DEAD_SETTLED, told.encode())

    def spans(self, name: str) -> dict[int, Span]:
        return {0: Span(self.begin.get(name, 0), len(self.records.get(name, ())))}

    def read(self, name: str, *, spans: Mapping[int, Span]) -> Iterator[Record]:
        for record in self.records.get(name, ())[spans[0].begin : spans[0].end]:
            self.reads += 1
            yield record

    def one(self, name: str, partition: int, offset: int) -> Record | None:
        self.reads += 1
        return self.records[name][offset]


def opened(topics: Topics) -> OpenLetters:
    return OpenLetters(cast("Log", topics))


def test_letters_are_open_until_they_are_settled_or_kafka_deletes_them() -> None:
    topics = Topics()
    letters = opened(topics)
    assert set(letters.count().values()) == {0}
    for at in range(3):
        topics.fail(BEGIN + at)
    assert letters.count() == {"ingest": 0, "tagger": 3, "indexer": 0, "decide": 0, "deliver": 0}
    topics.settle("tagger/1", BEGIN + 1)
    topics.settle("tagger/1", BEGIN + 1)  # retried once more
    assert letters.count()["tagger"] == 2
    assert opened(topics).count()["tagger"] == 2
    topics.begin[TAGGER] = 2
    assert letters.count()["tagger"] == 1
    topics.settle("tagger/2", BEGIN + 2)
    assert letters.count()["tagger"] == 0
    topics.begin[TAGGER] = 3
    assert letters.count()["tagger"] == 0


def test_letters_of_a_topic_made_anew_are_not_taken_for_those_before() -> None:
    topics = Topics()
    topics.settle("tagger/0", BEGIN - 30 * 24 * HOUR)
    topics.fail(BEGIN)
    assert opened(topics).count()["tagger"] == 1


def test_clocks_of_processes_may_differ() -> None:
    topics = Topics()
    topics.fail(BEGIN)
    topics.fail(BEGIN - 1000)
    topics.settle("tagger/1", BEGIN - 1000)
    assert opened(topics).count()["tagger"] == 1


def test_nothing_is_read_twice() -> None:
    topics = Topics()
    for at in range(50):
        topics.fail(BEGIN + at)
        topics.settle(f"tagger/{at}", BEGIN + at)
    letters = opened(topics)
    letters.count()
    before = topics.reads
    assert before == 51
    assert letters.count()["tagger"] == 0
    assert topics.reads == before
