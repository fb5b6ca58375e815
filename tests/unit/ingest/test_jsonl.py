"""JSON Lines files and streams: each line once, bad ones aside, on from where it was, whatever is done to the file."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.ingest.fakes import FakeKafka, context

from presswatch.core.errors import FatalError
from presswatch.ingest.delivery import StoppedError
from presswatch.ingest.jsonl import BATCH_LINES, Context, FileSource, StreamSource, source
from presswatch.runtime import StopSignal


@pytest.fixture
def kafka() -> FakeKafka:
    return FakeKafka()


@pytest.fixture
def here(tmp_path: Path, kafka: FakeKafka) -> Iterator[Context]:
    with context(tmp_path, kafka) as made:
        yield made


def line(title: str, **more: object) -> bytes:
    return json.dumps({"title": title, "lang": "en", **more}).encode()


def read(path: Path, here: Context, *, again: bool = False) -> None:
    reader = source(str(path), here, follow=False, again=again)
    while reader.step() != "ended":
        pass


def titles(kafka: FakeKafka) -> list[str]:
    return [article.title for article in kafka.articles]


def test_bad_lines_are_put_aside_and_the_others_pass(tmp_path: Path, here: Context, kafka: FakeKafka) -> None:
    path = tmp_path / "a.jsonl"
    bad = {
        "not_json": [b"{broken", b'{"title": NaN}', b'{"title": "half \\ud800"}', b"[" * 100_000],
        "no_object": [b"[1]", b'"text"', b"null"],
        "not_utf8": [b'{"title": "\xff"}'],
        "wrong_type": [b'{"title": 5}'],
        "empty_article": [b"{}"],
        "too_large": [line("x" * 1_000_001)],
        "too_long": [b'{"title": "' + b"x" * 10_000_001],
    }
    lines = [b"\xef\xbb\xbf" + line("first"), b"", b"  \r"]
    lines += [bad_line for group in bad.values() for bad_line in group]
    path.write_bytes(b"\n".join([*lines, line("last")]))

    read(path, here)

    assert titles(kafka) == ["first", "last"]
    assert here.tally.blank == 2
    assert here.tally.dead == len(kafka.dead) == sum(map(len, bad.values()))
    reasons = [headers["presswatch.reason"] for _, headers in kafka.dead]
    assert {reason: reasons.count(reason) for reason in reasons} == {
        reason: len(group) for reason, group in bad.items()
    }
    value, headers = next(item for item in kafka.dead if item[1]["presswatch.reason"] == "not_utf8")
    assert value == b'{"title": "\xff"}'
    number = lines.index(value) + 1
    assert headers["presswatch.topic"] == str(path)
    assert headers["presswatch.offset"] == str(number)
    assert headers["presswatch.detail"].startswith(f"{path}:{number}: the line is not UTF-8")


def test_two_wordings_of_an_article_keep_their_order(tmp_path: Path, here: Context, kafka: FakeKafka) -> None:
    path = tmp_path / "a.jsonl"
    wordings = [line(f"wording {n}", url="https://a.example/1") for n in range(50)]
    path.write_bytes(b"\n".join(wordings))
    read(path, here)
    assert len({article.id for article in kafka.articles}) == 1
    fetched = [article.fetched for article in kafka.articles]
    assert fetched == sorted(set(fetched))


def test_a_second_run_sends_nothing_and_a_longer_file_its_rest(tmp_path: Path, here: Context, kafka: FakeKafka) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line("one") + b"\n" + line("two"))
    read(path, here)
    read(path, here)
    assert titles(kafka) == ["one", "two"]
    path.write_bytes(path.read_bytes() + b"\n" + line("three") + b"\n")
    read(path, here)
    assert titles(kafka) == ["one", "two", "three"]
    read(path, here, again=True)
    assert titles(kafka) == ["one", "two", "three"] * 2


def test_a_last_line_that_has_grown_is_read_again(tmp_path: Path, here: Context, kafka: FakeKafka) -> None:
    path = tmp_path / "a.jsonl"
    whole = line("one") + b"\n" + line("two") + b"\n"
    path.write_bytes(whole[:-3])
    read(path, here)
    assert (titles(kafka), here.tally.dead) == (["one"], 1)
    path.write_bytes(whole)
    read(path, here)
    assert titles(kafka) == ["one", "two"]


@pytest.mark.parametrize("other", [[line("longer than it was before")] * 3, [line("x")]])
def test_another_file_under_the_same_name_is_read_whole(
    tmp_path: Path, here: Context, kafka: FakeKafka, other: list[bytes]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line("one") + b"\n" + line("two") + b"\n")
    read(path, here)
    path.write_bytes(b"\n".join(other))
    read(path, here)
    assert len(titles(kafka)) == 2 + len(other)


def test_only_what_was_confirmed_is_marked(tmp_path: Path, kafka: FakeKafka) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(line(str(n)) + b"\n" for n in range(20_000)))
    stop = StopSignal()
    with context(tmp_path, kafka, stop) as here:
        reader = FileSource(str(path), here, follow=False, again=False)
        assert reader.step() == "moved"
        sent = len(titles(kafka))
        assert BATCH_LINES <= sent < 20_000
        kafka.failures = 1000
        threading.Timer(0.3, stop.set).start()
        with pytest.raises(StoppedError):
            reader.step()
        assert here.state.file(str(path)).line == sent
        reader.close()
    kafka.failures = 0
    with context(tmp_path, kafka) as here:
        read(path, here)
    assert titles(kafka) == [str(n) for n in range(20_000)]


def test_an_attempt_that_failed_is_repeated_with_the_same_messages(
    tmp_path: Path, here: Context, kafka: FakeKafka
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line("one"))
    kafka.failures = 2
    read(path, here)
    assert titles(kafka) == ["one"]


def test_what_kafka_refuses_goes_to_the_dead_letters(tmp_path: Path, here: Context, kafka: FakeKafka) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line("small") + b"\n" + line("x" * 5000))
    kafka.most = 4000
    read(path, here)
    assert titles(kafka) == ["small"]
    assert here.tally.dead == 1


def test_the_breaker_stops_a_file_that_is_none_of_ours(tmp_path: Path, here: Context, kafka: FakeKafka) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;title\n" * 1000)
    with pytest.raises(FatalError, match="dead letters"):
        read(path, here)
    assert len(kafka.dead) < 20
    assert here.state.file(str(path)).position == 0


def test_a_growing_file_is_followed_line_by_line(tmp_path: Path, here: Context, kafka: FakeKafka) -> None:
    path = tmp_path / "a.jsonl"
    reader = FileSource(str(path), here, follow=True, again=False)
    assert reader.step() == "idle"
    path.write_bytes(line("one") + b"\n" + line("two")[:5])
    assert [reader.step(), reader.step()] == ["moved", "idle"]
    assert titles(kafka) == ["one"]
    with path.open("ab") as file:
        file.write(line("two")[5:] + b"\n")
    assert [reader.step(), reader.step()] == ["moved", "idle"]
    assert titles(kafka) == ["one", "two"]
    reader.close()


def test_a_rotated_file_is_read_to_its_end_and_then_the_new_one(
    tmp_path: Path, here: Context, kafka: FakeKafka
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line("one") + b"\n")
    reader = FileSource(str(path), here, follow=True, again=False)
    assert reader.step() == "moved"
    with path.open("ab") as file:
        file.write(line("two"))
    path.rename(tmp_path / "a.jsonl.1")
    path.write_bytes(line("three") + b"\n")
    while reader.step() == "moved":
        pass
    assert titles(kafka) == ["one", "two", "three"]
    path.write_bytes(line("4") + b"\n")  # cut short in place
    while reader.step() == "moved":
        pass
    path.unlink()
    while reader.step() == "moved":
        pass
    assert titles(kafka) == ["one", "two", "three", "4"]
    reader.close()


def test_a_file_that_vanished_is_an_error_unless_it_is_watched(tmp_path: Path, here: Context) -> None:
    with pytest.raises(FileNotFoundError):
        source(str(tmp_path / "none"), here, follow=False, again=False).step()


def test_a_pipe_is_delivered_as_it_comes(tmp_path: Path, here: Context, kafka: FakeKafka) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = source(str(path), here, follow=False, again=False)
    assert isinstance(reader, StreamSource)
    assert reader.step() == "moved"  # nobody writes yet, and nothing hangs
    with path.open("wb", buffering=0) as pipe:
        pipe.write(line("one") + b"\n" + line("two"))
        assert reader.step() == "moved"
        assert titles(kafka) == ["one"]
    while reader.step() != "ended":
        pass
    assert titles(kafka) == ["one", "two"]
    reader.close()
