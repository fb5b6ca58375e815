"""Commands that look at topics use the packs that are applied, say so, and tell rules where they are blind; real engines, as typed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.integration.history_corpus import FETCHED, put
from tests.processes import Sandbox

from presswatch.adapters.elasticsearch import connect
from presswatch.core.article import article_id
from presswatch.core.messages import TaggedArticle
from presswatch.engines import Engines

pytestmark = pytest.mark.engine

PACK = "topic: floods\npatterns: {en: [{weight: 1, match: flood*}]}\n"
RULES = """
- {id: floods, name: Floods, query: 'topic:floods'}
- {id: floods-ky, name: Floods in Kyrgyzstan, query: 'topic:floods AND lang:(ky OR en)'}
"""
URL = "https://news.example/suu"
APPLIED = "by the packs applied (generation 1, "


@pytest.fixture(scope="module")
def sandbox(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(engines, tmp_path_factory.mktemp("force"), f"force-{uuid4().hex[:8]}-", {})
    for name, text in (("packs/floods.yaml", PACK), ("rules/rules.yaml", RULES)):
        (sandbox.folder / name).parent.mkdir()
        (sandbox.folder / name).write_text(text)
    (sandbox.folder / "ky.json").write_text(json.dumps({"title": "Суу ташкыны", "lang": "ky"}))
    (sandbox.folder / "en.json").write_text(json.dumps({"title": "Floods in the plain", "lang": "en"}))
    shape = {"title": "On water", "fetched": FETCHED, "tagged": FETCHED}
    articles = [shape | {"id": f"{at:032x}", "lang": "en"} for at in range(3)]
    articles.append(
        shape | {"id": article_id(URL), "url": URL, "lang": "ky", "unsupported": ["floods"], "generation": 1}
    )
    es = sandbox.settings.elasticsearch
    with connect(es) as client:
        sandbox.command("setup")
        sandbox.command("topics", "apply", str(sandbox.folder / "packs"))
        put(client, es, [TaggedArticle.model_validate(each) for each in articles], generation=1)
        yield sandbox
        for name in client.indices.get(index=f"{es.prefix}*", allow_no_indices=True).body:
            client.indices.delete(index=name)


def both(sandbox: Sandbox, *arguments: str, away: bool = False) -> str:
    """Run a command that must end with 0; return all that it says."""
    environ = {"PRESSWATCH_KAFKA_BOOTSTRAP": "127.0.0.1:9"} if away else {}
    done = subprocess.run(
        [sys.executable, "-m", "presswatch", *arguments], env=sandbox._environment(environ), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done
    return done.stdout + done.stderr


def paths(sandbox: Sandbox, *names: str) -> list[str]:
    return [str(sandbox.folder / name) for name in names]


def test_tag_uses_what_is_applied_if_asked(sandbox: Sandbox) -> None:
    (article,) = paths(sandbox, "en.json")
    told = both(sandbox, "tag", "--packs", "applied", article)
    assert '"topic": "floods"' in told
    assert f"presswatch: tagged {APPLIED}" in told
    assert '"topic": "floods"' not in both(sandbox, "tag", article)


@pytest.mark.slow
def test_coverage_uses_what_is_applied_where_kafka_can_be_reached(sandbox: Sandbox) -> None:
    told = both(sandbox, "topics", "coverage", "--since", "2026-01-01")
    assert "floods: patterns + model 0.0%, patterns 75.0%, model 0.0%, neither 25.0%" in told
    assert told.splitlines()[-1].startswith(APPLIED)
    told = both(sandbox, "topics", "coverage", "--since", "2026-01-01", away=True)
    last = told.splitlines()[-1]
    assert last.startswith("by the packs that come with Presswatch, for the packs applied cannot be read: Kafka at ")
    assert "floods" not in told


@pytest.mark.slow
def test_a_mark_knows_the_topics_that_are_applied(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.environ["PRESSWATCH_TAGGER_MARKS"] = str(tmp_path / "marks.jsonl")
    told = both(sandbox, "topics", "mark", URL, "+floods")
    assert f"now: {APPLIED}" in told
    (article,) = paths(sandbox, "en.json")
    said = sandbox.refused("topics", "mark", article, "+floods")
    assert "there is no topic `floods` in the packs that come with Presswatch" in said
    assert "as it is: tagged" in both(sandbox, "topics", "mark", article, "+floods", "--packs", "applied")


def test_rules_are_told_where_they_are_blind(sandbox: Sandbox) -> None:
    (rules,) = paths(sandbox, "rules")
    blind = "this rule is blind in ky: `floods` is unsupported there (neither patterns nor learned words)"
    told = both(sandbox, "rules", "apply", rules)
    assert f"warning: rule floods-ky: {blind} ({APPLIED}" in told
    assert "rule floods:" not in told
    assert blind in both(sandbox, "rules", "lint", rules, "--packs", "applied")
    told = both(sandbox, "rules", "lint", rules, "--since", "2026-01-01")
    assert told.count("this rule is blind in 25% of the articles of that time (ky 25%): `floods` is unsupported") == 2
    assert f"\ntopics: {APPLIED}" in told
    offline = both(sandbox, "rules", "lint", rules)
    assert offline.count("no topic pack tags articles with `floods`") == 2
    assert "\ntopics: by the packs that come with Presswatch\n" in offline


@pytest.mark.slow
def test_explain_says_that_nobody_looked_and_by_which_packs(sandbox: Sandbox) -> None:
    rules, english, kyrgyz = paths(sandbox, "rules", "en.json", "ky.json")
    blind = "blind: not tagged: floods is unsupported in ky (neither patterns nor learned words), so nobody looked for it here"
    sandbox.command("rules", "apply", rules)
    indexed = both(sandbox, "explain", "--rule", "floods", "--article", URL).splitlines()
    assert blind in indexed
    assert "tags: those that it came with, by generation 1 of the packs" in indexed
    assert blind in both(sandbox, "explain", "--rule", "floods", "--article", kyrgyz)
    told = both(sandbox, "explain", "--rule", "floods", "--article", english)
    assert "rule floods (Floods): matches" in told
    assert f"\ntags: {APPLIED}" in told
    answer = json.loads(both(sandbox, "explain", "--rule", "floods", "--article", kyrgyz, "--json"))
    assert (answer["blind"], answer["matches"]) == (["floods"], False)
    told = both(sandbox, "explain", "--rules", rules, "--rule", "floods", "--article", english)
    assert "\ntags: by the packs that come with Presswatch\n" in told
