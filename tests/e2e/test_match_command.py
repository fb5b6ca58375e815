"""`presswatch match` as a user runs it: a process of its own, fed by pipe or file, without any engine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

RULES = {
    "grain.yaml": """
id: grain-bans
name: Grain bans
query: (grain* OR wheat) NEAR/8 (ban OR bans OR banned)
""",
    "who.yaml": """
id: who
name: The WHO
query: raw:WHO AND country:fr
""",
    "idle.yaml": """
id: idle
name: Not in force
query: wheat
enabled: false
""",
    "old.yaml": """
id: old
name: Expired
query: wheat
expires: 2020-01-01
""",
    "topics.yaml": """
id: farms
name: Agriculture
query: topic:agriculture AND score.agriculture:>0.1
""",
}
COMMAND = (sys.executable, "-m", "presswatch", "match", "--rules")
WHEAT = {"id": "a1", "title": "India bans wheat exports", "text": "", "lang": "en", "tags": []}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    for name, text in RULES.items():
        (folder / name).write_text(text)
    return folder


def lines(*values: Any) -> bytes:
    return b"".join(value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values)


def match(rules: Path, stdin: bytes, *files: Path) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [*COMMAND, str(rules), *map(str, files)], input=stdin, capture_output=True, timeout=120, check=False
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def ids(answer: dict[str, Any]) -> list[str]:
    return [found["rule"] for found in answer["matches"]]


def test_each_line_gets_its_matches_with_receipts(rules: Path) -> None:
    who = {
        "url": "https://example.org/a?utm_source=x",
        "lang": "en",
        "text": "The WHO, who else",
        "country": "FR",
        "tags": [],
    }
    code, answers, errors = match(
        rules, lines(WHEAT, who, {**who, "url": "https://www.example.org/a"}, {"title": "Nothing", "lang": "en"})
    )
    assert (code, errors) == (0, "")
    assert answers[0]["id"] == "a1"
    (found,) = answers[0]["matches"]
    assert found["rule"] == "grain-bans"
    assert len(found["version"]) == 12
    assert found["receipt"] == [
        {"leaf": "wheat", "field": "title", "start": 11, "end": 16, "quote": "wheat"},
        {"leaf": "bans", "field": "title", "start": 6, "end": 10, "quote": "bans"},
    ]
    assert answers[1]["matches"][0]["receipt"] == [
        {"leaf": "raw:WHO", "field": "text", "start": 4, "end": 7, "quote": "WHO"},
        {"leaf": "country:fr", "field": "country", "quote": "FR"},
    ]
    assert answers[1]["id"] == answers[2]["id"]  # the id of the canonical URL
    assert answers[3]["matches"] == []


def test_tags_are_taken_as_given_and_found_where_there_are_none(rules: Path) -> None:
    farms = {
        "title": "Wheat farmers fear a poor harvest after drought",
        "text": "Farmers in the wheat belt said the drought has cut crop yields. The ministry of agriculture expects a smaller "
        "grain harvest and has asked growers to sow drought-resistant wheat.",
    }
    code, answers, errors = match(
        rules,
        lines(
            farms,
            {**farms, "tags": None, "lang": "en"},
            {**farms, "tags": []},
            {"title": "x", "tags": [{"topic": "Agriculture", "score": 0.5}]},
            {"title": "x", "tags": [{"topic": "agriculture", "score": 0.1}]},
        ),
    )
    assert (code, errors) == (0, "")
    assert ["farms" in ids(answer) for answer in answers] == [True, True, False, True, False]
    receipt = answers[3]["matches"][0]["receipt"]
    assert [(entry["field"], entry["quote"]) for entry in receipt] == [
        ("topic", "Agriculture"),
        ("score.agriculture", "0.5"),
    ]


def test_a_line_that_cannot_be_used_gives_an_error_in_its_place(rules: Path) -> None:
    code, answers, errors = match(
        rules,
        lines(
            WHEAT,
            b"\n",
            b'{"title": "Ind\n',
            ["no", "object"],
            b'{"title": "\xff"}\n',
            b'{"text": "' + b"x" * 10_000_001 + b'"}\n',
            {"title": 5},
            {"title": "a", "tags": {"health": 1}},
            {"title": "a", "published": "last week"},
            b'{"title": "\\ud800"}\n',
            b'{"title": "a", "score": NaN}\n',
            {"title": "a", "id": [1]},
            {"title": "a", "external_id": 4, "lang": "en"},
        )
        + json.dumps(WHEAT).encode(),
    )
    assert (code, errors) == (1, "")
    assert [answer.get("line") for answer in answers] == [None, *range(2, 14), None]
    assert ids(answers[0]) == ids(answers[-1]) == ["grain-bans"]
    texts = [answer["error"] for answer in answers[1:-1]]
    for text, part in zip(
        texts,
        (
            "blank", "not JSON", "holds an array", "not UTF-8", "longer than 10,000,000 bytes", "title must be a string",
            "tags must be an array", "published is no date or time", "surrogate", "NaN", "id must be", "external_id must be",
        ),
        strict=True,
    ):  # fmt: skip
        assert part in text


def test_standard_output_that_is_closed_is_said_so(rules: Path) -> None:
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, str(rules)]
    done = subprocess.run(shell, input=lines(WHEAT), capture_output=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr == b"presswatch: standard output is closed; send it to a file or a program\n"


def test_an_empty_list_of_languages_is_as_good_as_none(rules: Path) -> None:
    farms = {"title": "Wheat farmers fear a poor harvest after drought", "text": "The grain crop has failed."}
    code, answers, _ = match(rules, lines(farms, {**farms, "lang": []}, {**farms, "lang": ""}, {**farms, "lang": 0}))
    assert code == 1
    assert [ids(answer) for answer in answers[:3]] == [["farms"]] * 3
    assert "lang must be a string" in answers[3]["error"]


def test_files_are_read_in_order_and_named_in_errors(rules: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_bytes(lines(WHEAT))
    second.write_bytes(lines(b"\n", {**WHEAT, "id": 7}))
    code, answers, errors = match(rules, lines({**WHEAT, "id": "piped"}), first, Path("-"), second)
    assert (code, errors) == (1, "")
    assert [answer.get("id") for answer in answers] == ["a1", "piped", None, 7]
    assert answers[2] == {"error": "the line is blank", "line": 1, "file": str(second)}


def test_an_answer_comes_before_the_next_line_is_there(rules: Path) -> None:
    with subprocess.Popen([*COMMAND, str(rules)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for line, key in ((lines(WHEAT), "matches"), (b"\n", "error"), (lines(WHEAT), "matches")):
            process.stdin.write(line)
            process.stdin.flush()
            assert key in json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 1


def test_a_reader_that_goes_away_ends_it_without_a_word(rules: Path, tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_bytes(lines(WHEAT) * 20_000)
    with subprocess.Popen([*COMMAND, str(rules), str(many)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_output_that_cannot_be_written_is_said(rules: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, str(rules)], input=lines(WHEAT), stdout=full, stderr=subprocess.PIPE, timeout=120, check=False
        )
    assert done.returncode == 2
    assert done.stderr.decode() == "presswatch: cannot write to standard output: No space left on device\n"


def test_closed_input_is_said(rules: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{' '.join(COMMAND)} {rules} <&-"], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert b"standard input is closed" in done.stderr


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("id: bad\nname: Bad\nquery: wheat AND (ban OR\n", ("bad.yaml:3:", "^", "mend: ")),
        ("id: bad\nname: Bad\nquery: colour:red\n", ("bad.yaml:3:8", "^", "mend: ")),
        ("id: bad\nname: Bad\n", ("bad.yaml:", "query")),
    ],
)
def test_a_bad_rule_ends_it_before_the_first_line(rules: Path, text: str, parts: Iterable[str]) -> None:
    (rules / "bad.yaml").write_text(text)
    code, answers, errors = match(rules, lines(WHEAT))
    assert (code, answers) == (2, [])
    for part in parts:
        assert part in errors


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    code, answers, errors = match(tmp_path / "nowhere", b"")
    assert (code, answers) == (2, [])
    assert "nowhere" in errors
