"""How many dead letters are open, by stage: what `presswatch dlq list` would show, counted without reading the letters.

A letter is open until a record on `dead.settled` says what was done about it (docs/decisions/0012). Letters may have
megabytes, so they are counted by their offsets: their topics have one partition, and no record in between is ever removed.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from presswatch import metrics
from presswatch.adapters.kafkalog import Log, Span
from presswatch.core.deadletters import read_letter
from presswatch.core.errors import PresswatchError
from presswatch.core.messages import LetterSettled
from presswatch.runtime import StopSignal
from presswatch.settings import KafkaSettings
from presswatch.topology import DEAD_SETTLED, STAGES, Stage, dead_letter_topic

log = structlog.get_logger(__name__)

LOOK_S = 15.0
AWAY_S = 30.0

SKEW_MS = 60 * 60 * 1000
"""Processes of one stage may differ in their clocks by so much: letters then fail a little out of the order of their offsets."""


@dataclass(frozen=True, slots=True)
class _First:
    """The oldest letter of a topic: its offset, and when it failed (milliseconds since 1970)."""

    offset: int
    failed: int


class OpenLetters:
    """Counts open letters, again and again; reads each settlement once."""

    def __init__(self, kafka_log: Log) -> None:
        self._log = kafka_log
        self._settled: dict[str, dict[int, int]] = {stage: {} for stage in STAGES}
        self._read = 0
        self._first: dict[Stage, _First] = {}

    def count(self) -> dict[Stage, int]:
        """Return the number of open letters of each stage.

        Raises:
            RetryableError, FatalError, ConfigError: as `Log`.
        """
        spans = {stage: self._log.spans(dead_letter_topic(stage)).get(0, Span(0, 0)) for stage in STAGES}
        self._read_settlements()
        return {stage: self._open(stage, span) for stage, span in spans.items()}

    def _read_settlements(self) -> None:
        span = self._log.spans(DEAD_SETTLED).get(0, Span(0, 0))
        if span.end < self._read:  # the topic was made anew
            self._read = 0
        for record in self._log.read(DEAD_SETTLED, spans={0: Span(max(span.begin, self._read), span.end)}):
            told = LetterSettled.decode(record.value)
            stage, _, offset = told.letter.rpartition("/")
            self._settled[stage][int(offset)] = told.failed
        self._read = span.end

    def _open(self, stage: Stage, span: Span) -> int:
        if span.begin == span.end:
            return 0
        first = self._first.get(stage)
        if first is None or first.offset != span.begin:
            record = self._log.one(dead_letter_topic(stage), 0, span.begin)
            if record is None:  # Kafka deleted it just now: its successor is looked at next time
                return 0
            letter = read_letter(stage, record.offset, record.key, record.value, record.headers, record.timestamp_ms)
            first = self._first[stage] = _First(span.begin, letter.failed)
        # A settlement older than the oldest letter is of a topic that was there before, and had the same offsets.
        settled = sum(
            span.begin <= offset < span.end and failed >= first.failed - SKEW_MS
            for offset, failed in self._settled[stage].items()
        )
        return span.end - span.begin - settled


def watch(kafka: KafkaSettings, stop: StopSignal) -> None:
    """Keep `presswatch_dead_letters_open` up to date until a stop is asked for. It has no value while Kafka is away."""
    while not stop.is_set():
        try:
            with Log(kafka) as kafka_log:
                letters = OpenLetters(kafka_log)
                while True:
                    for stage, number in letters.count().items():
                        metrics.DEAD_LETTERS_OPEN.labels(stage).set(number)
                    if stop.wait(LOOK_S):
                        return
        except PresswatchError as error:
            # Alerts go out nonetheless; that Kafka is away the stages say.
            log.warning("open dead letters cannot be counted", why=str(error))
            for stage in STAGES:
                metrics.DEAD_LETTERS_OPEN.labels(stage).set(float("nan"))
            stop.wait(AWAY_S)
