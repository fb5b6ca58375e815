"""What an analyst asks of the indexed articles about rules: `rules diff`, `cost`, `lint --since`, on the real engine, as typed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from tests.integration.history_corpus import DAY, corpus, put
from tests.processes import Sandbox

from presswatch.adapters.elasticsearch import connect
from presswatch.core.article import article_id, digest
from presswatch.core.messages import TaggedArticle
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Expression, Matcher
from presswatch.engines import Engines
from presswatch.indexer.documents import content_of
from presswatch.rulefiles import load_rules
from presswatch.sample import Sample
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
    return corpus(7, 1200)


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
    assert told.splitlines()[-1] == "5 rules: 1 changed, 1 only in NEW, 2 only in OLD, 1 unchanged; over 1,200 articles"


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


def test_cost_counts_what_the_matcher_looks_at(sandbox: Sandbox, articles: Sequence[TaggedArticle]) -> None:
    (sandbox.folder / "old" / "more.yaml").write_text("{id: most, name: m, query: 'words:>1'}")
    everything = ("--since", "2026-01-01", *UNTIL)
    told = objects(sandbox.command("rules", "cost", str(sandbox.folder / "old"), *everything, "--json"))
    *rows, total = told
    assert (total["articles_read"], total["articles"], total["sample"], total["rules"]) == (1200, 1200, False, 5)
    assert total["looks"] == pytest.approx(sum(row["looks"] for row in rows), abs=0.01)
    hits = {rule: len(found) for rule, found in matched(sandbox.folder / "old", articles, 0).items()}
    assert {row["rule"]: round(row["hits"] * 1.2) for row in rows} == hits
    assert rows[0]["rule"] == "most"
    assert rows[0]["share"] == pytest.approx(1000 / total["budget"])
    for row in rows:
        assert row["looks"] >= row["hits"] > 0
    bans = next(row for row in rows if row["rule"] == "bans")
    assert set(bans["clause"].split(" with ")) == {"wheat", "ban*"}
    shown = sandbox.command("rules", "cost", str(sandbox.folder / "old"), *everything, "--limit", "1").splitlines()
    assert shown[1].split() == ["most", "1,000.0", "1,000.0", "2.0%", "words:>1", "(1,000.0)"]
    assert shown[-1] == "per 1,000 articles; all 1,200 articles read; 5 rules; budget 50,000 looks"


def test_a_sample_is_the_same_each_time_and_about_as_large_as_asked(engines: Engines) -> None:
    es = ElasticsearchSettings(url=engines.url, prefix=f"sample-{uuid4().hex[:8]}-")
    with connect(es) as client:
        put(client, es, [each.model_copy(update={"id": digest(each.id)}) for each in corpus(8, 600)])
        sample = Sample(client, es, 0, None, 100)
        assert (sample.total, sample.whole) == (600, False)
        first, second = ([article["id"] for article in sample] for _ in range(2))
        assert first == second
        assert 60 <= len(first) <= 140
        whole = Sample(client, es, 0, None, 600)
        assert whole.whole
        assert len(list(whole)) == 600
        for name in client.indices.get(index=f"{es.prefix}*").body:
            client.indices.delete(index=name)


def test_lints_of_the_stream(sandbox: Sandbox) -> None:
    folder = sandbox.folder / "lint"
    folder.mkdir()
    (folder / "r.yaml").write_text(
        """
- {id: wide, name: w, query: 'wheat OR org*'}
- {id: fine, name: f, query: 'wheat AND lang:en AND organi*'}
- id: lacks
  name: l
  query: >
    wheat OR organisation OR organization
      OR bans OR banned
- {id: slip, name: s, query: 'wheat AND source:"Le Mond"'}
""",
        encoding="utf-8",
    )
    times = ("--since", "2026-01-01", *UNTIL)
    told = sandbox.command("rules", "lint", str(folder), *times)
    assert "r.yaml:7:5: this rule has no words in " in told
    for lang in ("ar", "el", "hi", "ja", "ko", "ru", "th", "tr", "zh"):
        assert f" {lang} (10% of the articles)" in told
    assert " en (" not in told
    assert 'r.yaml:9:41: no article of that time has `source:"Le Mond"`' in told
    assert "mend: did you mean `le monde`?" in told
    assert "in rule fine" not in told
    assert told.splitlines()[-1] == "3 warnings in 3 rules; 4 rules checked"
    assert sandbox.command("rules", "lint", str(folder)) == "no warnings; 4 rules checked\n"


def test_explain_by_the_ids_of_a_rule_in_force_and_of_an_indexed_article(
    sandbox: Sandbox, articles: Sequence[TaggedArticle]
) -> None:
    sandbox.command("setup")
    assert "no rule is in force; apply some" in refused(sandbox, "explain", "--rule", "bans", "--article", "x")
    sandbox.command("rules", "apply", str(sandbox.folder / "old"))
    before = matched(sandbox.folder / "old", articles, 0)["bans"]
    one = next(each for each in articles if each.id in before and each.url)
    other = next(each for each in articles if each.id not in before and "wheat" in each.text.lower())
    for wanted in (one.id, one.id.upper()):
        told = sandbox.command("explain", "--rule", "bans", "--article", wanted).splitlines()
        assert told[0].startswith(f"article {one.id}: ")
        assert told[1] == "rule bans (b): matches"
    answer = json.loads(sandbox.command("explain", "--rule", "bans", "--article", other.id, "--json"))
    assert (answer["article"], answer["matches"], answer["in_force"]) == (other.id, False, True)
    assert answer["failed_first"].startswith("@grains NEAR/3 ban*: ")
    assert answer["verdict"]["clause"] == "@grains NEAR/3 ban*"
    assert answer["verdict"]["parts"][0]["holds"] is True
    assert "do you mean `bans`?" in refused(sandbox, "explain", "--rule", "bens", "--article", one.id)
    said = refused(sandbox, "explain", "--rule", "bans", "--article", f"{one.id[:-1]}z")
    assert "ids that begin alike are\n" in said
    assert one.id[:-1] in said


def test_explain_by_address(engines: Engines, sandbox: Sandbox) -> None:
    es = sandbox.settings.elasticsearch
    url = "https://www.news.example/wheat/1?utm_source=feed"
    with connect(es) as client:
        base = {"title": "Wheat banned", "lang": "en", "fetched": NOW, "tagged": NOW, "url": url}
        put(client, es, [TaggedArticle.model_validate(base | {"id": article_id(url)})])
    folder = ("--rules", str(sandbox.folder / "old"), "--rule", "bans")
    told = sandbox.command("explain", *folder, "--article", "http://news.example/wheat/1/")
    assert told.splitlines()[:2] == [f"article {article_id(url)}: Wheat banned", "rule bans (b): matches"]
    said = refused(sandbox, "explain", *folder, "--article", "https://news.example/wheat/2")
    assert said.splitlines()[0].endswith("wheat/2; the most similar of news.example are")
    assert said.splitlines()[1].startswith(f"  {url}  Wheat banned")
    assert "is indexed, and there is no file" in refused(sandbox, "explain", *folder, "--article", "nothing")
    sandbox.config.write_text('{"elasticsearch": {"url": "http://127.0.0.1:9"}}')
    assert "Elasticsearch cannot be reached" in refused(sandbox, "explain", *folder, "--article", "abc")
    assert "Elasticsearch cannot be reached" in refused(sandbox, "rules", "cost", str(sandbox.folder / "old"))
    assert "Elasticsearch cannot be reached" in refused(
        sandbox, "rules", "diff", folder[1], str(sandbox.folder / "new")
    )
    assert "Elasticsearch cannot be reached" in refused(sandbox, "rules", "lint", folder[1], "--since", "7d")


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


def of_the_page(engines: Engines, kind: str, **keys: list[str]) -> tuple[ElasticsearchSettings, list[str]]:
    """Index the articles of the one example of a kind in docs/rules.md; return where, and what it says is answered."""
    (body,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    answer: list[str] = []
    articles: list[TaggedArticle] = []
    for line in body.splitlines():
        key, _, value = line.partition(":")
        if key == "article":
            fields = {"lang": "en", "fetched": NOW, "tagged": NOW, **yaml.safe_load(value)}
            fields["published"] = int(
                datetime.fromisoformat(fields.get("published", "2026-11-20T00:00:00Z")).timestamp() * 1000
            )
            url = fields.setdefault("url", f"https://{kind}.example/{len(articles)}")
            articles.append(TaggedArticle.model_validate(fields | {"id": article_id(url)}))
        elif key in keys:
            keys[key].append(value.strip())
        else:
            answer.append(line)
    es = ElasticsearchSettings(url=engines.url, prefix=f"page-{uuid4().hex[:8]}-")
    with connect(es) as client:
        put(client, es, articles)
    return es, answer


def on_the_page(
    engines: Engines, es: ElasticsearchSettings, rules: dict[str, dict[str, str]], *arguments: str
) -> list[str]:
    """Run a command as the page says, over its articles; `rules` are queries by id, by folder."""
    with tempfile.TemporaryDirectory() as folder, connect(es) as client:
        sandbox = Sandbox(engines, Path(folder), es.prefix, {})
        for name, queries in rules.items():
            (sandbox.folder / name).mkdir()
            for number, (rule, query) in enumerate(queries.items()):
                (sandbox.folder / name / f"{number}.yaml").write_text(
                    json.dumps({"id": rule, "name": rule, "query": query})
                )
        paths = [str(sandbox.folder / each) if each in rules else each for each in arguments]
        told = sandbox.command(*paths, "--since", "2026-11-01", *UNTIL)
        for index in client.indices.get(index=f"{es.prefix}*").body:
            client.indices.delete(index=index)
        return told.splitlines()


def test_the_diff_on_the_page(engines: Engines) -> None:
    before: list[str] = []
    after: list[str] = []
    es, answer = of_the_page(engines, "diff", before=before, after=after)
    rules = {"old": {"grain": before[0]}, "new": {"grain": after[0]}}
    assert on_the_page(engines, es, rules, "rules", "diff", "old", "new") == answer


def test_the_costs_on_the_page(engines: Engines) -> None:
    written: list[str] = []
    es, answer = of_the_page(engines, "cost", rule=written)
    queries = dict(each.split(": ", 1) for each in written)
    assert on_the_page(engines, es, {"folder": queries}, "rules", "cost", "folder") == answer
