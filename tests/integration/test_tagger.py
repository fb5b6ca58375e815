"""The tagger on real Kafka: nothing is lost, whatever happens to it, to the records or to the broker."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import outages
from tests.integration.tagger_kit import Bench, Process, raw, until

from presswatch.core.messages import RawArticle
from presswatch.core.topics import Tagger
from presswatch.engines import Engines
from presswatch.packfiles import load_packs
from presswatch.runtime import EXIT_FATAL

pytestmark = pytest.mark.engine


@pytest.fixture
def bench(engines: Engines, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engines.bootstrap, tmp_path)
    bench.provision()
    yield bench
    bench.close()


def articles(count: int) -> list[RawArticle]:
    return [raw(number) for number in range(count)]


def all_tagged(bench: Bench, count: int, seconds: float = 60.0) -> Counter[str]:
    """Wait until each of so many articles is in articles.tagged and return how often each is."""
    wanted = {f"a{number}" for number in range(count)}

    def found() -> Counter[str] | None:
        if bench.sent() < count:
            return None
        seen = Counter(article.id for article in bench.tagged())
        return seen if wanted <= set(seen) else None

    seen: Counter[str] = until(found, f"{count} articles tagged, {bench.sent()} records so far", seconds)
    assert set(seen) == wanted
    return seen


def kill_amid(bench: Bench, process: Process, done: int, low: float, total: int) -> int:
    """Kill a tagger between `low` and 90 % of the work that is left; return how many records were sent by then."""
    until(lambda: bench.sent() >= done + low * (total - done), "some of the work done")
    process.kill()
    sent = bench.sent()
    assert sent < done + 0.9 * (total - done), "killed too late to prove anything"
    return sent


def test_tags_articles_commits_them_and_tells_of_it(bench: Bench) -> None:
    process = bench.start().wait_ready()
    bench.publish(*articles(20), raw(20, lang="xx", text="nothing here"))
    assert set(all_tagged(bench, 21).values()) == {1}
    by_id = {article.id: article for article in bench.tagged()}
    (tag,) = by_id["a3"].tags
    assert (tag.topic, tag.evidence[0].start, tag.evidence[0].quote) == ("agriculture", 5, "wheat")
    assert by_id["a3"].tagged >= by_id["a3"].fetched
    assert by_id["a20"].tags == []
    until(lambda: bench.committed() == bench.delivered(), "all committed")
    assert process.metric('presswatch_records_total{outcome="tagged",stage="tagger"}') == 20
    assert process.metric('presswatch_tags_total{lang="en",topic="agriculture"}') == 20
    assert (by_id["a3"].unsupported, by_id["a20"].unsupported) == ([], ["agriculture"])
    assert process.metric('presswatch_unsupported_language_total{lang="other",topic="agriculture"}') == 1
    assert process.metric('presswatch_latency_seconds_count{stage="tagger"}') == 21
    assert process.get("/healthz")[0] == 200
    assert process.terminate() == 0


def test_the_command_tags_by_the_packs_that_come_with_it(bench: Bench) -> None:
    titles = {
        "en": "Cholera outbreak: health ministry opens vaccination centres as hospitals fill",
        "es": "Brote de cólera: el Ministerio de Salud abre centros de vacunación",
        "fr": "Épidémie de choléra : le ministère de la Santé ouvre des centres de vaccination",
    }
    wanted = [raw(number, title=title, text=title, lang=lang) for number, (lang, title) in enumerate(titles.items())]
    process = bench.start_command([sys.executable, "-m", "presswatch", "tagger"])
    bench.publish(*wanted)
    all_tagged(bench, len(wanted))
    tagger = Tagger(load_packs(None))
    tagged = {article.id: article for article in bench.tagged()}
    for article in wanted:
        found = tagged[article.id].tags
        assert [tag.model_dump() for tag in found] == tagger.tag(article.model_dump())
        (health,) = [tag for tag in found if tag.topic == "health"]
        assert all(getattr(article, one.field)[one.start : one.end] == one.quote for one in health.evidence)
    assert process.terminate() == 0


def test_a_kill_amid_the_work_loses_nothing(bench: Bench) -> None:
    total = 300
    bench.publish(*articles(total))
    first = bench.start(work_ms=5)
    sent = kill_amid(bench, first, 0, 0.2, total)
    committed = sum(bench.committed().values())
    assert committed < sent, "what was sent and not committed must come again"
    bench.start(work_ms=0)
    seen = all_tagged(bench, total)
    assert sum(seen.values()) > total, "records came again"
    until(lambda: bench.committed() == bench.delivered(), "all committed")


def test_sigterm_finishes_and_commits_what_is_in_hand(bench: Bench) -> None:
    total = 600
    bench.publish(*articles(total))
    process = bench.start(work_ms=5)
    until(lambda: bench.sent() >= 100, "some of the work done")
    assert process.terminate() == 0
    sent = bench.sent()
    assert sent < total, "stopped too late to prove anything"
    assert sum(bench.committed().values()) == sent
    bench.start(work_ms=0)
    assert set(all_tagged(bench, total).values()) == {1}


def test_poison_failures_and_too_large_output_are_dead_lettered_as_they_came_and_the_rest_goes_through(
    bench: Bench,
) -> None:
    fail, swell = raw(900, title="fail"), raw(901, title="swell")
    poison: dict[bytes, tuple[bytes | None, str]] = {
        b"p0": (b"\xff\xfe", "not_json"),
        b"p1": (b"{", "not_json"),
        b"p2": (b'{"schema": "match"}', "wrong_schema"),
        b"p3": (b'{"schema": "article.raw", "id": "x"}', "invalid"),
        b"p4": (None, "empty"),
        b"a900": (fail.encode(), "tagging_failed"),
        b"a901": (swell.encode(), "too_large"),
    }
    good = [(article.id.encode(), article.encode()) for article in articles(50)]
    bad = [(key, value) for key, (value, _) in poison.items()]
    bench.publish_bytes(*(record for number, pair in enumerate(good) for record in (pair, *bad[number : number + 1])))
    process = bench.start()
    assert set(all_tagged(bench, 50).values()) == {1}
    until(lambda: len(bench.dead()) == len(poison), "all dead letters")
    for key, value, headers in bench.dead():
        assert key is not None
        wanted, reason = poison[key]
        assert value == wanted
        assert headers["presswatch.reason"] == reason
        assert headers["presswatch.stage"] == "tagger"
        assert headers["presswatch.topic"] == f"{bench.kafka.prefix}articles.raw"
        assert headers["presswatch.sha256"] == hashlib.sha256(wanted or b"").hexdigest()
    assert process.metric('presswatch_dead_letters_total{reason="too_large",stage="tagger"}') == 1
    until(lambda: bench.committed() == bench.delivered(), "all committed")


def test_too_many_dead_letters_stop_the_stage_and_nothing_is_committed(bench: Bench) -> None:
    bench.publish_bytes(*((b"p%d" % number, b"poison") for number in range(60)))
    process = bench.start()
    until(lambda: process.metric('presswatch_breaker_open{stage="tagger"}') == 1, "Prometheus can see that it is open")
    assert process.wait(60) == EXIT_FATAL
    assert "something is wrong with this stage" in process.log
    assert len(bench.dead()) < 20
    assert bench.committed() == {}


def test_waits_for_the_topics_without_being_ready(engines: Engines, tmp_path: Path) -> None:
    bench = Bench(engines.bootstrap, tmp_path)
    try:
        process = bench.start()
        until(lambda: "run `presswatch setup`" in process.get("/readyz")[1], "says what is missing")
        assert process.get("/readyz")[0] == 503
        assert process.get("/healthz")[0] == 200
        bench.provision()
        bench.publish(*articles(5))
        all_tagged(bench, 5)
        process.wait_ready()
    finally:
        bench.close()


def test_waits_for_a_broker_that_is_down_and_stops_while_waiting(tmp_path: Path) -> None:
    bench = Bench("127.0.0.1:1", tmp_path)
    try:
        process = bench.start()
        until(lambda: "cannot be reached" in process.get("/readyz")[1], "says what is missing")
        assert process.terminate() == 0
    finally:
        bench.close()


def test_a_broker_that_goes_and_comes_back_loses_nothing(bench: Bench, engines: Engines) -> None:
    process = bench.start(work_ms=5)
    bench.publish(*articles(300))
    until(lambda: bench.sent() >= 60, "some of the work done")
    outages.kill(engines, "kafka")
    try:
        until(lambda: process.get("/readyz")[0] == 503 or not process.running, "tells that it is not ready")
        assert process.get("/healthz")[0] in (0, 200), "a broker that is away is no reason to restart"
    finally:
        outages.start(engines, "kafka")
    # It recovers by itself, or it ends with an exit code and its supervisor would start it again.
    if not process.running:
        assert process.wait(1) == EXIT_FATAL
        bench.start()
    all_tagged(bench, 300, 120)
    until(lambda: bench.committed() == bench.delivered(), "all committed")
    assert len(process.log.splitlines()) < 200, "the log fills while the broker is away"


@pytest.mark.slow
def test_a_stop_with_the_broker_down_ends_in_time(bench: Bench, engines: Engines) -> None:
    process = bench.start(work_ms=5)
    bench.publish(*articles(300))
    until(lambda: bench.sent() >= 60, "some of the work done")
    outages.kill(engines, "kafka")
    try:
        assert process.terminate(30) in (0, EXIT_FATAL)
    finally:
        outages.start(engines, "kafka")
    bench.start()
    all_tagged(bench, 300, 120)


def test_two_replicas_share_the_partitions_and_survive_the_kill_of_one(bench: Bench) -> None:
    first, second = bench.start("one", 5).wait_ready(), bench.start("two", 5).wait_ready()
    until(lambda: bench.members() == 2, "both in the group")
    bench.publish(*articles(300))

    def dealt(process: Process) -> float:
        return process.metric('presswatch_records_total{outcome="tagged",stage="tagger"}')

    until(lambda: dealt(first) and dealt(second), "both at work")
    first.kill()
    all_tagged(bench, 300)
    until(lambda: bench.committed() == bench.delivered(), "all committed")


@pytest.mark.slow
def test_three_kills_over_two_thousand_articles_lose_nothing(bench: Bench) -> None:
    total = 2000
    bench.publish(*articles(total))
    sent = again = 0
    for _ in range(3):
        before = sent
        process = bench.start(work_ms=2)
        sent = kill_amid(bench, process, before, 0.15, total)
        again = sent - sum(bench.committed().values())
        assert again > 0
    bench.start()
    seen = all_tagged(bench, total, 120)
    assert sum(seen.values()) > total + again - 1
    until(lambda: bench.committed() == bench.delivered(), "all committed")


@pytest.mark.slow
def test_two_replicas_of_one_name_end_with_a_reason_and_lose_nothing(bench: Bench) -> None:
    bench.publish(*articles(2000))
    first = bench.start("one", 20)
    until(bench.sent, "the first at work")
    replicas = [first, bench.start("one", 20)]
    until(lambda: not all(replica.running for replica in replicas), "one of them gives up", 180)
    (ended, *_) = [replica for replica in replicas if not replica.running]
    assert ended.wait(1) == EXIT_FATAL
    assert "each replica" in ended.log
    assert "a name of its own (setting instance)" in ended.log
    wanted = {f"a{number}" for number in range(2000)}

    def done() -> bool:
        if not any(replica.running for replica in replicas):
            replicas.append(bench.start("one"))  # both may have given up; a supervisor would start one again
        return wanted <= {article.id for article in bench.tagged()}

    until(done, "all tagged", 180)
    until(lambda: bench.committed() == bench.delivered(), "all committed")
