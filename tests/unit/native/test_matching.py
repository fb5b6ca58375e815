"""Which matching engine is chosen, with and without the native core, and who hears of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from presswatch import matching
from presswatch.core import text
from presswatch.core.errors import ConfigError
from presswatch.core.rules.match import PYTHON, Expression
from presswatch.core.rules.syntax import parse

ARTICLE = {"title": "India bans wheat exports", "text": "", "lang": "en", "tags": []}
RULE = "id: wheat\nname: Wheat\nquery: wheat AND ban*\n"
WITHOUT = "import sys; sys.modules['presswatch_matcher'] = None; "
"""Begins a program in which the native core cannot be imported."""


@pytest.fixture(autouse=True)
def unchosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is chosen yet, and afterwards what was before."""
    monkeypatch.setattr(matching, "_chosen", None)


def run(program: str, *arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input=stdin, capture_output=True, text=True, check=False, env={**os.environ, **environ}, timeout=60,
    )  # fmt: skip


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "wheat.yaml").write_text(RULE)
    return tmp_path


def match(rules: Path, program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    main = program + "from presswatch.cli import main; main()"
    return run(main, "match", "--rules", str(rules), stdin=json.dumps(ARTICLE), **environ)


@pytest.mark.needs("native")
def test_the_native_core_is_used_where_it_is_installed() -> None:
    assert matching.choose("auto").name == "native"
    assert matching.choose("native").engine is not PYTHON
    assert str(matching.choose("auto")).startswith("native 0.")


def test_the_python_engine_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSWATCH_ENGINE", "python")
    assert matching.engine() is PYTHON
    assert str(matching.chosen()) == "python, because the setting engine asks for it"


def test_without_the_native_core_the_python_engine_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presswatch_matcher", None)
    chosen = matching.use("auto")
    assert chosen.engine is PYTHON
    assert str(chosen) == "python, because the native core is not installed"
    matcher = matching.matcher([Expression("r", "1", parse("wheat"))])
    assert [found.id for found in matcher.match(matching.document(ARTICLE))] == ["r"]


def test_without_the_native_core_it_cannot_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presswatch_matcher", None)
    with pytest.raises(ConfigError, match=r"engine is native, but the native core is not installed; .*make native"):
        matching.use("native")


def test_a_core_of_another_version_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "presswatch_matcher.py").write_text("TOKENS_VERSION = 0\n__version__ = '0.0.1'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "presswatch_matcher", raising=False)
    assert (
        matching.choose("auto").why
        == "the native core that is installed cuts words as of version 0, this Presswatch as of 1"
    )
    monkeypatch.delitem(sys.modules, "presswatch_matcher")


def test_a_core_with_other_functions_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "presswatch_matcher.py").write_text(f"TOKENS_VERSION = {text.VERSION}\n__version__ = '0.0.1'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "presswatch_matcher", raising=False)
    assert matching.choose("auto").why == "the native core that is installed belongs to another version of Presswatch"
    with pytest.raises(ConfigError, match="make native"):
        matching.choose("native")
    monkeypatch.delitem(sys.modules, "presswatch_matcher")


def test_a_core_that_does_not_load_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "presswatch_matcher.py").write_text("raise ImportError('wrong ELF class')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "presswatch_matcher", raising=False)
    assert matching.choose("auto").why == "the native core cannot be loaded: wrong ELF class"


def test_the_metric_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    matching.use("python")
    shown = generate_latest().decode()
    assert 'presswatch_matcher_info{engine="python",version="",why="the setting engine asks for it"} 1.0' in shown
    monkeypatch.setitem(sys.modules, "presswatch_matcher", None)
    matching.use("auto")
    shown = generate_latest().decode()
    assert 'why="the native core is not installed"} 1.0' in shown
    assert "asks for it" not in shown


def test_the_log_says_which() -> None:
    program = (
        "from presswatch.matching import announce; from presswatch.runtime import configure_logs; "
        "from presswatch.settings import load; s = load().settings; configure_logs(s.log, 'indexer'); announce(s.engine)"
    )
    line = json.loads(run(WITHOUT + program, PRESSWATCH_ENGINE="auto").stderr)
    assert line["event"] == "matcher: python, because the native core is not installed"


@pytest.mark.parametrize("engine", ["auto", "python"])
def test_the_command_without_the_native_core(rules: Path, engine: str) -> None:
    done = match(rules, WITHOUT, PRESSWATCH_ENGINE=engine)
    assert done.returncode == 0, done.stderr
    assert done.stdout == match(rules, "").stdout
    assert json.loads(done.stdout)["matches"][0]["rule"] == "wheat"


def test_the_command_with_a_core_asked_for_that_is_not_there(rules: Path) -> None:
    done = match(rules, WITHOUT, PRESSWATCH_ENGINE="native")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("presswatch: the setting engine is native, but the native core is not installed; ")


def test_the_core_of_presswatch_can_be_imported_without_it() -> None:
    program = WITHOUT + (
        "import pkgutil, importlib, presswatch.core as core; "
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(core.__path__, 'presswatch.core.')]; print('all')"
    )
    done = run(program)
    assert (done.returncode, done.stdout) == (0, "all\n"), done.stderr


@pytest.mark.needs("native")
def test_receipts_are_found_at_once_and_read_like_a_tuple() -> None:
    engine = matching.choose("native").engine
    match, other = (
        each.matcher([Expression("wheat", "1", parse("wheat AND ban*", {}))]).match(each.document(ARTICLE))[0]
        for each in (engine, PYTHON)
    )
    expected = other.receipts
    assert len(match.receipts) == 2
    assert match.receipts == expected
    assert expected == match.receipts
    assert match.receipts == match.receipts
    assert match.receipts != expected[:1]
    assert match.receipts != list(expected)
    assert list(match.receipts) == list(expected)
    assert (match.receipts[0], match.receipts[-1], match.receipts[:1]) == (expected[0], expected[1], expected[:1])
    assert expected[1] in match.receipts
    assert expected[1]._replace(quote="banned") not in match.receipts
    assert (hash(match.receipts), repr(match.receipts)) == (hash(expected), repr(expected))
    assert match.receipts[0] is match.receipts[0]
    with pytest.raises(IndexError):
        match.receipts[2]
