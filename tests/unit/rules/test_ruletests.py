"""Where examples stand in rule files, and what becomes of them."""

from __future__ import annotations

from pathlib import Path

from presswatch.rulefiles import load_rules
from presswatch.ruletests import example_places, run_examples

ONE = """\
id: one
name: One
query: wheat
must_match:
  - wheat

  - {title: Wheat}
must_not_match: [rice,
  maize]
"""
MANY = """\
- id: two
  name: Two
  query: wheat OR rice
  must_match: &shared
    - wheat
- id: three
  name: Three
  query: rice
  must_match: *shared
- {id: none, name: None, query: rain}
"""


def test_each_example_has_its_line_and_what_an_alias_repeats_that_of_what_it_repeats(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_bytes(b"\xef\xbb\xbf" + ONE.replace("\n", "\r\n").encode())
    (tmp_path / "many.yml").write_text(MANY)
    one, many = str(tmp_path / "one.yaml"), str(tmp_path / "many.yml")
    assert example_places(tmp_path) == {
        ("one", "must_match", 1): (one, 5),
        ("one", "must_match", 2): (one, 7),
        ("one", "must_not_match", 1): (one, 8),
        ("one", "must_not_match", 2): (one, 9),
        ("two", "must_match", 1): (many, 5),
        ("three", "must_match", 1): (many, 4),
    }
    outcomes = {(each.rule, each.key, each.number): each for each in run_examples(load_rules(tmp_path))}
    assert outcomes.keys() == example_places(tmp_path).keys()
    assert [key for key, outcome in outcomes.items() if not outcome.passed] == [("three", "must_match", 1)]


def test_an_example_without_tags_is_tagged_and_one_with_none_is_not(tmp_path: Path) -> None:
    text = (
        "Farmers in the wheat belt said the drought has cut crop yields. The ministry of agriculture expects a smaller grain "
        "harvest and has asked growers to sow drought-resistant wheat."
    )
    (tmp_path / "a.yaml").write_text(
        f'id: a\nname: A\nquery: topic:agriculture\nmust_match: ["{text}"]\nmust_not_match: [{{text: "{text}", tags: []}}]\n'
    )
    outcomes = run_examples(load_rules(tmp_path))
    assert [outcome.passed for outcome in outcomes] == [True, True]
