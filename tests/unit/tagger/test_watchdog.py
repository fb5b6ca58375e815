"""When is a consumer taken to hang, and how the process ends then."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from presswatch import metrics
from presswatch.core.errors import FatalError, RetryableError
from presswatch.runtime import EXIT_FATAL, Health
from presswatch.tagger import watchdog
from presswatch.tagger.watchdog import ProgressWatch, Stall, limit_stop


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def stall() -> tuple[Stall, Clock]:
    clock = Clock()
    return Stall(90, clock), clock


def test_nothing_waits_nothing_is_wrong() -> None:
    subject, clock = stall()
    for clock.now in range(0, 1000, 5):
        assert subject.saw({0, 1}, {0: (5, 5), 1: (9, 9)}) is None


def test_waiting_records_without_a_commit_are_a_hang_after_the_limit() -> None:
    subject, clock = stall()
    assert subject.saw({0}, {0: (5, 5)}) is None
    for clock.now in range(0, 90, 5):
        assert subject.saw({0}, {0: (5, 25)}) is None
    clock.now = 95
    assert subject.saw({0}, {0: (5, 30)}) == "25 records wait and none was committed for 90 s although Kafka answers"


def test_each_commit_starts_the_count_anew() -> None:
    subject, clock = stall()
    for number in range(50):
        clock.now = number * 80
        assert subject.saw({0, 1}, {0: (number, 1000), 1: (3, 7)}) is None


def test_the_partitions_of_others_do_not_count() -> None:
    subject, clock = stall()
    for clock.now in range(0, 1000, 5):
        assert subject.saw({0}, {0: (5, 5), 1: (0, 99)}) is None


def test_a_replica_without_partitions_is_fine() -> None:
    subject, clock = stall()
    for clock.now in range(0, 1000, 5):
        assert subject.saw(set(), {0: (5, 50)}) is None


def test_one_that_does_not_join_is_a_hang() -> None:
    subject, clock = stall()
    assert subject.saw(None, {0: (5, 5)}) is None
    clock.now = 91
    assert subject.saw(None, {0: (5, 5)}) == (
        "not in the consumer group for 90 s although Kafka answers; "
        "each replica needs a name of its own (setting instance)"
    )


def test_while_kafka_is_away_nobody_can_commit() -> None:
    subject, clock = stall()
    subject.saw({0}, {0: (5, 25)})
    clock.now = 500
    subject.excuse()
    clock.now = 560
    assert subject.saw({0}, {0: (5, 25)}) is None


class Answers:
    """Stands for `Group`: answers one after the other, and then stays with the last."""

    def __init__(self, *answers: dict[int, tuple[int, int]] | Exception) -> None:
        self.answers = list(answers)
        self.asked = threading.Semaphore(0)

    def waiting(self) -> dict[int, tuple[int, int]]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.asked.release()
        if isinstance(answer, Exception):
            raise answer
        return answer


def watch(monkeypatch: pytest.MonkeyPatch, answers: Answers, health: Health, deaths: list[str]) -> ProgressWatch:
    monkeypatch.setattr(watchdog, "LOOK_EVERY_S", 0.01)
    return ProgressWatch(answers, health, deaths.append)  # type: ignore[arg-type]


def test_readiness_follows_kafka_and_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    health, deaths = Health(("input",)), list[str]()
    answers = Answers(RetryableError("Kafka away"))
    subject = watch(monkeypatch, answers, health, deaths)
    subject.assigned(None)
    assert health.waiting() == {"input": "joining the consumer group"}
    subject.start()
    subject.assigned({0})
    for _ in range(2):
        assert answers.asked.acquire(timeout=5)
    assert health.waiting() == {"input": "Kafka away"}
    answers.answers = [{0: (3, 5), 1: (0, 100)}]
    for _ in range(3):
        assert answers.asked.acquire(timeout=5)
    subject.close()
    assert health.waiting() == {}
    assert metrics.LAG.labels("tagger")._value.get() == 2
    assert deaths == []


def test_a_watch_that_breaks_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths: list[str] = []
    subject = watch(monkeypatch, Answers(FatalError("refused")), Health(("input",)), deaths)
    subject.start()
    subject._thread.join(5)
    assert deaths == ["the watch over the consumer group broke: FatalError('refused')"]


def test_a_stop_that_does_not_end_is_ended() -> None:
    died = threading.Event()
    timer = limit_stop(0.01, lambda _why: died.set())
    assert died.wait(5)
    timer.join(5)


def test_the_process_really_ends_with_the_exit_code_and_the_reason() -> None:
    program = (
        "import threading\n"
        "from presswatch.runtime import configure_logs\n"
        "from presswatch.settings import LogSettings\n"
        "from presswatch.tagger.watchdog import limit_stop\n"
        "configure_logs(LogSettings(format='json'), 'tagger')\n"
        "limit_stop(0.05)\n"
        "threading.Thread(target=threading.Event().wait).start()\n"  # hangs for ever, as faust's threads can
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == EXIT_FATAL
    assert "did not stop within 0.05 s" in ended.stderr
