"""Recording rules and alerts: sound, tested one by one, on metrics that exist, each alert with a page for who is on call."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from tools import dashboards

from presswatch.metrics import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
PAGES = ROOT / "docs" / "operations"
ALERTMANAGER = ROOT / "deploy" / "compose" / "alertmanager.yml"
NAME = re.compile(r"\bpresswatch[a-z_:0-9]*\b")
SELECTOR = re.compile(r"(presswatch_[a-z_]+)\{([^}]*)\}")


def rules() -> list[dict[str, Any]]:
    """Return all recording and alert rules."""
    files = [yaml.safe_load(path.read_text()) for path in sorted(PROMETHEUS.glob("*.rules.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("promtool")
def test_promtool_takes_configuration_rules_and_their_tests() -> None:
    promtool("check", "config", "prometheus.yml")
    promtool("check", "config", "kubernetes.yml")
    promtool("check", "rules", "recording.rules.yml", "alerts.rules.yml")
    promtool("test", "rules", "tests/alerts.test.yml")


@pytest.mark.needs("prometheus")
def test_each_alert_goes_to_whom_it_is_for_and_none_by_slack() -> None:
    """By the word of Alertmanager's own tool on the routes that we ship."""
    receivers = {"page": "on-call", "ticket": "tickets", "none": "dead-mans-switch"}
    config = f"--config.file={ALERTMANAGER}"
    subprocess.run(["amtool", "check-config", ALERTMANAGER], check=True, capture_output=True)
    for alert in alerts():
        name, severity = alert["alert"], alert["labels"]["severity"]
        route = ["amtool", "config", "routes", "test", config, f"alertname={name}", f"severity={severity}"]
        done = subprocess.run(route, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == receivers[severity], name
    shipped = yaml.safe_load(ALERTMANAGER.read_text())
    assert {one["name"] for one in shipped["receivers"]} == set(receivers.values())
    for receiver in shipped["receivers"]:
        assert receiver.keys() & {"webhook_configs", "email_configs"}
        assert "slack_configs" not in receiver


def test_on_kubernetes_every_pod_is_scraped_with_the_labels_that_the_rules_need() -> None:
    """As job `presswatch`, at its port, under the name of its service, also while it is not ready."""
    [job] = yaml.safe_load((PROMETHEUS / "kubernetes.yml").read_text())["scrape_configs"]
    assert job["job_name"] == "presswatch"
    [relabel] = job["relabel_configs"]
    found = {}
    for one in job["dns_sd_configs"]:
        [name] = one["names"]
        [service] = re.fullmatch(relabel["regex"], name).groups()  # type: ignore[union-attr]
        found[service] = one["port"]
        objects = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / f"{service}.yaml").read_text()))
        [spec] = [each["spec"] for each in objects if each["kind"] == "Service"]
        assert (spec["clusterIP"], spec["publishNotReadyAddresses"]) == ("None", True)
        assert one["port"] in {port["port"] for port in spec["ports"]}
    assert relabel["target_label"] == "service"
    assert found.keys() == {"ingest", "tagger", "indexer", "alerter"}


def known_names() -> set[str]:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    return recorded | {name for metric in CATALOGUE.values() for name in metric.samples}


def test_rules_use_metrics_and_labels_of_the_catalogue() -> None:
    samples = {name: metric for metric in CATALOGUE.values() for name in metric.samples}
    for rule in rules():
        outside = re.sub(r'job="presswatch"', "", rule["expr"])
        assert set(NAME.findall(outside)) <= known_names(), rule
        for name, inner in SELECTOR.findall(rule["expr"]):
            for label, value in re.findall(r'(\w+)="([^"]*)"', inner):
                taken = {one.name: one.values for one in samples[name].labels}
                assert label in {*taken, "le", "service"}, (name, label)
                assert taken.get(label) is None or value in (taken[label] or ()), (name, label, value)
                if label == "le":
                    assert float(value) in samples[name].buckets


def test_each_alert_has_a_page_and_a_line_in_the_list() -> None:
    index = (PAGES / "README.md").read_text()
    for alert in alerts():
        name = alert["alert"]
        assert alert["annotations"]["runbook"] == f"docs/operations/{name}.md"
        page = (PAGES / f"{name}.md").read_text()
        assert alert["expr"] in page
        assert "## Look at" in page
        assert "## Do" in page
        assert f"[{name}]({name}.md)" in index
    assert {path.stem for path in PAGES.glob("Presswatch*.md")} == {alert["alert"] for alert in alerts()}


def test_each_alert_is_seen_firing_in_the_unit_tests() -> None:
    fires = re.findall(
        r'exp_samples: \[\{labels: .ALERTS\{alertname="(\w+)"', (PROMETHEUS / "tests/alerts.test.yml").read_text()
    )
    assert {alert["alert"] for alert in alerts()} == set(fires)


def test_pages_name_commands_and_settings_that_exist() -> None:
    from presswatch.cli import COMMANDS

    for path in PAGES.glob("*.md"):
        for command in re.findall(r"`presswatch ([a-z]+)", path.read_text()):
            assert command in COMMANDS, (path.name, command)


def test_dashboards_are_as_generated() -> None:
    assert {path.name: path.read_bytes() for path in dashboards.FOLDER.glob("*.json")} == dashboards.generate(), (
        "run make schemas"
    )


def test_dashboards_show_metrics_that_exist_and_every_one_of_them() -> None:
    shown = {name for expression in dashboards.expressions() for name in NAME.findall(expression)}
    assert shown <= known_names()
    recorded = {name for rule in rules() if rule.get("record") in shown for name in NAME.findall(rule["expr"])}
    hidden = {"presswatch_matcher", "presswatch_control_lag_records", "presswatch_control_followed_timestamp_seconds"}
    hidden.add("presswatch_canary_interval_seconds")
    hidden.add("presswatch_control_refused_total")  # its state, not its number, is what is looked at
    for metric in CATALOGUE.values():
        assert metric.name in hidden or set(metric.samples) & (shown | recorded), metric.name


@pytest.mark.needs("promtool")
def test_promtool_takes_every_expression_of_the_dashboards(tmp_path: Path) -> None:
    found = [{"record": f"panel:{at}", "expr": text} for at, text in enumerate(dashboards.expressions())]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": found}]}))
    assert len(found) > 20
    promtool("check", "rules", str(file))


def test_panels_do_not_overlap() -> None:
    for data in dashboards.generate().values():
        taken: set[tuple[int, int]] = set()
        for panel in orjson.loads(data)["panels"]:
            place = panel["gridPos"]
            cells = {
                (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
            }  # fmt: skip
            assert not cells & taken, panel["title"]
            assert place["x"] + place["w"] <= dashboards.COLUMNS
            taken |= cells
