"""The pages of docs/operations followed on a system that is broken in their way: what they tell to look at is there, and what they tell to do mends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest
from tests import outages
from tests.integration.operate.system import System, article, prepared
from tests.processes import ServiceProcess, wait_until

from presswatch.engines import EngineName, Engines
from presswatch.runtime import EXIT_FATAL

pytestmark = [pytest.mark.engine, pytest.mark.slow]

PAGES = Path(__file__).resolve().parents[3] / "docs" / "operations"


@pytest.fixture(scope="module")
def system(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of this module's own, to be broken."""
    with ExitStack() as stack:
        system = stack.enter_context(prepared(engines, tmp_path_factory.mktemp("runbooks"), "runbooks"))
        system.command("rules", "apply", str(system.sandbox.folder / "rules"))
        for name in ("tagger", "indexer", "alerter"):
            system.services[name] = stack.enter_context(system.sandbox.service(name))
        for service in system.services.values():
            service.wait_ready()
        yield system


def page(name: str) -> str:
    return (PAGES / f"Presswatch{name}.md").read_text()


def samples(service: ServiceProcess, name: str) -> dict[str, float]:
    """Return the values of a metric by its labels, as /metrics prints them."""
    lines = [line for line in service.get("/metrics").splitlines() if line.startswith(name + "{")]
    return {line.rpartition(" ")[0].removeprefix(name): float(line.rpartition(" ")[2]) for line in lines}


def waits(service: ServiceProcess) -> dict[str, str]:
    told: dict[str, str] = orjson.loads(service.waiting() or '{"waiting": {}}')["waiting"]
    return told


def goes_on(service: ServiceProcess) -> None:
    """Wait until a service is ready by itself; start it where it ended and a supervisor would."""
    wait_until(lambda: service.process.poll() is not None or service.get("/readyz"), 120, "it goes on by itself")
    if service.process.poll() is not None:
        service.start()
        service.wait_ready()


def sound(system: System, since: str) -> None:
    """What the pages end with: nothing is missing, nothing waits as a dead letter."""
    system.wait_settled()
    assert "Nothing is missing." in system.command("audit", "--since", since)
    assert system.lines("dlq", "list") == []


@pytest.mark.parametrize(("engine", "stage"), [("elasticsearch", "indexer"), ("kafka", "tagger")])
def test_an_engine_is_away(system: System, engines: Engines, engine: EngineName, stage: str) -> None:
    """NotReady and Retrying."""
    service = system.services[stage]
    outages.kill(engines, engine)  # one that was stopped in order is no longer expected by the doctor
    try:
        if engine == "elasticsearch":
            system.ingest(article("away-1", "Wheat while Elasticsearch is away."))
        told = wait_until(lambda: waits(service), 90, f"{stage} says what it waits for")
        assert engine in " ".join(told.values()).lower(), told
        ready = samples(service, "presswatch_ready")
        assert 0 in ready.values()
        assert f"{engine.capitalize()}" in system.run("doctor").out
        if engine == "elasticsearch":
            retries = " ".join(samples(service, "presswatch_retries_total"))
            reasons = set(re.findall(r'reason="(\w+)"', retries))
            assert reasons
            assert all(f"`{reason}`" in page("Retrying") for reason in reasons), reasons
            assert "waiting to try again" in service.log.read_text()
    finally:
        outages.start(engines, engine)
    for each in system.services.values():
        goes_on(each)
    system.ingest(article(f"after-{engine}", "Wheat after it came back."))
    sound(system, "1h")
    assert f"On after-{engine}" in str(system.workspace.messages)


def test_a_breaker_opens(system: System) -> None:
    """BreakerOpen, for records that are really bad."""
    indexer = system.services["indexer"]
    for number in range(30):
        system.put("articles.tagged", b"spoiled %d" % number, b"%d" % number)
    wait_until(lambda: indexer.metric('presswatch_breaker_open{stage="indexer"}') == 1, 60, "it can be seen")
    assert indexer.process.wait(60) == EXIT_FATAL
    assert "something is wrong with this stage, not with the records" in indexer.log.read_text()
    choice = ("--stage", "indexer", "--since", "1h")
    listed = system.lines("dlq", "list", *choice)
    assert {one["reason"] for one in listed} == {"not_json"}
    assert len(listed) < 20
    told = article("behind", "Wheat behind the spoiled ones.")
    system.ingest(told)

    with system.sandbox.service("indexer", "--no-breaker") as beside:
        beside.wait_ready()
        wait_until(lambda: "On behind" in str(system.workspace.messages), 60, "it has gone past them")
        system.wait_settled()
        assert beside.terminate() == 0
    indexer.start()
    indexer.wait_ready()
    assert len(system.lines("dlq", "list", *choice)) >= 30
    system.command("dlq", "drop", *choice, "--because", "nothing to be saved")
    sound(system, "1h")


def test_the_rules_are_refused(system: System) -> None:
    """RulesRefused, with a manifest that nobody can read."""
    indexer = system.services["indexer"]
    system.put("control.rules", b"spoiled", b"manifest")
    told = wait_until(lambda: waits(indexer), 30, "/readyz tells of it")
    assert "manifest" in " ".join(told.values())
    assert 1 in samples(indexer, "presswatch_control_broken").values()
    assert '"event":"set refused"' in indexer.log.read_text()
    assert "the manifest cannot be read" in str(system.run("rules", "list"))
    folder = str(system.sandbox.folder / "rules")
    assert "--repair" in system.run("rules", "apply", folder).err
    system.command("rules", "apply", folder, "--repair")
    wait_until(lambda: not waits(indexer), 30, "it is ready again")
    assert 1 not in samples(indexer, "presswatch_control_broken").values()
    system.command("rules", "list")


def test_slack_answers_with_errors(system: System) -> None:
    """SlackFails: what waited goes out, once."""
    alerter = system.services["alerter"]
    system.workspace.broken = True
    system.ingest(article("unheard", "Wheat that nobody hears of."))
    unknown = 'presswatch_slack_requests_total{outcome="unknown"}'
    wait_until(lambda: alerter.metric(unknown) > 0, 60, "it is counted")
    assert "`unknown`" in page("SlackFails")
    system.workspace.broken = False
    sound(system, "1h")
    assert len([one for one in system.workspace.messages if "On unheard" in str(one["blocks"])]) == 1
