"""`presswatch forget` on a running system: gone, and still gone after the article came again by every way there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from elasticsearch import ConflictError
from tests.integration.operate.system import System, article
from tests.processes import wait_until

from presswatch.core.article import article_id
from presswatch.core.messages import RawArticle
from presswatch.marks import read_marks
from presswatch.runtime import now_ms
from presswatch.topology import RAW, TAGGED

pytestmark = pytest.mark.engine


def hits(system: System, name: str, word: str) -> int:
    """Return how many documents of an index hold a word, in whatever is kept of them."""
    system.client.indices.refresh(index=system.index(name))
    found = system.client.search(index=system.index(name), query={"match_all": {}}, size=10_000)["hits"]["hits"]
    return sum(word in str(hit["_source"]) for hit in found)


def test_an_article_is_forgotten_everywhere_and_for_good(system: System, tmp_path: Path) -> None:
    word = f"q{uuid4().hex[:10]}"
    told = article(word, f"The wheat of {word} is sown.")
    system.ingest(told, {**told, "text": f"The wheat and rye of {word} are sown, says a correction."})
    kept = article(f"kept{uuid4().hex[:6]}", "The wheat of another place is sown.")
    system.ingest(kept)
    system.wait_settled()
    assert [hits(system, name, word) for name in ("articles", "revisions", "alerts")] == [1, 1, 1]
    identity = article_id(told["url"])
    alerts = len(system.workspace.messages)

    said = system.sandbox.command("forget", told["url"], "--because", "court order")
    assert said == "1 article forgotten: nothing of it is left in Elasticsearch\n"
    assert [hits(system, name, word) for name in ("articles", "revisions", "alerts")] == [0, 0, 0]
    assert hits(system, "alerts", identity) == 1  # that there was an alert is kept
    assert not system.client.exists(index=system.index("article-ids"), id=identity)

    # It comes again: read anew, replayed from Kafka, put on either topic by something else.
    system.ingest(told)
    job = str(tmp_path / "job.json")
    system.sandbox.command("replay", "--since", "1h", "--from", "kafka", "--job", job)
    again = RawArticle(id=identity, title="On it", text=f"The wheat of {word}", lang="en", fetched=now_ms())
    system.put(RAW, again.encode(), identity.encode())
    system.put(TAGGED, b"{", b"x")  # a dead letter between them, so that the topic is known to be read
    system.wait_settled()
    assert [hits(system, name, word) for name in ("articles", "revisions", "alerts")] == [0, 0, 0]
    assert len(system.workspace.messages) == alerts
    assert hits(system, "articles", kept["url"]) == 1

    listed = system.sandbox.command("forget", "--list")
    assert identity in listed
    assert "court order" in listed
    assert word not in listed
    system.sandbox.command("forget", "--undo", told["url"])
    assert identity not in system.sandbox.command("forget", "--list")
    system.ingest(told)
    system.wait_settled()
    assert hits(system, "articles", word) == 1


def test_marks_on_a_forgotten_article_go_as_well(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = tmp_path / "marks.jsonl", tmp_path / "elsewhere.jsonl"
    gone, kept = (article(f"mark{uuid4().hex[:6]}", "Sixty measles patients in two weeks.") for _ in range(2))
    system.ingest(gone, kept)
    system.wait_settled()
    monkeypatch.setitem(system.sandbox.environ, "PRESSWATCH_TAGGER_MARKS", str(here))
    for one, says in ((gone, "+health"), (kept, "+health"), (gone, "-diplomacy")):
        assert "now: by the packs " in system.command("topics", "mark", one["url"], says)
    elsewhere.write_bytes(here.read_bytes())

    said = system.sandbox.command("forget", gone["url"], "--because", "the author asks")
    assert said.splitlines()[0] == f"2 marks on it taken out of {here}"
    assert [mark.url for mark in read_marks(here)] == [kept["url"]]
    monkeypatch.setitem(system.sandbox.environ, "PRESSWATCH_TAGGER_MARKS", str(elsewhere))
    for number in ("2 marks", "0 marks"):
        said = system.sandbox.command("topics", "mark", "--sweep")
        assert said == f"{number} on articles to be forgotten taken out of {elsewhere}\n"
    assert [mark.url for mark in read_marks(elsewhere)] == [kept["url"]]
    assert "give nothing else with it" in system.run("topics", "mark", "--sweep", "--undo").err


@pytest.mark.slow
def test_what_was_on_its_way_when_an_article_was_forgotten_is_erased_a_minute_later(system: System) -> None:
    word = f"q{uuid4().hex[:10]}"
    told = article(word, f"The wheat of {word} is sown.")
    system.ingest(told)
    system.wait_settled()
    identity, where = article_id(told["url"]), system.client_index(told)
    stored = system.client.get(index=where, id=identity)
    system.command("forget", told["url"], "--because", "court order")
    # A request that Elasticsearch was too busy to carry out before: no indexer knows of it any more.
    wait_until(lambda: _arrives_late(system, where, stored.body), 30, "its deletion is no longer known")
    assert hits(system, "articles", word) == 1
    wait_until(lambda: hits(system, "articles", word) == 0, 120, "it is erased again")


def _arrives_late(system: System, where: str, stored: dict[str, Any]) -> bool:
    try:
        system.client.index(
            index=where, id=stored["_id"], document=stored["_source"], version=stored["_version"],
            version_type="external_gte",
        )  # fmt: skip
    except ConflictError:
        return False
    return True


def test_an_alert_that_waits_is_not_sent_when_its_article_is_forgotten(system: System) -> None:
    word = f"q{uuid4().hex[:10]}"
    told = article(word, f"The wheat of {word} is sown.")
    system.services["alerter"].terminate()
    try:
        system.ingest(told)
        wait_until(lambda: "rule wheat matched" in system.run("trace", told["url"]).out, 60, "it is matched")
        system.command("forget", told["url"], "--because", "court order")
    finally:
        system.services["alerter"].start()
    system.wait_settled()
    assert not [one for one in system.workspace.messages if word in str(one)]
    assert hits(system, "alerts", word) == 0


def test_a_dead_letter_of_a_forgotten_article_is_not_tried_again(system: System) -> None:
    told = article(f"dead{uuid4().hex[:6]}", "The rye is sown.")
    identity = article_id(told["url"])
    bad = RawArticle(id=identity, title="On it", text="The rye.", fetched=now_ms()).encode()
    system.put(TAGGED, bad, identity.encode())  # of the wrong schema
    system.wait_settled()
    [letter] = system.lines("dlq", "list", "--article", told["url"])
    system.sandbox.command("forget", told["url"], "--because", "asked by its author")
    done = system.run("dlq", "retry", letter["letter"])
    assert done.code == 1
    assert "is to be forgotten" in done.err
    system.sandbox.command("dlq", "drop", letter["letter"], "--because", "forgotten")
    system.sandbox.command("forget", "--undo", told["url"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "which article"),
        (["https://daily.example/x"], "--because"),
        (["daily/x", "--because", "y"], "neither an address"),
        (["--list", "--undo"], "--list lists all"),
    ],
)
def test_what_is_wrong_is_said(system: System, arguments: list[str], told: str) -> None:
    done = system.run("forget", *arguments)
    assert done.code == 2
    assert told in done.err
