"""Compose file, Kubernetes manifests and image: valid by their schemas, and running the very commands that `make up` runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from compose_spec import PyCompose

from presswatch.local.system import SERVICES, service_programs
from presswatch.rulefiles import load_rules
from presswatch.settings import Settings, _leaves, load, variable
from presswatch.topology import SOURCES, TOPICS, group

DEPLOY = Path(__file__).parents[3] / "deploy"
COMMANDS = {program.name: list(program.command[3:]) for program in service_programs("up", {"ingest": ["--watch"]})}
"""What `make up` runs, by service, without `python -m presswatch`."""
VARIABLES = {variable(path) for path, _ in _leaves(Settings)} | {"PRESSWATCH_CONFIG"}
KUBERNETES = "1.30"


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    for name in kustomization["resources"]:
        for manifest in yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text()):
            yield name, manifest


def workloads() -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for _, one in manifests() if one["kind"] == "StatefulSet"}


def pods() -> Iterator[dict[str, Any]]:
    for _, one in manifests():
        if one["kind"] in {"StatefulSet", "Job"}:
            yield one["spec"]["template"]["spec"]
        if one["kind"] == "CronJob":
            yield one["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_the_compose_file_is_one() -> None:
    read = PyCompose.from_json(json.dumps(compose()))  # its reader of YAML does not know merge keys
    read.validate()
    names = set(read.service_names())
    assert {"kafka", "elasticsearch", "kibana", "prometheus", "alertmanager", "grafana", *SERVICES} <= names


@pytest.mark.parametrize("service", SERVICES)
def test_compose_and_kubernetes_run_what_make_up_runs(service: str) -> None:
    assert compose()["services"][service]["command"] == COMMANDS[service]
    (container,) = workloads()[service]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == COMMANDS[service]
    port = getattr(Settings().http, service)
    assert container["ports"] == [{"name": "metrics", "containerPort": port}]
    assert f":{port}/healthz" in str(compose()["services"][service]["healthcheck"])


def test_each_service_of_compose_is_pinned_watched_and_waits_for_what_it_needs() -> None:
    services = compose()["services"]
    for name, service in services.items():
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"]), name
        assert "healthcheck" in service or service["restart"] == "no", name
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if services[needed]["restart"] == "no" else "service_healthy"
            assert how == {"condition": wanted}, (name, needed)
        if service["image"].startswith("presswatch:"):
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose()["volumes"] or (DEPLOY / source).exists(), (name, volume)


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_settings_and_rules_of_a_deployment_can_be_read(where: str) -> None:
    load(DEPLOY / where / "presswatch.yaml", {})
    assert load_rules(DEPLOY / ("local" if where == "compose" else where) / "rules")


def test_variables_are_settings() -> None:
    texts = [path.read_text() for path in DEPLOY.rglob("*") if path.is_file() and path.suffix in {"", ".yaml"}]
    named = {name.removesuffix("_FILE") for text in texts for name in re.findall(r"PRESSWATCH_[A-Z_]+", text)}
    assert {"PRESSWATCH_INSTANCE", "PRESSWATCH_HTTP_HOST", "PRESSWATCH_CONFIG"} <= named <= VARIABLES


def test_every_manifest_is_valid() -> None:
    kinds = set()
    for name, manifest in manifests():
        kinds.add(manifest["kind"])
        if manifest["apiVersion"].startswith("keda.sh/"):
            continue  # no package carries KEDA's schema; what is in it is compared below
        try:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            pytest.fail(f"{name}: {manifest['kind']} {manifest['metadata']['name']}: {error.message}")
    assert {"StatefulSet", "PodDisruptionBudget", "NetworkPolicy", "Job", "CronJob", "ScaledObject", "Service"} <= kinds


def test_no_pod_may_more_than_it_must() -> None:
    checked = 0
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted <= {volume["name"] for volume in pod["volumes"]} | {"state"}
            checked += 1
    assert checked == len(SERVICES) + 4


def test_scaling_goes_by_the_groups_and_topics_of_the_stages() -> None:
    settings = load(DEPLOY / "kubernetes" / "presswatch.yaml", {}).settings
    for _, one in manifests():
        if one["kind"] != "ScaledObject":
            continue
        stage = one["metadata"]["name"]
        assert one["spec"]["scaleTargetRef"]["name"] == stage
        assert one["spec"]["maxReplicaCount"] == settings.kafka.partitions
        (trigger,) = one["spec"]["triggers"]
        assert trigger["metadata"]["consumerGroup"] == group(settings.kafka, stage)
        assert trigger["metadata"]["topic"] == SOURCES[stage]
        assert trigger["metadata"]["topic"] in {spec.name for spec in TOPICS}
        assert trigger["metadata"]["bootstrapServers"] == settings.kafka.bootstrap


def test_the_image_copies_what_there_is() -> None:
    root = DEPLOY.parent
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (root / source).exists(), source
    assert dockerfile.rstrip().splitlines()[-4:][0] == "USER 10001:10001"
    for lock in ("requirements.lock", "build.lock"):
        assert "--hash=sha256:" in (DEPLOY / "image" / lock).read_text()
