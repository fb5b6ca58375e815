"""Ingest on a real Kafka: confirmed before it is marked, so that nothing is lost, whatever dies and whenever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, TopicPartition
from tests import outages
from tests.integration.feed_server import FeedServer, Reply, feed_server, rss
from tests.processes import Sandbox, ServiceProcess, wait_until

from presswatch.adapters.kafka import connection
from presswatch.core.article import article_id
from presswatch.core.messages import RawArticle
from presswatch.engines import Engines
from presswatch.ingest.state import State
from presswatch.provision import provision_kafka
from presswatch.topology import RAW, dead_letter_topic, topic

pytestmark = pytest.mark.engine

PUBLISHED = 'presswatch_records_total{outcome="published",stage="ingest"}'


@pytest.fixture
def sandbox(engines: Engines, tmp_path: Path) -> Sandbox:
    ingest = {"state": str(tmp_path / "state.sqlite"), "allow_private": True, "interval_s": 1, "timeout_s": 5}
    sandbox = Sandbox(engines, tmp_path, f"ingest-{uuid4().hex[:8]}-", {"ingest": ingest, "canary": {"interval_s": 0}})
    list(provision_kafka(sandbox.settings.kafka))
    return sandbox


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


def records(sandbox: Sandbox, name: str) -> list[Any]:
    """Read all that a topic holds now."""
    full = topic(sandbox.settings.kafka, name)
    consumer = KafkaConsumer(**connection(sandbox.settings.kafka), enable_auto_commit=False)
    try:
        partitions = [TopicPartition(full, number) for number in consumer.partitions_for_topic(full)]
        ends = consumer.end_offsets(partitions)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        found: list[Any] = []

        def all_read() -> bool:
            found.extend(item for part in consumer.poll(timeout_ms=200).values() for item in part)
            return all(consumer.position(partition) >= ends[partition] for partition in partitions)

        wait_until(all_read, 60, f"{full} read to its end")
        return found
    finally:
        consumer.close(autocommit=False)


def articles(sandbox: Sandbox) -> list[RawArticle]:
    found = records(sandbox, RAW)
    decoded = [RawArticle.decode(record.value) for record in found]
    assert [record.key.decode() for record in found] == [article.id for article in decoded]
    return sorted(decoded, key=lambda article: article.fetched)


def titles(sandbox: Sandbox) -> Counter[str]:
    return Counter(article.title for article in articles(sandbox))


def write_lines(path: Path, numbers: range) -> None:
    """Append articles, about 1 kB each."""
    text = "Wheat and barley. " * 50
    with path.open("a", encoding="utf-8") as file:
        for number in numbers:
            line = {"url": f"https://a.example/{number}", "title": str(number), "text": text, "lang": "en"}
            file.write(json.dumps(line) + "\n")


def marked_lines(sandbox: Sandbox, path: Path) -> int:
    with State(sandbox.settings.ingest.state) as state:
        return state.file(str(path)).line


def ids(numbers: range) -> set[str]:
    return {article_id(f"https://a.example/{number}") for number in numbers}


def test_files_once_with_a_summary_and_an_exit_code(sandbox: Sandbox, tmp_path: Path) -> None:
    good = tmp_path / "good.jsonl"
    write_lines(good, range(3))
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(b'{"title": "four"}\n\n{broken\n{"title": "five", "url": "https://a.example/5"}')
    feed = tmp_path / "feed.xml"
    feed.write_bytes(rss("six", "seven"))

    assert sandbox.command("ingest", str(good)).startswith("3 published, 0 dead-lettered in")
    assert sandbox.command("ingest", str(bad), code=1).startswith("2 published, 1 dead-lettered, 1 blank in")
    assert sandbox.command("ingest", str(feed)).startswith("2 published")
    assert sandbox.command("ingest", str(good), str(bad), str(feed)).startswith("0 published, 0 dead-lettered in")
    assert sandbox.command("ingest", "--backfill", "-", stdin=b'{"title": "eight"}').startswith("1 published")

    found = articles(sandbox)
    assert Counter(article.title for article in found) == Counter(
        ["0", "1", "2", "four", "five", "six", "seven", "eight"]
    )
    assert {article.title for article in found if article.origin == "backfill"} == {"eight"}
    (letter,) = records(sandbox, dead_letter_topic("ingest"))
    headers = {name: value.decode() for name, value in letter.headers}
    assert letter.value == b"{broken"
    assert (headers["presswatch.reason"], headers["presswatch.topic"], headers["presswatch.offset"]) == (
        "not_json",
        str(bad),
        "3",
    )
    assert f"{bad}:3: the line is not JSON" in headers["presswatch.detail"]

    assert sandbox.command("ingest", "--again", str(good)).startswith("3 published")
    assert {article.id for article in articles(sandbox)} == {article.id for article in found}
    assert len(articles(sandbox)) == len(found) + 3


def test_mistakes_of_the_user_end_it_before_anything_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    good = tmp_path / "good.jsonl"
    write_lines(good, range(3))
    sandbox.command("ingest", str(good), str(tmp_path / "none.jsonl"), code=2)
    sandbox.command("ingest", str(tmp_path), code=2)
    assert records(sandbox, RAW) == []


def test_a_file_that_is_none_of_ours_is_stopped_by_the_breaker(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("id;title\n" * 500)
    sandbox.command("ingest", str(path), code=70)
    assert len(records(sandbox, dead_letter_topic("ingest"))) < 20
    assert marked_lines(sandbox, path) == 0
    sandbox.command("ingest", "--no-breaker", str(path), code=1)
    assert marked_lines(sandbox, path) == 500


@pytest.mark.slow
def test_a_kill_in_the_middle_of_a_file_loses_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    total = 15_000
    path = tmp_path / "large.jsonl"
    write_lines(path, range(total))
    with sandbox.service("ingest", "--watch", str(path)) as ingest:
        for share in (0.1, 0.4):
            wait_until(lambda share=share: marked_lines(sandbox, path) > total * share)  # type: ignore[misc]
            ingest.kill()
            marked = marked_lines(sandbox, path)
            assert marked < total * 0.9
            there = articles(sandbox)
            assert {article.title for article in there} >= {str(number) for number in range(marked)}
            ingest.start()
        wait_until(lambda: marked_lines(sandbox, path) == total)
        assert ingest.terminate() == 0
    found = articles(sandbox)
    assert {article.id for article in found} == ids(range(total))
    assert len(found) < total * 1.2


@pytest.mark.slow
def test_a_stop_finishes_what_is_in_hand_and_a_restart_goes_on_from_there(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "growing.jsonl"
    write_lines(path, range(10_000))
    with sandbox.service("ingest", "--watch", str(path)) as ingest:
        wait_until(lambda: marked_lines(sandbox, path) > 1000)
        assert ingest.terminate() == 0
        marked = marked_lines(sandbox, path)
        assert marked < 10_000
        assert len(records(sandbox, RAW)) == marked
        ingest.start()
        wait_until(lambda: marked_lines(sandbox, path) == 10_000)
        write_lines(path, range(10_000, 10_010))
        wait_until(lambda: marked_lines(sandbox, path) == 10_010)
        assert ingest.terminate() == 0
    found = articles(sandbox)
    assert len(found) == 10_010
    assert {article.id for article in found} == ids(range(10_010))


def test_a_run_that_is_stopped_says_so_and_a_stream_is_delivered_as_it_comes(sandbox: Sandbox) -> None:
    with sandbox.service("ingest") as service:  # for its environment; ingest itself is started with a pipe below
        service.kill()
        process = subprocess.Popen(
            [*service._command, "-"], env=service._environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    assert process.stdin is not None
    try:
        for number in range(2):
            process.stdin.write(json.dumps({"title": str(number)}).encode() + b"\n")
            process.stdin.flush()
            wait_until(lambda number=number: titles(sandbox)[str(number)] == 1)  # type: ignore[misc]
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 1
    assert b"2 published" in output
    assert b"stopped before the end" in output


def test_two_wordings_of_one_article_arrive_in_their_order(sandbox: Sandbox) -> None:
    lines = [json.dumps({"url": "https://a.example/1", "title": f"wording {n}"}) for n in range(200)]
    sandbox.command("ingest", "-", stdin="\n".join(lines).encode())
    found = records(sandbox, RAW)
    decoded = [RawArticle.decode(record.value) for record in found]
    assert len({record.partition for record in found}) == 1
    assert [article.title for article in decoded] == [f"wording {n}" for n in range(200)]
    assert len({article.fetched for article in decoded}) == 200


def polled(server: FeedServer, path: str, more: int) -> Callable[[], bool]:
    """Return a condition: so many more polls than now."""
    wanted = len(server.statuses(path)) + more
    return lambda: len(server.statuses(path)) >= wanted


def test_a_feed_is_polled_and_only_what_is_new_is_sent(sandbox: Sandbox, server: FeedServer) -> None:
    server.replies["/rss"] = Reply(rss("one", "two"), etag=True)
    with sandbox.service("ingest", "--watch", server.url("/rss")) as ingest:
        wait_until(lambda: ingest.metric(PUBLISHED) == 2)
        wait_until(polled(server, "/rss", 2))
        assert server.statuses("/rss")[:3] == [200, 304, 304]
        server.replies["/rss"] = Reply(rss("one", "two, corrected", "three"), etag=True)
        wait_until(lambda: ingest.metric(PUBLISHED) == 4)
        wait_until(polled(server, "/rss", 1))
        assert ingest.metric('presswatch_feed_polls_total{outcome="changed"}') == 2
        assert ingest.terminate() == 0
        ingest.start()
        wait_until(polled(server, "/rss", 2))
        assert server.statuses("/rss")[-1] == 304
        ingest.kill()
        assert titles(sandbox) == Counter(["one", "two", "two, corrected", "three"])

        for file in sandbox.folder.glob("state.sqlite*"):
            file.unlink()
        ingest.start()
        wait_until(lambda: ingest.metric(PUBLISHED) == 3)
    found = articles(sandbox)
    assert {article.id for article in found} == ids(range(3))
    assert all((article.source, article.lang) == ("Desk", "en") for article in found)


def test_a_feed_killed_before_it_was_marked_is_sent_again(sandbox: Sandbox, server: FeedServer) -> None:
    server.replies["/rss"] = Reply(rss(*map(str, range(3000))), etag=True)
    with sandbox.service("ingest", "--watch", server.url("/rss")) as ingest:
        wait_until(lambda: server.asked)
        ingest.kill()
        with State(sandbox.settings.ingest.state) as state:
            assert state.feed(server.url("/rss")).etag is None
        ingest.start()
        wait_until(lambda: ingest.metric(PUBLISHED) == 3000)
    assert {article.id for article in articles(sandbox)} == ids(range(3000))


def test_a_server_that_is_down_is_tried_again_until_it_is_back(sandbox: Sandbox, server: FeedServer) -> None:
    server.replies["/later"] = Reply(b"sorry", 503)
    server.replies["/page"] = Reply(b"<html>not here</html>")
    server.replies["/good"] = Reply(rss("good"))
    failing = "presswatch_feeds_failing"
    with sandbox.service("ingest", "--watch", *map(server.url, ("/later", "/page", "/good"))) as ingest:
        wait_until(lambda: ingest.metric(PUBLISHED) == 1)
        wait_until(lambda: len(server.statuses("/later")) >= 2)
        wait_until(lambda: ingest.metric(failing) == 2)
        assert ingest.metric('presswatch_feed_polls_total{outcome="http_5xx"}') >= 1
        assert ingest.metric('presswatch_feed_polls_total{outcome="not_a_feed"}') >= 1
        assert ingest.get("/readyz"), "a feed that fails is no reason to take ingest for broken"
        server.replies["/later"] = Reply(rss("late one", "late two"))
        wait_until(lambda: ingest.metric(PUBLISHED) == 3)
        wait_until(lambda: ingest.metric(failing) == 1)
        log = [json.loads(line) for line in ingest.log.read_text().splitlines()]
    failures = [line for line in log if line["event"] == "feed failed" and line["feed"].endswith("/later")]
    assert failures[0]["detail"].startswith("HTTP 503")
    assert failures[0]["next_try_s"] >= 1
    assert titles(sandbox)["late two"] == 1


def test_feeds_given_once(sandbox: Sandbox, server: FeedServer) -> None:
    server.replies["/good"] = Reply(rss("good"), etag=True)
    output = sandbox.command("ingest", server.url("/good"), server.url("/none?token=secret"), code=1)
    failed, summary = output.splitlines()
    assert failed == f"failed: {server.url('/none?...')}: HTTP 404 Not Found"
    assert summary.startswith("1 published, 0 dead-lettered, 1 failed in")
    assert sandbox.command("ingest", server.url("/good")).startswith("0 published")
    assert server.statuses("/good") == [200, 304]


def test_without_kafka_nothing_is_marked(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_lines(path, range(5))
    sandbox.environ["PRESSWATCH_KAFKA_BOOTSTRAP"] = "127.0.0.1:9"
    sandbox.command("ingest", "--patience", "1", str(path), code=1)
    assert marked_lines(sandbox, path) == 0
    del sandbox.environ["PRESSWATCH_KAFKA_BOOTSTRAP"]
    assert sandbox.command("ingest", str(path)).startswith("5 published")


def ready(ingest: ServiceProcess) -> bool:
    return bool(ingest.get("/readyz"))


def test_kafka_dies_in_the_middle_and_comes_back(
    sandbox: Sandbox, engines: Engines, server: FeedServer, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    write_lines(path, range(100))
    server.replies["/rss"] = Reply(rss("one"), etag=True)
    with sandbox.service("ingest", "--watch", str(path), server.url("/rss")) as ingest:
        wait_until(lambda: marked_lines(sandbox, path) == 100)
        wait_until(lambda: ingest.metric(PUBLISHED) == 101)
        outages.kill(engines, "kafka")
        try:
            write_lines(path, range(100, 200))
            server.replies["/rss"] = Reply(rss("one", "two"), etag=True)
            wait_until(lambda: not ready(ingest), 90)
            assert ingest.get("/healthz"), "it waits; it does not hang"
            assert marked_lines(sandbox, path) == 100
        finally:
            outages.start(engines, "kafka")
        wait_until(lambda: marked_lines(sandbox, path) == 200, 90)
        wait_until(lambda: ingest.metric(PUBLISHED) == 202, 90)
        wait_until(lambda: ready(ingest))
        assert ingest.terminate() == 0
    assert {article.id for article in articles(sandbox)} == ids(range(200))
    assert {"one", "two"} <= set(titles(sandbox))


def test_as_a_service_without_feeds_it_stays_and_says_so(sandbox: Sandbox) -> None:
    with sandbox.service("ingest") as ingest:
        ingest.wait_ready()
        assert ingest.get("/healthz")
        assert ingest.terminate() == 0
        assert "no feeds in the setting ingest.feeds" in ingest.log.read_text()


def test_feeds_of_the_settings_are_polled(sandbox: Sandbox, server: FeedServer, tmp_path: Path) -> None:
    server.replies["/rss?token=secret"] = Reply(rss("by address"))
    later = tmp_path / "later.xml"
    sandbox.environ["PRESSWATCH_INGEST_FEEDS"] = json.dumps([server.url("/rss?token=secret"), str(later)])
    with sandbox.service("ingest") as ingest:
        wait_until(lambda: ingest.metric(PUBLISHED) == 1)
        later.write_bytes(rss("zero", "from a file"))
        wait_until(lambda: titles(sandbox)["from a file"] == 1)
        os.kill(ingest.process.pid, signal.SIGINT)
        assert ingest.process.wait(30) == 0
        assert "secret" not in ingest.log.read_text()
