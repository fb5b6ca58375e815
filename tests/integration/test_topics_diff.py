"""`presswatch topics diff` over indexed articles, on the real engines, as typed: numbers are those of the tagger itself."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from tests.integration.history_corpus import FETCHED, corpus, put
from tests.processes import Sandbox

from presswatch.adapters.elasticsearch import connect
from presswatch.core.article import article_id, digest
from presswatch.core.messages import TaggedArticle
from presswatch.core.topics import Tagger
from presswatch.engines import Engines
from presswatch.packfiles import load_packs

pytestmark = pytest.mark.engine

TIMES = ("--since", "2026-01-01", "--until", "2026-11-25")

BEFORE = """
topic: grain
patterns:
  en: [{weight: 1, match: wheat}]
  ru: [{weight: 1, match: пшениц*}]
"""
AFTER = """
topic: grain
patterns:
  en: [{weight: 1, match: [wheat, bans]}, {weight: 0, match: wheat NEAR/6 health}]
  ru: [{weight: 0.2, match: пшениц*}]
  tr: [{weight: 1, match: buğday}]
"""
BREAD = "topic: bread\npatterns: {en: [{weight: 1, match: organi*}]}\n"


@pytest.fixture(scope="module")
def articles() -> list[TaggedArticle]:
    return [each.model_copy(update={"id": digest(each.id)}) for each in corpus(11, 900)]


@pytest.fixture(scope="module")
def sandbox(
    engines: Engines, articles: list[TaggedArticle], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("topics-diff")
    sandbox = Sandbox(engines, folder, f"retag-{uuid4().hex[:8]}-", {})
    for name, packs in (("old", [BEFORE]), ("new", [AFTER, BREAD]), ("other", [BREAD])):
        (folder / name).mkdir()
        for number, pack in enumerate(packs):
            (folder / name / f"{number}.yaml").write_text(pack, encoding="utf-8")
    es = sandbox.settings.elasticsearch
    with connect(es) as client:
        put(client, es, articles)
        yield sandbox
        for name in client.indices.get(index=f"{es.prefix}*", allow_no_indices=True).body:
            client.indices.delete(index=name)


def diff(sandbox: Sandbox, old: str, new: str, *more: str) -> str:
    paths = [each if each in ("applied", "built-in") else str(sandbox.folder / each) for each in (old, new)]
    return sandbox.command("topics", "diff", *paths, *TIMES, *more)


def tagged(folder: Path, articles: list[TaggedArticle], topic: str) -> dict[str, str | None]:
    """Return by id the language of the articles that the tagger tags with a topic."""
    tagger = Tagger(load_packs(folder))
    every = (each for each in articles if topic in {tag["topic"] for tag in tagger.tag(each.model_dump())})
    return {each.id: each.lang for each in every}


def test_it_lists_exactly_what_taggers_would_do_otherwise(sandbox: Sandbox, articles: list[TaggedArticle]) -> None:
    before, after = (tagged(sandbox.folder / name, articles, "grain") for name in ("old", "new"))
    lines = [json.loads(line) for line in diff(sandbox, "old", "new", "--json").splitlines()]
    *rows, last = lines
    listed = {sign: {row["id"] for row in rows if row.get("sign") == sign and row["topic"] == "grain"} for sign in "+-"}
    assert listed == {"+": after.keys() - before.keys(), "-": before.keys() - after.keys()}
    (total,) = [row for row in rows if row["topic"] == "grain" and "change" in row]
    assert (total["added"], total["removed"], total["both"]) == (
        len(listed["+"]),
        len(listed["-"]),
        len(before.keys() & after.keys()),
    )
    langs = Counter((after[each] or "").partition("-")[0] for each in listed["+"])
    assert {lang: row["added"] for lang, row in total["languages"].items() if row["added"]} == dict(langs)
    assert {"en", "tr"} <= set(langs)
    assert last["topics"] == {"changed": 1, "added": 1, "removed": 0, "unchanged": 0}
    assert (last["articles_read"], last["articles"], last["sample"]) == (900, 900, False)
    gone = next(row for row in rows if row.get("sign") == "-" and row["lang"] == "ru")
    (reason,) = gone["reasons"]
    assert (reason["kind"], reason["name"], reason["old"], reason["new"]) == ("pattern", "пшениц*", 1, 0.2)
    assert gone["old"]["score"] >= gone["old"]["threshold"] > 0
    assert gone["new"]["score"] < gone["new"]["threshold"]
    come = next(row for row in rows if row.get("sign") == "+" and row["lang"] == "tr")
    assert come["old"] is None
    assert come["reasons"][0]["kind"] == "unsupported"
    bread = next(row for row in rows if row["topic"] == "bread" and "change" in row)
    assert (bread["change"], bread["added"]) == ("added", len(tagged(sandbox.folder / "new", articles, "bread")))


def test_as_a_person_reads_it(sandbox: Sandbox) -> None:
    told = diff(sandbox, "old", "new", "--limit", "1")
    grain = told.split("\n\n")[1].splitlines()
    assert grain[0] == "grain: changed"
    assert "  en: +bans (1), +wheat NEAR/6 health (0)" in grain
    assert "  ru: пшениц* 1, now 0.2" in grain
    assert sum(line.startswith("  + 2026") for line in grain) == 1
    assert any(line.startswith("  + and ") and line.endswith(" more (--limit)") for line in grain)
    assert any(re.fullmatch(r"    tr: \+\d+ articles, -0; 0 in both", line) for line in grain)
    end = told.splitlines()[-3:]
    assert end[0] == "2 topics: 1 changed, 1 only in NEW, 0 unchanged; over all 900 articles"
    assert end[1] == f"OLD: the packs in {sandbox.folder / 'old'}"


@pytest.mark.slow
def test_a_sample_says_what_is_likely_in_all(sandbox: Sandbox) -> None:
    told = diff(sandbox, "old", "new", "--sample", "300", "--limit", "0")
    assert re.search(r"^grain  .* \(in all about \+\d+, -\d+\)$", told, re.MULTILINE)
    assert re.search(r"; over a sample of 900 articles, \d+ read$", told, re.MULTILINE)


@pytest.mark.slow
def test_what_is_applied_is_compared_by_its_word(sandbox: Sandbox) -> None:
    said = sandbox.refused("topics", "diff", "applied", str(sandbox.folder / "new"))
    assert "run `presswatch setup`" in said
    sandbox.command("setup")
    nothing = diff(sandbox, "applied", "built-in")
    assert "3 topics: 3 unchanged; no article was read" in nothing
    assert "OLD: the packs that come with Presswatch, since none is applied" in nothing
    sandbox.command("topics", "apply", str(sandbox.folder / "old"))
    told = diff(sandbox, "applied", "new")
    assert re.search(r"^OLD: the packs applied \(generation 1, applied 20.* UTC by files\)$", told, re.MULTILINE)
    assert told.splitlines()[:-2] == diff(sandbox, "old", "new").splitlines()[:-2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("aplied", "new"), "there is no folder or file aplied of topic packs; do you mean `applied`?"),
        (("nowhere", "new"), "write a folder of packs, or `applied`, or `built-in`"),
        (("old", "broken"), "broken/p.yaml:1:1: `patterns` is missing"),
        (("old", "new", "--since", "soon"), "--since: `soon` is no time"),
        (("old",), "Missing argument 'NEW'"),
    ],
)
def test_mistakes_end_with_2(sandbox: Sandbox, arguments: tuple[str, ...], said: str) -> None:
    (sandbox.folder / "broken").mkdir(exist_ok=True)
    (sandbox.folder / "broken" / "p.yaml").write_text("topic: grain\n")
    paths = [str(sandbox.folder / each) if (sandbox.folder / each).is_dir() else each for each in arguments]
    assert said in sandbox.refused("topics", "diff", *paths)


@pytest.mark.slow
def test_engines_that_are_away_are_named(sandbox: Sandbox, tmp_path: Path) -> None:
    config = tmp_path / "presswatch.yaml"
    config.write_text('{"elasticsearch": {"url": "http://127.0.0.1:9"}, "kafka": {"bootstrap": "127.0.0.1:9"}}')
    folders = str(sandbox.folder / "old"), str(sandbox.folder / "other")
    said = sandbox.refused("topics", "diff", *folders, "--config", str(config))
    assert "Elasticsearch cannot be reached" in said
    said = sandbox.refused("topics", "diff", "applied", folders[0], "--config", str(config))
    assert said.startswith("presswatch: the packs applied cannot be read: Kafka at 127.0.0.1:9 cannot be reached")


@pytest.mark.slow
def test_packs_without_a_common_topic(sandbox: Sandbox) -> None:
    told = diff(sandbox, "old", "other")
    assert "bread: only in NEW" in told
    assert "grain: only in OLD" in told


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "topics.md").read_text(encoding="utf-8")


def test_the_diff_on_the_page(engines: Engines, tmp_path: Path) -> None:
    (body,) = re.findall(r"^```diff\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    sandbox = Sandbox(engines, tmp_path, f"page-{uuid4().hex[:8]}-", {})
    articles, answer = [], []
    for line in body.splitlines():
        key, _, value = line.partition(":")
        if key in ("before", "after"):
            name = {"before": "old", "after": "new"}[key]
            (tmp_path / name).mkdir()
            (tmp_path / name / "rail.yaml").write_text(f"topic: rail\npatterns: {{en: {value}}}\n")
        elif key == "article":
            fields = {"lang": "en", "fetched": FETCHED, "tagged": FETCHED, **yaml.safe_load(value)}
            fields["published"] = int(datetime.fromisoformat(fields["published"]).timestamp() * 1000)
            articles.append(TaggedArticle.model_validate(fields | {"id": article_id(fields["url"])}))
        else:
            answer.append(line)
    with connect(sandbox.settings.elasticsearch) as client:
        put(client, sandbox.settings.elasticsearch, articles)
        told = sandbox.command("topics", "diff", str(tmp_path / "old"), str(tmp_path / "new"), *TIMES)
        for name in client.indices.get(index=f"{sandbox.settings.elasticsearch.prefix}*").body:
            client.indices.delete(index=name)
    assert [line.replace(f"{tmp_path}/", "") for line in told.splitlines()] == answer
