"""Settings of the whole suite: hypothesis profiles, and which tests may skip.

A test may skip only by `@pytest.mark.needs("NAME")` with a NAME of `NEEDS`; any other skip fails the run. What
was skipped is printed at the end.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests import older

from presswatch import matching
from presswatch.settings import load

REPOSITORY = Path(__file__).resolve().parents[1]

NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "shared": (lambda: shared_folder().is_dir(), "the development data (setting `shared`, ../shared by default)"),
    "history": (
        older.has_history,
        f"git, and the repository's history back to {older.BASELINE[:7]} (git fetch --unshallow)",
    ),
    "cargo": (lambda: shutil.which("cargo") is not None, "cargo, to build the native core"),
    "native": (lambda: find_spec("presswatch_matcher") is not None, "the native core (make native)"),
    "maven": (lambda: shutil.which("mvn") is not None, "mvn, to fetch Lucene's own tokenizer (make setup-system)"),
    "setpriv": (lambda: shutil.which("setpriv") is not None and os.geteuid() == 0, "root and setpriv"),
    "promtool": (lambda: shutil.which("promtool") is not None, "promtool (make setup-system)"),
    "prometheus": (
        lambda: all(shutil.which(name) for name in ("prometheus", "prometheus-alertmanager")),
        "Prometheus and Alertmanager (make setup-system)",
    ),
}

# The same cases in each run, so that what fails for one fails for all; the thorough one draws new ones.
settings.register_profile(
    "default", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1500, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def shared_folder() -> Path:
    """Return the folder of development data; it may be absent."""
    return REPOSITORY / load().settings.shared


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of development data. Tests that use it carry `@pytest.mark.needs("shared")`."""
    return shared_folder()


@pytest.fixture(scope="module", params=["python", pytest.param("native", marks=pytest.mark.needs("native"))])
def each_engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Runs the tests with each form of the matching engine, for those that make matchers and documents by `matching`."""
    before = matching.chosen()
    matching.use(request.param)
    yield
    matching.use("python" if before.name == "python" else "auto")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(name): skip by name where something optional is absent")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("needs"):
            present, what = NEEDS[mark.args[0]]
            if not present():
                item.add_marker(pytest.mark.skip(reason=f"needs {mark.args[0]}: {what}"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    reports = reporter.stats.get("skipped", [])
    unnamed = [report for report in reports if not _is_named(report)]
    if unnamed and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line("skipped without a name of NEEDS (tests/conftest.py), which fails the run:", red=True)
        for report in unnamed:
            reporter.write_line(f"  {report.nodeid}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_named(report: pytest.TestReport) -> bool:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return any(f"needs {name}:" in reason for name in NEEDS)
