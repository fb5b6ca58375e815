"""`presswatch tag` and `presswatch topics test`, as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from presswatch.commands import tag, topics

PACK = """\
topic: grain
patterns:
  en:
    - {match: wheat, weight: 1}
    - {match: '"wheat beer"', weight: 0}
must_tag:
  en: [Wheat is short, {title: Wheat, text: ''}]
must_not_tag:
  en: [Wheat beer is dear]
"""


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """A folder with one small pack."""
    (tmp_path / "grain.yaml").write_text(PACK)
    return tmp_path


def run_tag(packs: Path, lines: bytes, *arguments: str) -> tuple[Result, list[dict[str, Any]]]:
    result = CliRunner().invoke(tag.command, ["--packs", str(packs), *arguments], input=lines)
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def test_the_object_comes_out_with_its_tags(packs: Path) -> None:
    article = {
        "id": 7,
        "lang": "en",
        "title": "Wheat",
        "text": "",
        "published": "2026-11-01",
        "own": {"key": [1, None]},
    }
    result, (line,) = run_tag(packs, json.dumps(article).encode())
    assert result.exit_code == 0
    assert {key: value for key, value in line.items() if key != "tags"} == article
    assert [(each["topic"], each["score"], each["evidence"][0]["quote"]) for each in line["tags"]] == [
        ("grain", 0.5, "Wheat")
    ]


def test_old_tags_are_replaced(packs: Path) -> None:
    _, (line,) = run_tag(packs, b'{"title": "Beer", "lang": "en", "tags": [{"topic": "grain", "score": 1}]}')
    assert line["tags"] == []


def test_order_is_kept_and_broken_lines_are_answered_in_their_place(packs: Path) -> None:
    lines = [
        b'{"id": "a", "title": "wheat", "lang": "en"}',
        b"",
        b"{",
        b"[1]",
        b'{"title": 3}',
        b"\xff",
        b'{"id": "b"}',
    ]
    result, out = run_tag(packs, b"\n".join(lines))
    assert result.exit_code == 1
    assert [line.get("id") or line["line"] for line in out] == ["a", 2, 3, 4, 5, 6, "b"]
    assert all("error" in line for line in out[1:6])
    assert "title must be a string" in out[4]["error"]


def test_the_language_is_detected_where_it_is_missing(packs: Path) -> None:
    text = "The wheat was late this year, and the bakers of the town said so to everybody who came by."
    _, out = run_tag(packs, json.dumps({"title": "", "text": text}).encode())
    assert out[0]["tags"]
    assert "lang" not in out[0]


def test_a_wrong_pack_ends_it_before_the_first_line(packs: Path) -> None:
    (packs / "grain.yaml").write_text(PACK.replace("match: wheat", "match: 'wheat AND'"))
    result = CliRunner().invoke(tag.command, ["--packs", str(packs)], input=b'{"title": "Wheat"}\n')
    assert result.stdout == ""
    assert result.exception is not None
    assert "grain.yaml:4" in str(result.exception)


def test_examples_that_pass(packs: Path) -> None:
    result = CliRunner().invoke(topics.command, ["test", str(packs)])
    assert result.exit_code == 0
    assert "3 examples of grain: none failed" in result.output


def test_examples_that_fail_are_shown_with_the_reasons(packs: Path) -> None:
    (packs / "grain.yaml").write_text(
        PACK.replace("Wheat is short", "Rye is short").replace("Wheat beer is", "Wheat is")
    )
    result = CliRunner().invoke(topics.command, ["test", str(packs)])
    assert result.exit_code == 1
    assert "grain (en): must be tagged, but is not: score 0, threshold 0.5" in result.output
    assert "no pattern matches" in result.output
    assert "grain (en): must not be tagged, but is: score 0.5" in result.output
    assert "+1 wheat: Wheat" in result.output
    assert "3 examples of grain: 2 failed" in result.output


def test_an_example_in_a_language_without_patterns_fails(packs: Path) -> None:
    (packs / "grain.yaml").write_text(PACK.replace("must_tag:\n", "must_tag:\n  fr: [Le blé manque]\n", 1))
    result = CliRunner().invoke(topics.command, ["test", str(packs)])
    assert result.exit_code == 1
    assert "grain (fr): must be tagged, but is not" in result.output
