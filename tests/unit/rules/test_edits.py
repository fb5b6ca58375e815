"""What becomes of rules between two sets: by what they match, not by how they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from presswatch.core.rules.edits import edits, list_edits
from presswatch.core.rules.rule import Rule, RuleSpec, make_rule

TODAY = date(2026, 11, 24)
NO_LISTS: Mapping[str, Sequence[str]] = {}


def rule(id: str, query: str, lists: Mapping[str, Sequence[str]] = NO_LISTS, **more: object) -> Rule:
    return make_rule(RuleSpec.model_validate({"id": id, "name": id, "query": query} | more), lists)


@pytest.mark.parametrize(
    ("old", "new", "change", "note"),
    [
        ([], [rule("a", "wheat")], "added", ""),
        ([rule("a", "wheat")], [], "removed", ""),
        ([rule("a", "wheat")], [rule("a", "corn")], "changed", ""),
        ([rule("a", "wheat OR corn", name="x")], [rule("a", "(corn) || wheat", name="y")], "unchanged", ""),
        ([rule("a", "wheat", enabled=False)], [rule("a", "wheat")], "added", "disabled in OLD"),
        ([rule("a", "wheat")], [rule("a", "corn", expires="2026-11-23")], "removed", "expired on 2026-11-23 in NEW"),
        ([rule("a", "wheat")], [rule("a", "wheat", expires="2026-11-24")], "unchanged", ""),
        ([rule("a", "wheat", enabled=False)], [rule("a", "corn", enabled=False)], "unchanged", "disabled in OLD, disabled in NEW"),
        ([rule("a", "wheat", enabled=False)], [], "unchanged", "disabled in OLD"),
    ],
)  # fmt: skip
def test_changes(old: list[Rule], new: list[Rule], change: str, note: str) -> None:
    (edit,) = edits(old, new, TODAY)
    assert (edit.id, edit.change, edit.note) == ("a", change, note)
    assert (edit.old is not None, edit.new is not None) == {
        "added": (False, True),
        "removed": (True, False),
        "changed": (True, True),
        "unchanged": (not note, not note),
    }[change]


def test_all_rules_of_both_sets_once_and_in_order() -> None:
    made = edits([rule("c", "x"), rule("a", "x")], [rule("b", "x"), rule("c", "y")], TODAY)
    assert [(edit.id, edit.change) for edit in made] == [("a", "removed"), ("b", "added"), ("c", "changed")]


def test_terms_that_came_and_went() -> None:
    query = 'NOT @c AND COUNT/2 @a AND (@b NEAR/2 rice OR ATLEAST/1 (title:@a, "x"))'
    before = rule("r", query, {"a": ["wheat", "corn"], "b": ["x"], "c": ["y"]})
    after = rule("r", query, {"a": ["corn", "rye", '"durum wheat"'], "b": ["x"], "c": ["y", "z"]})
    (edit,) = edits([before], [after], TODAY)
    assert list_edits(edit) == {"a": (["rye", '"durum wheat"'], ["wheat"]), "c": (["z"], [])}
    assert list_edits(edits([before], [], TODAY)[0]) == {}
