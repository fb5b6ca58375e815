"""`presswatch dlq` on a running system: listed, shown, tried again through the same code, dropped with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tests.integration.operate.system import System, article
from tests.processes import wait_until

from presswatch.adapters.kafkalog import Log
from presswatch.core.article import article_id
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import RawArticle
from presswatch.openletters import OpenLetters
from presswatch.topology import RAW, STAGES, TAGGED

pytestmark = pytest.mark.engine


def letters(system: System, *arguments: str) -> list[dict[str, Any]]:
    return system.lines("dlq", "list", *arguments)


def test_a_line_that_was_bad_is_tried_again_and_counts_its_attempts(system: System) -> None:
    system.command("dlq", "drop", "--stage", "ingest", "--because", "left by other tests")
    system.ingest(b'{"title": "half a li', code=1)
    [letter] = letters(system, "--stage", "ingest")
    assert (letter["reason"], letter["attempt"], letter["source"]) == ("not_json", 1, "standard input")
    assert "standard input:1" in letter["detail"]
    said = system.command("dlq", "retry", letter["letter"])
    assert said == "1 dead letter sent again (ingest not_json 1)\n"
    [again] = letters(system, "--stage", "ingest")
    assert again["letter"] != letter["letter"]
    assert (again["attempt"], again["first_failed"]) == (2, letter["failed"])
    assert [one["reason"] for one in again["history"]] == ["not_json", "not_json"]
    assert again["detail"] == letter["detail"]
    everything = letters(system, "--stage", "ingest", "--all")
    assert [one["state"] for one in everything][-2:] == ["retried", "open"]
    system.command("dlq", "drop", again["letter"], "--because", "a broken export of ours")
    assert letters(system, "--stage", "ingest") == []
    shown = system.command("dlq", "show", again["letter"])
    assert "because: a broken export of ours" in shown
    assert "attempt 2" in shown
    assert '{"title": "half a li' in shown


def test_an_article_too_large_passes_when_the_limit_is_raised(system: System) -> None:
    big = article("big", "Of sorghum and millet. " * 60, published="2026-11-20T08:00:00Z")
    system.sandbox.environ["PRESSWATCH_INGEST_MAX_ARTICLE_BYTES"] = "1000"
    system.ingest(big, code=1)
    del system.sandbox.environ["PRESSWATCH_INGEST_MAX_ARTICLE_BYTES"]
    [letter] = letters(system, "--article", big["url"])
    assert letter["reason"] == "too_large"
    system.command("dlq", "retry", "--reason", "too_large", "--source", "Daily")
    system.wait_settled()
    system.client.indices.refresh(index=system.index("articles"))
    found = system.client.get(index=system.client_index(big), id=article_id(big["url"]))["_source"]
    # It was fetched when it was read, not when it was tried again.
    assert abs(found["fetched"] - _ms(letter["from"]["timestamp"])) == 0
    assert letters(system, "--article", big["url"]) == []


def test_an_alert_whose_channel_is_gone_is_sent_once_it_is_back(system: System) -> None:
    system.workspace.closed.add("#barley-desk")
    told = article("malt", "The barley harvest is late.")
    system.ingest(told)
    system.wait_settled()
    [letter] = letters(system, "--rule", "barley")
    assert (letter["stage"], letter["rule"], letter["title"]) == ("deliver", "barley", "On malt")
    assert letter["article"] == article_id(told["url"])
    system.command("dlq", "retry", "--rule", "barley")
    system.wait_settled()
    [again] = letters(system, "--rule", "barley")
    assert again["attempt"] == 2
    assert system.services["alerter"].metric('presswatch_dead_letters_retried_total{stage="deliver"}') == 1
    system.workspace.closed.clear()
    system.command("dlq", "retry", again["letter"])
    system.wait_settled()
    assert letters(system, "--rule", "barley") == []
    sent = [one for one in system.workspace.messages if "On malt" in str(one["blocks"])]
    assert len(sent) == 1


@pytest.fixture
def two_bad_records(system: System) -> Iterator[None]:
    """One that the tagger and one that the indexer cannot read."""
    system.put(RAW, b'{"schema": "recipe"}', b"k1")
    early = RawArticle(id="a-early", title="T", source="Clockless", fetched=5).encode()
    system.put(RAW, early, b"a-early")
    system.wait_settled()
    yield
    system.command("dlq", "drop", "--since", "1h", "--because", "the test is over")


@pytest.mark.usefixtures("two_bad_records")
def test_a_second_failure_in_the_stream_has_a_history(system: System) -> None:
    """Also through faust, and without opening a breaker, however many are tried again."""
    [by_tagger] = letters(system, "--stage", "tagger")
    [by_indexer] = letters(system, "--source", "Clockless")
    assert (by_tagger["reason"], by_indexer["reason"]) == ("wrong_schema", "invalid")
    assert by_indexer["from"]["topic"].endswith(TAGGED)
    for _ in range(2):
        system.command("dlq", "retry", "--since", "1h")
        system.wait_settled()
    [by_tagger] = letters(system, "--stage", "tagger")
    [by_indexer] = letters(system, "--source", "Clockless")
    assert (by_tagger["attempt"], by_indexer["attempt"]) == (3, 3)
    raw = system.command("dlq", "show", "--raw", by_tagger["letter"])
    assert raw == '{"schema": "recipe"}'


def test_what_is_typed_wrongly(system: System) -> None:
    for arguments, told in {
        ("retry",): "which letters?",
        ("drop", "--because", "x"): "which letters?",
        ("drop", "indexer/1", "--because", " "): "say why",
        ("show", "indexer"): "such as indexer/17",
        ("show", "indexer/999999"): "there is no dead letter indexer/999999",
        ("show", "editor/1"): "such as indexer/17",
        ("retry", "indexer/1", "--stage", "indexer"): "not both",
        ("list", "--since", "yesterday"): "is no time",
    }.items():
        done = system.run("dlq", *arguments)
        assert done.code == 2, arguments
        assert told in done.err, arguments
    assert system.run("dlq", "list", "--stage", "editor").code == 2
    assert system.run("dlq", "drop", "indexer/1").code == 2


def test_what_was_settled_is_not_settled_again_unasked(system: System) -> None:
    system.ingest(b"[]", code=1)
    [letter] = letters(system, "--stage", "ingest")
    system.command("dlq", "drop", letter["letter"], "--because", "no article")
    done = system.run("dlq", "retry", letter["letter"])
    assert done.code == 2
    assert "was dropped by" in done.err
    system.command("dlq", "retry", "--again", letter["letter"])
    [again] = letters(system, "--stage", "ingest")
    assert again["attempt"] == 2
    assert "no open dead letters" not in system.command("dlq", "list", "--stage", "ingest")
    system.command("dlq", "drop", "--stage", "ingest", "--because", "no article")
    assert "no open dead letters" in system.run("dlq", "list", "--stage", "ingest").err


def test_a_truncated_letter_is_not_sent_as_if_it_were_whole() -> None:
    from presswatch.core.deadletters import TRUNCATED, Place, letter_headers, read_letter
    from presswatch.deadletters import require_whole

    headers = letter_headers("indexer", Place("articles.tagged", 0, 1, 2), b"x", BadMessageError("too_large", "y"), 3)
    letter = read_letter("indexer", 0, None, b"x", (*headers, (TRUNCATED, b"99")), 3)
    with pytest.raises(BadMessageError, match="only its beginning was kept"):
        require_whole(letter)


def _ms(iso: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(iso).timestamp() * 1000)


def test_json_lines_are_json(system: System) -> None:
    for line in system.command("dlq", "list", "--all", "--json").splitlines():
        assert orjson.loads(line)["letter"]


def test_the_gauge_of_open_letters_is_what_the_list_shows(system: System) -> None:
    alerter, sample = system.services["alerter"], 'presswatch_dead_letters_open{stage="tagger"}'
    system.command("dlq", "drop", "--stage", "tagger", "--because", "left by other tests")
    wait_until(lambda: f"{sample} 0.0" in alerter.get("/metrics"), 60, "none of the tagger")
    system.put(RAW, b"garbage")
    system.put(RAW, b"{}")
    system.wait_settled()
    system.command("dlq", "retry", "--reason", "not_json")
    system.wait_settled()
    wait_until(lambda: alerter.metric(sample) == 2, 60, "one of its own, and one that failed again")
    with Log(system.settings.kafka) as log:
        open_letters = OpenLetters(log)
        for _ in range(2):
            shown = [one["letter"].partition("/")[0] for one in letters(system)]
            assert open_letters.count() == {stage: shown.count(stage) for stage in STAGES}
            system.command("dlq", "drop", "--stage", "tagger", "--because", "a test")
