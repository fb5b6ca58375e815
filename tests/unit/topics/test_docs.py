"""docs/topics.md says what is true: its pack is a pack, its formula is the formula."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from presswatch.core.scoring import DEFAULT
from presswatch.core.topics import Tagger
from presswatch.packfiles import load_files, load_packs
from presswatch.topictests import run_examples

PAGE = (Path(__file__).parents[3] / "docs" / "topics.md").read_text("utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_the_pack_is_right_and_passes_its_examples(tmp_path: Path) -> None:
    (tmp_path / "railways.yaml").write_text(block("yaml"), encoding="utf-8")
    outcomes = run_examples(load_files(tmp_path))
    assert len(outcomes) == 4
    assert all(outcome.passed for outcome in outcomes)


def test_the_command_gives_what_the_page_shows() -> None:
    command, _, shown = block("console").partition("\n")
    article = json.loads(shlex.split(command.removeprefix("$ "))[1])
    expected = json.loads(shown.replace("\n", " "))["tags"]
    tags = Tagger(load_packs()).tag(article)
    for tag in tags:
        assert re.fullmatch("[0-9a-f]{12}", tag["pack"])
    assert all(tag["score"] >= tag["threshold"] for tag in [*tags, *expected])
    assert [without_learned_numbers(tag) for tag in tags] == [without_learned_numbers(tag) for tag in expected]


def without_learned_numbers(tag: dict[str, Any]) -> dict[str, Any]:
    """Leave out what another training changes: score, threshold and the weights of learned words."""
    evidence = [
        {name: value for name, value in entry.items() if name != "weight" or not entry["pattern"].startswith("model:")}
        for entry in tag["evidence"]
    ]
    return {"topic": tag["topic"], "evidence": evidence}


def test_the_constants_are_those_of_the_code() -> None:
    for phrase in (
        f"{DEFAULT.lead} in the lead (the first {DEFAULT.lead_words} words",
        f"{DEFAULT.body} in",
        f"texts of up to {DEFAULT.body_words} words",
        f"(100 / words)^{DEFAULT.body_fade}",
        f"the next {DEFAULT.repeat} of its worth",
        f"densest passage of {DEFAULT.passage_words} words",
        f"{DEFAULT.passage} × (100 / words)^{DEFAULT.passage_fade}",
    ):
        assert phrase in PAGE.replace("\n", " "), phrase
