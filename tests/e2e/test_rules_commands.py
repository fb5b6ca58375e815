"""`presswatch rules` and `presswatch explain` as an analyst runs them: processes of their own, without any engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

GRAIN = """
- id: grain-bans
  name: Grain bans
  query: >
    (@grains OR grain*) NEAR/8 (ban OR bans) AND topic:agriculture
  must_match:
    - {title: India bans wheat exports, tags: [{topic: agriculture}]}
    - title: "Wheat < \\"maize\\" & a b c d e f g h\\a ban"
      tags: [{topic: agriculture}]
    - {title: x, published: some day}
  must_not_match:
    - Rain fell on the city.
    - {title: Grain bans, tags: [{topic: agriculture}]}
- id: who
  name: The WHO
  query: raw:WHO AND COUNT/2 flu?
  enabled: false
"""
ARTICLE = {"id": "a1", "title": "Wheat and nine other words that stand before the ban", "lang": "en", "tags": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules" / "lists").mkdir(parents=True)
    (tmp_path / "rules" / "lists" / "grains.txt").write_text("wheat\ndurum wheat\n")
    (tmp_path / "rules" / "grain.yaml").write_text(GRAIN)
    return tmp_path


def run(folder: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "presswatch", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_examples_that_fail_are_told_with_their_place_and_reason_and_written_for_build_servers(folder: Path) -> None:
    code, told, errors = run(folder, "rules", "test", "rules", "--junit", "report.xml")
    assert (code, errors) == (1, "")
    assert "rules/grain.yaml:8: grain-bans: must_match 2 does not match" in told
    assert "Wheat and ban occur, 9 tokens apart in the title; NEAR/8 asks for at most 8" in told
    assert "rules/grain.yaml:10: grain-bans: must_match 3 cannot be read: published is no date" in told
    assert "rules/grain.yaml:13: grain-bans: must_not_match 2 matches" in told
    assert told.endswith("1 rule without examples: who\n5 examples of 1 rule: 3 failed\n")
    (suite,) = ET.parse(folder / "report.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == ("5", "2", "1")
    failed = suite[1]
    assert (failed.attrib["file"], failed.attrib["line"]) == ("rules/grain.yaml", "8")
    assert 'Wheat < "maize" & a b c d e f g h ban' in (failed[0].text or "")
    assert [len(case) for case in suite] == [0, 1, 1, 0, 1]


def test_a_set_whose_examples_hold_ends_well(folder: Path) -> None:
    good = {"id": "a", "name": "A", "query": "@grains", "must_match": ["wheat"], "must_not_match": ["rice"]}
    (folder / "rules" / "grain.yaml").write_text(json.dumps(good))
    assert run(folder, "rules", "test", "rules")[:2] == (0, "2 examples of 1 rule: none failed\n")
    code, told, errors = run(folder, "rules", "test", "rules", "--junit", "nowhere/report.xml")
    assert (code, told) == (2, "")
    assert errors == "presswatch: --junit: cannot write nowhere/report.xml: No such file or directory\n"


def test_rules_that_are_wrong_end_every_command_with_2(folder: Path) -> None:
    (folder / "rules" / "broken.yaml").write_text("id: b\nname: B\nquery: wheat ban\n")
    (folder / "a.json").write_text(json.dumps(ARTICLE))
    for arguments in (
        ("rules", "print", "rules"),
        ("rules", "test", "rules"),
        ("rules", "lint", "rules"),
        ("explain", "--rules", "rules", "--rule", "who", "--article", "a.json"),
    ):
        code, told, errors = run(folder, *arguments)
        assert (code, told) == (2, "")
        assert "rules/broken.yaml:3:14: no operator stands between `wheat` and `ban`" in errors


def test_printing_for_people_and_for_kibana(folder: Path) -> None:
    assert run(folder, "rules", "print", "rules")[1] == (
        "grain-bans\n  ((@grains OR grain*) NEAR/8 (ban OR bans)) AND topic:agriculture\n"
        "who\n  raw:WHO AND (COUNT/2 flu?)\n"
    )
    code, told, errors = run(folder, "rules", "print", "--kibana", "-q", "title:@grains AND NOT raw:WHO", "rules")
    assert (code, told) == (0, 'tok.title:(wheat OR "durum wheat")\n')
    assert errors == "Kibana has no form for NOT raw:WHO: it is left out\n"
    assert run(folder, "rules", "print", "-q", "@grains", "rules/grain.yaml") == (0, "@grains\n", "")
    code, told, errors = run(folder, "rules", "print", "-q", "wheat ban")
    assert (code, told) == (2, "")
    assert errors.startswith("presswatch: query, line 1, column 7: no operator stands")
    code, _, errors = run(folder, "rules", "print")
    assert code == 2
    assert "name a folder or file of rules, or a query" in errors


def test_an_explanation_says_where_a_topic_is_blind(folder: Path) -> None:
    asked = ("explain", "--rules", "rules", "--rule", "grain-bans", "--article", "-")
    blind = "blind: not tagged: agriculture is unsupported in ky (neither patterns nor learned words), so nobody looked for it here"
    _, told, _ = run(folder, *asked, stdin=json.dumps({"title": "Grain bans", "lang": "ky"}).encode())
    assert blind in told.splitlines()
    assert "tags: by the packs that come with Presswatch" in told.splitlines()
    given = {"title": "Grain bans", "lang": "ky", "tags": [], "unsupported": ["agriculture", "health"]}
    _, told, _ = run(folder, *asked, stdin=json.dumps(given).encode())
    assert [line for line in told.splitlines() if line.startswith("blind")] == [blind]
    assert "tags: those that it came with" in told.splitlines()
    _, told, _ = run(folder, *asked, stdin=json.dumps({"title": "Grain bans", "lang": "en"}).encode())
    assert "blind" not in told


def test_lints_warn_and_never_fail(folder: Path) -> None:
    code, told, errors = run(folder, "rules", "lint", "rules")
    assert (code, errors) == (0, "")
    assert "the ? at the end of a word in `flu?` stands for exactly one character more" in told
    assert told.endswith("1 warning in 1 rule; 2 rules checked\ntopics: by the packs that come with Presswatch\n")


def test_an_article_is_explained_however_its_json_is_laid_out(folder: Path) -> None:
    (folder / "a.json").write_text(json.dumps(ARTICLE, indent=2))
    grain = ("explain", "--rules", "rules", "--rule", "grain-bans", "--article")
    code, told, errors = run(folder, *grain, "a.json")
    assert (code, errors) == (0, "")
    assert told.startswith("article a1: Wheat and nine other words")
    assert "rule grain-bans (Grain bans): does not match\n" in told
    assert "Wheat and ban occur, 8 tokens apart in the title" not in told  # eight are near enough
    assert "failed first: topic:agriculture: the article has no topic\n" in told
    rows = [ARTICLE, {**ARTICLE, "id": "a2", "tags": [{"topic": "agriculture"}]}, {"title": 5}]
    code, told, errors = run(folder, *grain, "-", stdin=b"\n".join(json.dumps(row).encode() for row in rows))
    assert code == 1
    assert told.count("\nrule grain-bans (Grain bans): ") == 2
    assert "article a2" in told
    assert errors == "<stdin>:3: title must be a string, not a number\n"


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (b'{\n"title": "x",\n"text" "y"}', "<stdin>:3:8: this is not JSON: Expecting ':' delimiter\n"),
        (b'[{"title": "x"}]', "<stdin>: the file holds an array, where an object is needed\n"),
        (b"", "<stdin>: the file is blank\n"),
    ],
)
def test_what_is_no_article_is_said(folder: Path, given: bytes, answer: str) -> None:
    code, told, errors = run(
        folder, "explain", "--rules", "rules", "--rule", "grain-bans", "--article", "-", stdin=given
    )
    assert (code, told, errors) == (1, "", answer)


def test_a_rule_that_is_not_there_or_not_in_force_is_said(folder: Path) -> None:
    (folder / "a.json").write_text(json.dumps(ARTICLE))
    code, _, errors = run(folder, "explain", "--rules", "rules", "--rule", "grain-ban", "--article", "a.json")
    assert code == 2
    assert errors == "presswatch: there is no rule `grain-ban` in rules; do you mean `grain-bans`?\n"
    _, told, _ = run(folder, "explain", "--rules", "rules", "--rule", "who", "--article", "a.json")
    assert told.startswith(
        "rule who is disabled or has expired, so it alerts to nothing; this is what it would match\n"
    )


def test_a_rule_and_an_article_may_each_be_a_file(folder: Path) -> None:
    (folder / "one.yml").write_text("{id: one, name: One, query: wheat AND NOT ban}")
    (folder / "article.json").write_text(json.dumps(ARTICLE))
    code, told, _ = run(folder, "explain", "--rule", "one.yml", "--article", "article.json", "--json")
    answer = json.loads(told)
    assert (code, answer["rule"], answer["article"], answer["matches"]) == (0, "one", "a1", False)
    assert answer["failed_first"] == "NOT ban: must not hold, but does"
    assert [part["holds"] for part in answer["verdict"]["parts"]] == [True, False]
    assert answer["verdict"]["parts"][0]["receipt"] == [
        {"leaf": "wheat", "field": "title", "start": 0, "end": 5, "quote": "Wheat"}
    ]
    for arguments, said in (
        (("--rule", "rules/grain.yaml", "--article", "article.json"), "holds 2 rules; say which: --rules rules/grain.yaml --rule ID, where ID is one of grain-bans, who"),
        (("--rule", "none.yaml", "--article", "article.json"), "there is no file none.yaml"),
        (("--rule", "one.yml", "--article", "artcle.json"), "there is no file artcle.json"),
        (("--rule", "one.yml", "--article", "rules"), "rules is a folder"),
        (("--rules", "rules", "--rule", "grain-ban", "--article", "article.json"), "do you mean `grain-bans`?"),
    ):  # fmt: skip
        code, told, errors = run(folder, "explain", *arguments)
        assert (code, told) == (2, "")
        assert said in errors
