"""`presswatch audit` on a running system from which somebody deleted documents and records by hand: named, and mended.

Each test audits only what it put in: from its own first moment on.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from kafka import KafkaAdminClient, TopicPartition
from tests.integration.operate.system import System, article
from tests.processes import wait_until

from presswatch.adapters.kafka import connection
from presswatch.adapters.kafkalog import Log
from presswatch.core.article import article_id
from presswatch.runtime import now_ms
from presswatch.topology import MATCHES, NOTIFICATIONS, RAW, TAGGED, topic

pytestmark = pytest.mark.engine


@pytest.fixture
def since(system: System) -> str:
    """Now, when all that was put in before is done with."""
    system.wait_settled()
    begin = now_ms() + 1
    wait_until(lambda: now_ms() > begin, 5, "the next millisecond")
    return datetime.fromtimestamp(begin / 1000, UTC).isoformat()


def audit(system: System, since: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = system.run("audit", "--since", since, "--json", *arguments)
    assert done.code == code, (done.out, done.err)
    books: dict[str, Any] = orjson.loads(done.out)
    return books


def row(books: dict[str, Any], name: str) -> list[int | None]:
    """Return in, out, dead, filtered, waiting, missing of one account."""
    [account] = [account for account in books["accounts"] if account["name"] == name]
    return [account[fate] for fate in ("in", "out", "dead", "filtered", "waiting", "missing")]


def delete_records(system: System, name: str, before: dict[int, int] | None = None) -> None:
    """Delete records of a topic, as retention and kafka-delete-records do: all, or those before some offsets."""
    admin: Any = KafkaAdminClient(**connection(system.settings.kafka))
    with Log(system.settings.kafka) as log:
        ends = before or {at: span.end for at, span in log.spans(name).items()}
    admin.delete_records({TopicPartition(topic(system.settings.kafka, name), at): end for at, end in ends.items()})
    admin.close()


def middles(system: System, name: str, since: str) -> dict[int, int]:
    """Return of each partition the offset in the middle of what came in since then."""
    begin = round(datetime.fromisoformat(since).timestamp() * 1000)
    with Log(system.settings.kafka) as log:
        return {at: (span.begin + span.end + 1) // 2 for at, span in log.spans(name, begin).items()}


def test_the_books_of_a_sound_system_balance(system: System, since: str) -> None:
    told = [article(f"field-{at}", f"Wheat of field {at}.") for at in range(4)]
    system.ingest(*told)
    system.wait_settled()
    first = told[0]
    system.ingest(
        {**first, "text": first["text"] + " It was sown late."}, {**first, "text": "Wheat of"}, b"no json", code=1
    )
    system.ingest(told[1])
    system.wait_settled()
    books = audit(system, since)
    assert books["missing"] == []
    assert row(books, "ingest") == [None, 7, 1, 0, 0, 0]
    assert row(books, "tagger") == [7, 7, 0, 0, 0, 0]
    # An excerpt of what is there makes nothing; the repetition of an article is there.
    assert row(books, "indexer") == [7, 6, 0, 1, 0, 0]
    assert row(books, "matches") == [4, 4, 0, 0, 0, 0]
    into, out, dead, filtered, waiting, missing = row(books, "decide")
    assert (into, out, dead, waiting, missing) == (4 + (filtered or 0), 4, 0, 0, 0)
    assert row(books, "deliver") == [4, 4, 0, 0, 0, 0]
    said = system.command("audit", "--since", since)
    assert "Nothing is missing." in said
    system.command("dlq", "drop", "--stage", "ingest", "--because", "a test")


def test_what_people_and_retention_took_away_is_named_and_comes_back(system: System, since: str) -> None:
    told = [article(f"hand-{at}", f"Of oats, part {at}, and wheat.") for at in range(12)]
    system.ingest(*told)
    system.put(RAW, b'{"schema": "recipe"}', b"k1")
    system.wait_settled()
    system.ingest({**told[0], "text": "Of oats, part 0, and no other grain: a correction of what was said before."})
    system.wait_settled()
    system.command("dlq", "drop", "--stage", "tagger", "--because", "a test")
    assert row(audit(system, since), "tagger") == [14, 13, 1, 0, 0, 0]
    posted = len(system.workspace.messages)
    ids = [article_id(one["url"]) for one in told]
    where = system.client_index(told[0])
    for identity in ids[1:4]:
        system.client.delete(index=where, id=identity)
    system.client.delete(index=system.index("article-ids"), id=ids[3])
    # The beginning of what the tagger and the indexer read is cleaned; nobody cleans what stands there in articles.raw.
    delete_records(system, TAGGED, middles(system, TAGGED, since))
    books = audit(system, since, code=1)
    assert {one["article"] for one in books["missing"]} == set(ids[1:4])
    assert TAGGED in books["gone"]
    for account in books["accounts"]:
        assert account["name"] == "ingest" or account["in"] == sum(
            account[fate] for fate in ("out", "dead", "filtered", "waiting", "missing")
        )
    said = system.run("audit", "--since", since)
    assert "Missing: 3 articles, " in said.out
    assert f"{TAGGED}: Kafka has no longer the beginning of partition" in said.out
    assert all(told[number]["url"] in said.out for number in (1, 2, 3))

    assert audit(system, since, "--repair")["missing"] == []
    assert all(system.client.exists(index=where, id=identity) for identity in ids)
    assert audit(system, since)["missing"] == []
    assert len(system.workspace.messages) == posted
    delete_records(system, RAW, middles(system, RAW, since))
    again = audit(system, since)
    assert (again["missing"], RAW in again["gone"]) == ([], True)


def test_a_reader_whose_beginning_is_cleaned_goes_on_with_what_is_left(system: System, since: str) -> None:
    system.ingest(*(article(f"cleaned-{at}", f"Of rye, part {at}.") for at in range(12)))
    begin = round(datetime.fromisoformat(since).timestamp() * 1000)
    with Log(system.settings.kafka) as log:
        spans = log.spans(RAW, begin)
        left = middles(system, RAW, since)
        delete_records(system, RAW, left)
        read = [(record.partition, record.offset) for record in log.read(RAW, spans=spans)]
        assert sorted(read) == [(at, offset) for at, span in spans.items() for offset in range(left[at], span.end)]
        assert read
        places = [(at, span.end - 1) for at, span in spans.items() if span.begin < span.end]
        assert [(record.partition, record.offset) for record in log.at(RAW, [(0, 0), *places])] == places


@pytest.mark.slow
def test_deleted_documents_are_named_and_come_back(system: System, since: str) -> None:
    told = [article(f"lost-{at}", f"Of oats, part {at}.") for at in range(3)]
    system.ingest(*told)
    system.wait_settled()
    first, second, third = (article_id(one["url"]) for one in told)
    where = system.client_index(told[0])
    before = system.client.get(index=where, id=first)["_source"]
    system.client.delete(index=where, id=first)
    system.client.delete(index=where, id=second)
    system.client.delete(index=system.index("article-ids"), id=second)
    books = audit(system, since, code=1)
    named = {one["article"]: (one["stage"], one["what"]) for one in books["missing"]}
    assert named == {
        first: ("indexer", f"its document is not in {where}"),
        second: ("indexer", "it was never indexed: there is no identity record"),
    }
    assert row(books, "indexer") == [3, 1, 0, 0, 0, 2]
    said = system.run("audit", "--since", since)
    assert said.code == 1
    assert "On lost-0" in said.out
    assert told[0]["url"] in said.out

    mended = audit(system, since, "--repair")
    assert mended["missing"] == []
    after = system.client.get(index=where, id=first)["_source"]
    assert {**after, "indexed": 0} == {**before, "indexed": 0}
    assert system.client.exists(index=where, id=second)
    assert system.client.exists(index=where, id=third)


def test_a_forgotten_article_is_not_missing(system: System, since: str) -> None:
    told = article("private", "Of wheat, and of somebody who wants to be forgotten.")
    system.ingest(told)
    system.wait_settled()
    system.command("forget", told["url"], "--because", "asked for")
    assert not system.client.exists(index=system.index("article-ids"), id=article_id(told["url"]))
    books = audit(system, since)
    assert row(books, "indexer") == [1, 0, 0, 1, 0, 0]
    assert books["missing"] == []


@pytest.mark.slow
def test_an_earlier_wording_that_was_deleted_comes_back(system: System, since: str) -> None:
    told = article("bridge", "The bridge is closed.")
    system.ingest(told)
    system.wait_settled()
    system.ingest({**told, "text": "The bridge is open again since noon, for cars only."})
    system.wait_settled()
    identity = article_id(told["url"])
    system.client.indices.refresh(index=system.index("revisions"))
    [hit] = system.client.search(index=system.index("revisions"), query={"term": {"article": identity}})["hits"]["hits"]
    system.client.delete(index=hit["_index"], id=hit["_id"], refresh=True)
    books = audit(system, since, code=1)
    assert [(one["article"], one["what"]) for one in books["missing"]] == [
        (identity, "an earlier wording of it is not kept")
    ]
    assert audit(system, since, "--repair")["missing"] == []
    assert system.client.exists(index=hit["_index"], id=hit["_id"])


@pytest.mark.slow
def test_records_deleted_before_the_indexer_read_them(system: System, since: str) -> None:
    system.services["indexer"].terminate()
    told = article("sunk", "Barley at sea.")
    system.ingest(told)
    identity = article_id(told["url"])
    wait_until(lambda: "waits for indexer" in system.run("trace", told["url"]).out, 60, "it is tagged")
    delete_records(system, TAGGED)
    system.services["indexer"].start()
    system.services["indexer"].wait_ready()
    books = audit(system, since, code=1)
    [missing] = books["missing"]
    assert (missing["stage"], missing["article"]) == ("tagger", identity)
    assert missing["what"].startswith(f"it is not in {TAGGED}")
    assert missing["record"].startswith(f"{RAW} ")
    assert audit(system, since, "--repair")["missing"] == []
    assert system.client.exists(index=system.client_index(told), id=identity)
    sent = [one for one in system.workspace.messages if "On sunk" in str(one["blocks"])]
    assert len(sent) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "stage"), [(MATCHES, "matches"), (NOTIFICATIONS, "decide")])
def test_an_alert_lost_on_its_way_is_named_and_goes_out_once(system: System, since: str, name: str, stage: str) -> None:
    system.services["alerter"].terminate()
    told = article(f"cut-{stage}", "Wheat again.")
    if name == NOTIFICATIONS:
        # Decided, and the decision gone before anybody delivered it.
        with system.sandbox.service("alerter", "--only", "decide") as decide:
            system.ingest(told)
            wait_until(lambda: "alert of rule wheat" in system.run("trace", told["url"]).out, 60, "it is decided")
            delete_records(system, name)
            assert decide.terminate() == 0
    else:
        system.ingest(told)
        wait_until(lambda: "rule wheat matched" in system.run("trace", told["url"]).out, 60, "it is matched")
        delete_records(system, name)
    system.services["alerter"].start()
    system.services["alerter"].wait_ready()
    books = audit(system, since, code=1)
    [missing] = books["missing"]
    assert (missing["stage"], missing["article"]) == (stage, article_id(told["url"]))
    assert audit(system, since, "--repair")["missing"] == []
    sent = [one for one in system.workspace.messages if f"On cut-{stage}" in str(one["blocks"])]
    assert len(sent) == 1


@pytest.mark.slow
def test_what_waits_is_not_missing(system: System, since: str) -> None:
    system.services["indexer"].terminate()
    told = article("queue", "A queue.")
    system.ingest(told)
    wait_until(lambda: "waits for indexer" in system.run("trace", told["url"]).out, 60, "it is tagged")
    books = audit(system, since)
    assert row(books, "indexer") == [1, 0, 0, 0, 1, 0]
    system.services["indexer"].start()
    system.wait_settled()
    assert row(audit(system, since), "indexer") == [1, 1, 0, 0, 0, 0]


def test_times_that_are_none(system: System) -> None:
    assert system.run("audit", "--since", "soon").code == 2
    assert system.run("audit", "--since", "1h", "--until", "2h").code == 2
