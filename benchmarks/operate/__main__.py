"""CPU time, peak memory and time of `presswatch audit` and `trace` on invented records: python -m benchmarks.operate [RECORDS]

Puts so many articles (200,000) into the topics and indices as the stages would have left them, with a match, a
notification and an alert for each twentieth, deletes ten documents by hand, and runs the commands on it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from benchmarks.report import keep, table
from presswatch import engines as local
from presswatch.adapters.elasticsearch import connect, ensure_monthly_index
from presswatch.adapters.kafka import Outgoing, Publisher, connection
from presswatch.alerter.ledger import entry_document
from presswatch.core.changes import Change
from presswatch.core.effects import alert_id, document_version, notification_id
from presswatch.core.intake import Known, Wording
from presswatch.core.messages import Notification, RawArticle, RuleRef, TaggedArticle
from presswatch.core.rules.document import Document
from presswatch.engines import PortWish
from presswatch.engines.progress import Display
from presswatch.indexer.documents import article_document, content_of, match_event
from presswatch.indexer.store import Identity
from presswatch.matching import document
from presswatch.provision import provision_elasticsearch, provision_kafka
from presswatch.runtime import now_ms
from presswatch.settings import Settings, load
from presswatch.topology import (
    ALERTS,
    ARTICLE_IDS,
    ARTICLES,
    MATCHES,
    NOTIFICATIONS,
    RAW,
    SOURCES,
    TAGGED,
    group,
    index,
    month_index,
    topic,
    write_alias,
)  # fmt: skip

BATCH = 1000
DELETED = 10
MATCHING = 20
RULE = RuleRef(id="wheat", version="0123456789ab", name="Wheat", severity="high", notify=["slack:grain-desk"])
SENTENCE = "Report {0} from the mills of Orsal tells of wheat, of the price of bread and of rain that came late."


def articles(number: int, begin: int) -> Iterator[TaggedArticle]:
    """Yield articles of some 2,000 characters, fetched a millisecond apart."""
    for at in range(number):
        text = " ".join(SENTENCE.format(f"{at}-{line}") for line in range(20))
        yield TaggedArticle(
            id=f"{at:032x}", title=f"Mill {at}", text=text, url=f"https://daily.example/{at}", source="Daily", lang="en",
            fetched=begin + at, tagged=begin + at + 20, generation=1,
        )  # fmt: skip


class Filler:
    """Leaves what the stages leave of an article."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._publisher = Publisher(settings.kafka)
        self._client = connect(settings.elasticsearch)

    def fill(self, some: list[TaggedArticle]) -> None:
        es, kafka, now = self._settings.elasticsearch, self._settings.kafka, now_ms()
        records: list[Outgoing] = []
        lines: list[Any] = []
        read: Document | None = None
        for number, article in enumerate(some):
            key = article.id.encode()
            raw = RawArticle(**article.model_dump(include=set(RawArticle.model_fields) - {"schema_name"}))
            records.append(Outgoing(topic(kafka, RAW), key, raw.encode()))
            records.append(Outgoing(topic(kafka, TAGGED), key, article.encode()))
            content, wording = content_of(article), Wording(article.title, article.text)
            read = read or document(content)
            known = Known(article.fetched, article.fetched, 1, wording.hash)
            where = month_index(es, ARTICLES, article.fetched)
            matched = number % MATCHING == 0
            rules = {RULE.id: RULE.version} if matched else {}
            identity = Identity(article.fetched, where, known, rules=rules)
            lines += [{"index": {"_index": index(es, ARTICLE_IDS), "_id": article.id}}, identity.encode()]
            stored = article_document(article.id, content, known, article.fetched, read, (), now)
            del stored["tok"]  # a third of Elasticsearch's work, and no command reads it
            stored |= {"rule": list(rules), "rules": [{"id": RULE.id, "version": RULE.version}] if matched else []}
            version = {"version": document_version(known.seq, 1), "version_type": "external_gte"}
            lines += [{"index": {"_index": where, "_id": article.id, **version}}, orjson.dumps(stored)]
            if matched:
                change = Change("matched", RULE.id, RULE.version)
                event = match_event(change, RULE, None, article, content, known, where, now)
                alert = alert_id(RULE.id, article.id)
                told = Notification(
                    id=notification_id(alert, "slack:grain-desk"), alert=alert, receiver="slack:grain-desk", decided=now,
                    match=event,
                )  # fmt: skip
                records.append(Outgoing(topic(kafka, MATCHES), b"wheat", event.encode()))
                records.append(Outgoing(topic(kafka, NOTIFICATIONS), b"slack:grain-desk", told.encode()))
                entry = entry_document(told, "C1", "sent", "bench", now)
                alerts = month_index(es, ALERTS, article.fetched)
                lines += [{"index": {"_index": alerts, "_id": told.id}}, orjson.dumps(entry)]
        assert not self._publisher.publish(records)
        answer = self._client.options(request_timeout=120).bulk(operations=lines)
        assert not answer["errors"], next(item for item in answer["items"] if next(iter(item.values()))["status"] > 299)

    def close(self) -> None:
        self._publisher.close()
        self._client.close()


def committed(settings: Settings) -> None:
    """Let every stage have dealt with all."""
    for stage, source in SOURCES.items():
        consumer = KafkaConsumer(**connection(settings.kafka), group_id=group(settings.kafka, stage))
        partitions = [TopicPartition(topic(settings.kafka, source), at) for at in range(settings.kafka.partitions)]
        ends = consumer.end_offsets(partitions)
        consumer.commit({at: OffsetAndMetadata(end, "", -1) for at, end in ends.items()})
        consumer.close()


def measured(rows: list[dict[str, Any]], title: str, arguments: list[str], config: Path) -> str:
    """Run a command; note what it took, and return what it said."""
    environ = {**os.environ, "PRESSWATCH_CONFIG": str(config)}
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "presswatch", *arguments], env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    said = process.stdout.read().decode()
    _, _, used = os.wait4(process.pid, 0)
    took = time.monotonic() - begun
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss // 1024
    rows.append({"command": title, "cpu": round(cpu, 1), "memory": memory, "took": round(took, 1)})
    print(rows[-1], flush=True)
    return said


def batches(items: Iterable[TaggedArticle]) -> Iterator[list[TaggedArticle]]:
    """Yield articles by the thousand."""
    waiting = iter(items)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def main() -> None:
    """Fill, measure, and clear away."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    name = f"bench-operate-{os.getpid()}"
    with Display() as display:
        engines = local.start(name, wish=PortWish(free=True), temporary=True, display=display)
    try:
        _measure(number, engines.bootstrap, engines.url)
    finally:
        local.stop(name, delete_data=True)


def _measure(number: int, bootstrap: str, url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "presswatch.yaml"
        config.write_bytes(orjson.dumps({"kafka": {"bootstrap": bootstrap}, "elasticsearch": {"url": url}}))
        settings = load(config).settings
        begin = now_ms() - number
        with connect(settings.elasticsearch) as client:
            list(provision_kafka(settings.kafka))
            list(provision_elasticsearch(client, settings.elasticsearch, begin))
            for name in (ARTICLES, ALERTS):
                ensure_monthly_index(client, month_index(settings.elasticsearch, name, begin))
            off, on = {"refresh_interval": "-1"}, {"refresh_interval": "1s"}
            client.indices.put_settings(index=index(settings.elasticsearch, ARTICLES), settings=off)
            filler = Filler(settings)
            for batch in batches(articles(number, begin)):
                filler.fill(batch)
            filler.close()
            client.indices.put_settings(index=index(settings.elasticsearch, ARTICLES), settings=on)
            committed(settings)
            for at in range(DELETED):
                where = write_alias(month_index(settings.elasticsearch, ARTICLES, begin))
                client.delete(index=where, id=f"{at * (number // DELETED):032x}", refresh=True)
        rows: list[dict[str, Any]] = []
        said = measured(rows, "audit --since 24h", ["audit", "--since", "24h"], config)
        assert f"Missing: {DELETED} articles" in said, said
        for what, at in (("in the middle", number // 2), ("deleted by hand", 0)):
            said = measured(rows, f"trace, an article {what}", ["trace", f"{at:032x}"], config)
            assert f"Mill {at}" in said, said
        said = measured(rows, "trace --since 24h", ["trace", "--since", "24h", f"{number // 2:032x}"], config)
        assert f"Mill {number // 2}" in said, said
        measured(rows, "trace of an article that nobody knows", ["trace", "x" * 32], config)
    columns = {"command": "command", "cpu": "CPU s", "memory": "peak MB", "took": "took s"}
    told = (
        f"{number:,} articles of 2 kB in each of articles.raw, articles.tagged and Elasticsearch, {number // MATCHING:,} "
        f"alerts, {DELETED} documents deleted by hand, {settings.kafka.partitions} partitions, CPU of the command alone. "
        "`python -m benchmarks.operate`"
    )
    keep("operate", rows, f"## Audit and trace\n\n{told}\n\n{table(rows, columns)}")


if __name__ == "__main__":
    main()
