"""docs/rules.md is true: each example matches what it says, each mistake is answered as it shows, each file loads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from presswatch import matching
from presswatch.core.rules.explain import Explainer, lines, reason
from presswatch.core.rules.kibana import to_kibana
from presswatch.core.rules.lexer import FIELDS
from presswatch.core.rules.lints import Linter
from presswatch.core.rules.lists import read_entries
from presswatch.core.rules.match import Expression
from presswatch.core.rules.picture import explain
from presswatch.core.rules.rule import RuleSpec
from presswatch.core.rules.syntax import parse, parse_all
from presswatch.rulefiles import RuleFileError, load_rules

pytestmark = pytest.mark.usefixtures("each_engine")

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")


class Block(NamedTuple):
    kind: str
    name: str
    body: str
    line: int


BLOCKS = [
    Block(found.group(1), found.group(2).strip(), found.group(3), PAGE.count("\n", 0, found.start()) + 1)
    for found in re.finditer(r"^```(\w+)([^\n]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
]
LISTS = {
    Path(block.name).stem: tuple(entry for _, entry in read_entries(block.body))
    for block in BLOCKS
    if block.name.startswith("lists/")
}


def of(kind: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind == kind]


def fields(body: str) -> list[tuple[str, str]]:
    pairs = [line.split(":", 1) for line in body.splitlines()]
    return [(name, value.strip()) for name, value in pairs]


def article(shown: str) -> dict[str, Any]:
    return dict(yaml.safe_load(shown)) if shown.startswith("{") else {"text": shown}


@pytest.mark.parametrize("block", of("rule"), ids=lambda block: f"line {block.line}")
def test_examples(block: Block) -> None:
    (_, query), *cases = fields(block.body)
    matcher = matching.matcher([Expression("example", "1", parse(query, LISTS))])
    assert cases
    for verdict, shown in cases:
        found = matcher.match(matching.document(article(shown)))
        assert bool(found) == {"matches": True, "not": False}[verdict], shown


@pytest.mark.parametrize("block", of("error"), ids=lambda block: f"line {block.line}")
def test_mistakes(block: Block) -> None:
    first, answer = block.body.split("\n", 1)
    query = first.removeprefix("query:").strip()
    _, errors = parse_all(query)
    assert "\n".join(explain(query, error) for error in errors) == answer.rstrip()


@pytest.mark.parametrize("block", of("why"), ids=lambda block: f"line {block.line}")
def test_explanations(block: Block) -> None:
    first, second, answer = block.body.split("\n", 2)
    (_, query), (_, shown) = fields(f"{first}\n{second}")
    verdict = Explainer(parse(query, LISTS)).explain(matching.document(article(shown)))
    assert "\n".join([f"failed first: {reason(verdict)}", *lines(verdict)]) == answer.rstrip()


SUPPORTED = {"health": {"en", "ky"}, "diplomacy": {"en"}}


@pytest.mark.parametrize("block", of("lint"), ids=lambda block: f"line {block.line}")
def test_warnings(block: Block) -> None:
    first, *rest = block.body.splitlines()
    query = first.removeprefix("query:").strip()
    marked = [line.removeprefix("marks:").strip() for line in rest[::2]]
    found = Linter(SUPPORTED, SUPPORTED).query(parse(query, LISTS))
    assert [(query[each.start : each.end], each.message) for each in found] == list(
        zip(marked, rest[1::2], strict=True)
    )


@pytest.mark.parametrize("block", of("kibana"), ids=lambda block: f"line {block.line}")
def test_forms_for_kibana(block: Block) -> None:
    first, answer = block.body.split("\n", 1)
    written = to_kibana(parse(first.removeprefix("query:").strip(), LISTS))
    assert written.query == answer.rstrip()
    assert not written.gaps


def test_files(tmp_path: Path) -> None:
    for block in BLOCKS:
        if block.name:
            path = tmp_path / block.name.removeprefix("rules/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
    with pytest.raises(RuleFileError) as caught:
        load_rules(tmp_path / "broken")
    (answer,) = of("answer")
    assert str(caught.value).replace(f"{tmp_path}/", "") == answer.body.rstrip()
    (tmp_path / "broken" / "vaccines.yaml").unlink()
    (rule,) = load_rules(tmp_path)
    matcher = matching.matcher([Expression(rule.id, rule.version, rule.node)])
    for example in rule.must_match:
        assert matcher.match(matching.document(article(example) if isinstance(example, str) else example))
    for example in rule.must_not_match:
        assert not matcher.match(matching.document(article(example) if isinstance(example, str) else example))


def test_every_field_and_key_is_described() -> None:
    for field in FIELDS:
        assert f"{field}:" in PAGE
    for key in RuleSpec.model_fields:
        assert re.search(rf"^{key}:", PAGE, re.MULTILINE) or f"`{key}`" in PAGE, key


def test_the_page_has_examples_of_all_kinds() -> None:
    assert len(of("rule")) > 20
    assert len(of("error")) >= 2
    assert of("why")
    assert of("kibana")
    assert len(of("lint")) >= 5
    assert LISTS
