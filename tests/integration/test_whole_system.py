"""Articles through all services as processes, on real Kafka and Elasticsearch, to Slack's stand-in and back by search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from elasticsearch import Elasticsearch
from tests.integration.slack_fixture import served_workspace
from tests.processes import Sandbox, ServiceProcess, wait_until

from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.core.article import article_id
from presswatch.core.messages import RawArticle
from presswatch.demo import readback
from presswatch.engines import Engines
from presswatch.local import slack as stand_in
from presswatch.runtime import now_ms
from presswatch.topology import RAW, topic

pytestmark = pytest.mark.engine

OWN_ARTICLE = {
    "url": "https://gazette.example/summit-vaccines-seed",
    "source": "Gazette",
    "lang": "en",
    "title": "Prime minister of Tamar flies home from Oland with vaccine and seed pledges",
    "text": (
        "The prime minister of Tamar ended a three-day state visit to Oland on Thursday. In talks with her counterpart she won a "
        "promise of 2 million doses of cholera vaccine, to be delivered by spring. Oland's agriculture minister added seed and "
        "fertiliser for farmers whose maize crop failed. The two countries will reopen their embassies, both foreign "
        "ministries said."
    ),
}
RULE = """
id: all-three
name: All three topics
query: topic:diplomacy AND topic:agriculture AND topic:health AND dos* NEAR/6 vaccin*
notify: [slack:desk]
"""


@dataclass
class Running:
    """The services of one test, and what they left behind."""

    sandbox: Sandbox
    workspace: stand_in.Workspace
    client: Elasticsearch
    services: dict[str, ServiceProcess]

    def ingest(self, *articles: dict[str, Any], arguments: tuple[str, ...] = ()) -> None:
        lines = b"".join(orjson.dumps(article) + b"\n" for article in articles)
        self.sandbox.command("ingest", *arguments, "-", stdin=lines)

    def documents(self) -> list[dict[str, Any]]:
        if not self.client.indices.exists_alias(name=self.sandbox.settings.elasticsearch.prefix + "articles"):
            return []
        return readback.articles(self.client, self.sandbox.settings)

    def settled(self) -> bool:
        progress = readback.Progress(self.sandbox.settings)
        try:
            return all(done == there for done, there in progress.read().values())
        finally:
            progress.close()

    def wait_settled(self) -> None:
        wait_until(self.settled, 60, "every stage has committed all")


@pytest.fixture(scope="module")
def running(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("whole")
    (folder / "rules").mkdir()
    (folder / "rules" / "rule.yaml").write_text(RULE)
    with ExitStack() as stack:
        workspace = stack.enter_context(served_workspace(folder / "slack.jsonl"))
        values: dict[str, dict[str, Any]] = {
            "ingest": {"state": str(folder / "state.sqlite")},
            "slack": {"api_url": f"http://127.0.0.1:{workspace.port}/api", "per_channel_s": 0},
        }
        sandbox = Sandbox(engines, folder, f"whole-{uuid4().hex[:8]}-", values)
        sandbox.environ["PRESSWATCH_SLACK_TOKEN"] = stand_in.TOKEN
        sandbox.command("setup")
        sandbox.command("rules", "apply", str(folder / "rules"))
        services = {name: stack.enter_context(sandbox.service(name)) for name in ("tagger", "indexer", "alerter")}
        for service in services.values():
            service.wait_ready()
        client = stack.enter_context(connect(sandbox.settings.elasticsearch))
        yield Running(sandbox, workspace, client, services)


def check_all_three(running: Running, identity: str, words: dict[str, set[str]]) -> None:
    """The article is in Elasticsearch with all three topics and evidence for each, and in exactly one alert."""

    def found() -> dict[str, Any] | None:
        return next((document for document in running.documents() if document["_id"] == identity), None)

    document = wait_until(found, 60, "the article can be searched")
    assert sorted(document["topic"]) == ["agriculture", "diplomacy", "health"]
    for tag in document["tags"]:
        quotes = set()
        for evidence in tag["evidence"]:
            assert document[evidence["field"]][evidence["start"] : evidence["end"]] == evidence["quote"]
            quotes.add(evidence["quote"].casefold())
        assert any(word in quote for quote in quotes for word in words[tag["topic"]]), (tag["topic"], quotes)

    def alerts() -> list[dict[str, Any]]:
        return [message for message in running.workspace.messages if document["title"][:40] in str(message["blocks"])]

    wait_until(alerts, 60, "the alert arrives")
    running.wait_settled()
    [alert] = alerts()
    shown = str(alert["blocks"])
    assert "dose" in shown
    for tagged in document["topic"]:
        assert tagged in shown


def test_an_article_about_all_three_topics(running: Running) -> None:
    running.ingest(OWN_ARTICLE)
    words = {
        "diplomacy": {"visit", "talks", "embass", "foreign"},
        "agriculture": {"farmer", "crop", "seed", "maize"},
        "health": {"vaccin", "cholera"},
    }
    check_all_three(running, article_id(OWN_ARTICLE["url"]), words)


@pytest.mark.needs("shared")
def test_the_seed_article(running: Running, shared: Path) -> None:
    text = (shared / "seeds" / "000_145efd87eeb6d3d9.txt").read_text(encoding="utf-8")
    title, url = "Maduro is convinced that his visit contributes to development", "https://news.example/seed"
    running.ingest({"url": url, "title": title, "text": text, "lang": "en"})
    words = {"diplomacy": {"bilateral", "talks", "visit"}, "agriculture": {"agricultural"}, "health": {"vaccine"}}
    check_all_three(running, article_id(url), words)


def test_one_article_stays_one_whatever_brings_it(running: Running) -> None:
    """From two sources, by two forms of its address, and after the poll state is gone."""
    first = {
        "url": "https://one.example/story?utm_source=feed",
        "source": "One",
        "title": "Storm over the bay",
        "text": "Roofs were lost.",
        "lang": "en",
    }
    again = {**first, "url": "http://www.one.example/story/", "source": "Two"}
    identity = article_id(first["url"])
    running.ingest(first, again)
    before = wait_until(lambda: next((d for d in running.documents() if d["_id"] == identity), None))
    running.wait_settled()
    state = running.sandbox.settings.ingest.state
    for path in state.parent.glob(state.name + "*"):
        path.unlink()
    running.ingest(first)
    running.wait_settled()
    running.client.indices.refresh(index=running.sandbox.settings.elasticsearch.prefix + "articles")
    [after] = [d for d in running.documents() if "one.example" in (d.get("url") or "")]
    assert after["_id"] == identity
    assert (after["source"], after["seq"], after["first_seen"]) == ("One", before["seq"], before["first_seen"])


def test_one_article_stays_in_its_index_when_the_month_turns(running: Running) -> None:
    text = "The bridge over the Lim is closed for repairs."
    last_month = now_ms() - 32 * 24 * 60 * 60 * 1000
    first = RawArticle(
        id=article_id("https://one.example/bridge"), url="https://one.example/bridge", title="Bridge closed", text=text,
        lang="en", fetched=last_month,
    )  # fmt: skip
    publisher = Publisher(running.sandbox.settings.kafka)
    raw = topic(running.sandbox.settings.kafka, RAW)
    assert not publisher.publish([Outgoing(raw, first.id.encode(), first.encode())])
    publisher.close()
    running.wait_settled()
    running.ingest(
        {"url": "https://one.example/bridge", "title": "Bridge closed until June", "text": text, "lang": "en"}
    )
    running.wait_settled()
    prefix = running.sandbox.settings.elasticsearch.prefix
    running.client.indices.refresh(index=prefix + "articles")
    query = {"term": {"id": first.id}}
    hits = running.client.search(index=prefix + "articles", query=query)["hits"]["hits"]
    month = datetime.fromtimestamp(last_month / 1000, UTC).strftime("%Y.%m")
    assert [(hit["_index"], hit["_source"]["title"]) for hit in hits] == [
        (f"{prefix}articles-{month}", "Bridge closed until June")
    ]


def test_search_answers_in_the_rule_language(running: Running) -> None:
    running.ingest(OWN_ARTICLE)
    identity = article_id(OWN_ARTICLE["url"])
    wait_until(lambda: any(document["_id"] == identity for document in running.documents()))
    found = running.sandbox.command("search", "--json", "dose* NEAR/6 vaccin* AND topic:health AND source:Gazette")
    assert identity in [orjson.loads(line)["id"] for line in found.splitlines()]
    assert running.sandbox.command("search", "--json", 'text:"vaccine seed" AND source:Gazette') == ""


def test_no_secret_and_no_text_of_articles_in_the_logs(running: Running) -> None:
    running.ingest(OWN_ARTICLE)
    running.wait_settled()
    for service in running.services.values():
        text = service.log.read_text()
        assert stand_in.TOKEN not in text
        assert "cholera" not in text
