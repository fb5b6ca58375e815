"""Places in YAML: whatever the style of a scalar, each character of its value is found where it stands in the file."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

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
