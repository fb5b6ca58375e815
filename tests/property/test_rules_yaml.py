"""Places in YAML: whatever the style of a scalar, each character of its value is found where it stands in the file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presswatch.rulefiles import check_rules
from presswatch.yamlsource import offsets, read_yaml

_words = st.text(st.sampled_from("abcé東한'\"\\:#()*?-"), min_size=1, max_size=8).map(lambda word: "x" + word)
_lines = st.lists(st.lists(_words, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=4)
_indents = st.integers(1, 5)


def _check(text: str, value: str) -> None:
    source = read_yaml(text)
    assert source.mistakes == []
    assert " ".join(source.data["query"].split()) == " ".join(value.split())
    found = offsets(text, source.places["query",], source.data["query"])
    assert len(found) == len(source.data["query"]) + 1
    assert found == sorted(found)
    for ch, at in zip(source.data["query"], found, strict=False):
        if ch.isspace():
            continue
        assert text[at] in {ch, "\\"}
    assert found[0] == text.index("x", len("k: v\nquery"))


@given(_lines, _indents, st.sampled_from([">", "|", ">-", "|+", "> # note"]), st.booleans())
def test_blocks(lines: list[str], indent: int, header: str, gap: bool) -> None:
    space = " " * indent
    joint = "\n\n" if gap else "\n"
    text = f"k: v\nquery: {header}\n" + joint.join(space + line for line in lines) + "\nafter: x\n"
    _check(text, " ".join(lines))


@given(_lines, _indents)
def test_single_quotes(lines: list[str], indent: int) -> None:
    text = "k: v\nquery: '" + ("\n" + " " * indent).join(line.replace("'", "''") for line in lines) + "'\n"
    _check(text, " ".join(lines))


@given(_lines)
def test_double_quotes_with_escapes(lines: list[str]) -> None:
    value = "\n".join(lines)
    _check(f"k: v\nquery: {json.dumps(value)}\n", value)
    _check(f"k: v\nquery: {json.dumps(value, ensure_ascii=False)}\n", value)


@given(st.text(st.sampled_from("ab :-#>|'\"[]{}&*!%@\\\n\t,?é\x00"), max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    source = read_yaml(text)
    for mistake in source.mistakes:
        assert 0 <= mistake.start <= len(text)
        assert mistake.message
        assert mistake.mend


_fragments = st.sampled_from(
    [
        *(
            "id: a",
            "id: A b",
            "id: 3",
            "name: A",
            "name: yes",
            "name:",
            "query: wheat",
            "query: va* AND",
            'query: "a b"',
            "query: >",
        ),
        *(
            "query: |-",
            "query: [a]",
            "query: @x",
            "  wheat AND",
            "  corn NEAR x",
            "    (rice",
            "- id: b",
            "- x",
            "  name: B",
            "  query: b",
        ),
        *(
            "severity: x",
            "when: {kind: spike}",
            "when: any",
            "notify: [a, slack:x]",
            "notify: slack:x",
            "labels: {a: b}",
            "expires: 2026-02-31",
        ),
        *(
            "must_match:",
            "  - {txet: x}",
            "  - text: x",
            "  - 3",
            "time_zone: Mars",
            "foo: 1",
            "---",
            "{",
            "]",
            "\tx",
            "# c",
            "",
            "&a x",
            "*a",
            "? y",
        ),
    ]
)


@given(st.lists(_fragments, max_size=12))
def test_any_file_gives_rules_or_problems_never_both_or_neither(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("rules") / "a.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    checked = check_rules(path)
    if not checked.problems:
        assert checked.rules
    for problem in checked.problems:
        assert 0 <= problem.line <= max(1, len(lines)) + 1
        assert problem.mend in str(problem)
        assert str(problem).startswith(str(path))
