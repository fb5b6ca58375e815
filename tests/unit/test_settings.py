"""Settings: where each comes from, and what a mistake says."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from presswatch.cli import cli
from presswatch.core.errors import ConfigError
from presswatch.settings import load, variable


def test_a_file_overrides_defaults_and_a_variable_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "presswatch.yaml"
    file.write_text("kafka:\n  bootstrap: kafka.example:9092\n  partitions: 6\n")
    loaded = load(file, {"PRESSWATCH_KAFKA_PARTITIONS": "12"})
    assert (loaded.settings.kafka.bootstrap, loaded.settings.kafka.partitions) == ("kafka.example:9092", 12)
    assert loaded.origins["kafka.bootstrap"] == f"{file}:2"
    assert loaded.origins["kafka.partitions"] == "PRESSWATCH_KAFKA_PARTITIONS"
    assert loaded.origins["kafka.prefix"] == "default"


def test_paths_of_a_file_are_relative_to_it(tmp_path: Path) -> None:
    file = tmp_path / "presswatch.yaml"
    file.write_text("rules: my-rules\n")
    assert load(file, {}).settings.rules == tmp_path / "my-rules"


def test_lists_and_maps_come_from_variables_too() -> None:
    settings = load(environ={"PRESSWATCH_INGEST_FEEDS": "[a, b]", "PRESSWATCH_SLACK_CHANNELS": '{"x": "C1"}'}).settings
    assert (settings.ingest.feeds, settings.slack.channels) == (["a", "b"], {"x": "C1"})


def test_a_secret_may_come_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("xoxb-very-secret\n")
    loaded = load(environ={"PRESSWATCH_SLACK_TOKEN_FILE": str(secret)})
    assert loaded.settings.slack.token is not None
    assert loaded.settings.slack.token.get_secret_value() == "xoxb-very-secret"
    assert "very-secret" not in repr(loaded.settings)
    for form in ([], ["--json"]):
        shown = CliRunner().invoke(cli, ["config", "show", *form], env={"PRESSWATCH_SLACK_TOKEN_FILE": str(secret)})
        assert shown.exit_code == 0
        assert "very-secret" not in shown.output
        assert "<secret>" in shown.output


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("kafka:\n  bootstap: x:1\n", ":2: there is no setting 'kafka.bootstap'; did you mean 'bootstrap'?"),
        ("kafak: {}\n", ":1: there is no setting 'kafak'; did you mean 'kafka'?"),
        ("kafka: 5\n", ":1: section 'kafka' must hold keys and values"),
        ("- a\n", ":1: the file must hold keys and values"),
        ("kafka:\n  partitions: many\n", ":2: kafka.partitions: input should be a valid integer"),
        ("kafka:\n  partitions: 1\n  partitions: 2\n", ":3: 'kafka.partitions' is given twice"),
        ("kafka: [\n", "is not YAML"),
    ],
)
def test_a_mistake_in_the_file_names_its_place(tmp_path: Path, text: str, wanted: str) -> None:
    file = tmp_path / "presswatch.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(file, {})
    assert wanted in str(error.value)
    assert str(error.value).startswith(str(file))


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.yaml", {})


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("PRESSWATCH_KAFKA_BOOTSTAP", "x:1", "there is no such setting; did you mean 'PRESSWATCH_KAFKA_BOOTSTRAP'?"),
        ("PRESSWATCH_KAFKA_PARTITIONS", "0", "greater than or equal to 1"),
        ("PRESSWATCH_SLACK_TOKEN_FILE", "/nowhere", "cannot be read"),
        ("PRESSWATCH_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_mistake_in_a_variable_names_it(name: str, value: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(environ={name: value})
    assert wanted in str(error.value)
    assert name in str(error.value)


def test_a_wrong_secret_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ConfigError) as error:
        load(environ={"PRESSWATCH_SLACK_TOKEN": "[xoxb-hidden", "PRESSWATCH_SLACK_API_URL": "nonsense"})
    assert "xoxb-hidden" not in str(error.value)


def test_each_setting_has_its_own_variable() -> None:
    origins = load(environ={}).origins
    assert len({variable(path) for path in origins}) == len(origins)
