"""What an analyst asks of the indexed articles about rules: `rules diff`, on the real engine, as typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.history_corpus import DAY, corpus, put
from tests.processes import Sandbox

from presswatch.adapters.elasticsearch import connect
from presswatch.core.messages import TaggedArticle
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Expression, Matcher
from presswatch.engines import Engines
from presswatch.indexer.documents import content_of
from presswatch.rulefiles import load_rules
from presswatch.settings import ElasticsearchSettings

pytestmark = pytest.mark.engine

NOW = 1_795_500_000_000
"""2026-11-24T06:00Z, when the articles of the corpus were fetched; they were published in the 60 days before."""
UNTIL = ("--until", "2026-11-25")

OLD = """
- {id: bans, name: b, query: '@grains NEAR/3 ban*'}
- {id: same, name: s, query: 'wi-fi OR вакцина'}
- {id: gone, name: g, query: 'raw:WHO AND NOT wheat'}
- {id: idle, name: i, query: 'organi?ation'}
"""
NEW = """
- {id: bans, name: b, query: '@grains NEAR/3 ban* AND NOT topic:health OR "café organisation"'}
- {id: same, name: renamed, query: 'Вакцина OR wi-fi'}
- {id: come, name: c, query: 'İstanbul'}
- {id: idle, name: i, query: 'organi?ation', enabled: false}
"""


@pytest.fixture(scope="module")
def articles() -> list[TaggedArticle]:
    return corpus(7, 600)


@pytest.fixture(scope="module")
def es(engines: Engines, articles: Sequence[TaggedArticle]) -> Iterator[ElasticsearchSettings]:
    es = ElasticsearchSettings(url=engines.url, prefix=f"answers-{uuid4().hex[:8]}-")
    with connect(es) as client:
        put(client, es, articles)
        yield es
        for name in client.indices.get(index=f"{es.prefix}*", allow_no_indices=True).body:
            client.indices.delete(index=name)


@pytest.fixture
def sandbox(engines: Engines, es: ElasticsearchSettings) -> Iterator[Sandbox]:
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(engines, Path(folder), es.prefix, {})
        for name, rules, grains in (("old", OLD, "wheat\n"), ("new", NEW, "wheat\nwi-fi\n")):
            (sandbox.folder / name / "lists").mkdir(parents=True)
            (sandbox.folder / name / "rules.yaml").write_text(rules)
            (sandbox.folder / name / "lists" / "grains.txt").write_text(grains)
        yield sandbox


def objects(told: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.splitlines()]


def refused(sandbox: Sandbox, *arguments: str) -> str:
    """Run a command that must end with 2 and nothing on standard output; return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "presswatch", *arguments],
        env={**os.environ, "PRESSWATCH_CONFIG": str(sandbox.config), "PYTHONUTF8": "1"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, ""), done
    return done.stderr


def matched(folder: Path, articles: Sequence[TaggedArticle], since: int) -> dict[str, set[str]]:
    """By rule in force, the articles that the stream's matcher finds in a set of articles."""
    rules = [rule for rule in load_rules(folder) if rule.enabled]
    matcher = Matcher(Expression(rule.id, rule.version, rule.node) for rule in rules)
    found: dict[str, set[str]] = {rule.id: set() for rule in rules}
    for each in articles:
        if (each.published or each.fetched) >= since:
            for match in matcher.match(Document.of(content_of(each))):
                found[match.id].add(each.id)
    return found


def test_a_diff_lists_what_the_stream_would_have_found_more_and_less(
    sandbox: Sandbox, articles: Sequence[TaggedArticle]
) -> None:
    since = NOW // DAY * DAY - 30 * DAY
    before, after = (matched(sandbox.folder / name, articles, since) for name in ("old", "new"))
    folders = str(sandbox.folder / "old"), str(sandbox.folder / "new")
    told = objects(sandbox.command("rules", "diff", *folders, "--since", "2026-10-25", *UNTIL, "--json"))
    for rule in ("bans", "gone", "come", "idle"):
        listed = {
            sign: {line["id"] for line in told if line.get("sign") == sign and line["rule"] == rule} for sign in "+-"
        }
        old, new = before.get(rule, set()), after.get(rule, set())
        assert listed == {"+": new - old, "-": old - new}, rule
        (total,) = [line for line in told if line.get("rule") == rule and "change" in line]
        assert (total["added"], total["removed"], total["both"]) == (len(new - old), len(old - new), len(new & old))
        assert old ^ new
    assert not [line for line in told if line.get("rule") == "same"]
    assert told[-1]["rules"] == {"changed": 1, "added": 1, "removed": 2, "unchanged": 1}
    some = next(line for line in told if line.get("sign") == "-" and line["rule"] == "bans")
    assert some["failed"].startswith('NOT topic:health: must not hold, but does; "café organisation": ')
    assert some["receipt"][0]["leaf"] == "wheat"


def test_a_diff_as_a_person_reads_it(sandbox: Sandbox) -> None:
    folders = str(sandbox.folder / "old"), str(sandbox.folder / "new")
    told = sandbox.command("rules", "diff", *folders, "--since", "2026-09-01", *UNTIL, "--limit", "1")
    block = told.split("\n\n")[0].splitlines()
    assert block[:4] == [
        "bans: changed",
        "  OLD  @grains NEAR/3 ban*",
        '  NEW  ((@grains NEAR/3 ban*) AND NOT topic:health) OR "café organisation"',
        "  @grains: +wi-fi",
    ]  # fmt: skip
    assert sum(line.startswith("  + 2026") for line in block) == 1
    assert any(line.startswith("      OLD fails at") for line in block)
    assert any(line.startswith("  + and ") and line.endswith(" more (--limit)") for line in block)
    assert "idle: only in OLD (disabled in NEW)" in told
    assert told.splitlines()[-1] == "5 rules: 1 changed, 1 only in NEW, 2 only in OLD, 1 unchanged; over 600 articles"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rules", "diff", "old", "new", "--since", "soon"), "--since: `soon` is no time"),
        (("rules", "diff", "old", "broken"), "no operator stands between `a` and `b`"),
    ],
)
def test_mistakes_end_with_2(sandbox: Sandbox, arguments: tuple[str, ...], said: str) -> None:
    (sandbox.folder / "broken").mkdir()
    (sandbox.folder / "broken" / "r.yaml").write_text("{id: r, name: r, query: a b}")
    paths = [str(sandbox.folder / each) if (sandbox.folder / each).is_dir() else each for each in arguments]
    assert said in refused(sandbox, *paths)
