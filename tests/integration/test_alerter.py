"""The alerter process on real Kafka and Elasticsearch, with a stand-in for Slack: each alert once, whatever dies."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests import outages
from tests.examples import FETCHED, match_event, notification
from tests.integration.slack_fixture import served_workspace
from tests.processes import Sandbox, wait_until

from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.core.messages import MatchEvent
from presswatch.demo import readback
from presswatch.engines import Engines
from presswatch.engines.state import ENGINES
from presswatch.local import slack as stand_in
from presswatch.topology import MATCHES, NOTIFICATIONS, topic

pytestmark = pytest.mark.engine


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[stand_in.Workspace]:
    with served_workspace(tmp_path / "slack.jsonl") as workspace:
        yield workspace


@pytest.fixture
def sandbox(engines: Engines, tmp_path: Path, workspace: stand_in.Workspace) -> Sandbox:
    values = {"slack": {"api_url": f"http://127.0.0.1:{workspace.port}/api", "per_channel_s": 0}}
    sandbox = Sandbox(engines, tmp_path, f"alerter-{uuid4().hex[:8]}-", values)
    sandbox.environ["PRESSWATCH_SLACK_TOKEN"] = stand_in.TOKEN
    sandbox.command("setup")
    return sandbox


@pytest.fixture
def publish(sandbox: Sandbox) -> Iterator[Callable[..., None]]:
    publisher = Publisher(sandbox.settings.kafka)

    def send(*values: MatchEvent | bytes, to: str = MATCHES) -> None:
        encoded = [value if isinstance(value, bytes) else value.encode() for value in values]
        refused = publisher.publish(Outgoing(topic(sandbox.settings.kafka, to), b"rule", value) for value in encoded)
        assert not refused

    yield send
    publisher.close()


def events(count: int) -> list[MatchEvent]:
    return [match_event(article=f"{number:032x}", rule_notify=[f"slack:desk-{number % 4}"]) for number in range(count)]


def said(workspace: stand_in.Workspace) -> Counter[str]:
    return Counter(message["metadata"]["event_payload"]["notification"] for message in workspace.messages)


def wait_for_messages(workspace: stand_in.Workspace, count: int) -> None:
    wait_until(lambda: len(workspace.messages) >= count, 240, f"{count} messages")


def settled(sandbox: Sandbox) -> bool:
    """Return whether decide and deliver have committed all that is there."""
    progress = readback.Progress(sandbox.settings)
    try:
        now = progress.read()
    finally:
        progress.close()
    return all(now[stage][0] == now[stage][1] for stage in ("decide", "deliver"))


def test_one_message_an_alert_and_none_for_corrections_and_repeats(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    first = match_event()
    corrected = match_event(article_seq=FETCHED + 1, article_title="Orsal bans all exports", id="other")
    with sandbox.service("alerter") as alerter:
        publish(first, first, corrected, match_event(kind="changed"), match_event(kind="withdrawn"), first)
        alerter.wait_ready()
        wait_until(lambda: settled(sandbox))
        assert len(workspace.messages) == 1
        publish(first, match_event(rule="another-rule", rule_notify=[]))
        wait_until(lambda: len(workspace.messages) == 2)
        wait_until(lambda: settled(sandbox))
        assert alerter.metric('presswatch_notifications_total{kind="slack",outcome="sent"}') == 2
        assert alerter.terminate() == 0
    assert [message["channel_name"] for message in workspace.messages] == ["#grain-desk", "#presswatch"]
    client = connect(sandbox.settings.elasticsearch)
    client.indices.refresh(index=sandbox.settings.elasticsearch.prefix + "alerts")
    entries = readback.ledger(client, sandbox.settings)
    assert {(entry["rule"], entry["state"]) for entry in entries} == {
        ("grain-export-bans", "sent"),
        ("another-rule", "sent"),
    }
    assert stand_in.TOKEN not in alerter.log.read_text()


def test_what_comes_after_its_withdrawal_raises_nothing_and_what_comes_again_neither(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    article = uuid4().hex
    early = match_event(article=article)
    withdrawn = match_event(article=article, kind="withdrawn", article_seq=FETCHED + 2)
    again = match_event(article=article, article_seq=FETCHED + 3, article_title="Orsal bans it after all")
    decided = 'presswatch_alert_decisions_total{decision="suppress",reason="%s"}'
    with sandbox.service("alerter") as alerter:
        publish(withdrawn)
        wait_until(lambda: alerter.metric(decided % "no_longer_matches") == 1)
        wait_until(lambda: settled(sandbox))
        assert alerter.terminate() == 0  # a process that starts anew must know of it too
        alerter.start()
        publish(early)
        wait_until(lambda: alerter.metric(decided % "overtaken") == 1)
        assert not workspace.messages
        publish(again)
        wait_until(lambda: len(workspace.messages) == 1)
        wait_until(lambda: settled(sandbox))
        publish(withdrawn, early, again, withdrawn, early, match_event(article=article, article_origin="replay"))
        wait_until(lambda: settled(sandbox))
    assert ["after all" in str(message["blocks"]) for message in workspace.messages] == [True]


def erased(sandbox: Sandbox, article: str) -> bool:
    client = connect(sandbox.settings.elasticsearch)
    client.indices.refresh(index=sandbox.settings.elasticsearch.prefix + "alerts")
    entries = [entry for entry in readback.ledger(client, sandbox.settings) if entry["article"] == article]
    return bool(entries) and all(not entry["title"] and not entry["receipt"] for entry in entries)


def test_a_forgotten_article_s_waiting_alert_is_not_sent(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    """Forgotten while its alert waits: in Kafka, in the alerter's hands behind a rate limit, and as a match."""
    held, paced, sent, other = (uuid4().hex for _ in range(4))
    publish(notification(match_event(article=held)).encode(), to=NOTIFICATIONS)
    publish(match_event(article=held, rule="another-rule"))
    sandbox.command("forget", held, "--because", "court order")
    outcome = 'presswatch_notifications_total{kind="slack",outcome="forgotten"}'
    with sandbox.service("alerter") as alerter:
        publish(match_event(article=sent))
        wait_until(lambda: len(workspace.messages) == 1)
        assert alerter.metric(outcome) == 1
        decided = 'presswatch_alert_decisions_total{decision="suppress",reason="forgotten"}'
        assert alerter.metric(decided) == 1

        workspace.per_channel_s = 3600.0
        publish(match_event(article=paced))
        wait_until(lambda: workspace.limited)
        # It was claimed, so the ledger quotes it; nothing but the alerter runs here to take that out.
        sandbox.command("forget", paced, sent, "--because", "court order")
        assert erased(sandbox, sent)
        assert erased(sandbox, paced)
        workspace.per_channel_s = 0.0
        publish(match_event(article=other, rule_notify=["slack:other-desk"]))
        wait_until(lambda: len(workspace.messages) == 2)
        alerter.kill()
        alerter.start()
        publish(notification(match_event(article=held)).encode(), to=NOTIFICATIONS)
        wait_until(lambda: alerter.metric(outcome) > 0)
        wait_until(lambda: settled(sandbox))
    client = connect(sandbox.settings.elasticsearch)
    states = {entry["article"]: entry["state"] for entry in readback.ledger(client, sandbox.settings)}
    assert states == {sent: "sent", paced: "failed", other: "sent"}
    assert [message["channel_name"] for message in workspace.messages] == ["#grain-desk", "#other-desk"]


def test_poison_and_unknown_receivers_are_dead_letters_with_the_reason(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    publish(b"no json", match_event(article="b" * 32, rule_notify=["pigeon:x"]), match_event())
    publish(b"{}", to=NOTIFICATIONS)
    with sandbox.service("alerter") as alerter:
        alerter.wait_ready()
        wait_until(lambda: len(workspace.messages) == 1)
        wait_until(lambda: len(readback.dead_letters(sandbox.settings)) == 3)
        wait_until(lambda: settled(sandbox))
    letters = {(letter.stage, letter.reason) for letter in readback.dead_letters(sandbox.settings)}
    assert letters == {("decide", "not_json"), ("deliver", "unknown_receiver"), ("deliver", "wrong_schema")}


def test_rate_limits_are_waited_out(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    workspace.per_channel_s = 1.0
    publish(*[match_event(article=f"{number:032x}") for number in range(4)])
    with sandbox.service("alerter") as alerter:
        wait_until(lambda: len(workspace.messages) == 4)
        wait_until(lambda: settled(sandbox))
        assert alerter.metric('presswatch_slack_requests_total{outcome="rate_limited"}') > 0
    assert workspace.limited > 0
    assert set(said(workspace).values()) == {1}


def kill_in_the_middle(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None], count: int, kills: int
) -> None:
    """Kill the alerter between 10 and 90 % of the messages; each must arrive once all the same."""
    publish(*events(count))
    with sandbox.service("alerter", PRESSWATCH_INSTANCE="alerter") as alerter:
        for kill in range(1, kills + 1):
            reached = count * (10 + 80 * kill // (kills + 1)) // 100
            wait_for_messages(workspace, reached)
            there = len(workspace.messages)
            while len(workspace.messages) == there:  # just after a post, its batch is not committed yet
                time.sleep(0.001)
            alerter.kill()
            assert len(workspace.messages) < count * 0.9
            assert not settled(sandbox), "all was committed: the kill came too late to show anything"
            alerter.start()
        wait_until(lambda: len(workspace.messages) >= count, 240)
        wait_until(lambda: settled(sandbox), 120)
        known = alerter.metric('presswatch_notifications_total{kind="slack",outcome="known"}')
        found = alerter.metric('presswatch_slack_requests_total{outcome="found"}')
    assert set(said(workspace).values()) == {1}
    assert len(said(workspace)) == count
    assert known + found > 0, "nothing was redelivered"


def test_killed_in_the_middle_each_alert_arrives_once(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    kill_in_the_middle(sandbox, workspace, publish, 300, 1)


@pytest.mark.slow
def test_killed_three_times_each_alert_arrives_once(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    kill_in_the_middle(sandbox, workspace, publish, 2000, 3)


def test_a_claim_left_by_a_dead_process_is_looked_into(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    from presswatch.alerter.ledger import Ledger
    from presswatch.alerter.render import render
    from presswatch.runtime import now_ms

    es = sandbox.settings.elasticsearch
    ledger = Ledger(connect(es), es)
    posted, lost = notification(), notification(match_event(article="b" * 32))
    for each in (posted, lost):
        assert ledger.claim(each, "#grain-desk", "a process that died", now_ms() - 60_000) is None
    workspace.post("#grain-desk", render(posted, FETCHED))
    publish(posted.encode(), lost.encode(), to=NOTIFICATIONS)
    with sandbox.service("alerter") as alerter:
        wait_until(lambda: len(workspace.messages) == 2)
        wait_until(lambda: settled(sandbox))
        assert alerter.metric('presswatch_slack_requests_total{outcome="found"}') == 1
    assert said(workspace) == {posted.id: 1, lost.id: 1}


def test_slack_elasticsearch_and_kafka_away_for_a_while(
    engines: Engines, sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    with sandbox.service("alerter", PRESSWATCH_INSTANCE="alerter") as alerter:
        alerter.wait_ready()
        for number, engine in enumerate(ENGINES):
            outages.stop(engines, engine)
            if engine == "elasticsearch":
                publish(*[match_event(article=f"{number:031x}{i}") for i in range(5)])
                wait_until(lambda: not alerter.get("/readyz"), what="not ready while Elasticsearch is away")
            outages.start(engines, engine)
            if engine == "kafka":
                publish(*[match_event(article=f"{number:031x}{i}") for i in range(5)])
            wait_for_messages(workspace, 5 * (number + 1))
        wait_until(lambda: settled(sandbox), 60)
        assert alerter.process.poll() is None
    assert set(said(workspace).values()) == {1}


def test_without_slack_alerts_wait(
    sandbox: Sandbox, workspace: stand_in.Workspace, publish: Callable[..., None]
) -> None:
    token = sandbox.environ.pop("PRESSWATCH_SLACK_TOKEN")
    publish(match_event())
    with sandbox.service("alerter") as alerter:
        wait_until(lambda: "alerts wait in Kafka" in alerter.log.read_text())
        wait_until(lambda: alerter.get("/healthz"))
        assert not alerter.get("/readyz")
        assert alerter.terminate() == 0
    sandbox.environ["PRESSWATCH_SLACK_TOKEN"] = token
    with sandbox.service("alerter"):
        wait_until(lambda: len(workspace.messages) == 1)
