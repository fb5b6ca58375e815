"""`presswatch replay` on a running system: what is mended, what nobody is told again, and what goes first."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata
from tests.integration.operate.system import System, article
from tests.processes import wait_until

from presswatch.adapters.kafka import Outgoing, Publisher, connection
from presswatch.adapters.kafkalog import Log
from presswatch.core.article import article_id
from presswatch.core.errors import BadMessageError
from presswatch.core.messages import RawArticle
from presswatch.engines import Engines
from presswatch.packfiles import BUILT_IN
from presswatch.provision import provision_kafka
from presswatch.replay.lane import Lane
from presswatch.runtime import StopSignal, now_ms
from presswatch.settings import KafkaSettings
from presswatch.topology import RAW, TAGGED, Stage, group, topic

pytestmark = pytest.mark.engine


def replayed(system: System) -> Counter[str]:
    """Return how often each article was sent again."""
    messages = []
    with Log(system.settings.kafka) as log:
        for record in log.read(RAW):
            with suppress(BadMessageError):  # other tests put such records there
                messages.append(RawArticle.decode(record.value))
    return Counter(message.id for message in messages if message.origin == "replay")


def ingest(system: System, number: int, source: str) -> list[str]:
    """Put in articles about wheat, wait until all is done with them, and return their ids."""
    told = [article(f"{source}-{at}", f"The wheat of place {at} is sown.", source=source) for at in range(number)]
    system.ingest(*told)
    system.wait_settled()
    return [article_id(one["url"]) for one in told]


def test_a_lost_document_comes_back_and_nobody_is_alerted_again(system: System, tmp_path: Path) -> None:
    source = f"S{uuid4().hex[:6]}"
    ids = ingest(system, 3, source)
    posted = len(system.workspace.messages)
    index = system.client.get(index=system.index("article-ids"), id=ids[0])["_source"]["index"]
    before = [system.client.get(index=index, id=one) for one in ids]
    # With its own version: else Elasticsearch refuses for seconds (index.gc_deletes) what is not newer than the deletion.
    version = before[0]["_version"]
    system.client.delete(index=index, id=ids[0], version=version, version_type="external_gte", refresh=True)

    job = tmp_path / "job.json"
    printed = system.sandbox.command("replay", "--since", "1h", "--source", source, "--job", str(job))
    assert printed == "2 articles sent again\n"  # the index no longer knows of the third
    printed = system.sandbox.command(
        "replay", "--since", "1h", "--source", source, "--from", "kafka", "--job", str(job)
    )
    assert printed == "3 articles sent again\n"
    assert not job.exists()
    system.wait_settled()

    after = [system.client.get(index=index, id=one) for one in ids]
    assert [one["_source"]["rule"] for one in after] == [["wheat"]] * 3
    assert [one["_version"] for one in after[1:]] == [one["_version"] for one in before[1:]]
    assert [one["_source"]["origin"] for one in after[1:]] == ["live"] * 2
    assert len(system.workspace.messages) == posted
    again = system.sandbox.command("replay", "--since", "1h", "--source", source, "--from", "kafka", "--job", str(job))
    assert again == "3 articles sent again\n"  # what was sent again is not sent again in its turn


PACK = """
topic: {topic}
threshold: 0.5
patterns:
  en:
    - {{match: "{word}", weight: 1}}
"""


@pytest.mark.slow
def test_history_is_tagged_anew_in_place_and_nobody_is_alerted(system: System, tmp_path: Path) -> None:
    word, topic_ = f"w{uuid4().hex[:8]}", f"t{uuid4().hex[:8]}"
    system.wait_settled()
    since = datetime.fromtimestamp((now_ms() + 1) / 1000, UTC).isoformat()  # what others did before is theirs
    packs = tmp_path / "packs"
    shutil.copytree(BUILT_IN, packs)
    system.sandbox.command("topics", "apply", str(packs))
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "new.yaml").write_text(f"{{id: {topic_}, name: n, query: 'topic:{topic_}', notify: [slack:grain-desk]}}")
    told = article(word, f"{word} and wheat are sown in the plain. {word} is new there.", title=f"{word} is sown")
    system.ingest(told)
    system.wait_settled()
    identity = article_id(told["url"])
    before = system.client.get(index=system.client_index(told), id=identity)
    posted = len(system.workspace.messages)

    (packs / f"{topic_}.yaml").write_text(PACK.format(topic=topic_, word=word))
    system.sandbox.command("topics", "apply", str(packs))
    stage = system.services["tagger"]
    sample = 'presswatch_control_generation{stage="tagger",topic="control.packs"}'
    wait_until(lambda: stage.metric(sample) > before["_source"]["generation"], 30, "the tagger has the new packs")
    in_force = system.services["indexer"].metric("presswatch_rules")
    system.sandbox.command("rules", "apply", str(rules), "--as", topic_)
    wait_until(lambda: system.services["indexer"].metric("presswatch_rules") > in_force, 30, "the rule is in force")
    assert word not in system.command("search", f"topic:{topic_}")
    job = str(tmp_path / "job.json")
    assert "articles sent again" in system.sandbox.command("replay", "--retag", "--job", job)
    system.wait_settled()
    after = system.client.get(index=system.client_index(told), id=identity)
    assert topic_ in after["_source"]["topic"]
    assert topic_ not in before["_source"].get("topic", [])
    assert after["_source"]["generation"] == before["_source"]["generation"] + 1
    assert after["_version"] == before["_version"] + 1
    assert after["_source"]["seq"] == before["_source"]["seq"]
    assert after["_source"]["rule"] == sorted([topic_, "wheat"])
    noted = {"bool": {"filter": [{"term": {"rule": topic_}}, {"term": {"article": identity}}]}}

    def late() -> list[str]:
        system.client.indices.refresh(index=system.index("alerts"))
        hits = system.client.search(index=system.index("alerts"), query=noted)["hits"]["hits"]
        return [hit["_source"]["state"] for hit in hits]

    assert wait_until(late, 60, "what the rule found is noted") == ["recorded"]
    assert len(system.workspace.messages) == posted
    assert not [message for message in system.workspace.messages if topic_ in str(message)]
    system.command("audit", "--since", since)
    assert system.sandbox.command("replay", "--retag", "--job", job) == "no article of that time and choice\n"
    (packs / f"{topic_}.yaml").unlink()
    system.sandbox.command("topics", "apply", str(packs))
    (rules / "new.yaml").unlink()
    system.sandbox.command("rules", "apply", str(rules), "--as", topic_, "--allow-empty")


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_replay_goes_on_where_it_was(system: System, tmp_path: Path, end: signal.Signals) -> None:
    source = f"S{uuid4().hex[:6]}"
    ids = ingest(system, 12, source)
    job = tmp_path / "job.json"
    arguments = ["replay", "--since", "1h", "--source", source, "--rate", "2", "--job", str(job)]
    process = subprocess.Popen(
        [sys.executable, "-m", "presswatch", *arguments], env=system.sandbox._environment({}), stderr=subprocess.PIPE
    )
    wait_until(lambda: len([one for one in replayed(system) if one in ids]) >= 2, 60, "some sent again")
    process.send_signal(end)
    _, told = process.communicate(timeout=20)
    assert process.returncode == (130 if end == signal.SIGINT else -signal.SIGKILL)
    assert (b"go on with: presswatch replay --resume" in told) == (end == signal.SIGINT)
    assert 0 < sum(replayed(system)[one] for one in ids) < 12
    refused = system.run("replay", "--since", "1h", "--job", str(job))
    assert refused.code == 2
    assert "go on with --resume" in refused.err
    said = system.sandbox.command("replay", "--resume", "--job", str(job))
    assert said == "12 articles sent again\n" or end == signal.SIGKILL
    again = [replayed(system)[one] for one in ids]
    # What was sent just before it was killed may be sent twice; nothing is left out.
    assert again == [1] * 12 if end == signal.SIGINT else set(again) <= {1, 2}
    assert min(again) == 1
    posted = len(system.workspace.messages)
    system.wait_settled()
    assert len(system.workspace.messages) == posted


def test_what_cannot_be_done_is_said(system: System, tmp_path: Path) -> None:
    job = str(tmp_path / "job.json")
    for arguments, told in (
        ([], "--since"),
        (["--since", "yesterday"], "is no time"),
        (["--retag", "--from", "kafka", "--job", job], "not with --from kafka"),
        (["--resume", "--job", job], "no replay to go on with"),
        (["--since", "1h", "--source", "nobody", "--job", job], "no article of that time"),
    ):
        done = system.run("replay", *arguments)
        assert told in done.out + done.err
        assert "Traceback" not in done.err


class Stages:
    """Stands for the tagger and the indexer: commits what they have done."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka

    def done(self, stage: Stage, name: str) -> None:
        consumer = KafkaConsumer(**connection(self._kafka), group_id=group(self._kafka, stage))
        partitions = [TopicPartition(topic(self._kafka, name), at) for at in range(self._kafka.partitions)]
        ends = consumer.end_offsets(partitions)
        consumer.commit({at: OffsetAndMetadata(end, "", -1) for at, end in ends.items()})
        consumer.close()


@pytest.fixture
def kafka(engines: Engines) -> KafkaSettings:
    settings = KafkaSettings(bootstrap=engines.bootstrap, prefix=f"lane-{uuid4().hex[:8]}-")
    list(provision_kafka(settings))
    return settings


def test_live_articles_go_first(kafka: KafkaSettings) -> None:
    live = [RawArticle(id=f"live{at}", fetched=now_ms()) for at in range(10)]
    again = [RawArticle(id=f"again{at}", fetched=now_ms(), origin="replay") for at in range(5)]
    publisher, stages, stop = Publisher(kafka), Stages(kafka), StopSignal()
    publisher.publish(Outgoing(topic(kafka, RAW), one.id.encode(), one.encode()) for one in live)
    with Log(kafka) as log, Log(kafka) as onlooker:
        lane = Lane(kafka, log, publisher, stop, max_lag=9)
        sent = threading.Thread(target=lane.send, args=[again])
        sent.start()
        wait_until(lambda: lane.waiting, 20, "the lane has seen that live articles wait")
        assert len(list(onlooker.read(RAW))) == 10
        stages.done("tagger", RAW)
        sent.join(30)
        assert not sent.is_alive()
        assert len(list(onlooker.read(RAW))) == 15
        assert lane.waited_s > 0
        publisher.publish([Outgoing(topic(kafka, TAGGED), b"x", b"x")] * 10)
        stop.set()
        assert not lane.send(again)
        assert lane.lag() == 5 + 10
    publisher.close()
