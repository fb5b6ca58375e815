"""A real Prometheus scrapes the running system; alerts of ours come through a real Alertmanager to whom they are for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.integration.operate.alerting import alerting
from tests.integration.operate.system import System, article
from tests.processes import wait_until

from presswatch.topology import RAW

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.needs("prometheus")]


def targets(system: System, *more: str) -> dict[str, str]:
    return {name: f"127.0.0.1:{getattr(system.settings.http, name)}" for name in (*system.services, *more)}


def test_an_alert_of_ours_reaches_the_receiver(system: System, tmp_path: Path) -> None:
    with alerting(targets(system), tmp_path) as watched:
        watched.prometheus.wait_scraping(len(system.services))
        # Again and again: that is what the one at the other end counts on.
        wait_until(lambda: len(watched.came("dead-mans-switch", "PresswatchWatchdog")) >= 3, 60, "the watchdog")
        system.ingest(article("watched", "Wheat is watched."))
        system.put(RAW, b"")  # a reason that no other test has

        def told() -> list[dict[str, Any]]:
            return [
                one for one in watched.came("tickets", "PresswatchDeadLetters") if one["labels"]["reason"] == "empty"
            ]

        [alert, *_] = wait_until(told, 90, "the alert on dead letters")
        assert alert["labels"] == {
            "alertname": "PresswatchDeadLetters", "stage": "tagger", "reason": "empty", "severity": "ticket",
        }  # fmt: skip
        assert alert["annotations"]["runbook"] == "docs/operations/PresswatchDeadLetters.md"
        assert {"PresswatchWatchdog", "PresswatchDeadLetters"} <= watched.active()
        wait_until(lambda: watched.prometheus.query("presswatch:lag_records:sum"), 60, "a recorded rule has a value")
        wait_until(
            lambda: watched.prometheus.query('presswatch_dead_letters_open{stage="tagger"} > 0'),
            60,
            "it is seen to wait",
        )
        assert not watched.prometheus.query('ALERTS{alertname="PresswatchProcessDown"}')
        assert {one["labels"]["alertname"] for one in watched.got["dead-mans-switch"]} == {"PresswatchWatchdog"}
        assert not watched.came("on-call", "PresswatchDeadLetters")
    system.command("dlq", "drop", "--stage", "tagger", "--because", "a test")


def test_a_stage_that_stops_pages_by_the_canary_that_stays_away(system: System, tmp_path: Path) -> None:
    tagger, name = system.services["tagger"], "PresswatchCanaryMissing"
    with (
        alerting(targets(system, "ingest"), tmp_path) as watched,
        system.sandbox.service("ingest", "--watch") as ingest,
    ):
        ingest.wait_ready()
        fresh = "time() - max(presswatch_canary_arrived_timestamp_seconds) < 10"
        wait_until(
            lambda: watched.prometheus.query(fresh) and not watched.prometheus.query(f'ALERTS{{alertname="{name}"}}'),
            60,
            "all is well",
        )
        assert tagger.terminate() == 0
        try:
            [alert, *_] = wait_until(lambda: watched.came("on-call", name), 300, "somebody is woken")
            assert alert["labels"] == {"alertname": name, "severity": "page"}
            assert "waits for tagger" in system.command("trace", "@canary")
        finally:
            tagger.start()
        wait_until(lambda: watched.came("on-call", name, "resolved"), 120, "it is over")
        assert not watched.came("tickets", name)
