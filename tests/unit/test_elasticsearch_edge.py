"""What the answers of Elasticsearch mean for us, row by row of the table in docs/decisions/0005."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ConflictError
from tests.fakes.scripted_elastic import Script, item, serve, written

from presswatch.adapters.elasticsearch import Bulk, Write, checked, connect, reach, translated
from presswatch.adapters.elasticsearch.bulk import PATIENCE
from presswatch.adapters.elasticsearch.client import (
    BusyError,
    DiskFullError,
    UnavailableError,
    UnreachableError,
)
from presswatch.core.errors import FatalError
from presswatch.settings import ElasticsearchSettings


@pytest.fixture
def script() -> Iterator[Script]:
    with serve(Script()) as script:
        yield script


class Waits:
    """Notes how long it was to wait, and waits not at all."""

    def __init__(self, *, stopped: bool = False) -> None:
        self.seconds: list[float] = []
        self._stopped = stopped

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return self._stopped


def bulk(script: Script, waits: Waits | None = None, **more: Any) -> Bulk:
    return Bulk(script.client(), "indexer", waits or Waits(), **more)


def writes(number: int, size: int = 10) -> list[Write]:
    return [Write("articles-2026.11-write", str(at), b'"' + b"x" * size + b'"', version=1) for at in range(number)]


def test_outcomes_come_in_the_order_of_the_writes(script: Script) -> None:
    conflict = item(409, "version_conflict_engine_exception")
    refused = item(400, "document_parsing_exception", "failed to parse field [words]")
    gone = item(404, "index_not_found_exception", "no such index")
    script.answers = [(200, {"items": [item(201), conflict, refused, gone, item(200)]})]
    outcomes = bulk(script).write(writes(5))
    assert [outcome.state for outcome in outcomes] == ["written", "superseded", "rejected", "missing", "written"]
    assert outcomes[2].detail == "document_parsing_exception: failed to parse field [words]"
    assert outcomes[0].seen == (1, 1)


def test_a_conflict_of_a_write_on_condition_is_a_conflict(script: Script) -> None:
    script.answers = [(200, {"items": [item(409, "version_conflict_engine_exception")] * 2})]
    conditional = [Write("a", "1", b"{}", create=True), Write("a", "2", b"{}", seen=(3, 1))]
    assert [outcome.state for outcome in bulk(script).write(conditional)] == ["conflict", "conflict"]


def test_busy_items_are_sent_again_in_smaller_requests(script: Script) -> None:
    busy = item(429, "es_rejected_execution_exception", "queue is full")
    waits = Waits()
    script.answers = [lambda number: (200, {"items": [busy if at % 2 else item(201) for at in range(number)]})]
    outcomes = bulk(script, waits).write(writes(8))
    assert [outcome.state for outcome in outcomes] == ["written"] * 8
    assert script.sizes[0] == 8
    assert sum(script.sizes) == 8 + 4
    assert len(waits.seconds) == 1


def test_a_busy_server_halves_the_requests_and_they_grow_again(script: Script) -> None:
    waits = Waits()
    script.answers = [(429, {"error": {"type": "es_rejected_execution_exception", "reason": "full"}})] * 2
    writer = bulk(script, waits, max_items=16)
    assert len(writer.write(writes(40))) == 40
    assert script.sizes[:5] == [16, 8, 4, 5, 6]
    assert waits.seconds[0] < waits.seconds[1]
    writer.write(writes(80))
    script.sizes.clear()
    writer.write(writes(32))
    assert script.sizes == [16, 16]


def test_a_server_that_stays_busy_makes_the_batch_wait(script: Script) -> None:
    waits = Waits()
    script.answers = [(429, {"error": {"type": "circuit_breaking_exception", "reason": "heap"}})] * 20
    with pytest.raises(BusyError, match="heap"):
        bulk(script, waits).write(writes(3))
    assert len(script.sizes) == PATIENCE
    assert len(waits.seconds) == PATIENCE - 1


def test_a_stop_ends_the_patience(script: Script) -> None:
    script.answers = [(429, {"error": {"type": "es_rejected_execution_exception", "reason": "full"}})] * 20
    with pytest.raises(BusyError):
        bulk(script, Waits(stopped=True)).write(writes(3))
    assert len(script.sizes) == 1


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (item(429, "cluster_block_exception", "flood-stage watermark"), DiskFullError, "room on its disk"),
        (item(503, "unavailable_shards_exception", "primary shard is not active"), UnavailableError, "primary shard"),
        (item(500, "engine_failed_exception", "closed"), UnavailableError, "closed"),
        (item(400, "strict_dynamic_mapping_exception", "dynamic introduction of [x]"), FatalError, "presswatch setup"),
        (item(403, "cluster_block_exception", "index write (api)"), FatalError, "write blocks"),
        (item(403, "security_exception", "not authorised"), FatalError, "privileges"),
        (item(404, "document_missing_exception", "x"), FatalError, "presswatch setup"),
    ],
)
def test_items_that_concern_the_whole_batch(script: Script, answer: Any, error: type[Exception], text: str) -> None:
    script.answers = [(200, {"items": [item(201), answer]})]
    with pytest.raises(error, match=text):
        bulk(script).write(writes(2))


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (401, "security_exception", FatalError),
        (403, "security_exception", FatalError),
        (400, "action_request_validation_exception", FatalError),
        (503, "cluster_block_exception", UnavailableError),
        (502, "", UnavailableError),
    ],
)
def test_errors_of_the_whole_request(script: Script, status: int, kind: str, error: type[Exception]) -> None:
    script.answers = [(status, {"error": {"type": kind, "reason": "because"}} if kind else b"<html>bad gateway</html>")]
    with pytest.raises(error):
        bulk(script).write(writes(2))


def test_a_request_that_is_too_large_for_a_proxy_is_divided_and_a_document_dead(script: Script) -> None:
    def proxy(number: int) -> tuple[int, Any]:
        return (413, b"") if number > 2 else written(number)

    script.answers = [proxy] * 20
    outcomes = bulk(script, max_items=8).write(writes(8))
    assert [outcome.state for outcome in outcomes] == ["written"] * 8
    script.answers = [(413, b"")] * 4 + [written] * 3
    outcomes = bulk(script, max_items=8).write(writes(8))
    assert [outcome.state for outcome in outcomes] == ["rejected"] + ["written"] * 7
    assert "413" in outcomes[0].detail


def test_requests_stay_below_their_size_and_a_larger_document_goes_alone(script: Script) -> None:
    sizes = [40, 40, 40, 500, 40]
    documents = [Write("a", str(at), b"x" * size, version=1) for at, size in enumerate(sizes)]
    bulk(script, max_request_bytes=100).write(documents)
    assert script.sizes == [2, 1, 1, 1]


def test_no_answer_and_no_connection_are_waited_out(script: Script) -> None:
    client = connect(ElasticsearchSettings(url="http://127.0.0.1:1"))
    with pytest.raises(UnreachableError, match="cannot be reached"):
        Bulk(client, "indexer", Waits()).write(writes(1))
    with pytest.raises(UnreachableError):
        reach(client)


def test_an_answer_that_lacks_items_is_no_success(script: Script) -> None:
    script.answers = [(200, {"items": [item(201)]})]
    with pytest.raises(UnavailableError, match="1 of 2 items"):
        bulk(script).write(writes(2))


def test_a_search_that_some_shards_did_not_answer_is_no_result() -> None:
    failures = [{"reason": {"type": "no_shard_available", "reason": "red"}}]
    with pytest.raises(UnavailableError, match=r"1 of 3 shards did not answer \(no_shard_available: red\)"):
        checked({"_shards": {"total": 3, "failed": 1, "failures": failures}, "hits": {}})
    with pytest.raises(UnavailableError, match="ran out of time"):
        checked({"_shards": {"total": 3, "failed": 0}, "timed_out": True})
    whole = {"_shards": {"total": 3, "failed": 0}, "timed_out": False, "hits": {"hits": []}}
    assert checked(whole) == whole


def test_a_conflict_of_a_single_request_is_an_answer(script: Script) -> None:
    script.answers = [(409, {"error": {"type": "version_conflict_engine_exception", "reason": "exists"}})]
    with pytest.raises(ConflictError), translated():
        script.client().create(index="a", id="1", document={})
