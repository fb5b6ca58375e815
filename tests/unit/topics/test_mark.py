"""`presswatch topics mark`: what somebody says of an article is in the file, once, and can be taken back."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from benchmarks.topics.evaluate import judgements, measure
from benchmarks.topics.sets import DESK, SETS, sets
from click.testing import CliRunner, Result

from presswatch import marks
from presswatch.commands import topics
from presswatch.core.article import article_id
from presswatch.core.errors import ConfigError
from presswatch.core.topics import Tagger
from presswatch.packfiles import load_packs

ARTICLES = [
    {
        "title": "Norland runs short of flu vaccine",
        "text": "",
        "lang": "en",
        "url": "https://x.example/flu?utm_source=a",
    },
    {"title": "", "text": "Le ministre de la Santé a parlé de l'économie.", "id": "fr-1"},
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with articles and small packs; the marks go into `marks.jsonl` there."""
    (tmp_path / "packs").mkdir()
    for topic, word in (("health", "vaccine"), ("agriculture", "wheat"), ("diplomacy", "ambassador")):
        pack = f"topic: {topic}\npatterns: {{en: [{{match: {word}, weight: 1}}]}}\n"
        (tmp_path / "packs" / f"{topic}.yaml").write_text(pack)
    monkeypatch.setenv("PRESSWATCH_TAGGER_PACKS", str(tmp_path / "packs"))
    monkeypatch.setenv("PRESSWATCH_TAGGER_MARKS", str(tmp_path / "marks.jsonl"))
    lines = [json.dumps(article, ensure_ascii=False) for article in ARTICLES]
    (tmp_path / "articles.jsonl").write_text("\n".join([*lines, ""]), encoding="utf-8")
    (tmp_path / "one.json").write_text(json.dumps(ARTICLES[0], indent=2), encoding="utf-8")
    return tmp_path


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(topics.command, ["mark", *arguments], input=stdin)


def test_what_is_said_is_saved_and_shown(desk: Path) -> None:
    result = run(f"{desk}/articles.jsonl:1", "+health", "-diplomacy")
    assert result.exit_code == 0, result.output
    assert "Norland runs short of flu vaccine" in result.output
    assert "health     yes  as it is: tagged" in result.output
    assert "diplomacy  no   as it is: not tagged" in result.output
    assert "which holds 1 article;" in result.output
    [row] = marks.rows(desk / "marks.jsonl")
    assert row["title"] == ARTICLES[0]["title"]
    assert (row["lang"], row["topics"], row["judges"]) == ("en", ["health"], ["diplomacy", "health"])


def test_a_disagreement_is_told(desk: Path) -> None:
    assert "unlike now: tagged" in run(f"{desk}/one.json", "-health").output
    assert "unlike now: not tagged" in run(f"{desk}/one.json", "+agriculture").output


def test_standard_input_and_a_detected_language(desk: Path) -> None:
    assert run("-", "+health", stdin=json.dumps(ARTICLES[1])).exit_code == 0
    [row] = marks.rows(desk / "marks.jsonl")
    assert (row["id"], row["lang"]) == ("fr-1", "fr")


def test_the_last_word_on_a_topic_holds(desk: Path) -> None:
    run(f"{desk}/one.json", "+health", "+agriculture")
    run(f"{desk}/one.json", "-agriculture")
    [row] = marks.rows(desk / "marks.jsonl")
    assert (row["topics"], row["judges"]) == (["health"], ["agriculture", "health"])


def test_undo_takes_the_last_mark_back_or_that_of_an_article(desk: Path) -> None:
    run(f"{desk}/articles.jsonl:1", "+health")
    run(f"{desk}/articles.jsonl:2", "-agriculture")
    assert "took back +health" in run("--undo", "https://www.x.example/flu").output
    assert "took back -agriculture on fr-1" in run("--undo").output
    assert marks.read_marks(desk / "marks.jsonl") == []
    nothing = run("--undo")
    assert (nothing.exit_code, "there is no mark" in nothing.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["{desk}/articles.jsonl", "+health"], "several articles; say which"),
        (["{desk}/articles.jsonl:9", "+health"], "has 2 lines, so no line 9"),
        (["{desk}/one.json", "+helth"], "do you mean `health`?"),
        (["{desk}/one.json", "+health", "-health"], "both +health and -health"),
        (["{desk}/one.json"], "what you say of it"),
        (["{desk}/one.json", "health"], "write +health or -health, not `health`"),
        (["{desk}/one.json", "+health", "--packs", "nowhere"], "there is no folder or file nowhere of topic packs"),
        (["{desk}/one.json", "+health", "--packs", "{desk}/wheat"], "there is no topic `health` in the packs in "),
        (["{desk}/one.json", "--sweep"], "--sweep goes through the whole file"),
        (["+health"], "write an article"),
        (["{desk}/gone.json", "+health"], "there is no file"),
        (["{desk}/marks.txt", "--undo", "+health"], "leave the topics away"),
        (["{desk}/empty.json", "+health"], "neither title nor text"),
        (["{desk}/wrong.json", "+health"], "wrong.json: the file is not JSON"),
    ],
)
def test_mistakes_are_told_and_nothing_is_saved(desk: Path, arguments: list[str], told: str) -> None:
    (desk / "empty.json").write_text('{"title": " ", "id": "e", "lang": "en"}')
    (desk / "wrong.json").write_text("{title: wheat}")
    (desk / "wheat").mkdir()
    (desk / "wheat" / "p.yaml").write_text("topic: agriculture\npatterns: {en: [{match: wheat, weight: 1}]}\n")
    result = run(*(each.format(desk=desk) for each in arguments))
    assert isinstance(result.exception, ConfigError), result.output
    assert told in str(result.exception)
    assert not (desk / "marks.jsonl").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("oats", "marks.jsonl:2: the line is not JSON"),
        ('{"id": 7}', "`id` must be a string"),
        (
            '{"id": "a", "lang": "en", "title": "", "text": "", "at": "", "says": {"health": 1}}',
            "`says` must name topics",
        ),
    ],
)
def test_a_file_that_holds_something_else_is_left_alone(desk: Path, line: str, told: str) -> None:
    path = desk / "marks.jsonl"
    run(f"{desk}/one.json", "+health")
    path.write_text(path.read_text() + line + "\n")
    before = path.read_bytes()
    for arguments in ([f"{desk}/one.json", "-health"], ["--undo"]):
        result = run(*arguments)
        assert told in str(result.exception)
        assert path.read_bytes() == before


def test_a_last_line_that_an_editor_left_open_is_closed(desk: Path) -> None:
    path = desk / "marks.jsonl"
    run(f"{desk}/one.json", "+health")
    path.write_text(path.read_text().rstrip("\n"))
    run(f"{desk}/articles.jsonl:2", "-health")
    assert [mark.id for mark in marks.read_marks(path)][1:] == ["fr-1"]


def test_marks_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "marks.jsonl"

    def mark(who: int) -> None:
        for number in range(15):
            marks.add(path, marks.Mark(f"{who}-{number}", "en", "t", "", {"health": True}, "2026-11-24T12:00:00Z"))
            if number % 5 == 4:
                assert marks.undo(path, f"{who}-{number}") is not None

    threads = [threading.Thread(target=mark, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.id for each in marks.read_marks(path)}) == 4 * 12


def test_the_desks_set_is_measured_and_judges_only_what_was_said(desk: Path) -> None:
    assert sets() == SETS
    run(f"{desk}/articles.jsonl:1", "+health", "-diplomacy")
    run(f"{desk}/articles.jsonl:2", "+health")
    *_, own = sets()
    assert (own.name, own.judges) == (DESK, ("diplomacy", "health"))
    found = list(judgements(own, own.rows(desk), Tagger(load_packs(desk / "packs"))))
    judged = {(each.row["title"][:7], each.topic, each.wanted, each.tagged) for each in found}
    assert judged == {("Norland", "health", True, True), ("Norland", "diplomacy", False, False)}
    [row] = measure(found)
    assert (row["set"], row["topic"], row["lang"], row["positives"]) == (DESK, "health", "en", 1)


def test_forgotten_articles_go_by_id_and_by_the_id_of_their_address(desk: Path) -> None:
    path = desk / "marks.jsonl"
    assert marks.forget(path, ["fr-1"]) == 0
    assert not path.exists()
    run(f"{desk}/articles.jsonl:1", "+health")
    run(f"{desk}/articles.jsonl:2", "-health")
    run(f"{desk}/articles.jsonl:2", "+diplomacy")
    before = path.read_bytes()
    assert marks.forget(path, ["fr-2"]) == 0
    assert path.read_bytes() == before
    assert marks.forget(path, ["fr-1"]) == 2
    assert marks.forget(path, [article_id("https://x.example/flu")]) == 1
    assert path.read_bytes() == b""
