"""Rule files from the disk: what is right is loaded whole, what is wrong is all reported, at its place in the file."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema
import pytest
import yaml

from presswatch.core.rules.rule import rule_file_schema
from presswatch.rulefiles import Problem, RuleFileError, check_rules, load_lists, load_rules

GOOD = """\
    id: grain-export-bans
    name: Grain export bans
    query: >
      (grain* OR wheat OR maize OR corn) NEAR/8 (ban OR bans OR banned OR halt* OR restrict*)
      AND topic:agriculture
    severity: high
    when: {kind: any}
    count: stories
    notify: [slack:grain-desk]
    group_by: story
    must_match:
      - "India bans wheat exports with immediate effect"
      - {title: Wheat, lang: en, tags: [{topic: agriculture, score: 0.9}], published: 2026-01-31}
    must_not_match:
      - "Analysts said grain prices rose this week."
    window: 24h
    threshold: 3
    late: alert
    labels: [trade, asia]
    owner: jane
    desk: agriculture
    enabled: false
    expires: 2026-12-31
    time_zone: Europe/Paris
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(RuleFileError) as caught:
        load_rules(folder)
    return list(caught.value.problems)


def only(folder: Path, text: str) -> Problem:
    """Write one file and return its one problem."""
    found = problems(write(folder, a_yaml=text))
    assert len(found) == 1, [problem.message for problem in found]
    return found[0]


def test_every_key_is_taken(tmp_path: Path) -> None:
    (rule,) = load_rules(write(tmp_path, a_yaml=GOOD))
    assert (rule.id, rule.name, rule.severity, rule.when) == ("grain-export-bans", "Grain export bans", "high", "any")
    assert rule.query.startswith("(grain* OR wheat")
    assert (rule.count, rule.group_by, rule.notify, rule.late) == ("stories", "story", ("slack:grain-desk",), "alert")
    assert (rule.window, rule.threshold, rule.owner, rule.desk) == ("24h", 3, "jane", "agriculture")
    assert (rule.expires, rule.time_zone, rule.labels) == (
        date(2026, 12, 31),
        "Europe/Paris",
        {"trade": "", "asia": ""},
    )
    example = {
        "title": "Wheat",
        "lang": "en",
        "tags": [{"topic": "agriculture", "score": 0.9}],
        "published": "2026-01-31",
    }
    assert rule.must_match == ("India bans wheat exports with immediate effect", example)
    assert rule.must_not_match == ("Analysts said grain prices rose this week.",)
    assert len(rule.version) == 12
    assert not rule.in_force(date(2026, 6, 1))


def test_only_three_keys_are_needed(tmp_path: Path) -> None:
    (rule,) = load_rules(write(tmp_path, a_yml="id: a\nname: A\nquery: wheat\n"))
    assert (rule.severity, rule.when, rule.count, rule.notify, rule.enabled) == ("medium", "any", "stories", (), True)
    assert rule.in_force(date(2026, 6, 1))


def test_expiry_is_the_last_day_in_force(tmp_path: Path) -> None:
    (rule,) = load_rules(write(tmp_path, a_yaml="id: a\nname: A\nquery: wheat\nexpires: 2026-06-30\n"))
    assert rule.in_force(date(2026, 6, 30))
    assert not rule.in_force(date(2026, 7, 1))


def test_lists_of_rules_folders_and_order(tmp_path: Path) -> None:
    write(tmp_path, desk__b_yaml="- {id: c, name: C, query: wheat}\n- {id: a, name: A, query: corn}\n")
    write(
        tmp_path, a_yaml="id: b\nname: B\nquery: rice\n", _hidden_yaml="no: rule\n", readme_txt="x", old_yaml_bak="x: ["
    )
    assert [rule.id for rule in load_rules(tmp_path)] == ["a", "b", "c"]
    assert [rule.id for rule in load_rules(tmp_path / "desk" / "b.yaml")] == ["a", "c"]


def test_a_bundle_of_rules_shares_an_anchor(tmp_path: Path) -> None:
    text = "- {id: a, name: A, query: x, notify: &us [slack:x]}\n- {id: b, name: B, query: x, notify: *us}\n"
    assert [rule.notify for rule in load_rules(write(tmp_path, a_yaml=text))] == [("slack:x",), ("slack:x",)]


def test_named_lists(tmp_path: Path) -> None:
    write(
        tmp_path,
        lists__grain_txt="# cereals\nwheat\n\n  durum wheat\nraw:WHO\n",
        a_yaml="id: a\nname: A\nquery: '@grain'\n",
    )
    (before,) = load_rules(tmp_path)
    assert load_lists(tmp_path) == {"grain": ("wheat", "durum wheat", "raw:WHO")}
    write(tmp_path, lists__grain_txt="raw:WHO\ndurum wheat\nwheat\n")
    (reordered,) = load_rules(tmp_path)
    assert reordered.version == before.version
    write(tmp_path, lists__grain_txt="wheat\n")
    (shorter,) = load_rules(tmp_path)
    assert shorter.version != before.version


def test_version_is_not_of_name_receivers_or_layout(tmp_path: Path) -> None:
    (one,) = load_rules(write(tmp_path, a_yaml="id: a\nname: A\nquery: wheat AND corn\n"))
    (two,) = load_rules(write(tmp_path, a_yaml="id: a\nname: B\nquery: |\n  corn\n  AND wheat\nnotify: [slack:x]\n"))
    assert one.version == two.version


def test_an_error_reads_so(tmp_path: Path) -> None:
    text = """\
        - id: grain-export-bans
          name: Grain export bans
          query: >
            (grain* OR wheat) NEAR/8 (ban OR bans)

            AND topic:agriculture OR
    """
    with pytest.raises(RuleFileError) as caught:
        load_rules(write(tmp_path, grain_yaml=text))
    assert str(caught.value) == dedent(f"""\
        {tmp_path}/grain.yaml:6:27: OR has nothing after it
          in rule grain-export-bans, key `query` on line 3, line 3, column 23 of the query
          6 |     AND topic:agriculture OR
            |                           ^^
          mend: write a clause after it, or take it away

        1 mistake in 1 file: no rule was loaded""")


@pytest.mark.parametrize(
    "layout",
    [
        "query: wheat AND va* OR rice\n",
        "query: 'wheat AND va* OR rice'\n",
        'query: "wheat AND va* OR rice"\n',
        'query: "wheat\\tAND \\\n   va* OR rice"\n',
        "query: wheat\n  AND va*\n    OR rice\n",
        "query: >\n  wheat AND\n  va* OR rice\n",
        "query: >-   # a comment\n\n      wheat\n\n      AND va*\n        OR rice\n",
        "query: |\n  wheat\n    AND va* OR\n  rice",
        "query: |2\n    wheat AND va* OR rice\n",
        "query:\n  wheat AND va* OR rice\n",
        "query: !!str wheat AND va* OR rice\n",
        "query: >\r\n  wheat AND\r\n  va* OR rice\r\n",
        "query: >\n  小麦 AND va* OR rice\n",
    ],
)
def test_places_in_every_layout_of_yaml(tmp_path: Path, layout: str) -> None:
    text = "id: a\nname: A\n" + layout
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8", newline="")
    found = next(problem for problem in problems(tmp_path) if "too short" in problem.message)
    lines = text.replace("\r\n", "\n").split("\n")
    assert lines[found.line - 1][found.column - 1 :].startswith("va*")
    assert (found.rule, found.key, found.key_line) == ("a", "query", 3)
    assert found.query_line >= 1
    assert found.carets.strip() == "^^^"


def test_place_within_the_query_counts_from_its_own_margin(tmp_path: Path) -> None:
    found = only(tmp_path, "id: a\nname: A\nquery: |\n  wheat\n    AND va*\n")
    assert (found.line, found.column, found.query_line, found.query_column) == (5, 9, 2, 7)


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "mend"),
    [
        # keys and values
        ("name: A\nquery: x\n", 1, 1, "the rule has no `id`", "id: grain-export-bans"),
        ("id: a\nquery: x\n", 1, 1, "the rule has no `name`", "name: Grain export bans"),
        ("id: a\nname: A\n", 1, 1, "the rule has no `query`", "`query: >`"),
        ("- id: a\n  name: A\n", 1, 3, "the rule has no `query`", "`query: >`"),
        ("id: a\nname: A\nquery:\n", 3, 1, "`query` has no value", "`query: >`"),
        ("id: a\nname: ''\nquery: x\n", 2, 7, "`name` is empty", "what people call the rule"),
        ("id: a\nname: A\nquery: ''\n", 3, 8, "the query is empty", "wheat AND ban*"),
        ("id: a\nname: A\nquery: >\n\nseverity: low\n", 3, 8, "the query is empty", "wheat AND ban*"),
        ("id: Grain Bans\nname: A\nquery: x\n", 1, 5, "`id` cannot be `Grain Bans`", "perhaps `grain-bans`"),
        ("id: 7\nname: A\nquery: x\n", 1, 5, "`id` must be text, and YAML reads this as a number", 'id: "7"'),
        ("id: a\nname: no\nquery: x\n", 2, 7, "YAML reads this as `false`", "quotation marks"),
        ("id: a\nname: A\nquery: [x OR y]\n", 3, 8, "`query` must be text, not a list", "`query: >`"),
        ("id: a\nname: A\nquery: x\nquerry: y\n", 4, 1, "there is no key `querry`", "did you mean `query`?"),
        ("id: a\nname: A\nquery: x\nfoo: y\n", 4, 1, "there is no key `foo`", "the keys are id, name, query"),
        ("id: a\nname: A\nquery: x\nseverity: hihg\n", 4, 11, "`severity` cannot be `hihg`", "did you mean `high`?"),
        ("id: a\nname: A\nquery: x\nseverity: urgent\n", 4, 11, "`severity` cannot be", "low, medium, high or critical"),
        ("id: a\nname: A\nquery: x\nwhen: any\n", 4, 7, "`when` cannot be text", "when: {kind: any}"),
        ("id: a\nname: A\nquery: x\nwhen: {kind: spike, over: 3d}\n", 4, 14, "`spike` is not available yet", "kind: any"),
        ("id: a\nname: A\nquery: x\nwhen: {kind: spikes}\n", 4, 14, "`kind` cannot be `spikes`", "did you mean `spike`?"),
        ("id: a\nname: A\nquery: x\nwhen: {kidn: any}\n", 4, 8, "there is no key `kidn`", "did you mean `kind`?"),
        ("id: a\nname: A\nquery: x\nnotify: slack:x\n", 4, 9, "`notify` cannot be text", "notify: [slack:grain-desk]"),
        ("id: a\nname: A\nquery: x\nnotify: [email:a@b.c]\n", 4, 10, "`email` are not available yet", "slack:grain-desk"),
        ("id: a\nname: A\nquery: x\nnotify: [slak:x]\n", 4, 10, "no kind of receiver `slak`", "did you mean `slack:`?"),
        ("id: a\nname: A\nquery: x\nnotify: [grain-desk]\n", 4, 10, "`notify` cannot be `grain-desk`", "slack:grain-desk"),
        ("id: a\nname: A\nquery: x\nenabled: 'no'\n", 4, 10, "`enabled` cannot be text", "true or false"),
        ("id: a\nname: A\nquery: x\nwindow: 24\n", 4, 9, "`window` must be text", "window: 24h"),
        ("id: a\nname: A\nquery: x\nwindow: 24 hours\n", 4, 9, "`window` cannot be `24 hours`", "window: 24h"),
        ("id: a\nname: A\nquery: x\nthreshold: 0\n", 4, 12, "`threshold` cannot be `0`", "above 0"),
        ("id: a\nname: A\nquery: x\nexpires: 2026-02-30\n", 4, 10, "`2026-02-30` is no day", "expires: 2026-12-31"),
        ("id: a\nname: A\nquery: x\nexpires: soon\n", 4, 10, "`soon` is no day", "expires: 2026-12-31"),
        ("id: a\nname: A\nquery: x\ntime_zone: Paris\n", 4, 12, "there is no time zone `Paris`", "Europe/Paris"),
        ("id: a\nname: A\nquery: x\nlabels: 3\n", 4, 9, "`labels` cannot be a number", "labels: [trade, asia]"),
        ("id: a\nname: A\nquery: x\nmust_match: x\n", 4, 13, "`must_match` cannot be text", "beginning with `- `"),
        ("id: a\nname: A\nquery: x\nmust_match:\n  - 3\n", 5, 5, "`must_match` cannot be a number", "beginning with `- `"),
        ("id: a\nname: A\nquery: x\nmust_match:\n  - txet: x\n", 5, 5, "there is no key `txet`", "did you mean `text`?"),
        ("id: a\nname: A\nquery: x\nmust_match: [{country: NO}]\n", 4, 24, "YAML reads this as `false`", "quotation marks"),
        # files
        ("", 0, 0, "this file holds no rule", "or delete it"),
        ("# nothing\n", 0, 0, "this file holds no rule", "or delete it"),
        ("wheat AND corn\n", 1, 1, "this is no rule", "`id: grain-export-bans`"),
        ("rules:\n  - id: a\n", 1, 1, "there is no key `rules`", "each rule begins with `- id:`"),
        # YAML
        ("id: a\nid: b\nname: A\nquery: x\n", 2, 1, "the key `id` stands here a second time", "the first is on line 1"),
        ("id: a\nname: A\n\tquery: x\n", 3, 1, "a tab stands where the line is indented", "spaces"),
        ("id: a\n  name: A\n", 2, 7, "a key stands where none can be", "same column"),
        ("id: a\nname: A\nquery: wheat AND lang: en\n", 3, 22, "YAML reads this colon", "`query: >`"),
        ('id: a\nname: A\nquery: "flu vaccine" AND x\n', 3, 22, "text goes on after the closing quotation", "`query: >`"),
        ('id: a\nname: A\nquery: "flu vaccine\n', 3, 8, 'the quotation mark " is never closed', "`query: >`"),
        ('id: a\nname: A\nquery: "\\d"\n', 3, 9, "YAML does not know the escape \\d", "`query: >`"),
        ("id: a\nname: A\nquery: @grain OR x\n", 3, 8, "no value can begin with @", "`query: >`"),
        ("id: a\nname: A\nquery: *accine\n", 3, 8, "begins with * as an alias", "`query: >`"),
        ("id: a\nname: A\nquery: !x AND y\n", 3, 8, "as a tag", "`query: >`"),
        ("id: a\nname: A\nquery: - x\n", 3, 8, "a hyphen and a space", "`query: >`"),
        ("id: a\nname: A\nquery: > wheat\n", 3, 10, "text stands on the same line as >", "on the next line"),
        ("id: a\nname: A\nquery: >\nwheat\n", 4, 1, "this line has no key", "indent it deeper"),
        ("id: a\nname: A\nquery: x\nnotify: [slack:x\n", 4, 9, "this [ is never closed", "close it"),
        ("id: a\nname: A\nquery: x\n---\nid: b\n", 4, 1, "a second YAML document begins here", "beginning with `- id:`"),
        ("id: a\nname: &x [*x]\nquery: x\n", 2, 7, "this alias", "write the value out"),
        ("<<: {id: a}\nname: A\nquery: x\n", 1, 1, "merge keys", "write the keys out"),
    ],
)  # fmt: skip
def test_wrong_files(tmp_path: Path, text: str, line: int, column: int, message: str, mend: str) -> None:
    found = problems(write(tmp_path, a_yaml=text))
    first = next(problem for problem in found if message in problem.message)
    assert mend in first.mend
    assert (first.line, first.column) == (line, column)
    assert len(found) <= 3, [problem.message for problem in found]


def test_an_empty_query_begins_at_its_first_column(tmp_path: Path) -> None:
    for text in ('id: a\nname: A\nquery: ""\n', "id: a\nname: A\nquery: '  '\n", "id: a\nname: A\nquery: >\n\n"):
        (problem,) = problems(write(tmp_path, a_yaml=text))
        assert "the query is empty" in problem.message
        assert (problem.line, problem.query_line, problem.query_column) == (3, 1, 1)


def test_ids_are_unique_across_files(tmp_path: Path) -> None:
    write(tmp_path, a_yaml="id: x\nname: A\nquery: a\n", b_yaml="\nname: B\nquery: b\nid: x\n")
    (found,) = problems(tmp_path)
    assert (Path(found.file).name, found.line) == ("b.yaml", 4)
    assert found.message == "the id `x` is taken"
    assert "a.yaml, line 1" in found.mend


def test_all_files_and_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path, a_yaml="id: a\nname: 3\nquery: va* AND titel:x\nseverity: x\n")
    write(tmp_path, b_yaml="- {id: b, name: B, query: '@nope'}\n- {id: c, name: C, query: fine}\n", c_yaml="id: [\n")
    write(tmp_path, lists__grain_txt='wheat\nva*\nwheat OR corn\n#tag\n"a b"~3\ntitle:x\n@other\n')
    found = problems(tmp_path)
    places = [(Path(problem.file).name, problem.line) for problem in found]
    assert places == [
        *[("a.yaml", 2), ("a.yaml", 3), ("a.yaml", 3), ("a.yaml", 4), ("b.yaml", 1), ("c.yaml", 1)],
        *[("grain.txt", line) for line in (2, 3, 4, 5, 6, 7)],
    ]
    assert str(RuleFileError(found)).endswith("12 mistakes in 4 files: no rule was loaded")


def test_quotation_marks_that_yaml_took(tmp_path: Path) -> None:
    assert "YAML has taken the outer quotation marks" in only(tmp_path, 'id: a\nname: A\nquery: "flu vaccine"\n').mend
    assert "YAML has taken" not in only(tmp_path, "id: a\nname: A\nquery: flu vaccine\n").mend


def test_unreadable_and_missing(tmp_path: Path) -> None:
    (found,) = problems(tmp_path)
    assert found.message == "there is no rule here"
    (found,) = problems(tmp_path / "nowhere")
    assert found.message == "there is no such file or folder"
    (tmp_path / "a.yaml").write_bytes(b"id: a\nname: caf\xe9\n")
    (found,) = problems(tmp_path)
    assert (found.line, found.message) == (2, "this line is not UTF-8 text")
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfid: a\nname: A\nquery: x\n")
    assert [rule.id for rule in load_rules(tmp_path)] == ["a"]
    write(tmp_path, lists__none_txt="# nothing\n")
    (found,) = problems(tmp_path)
    assert found.message == "this list is empty"
    (tmp_path / "lists" / "none.txt").unlink()
    (tmp_path / "b.yaml").symlink_to(tmp_path / "nowhere")
    (found,) = problems(tmp_path)
    assert found.message == "cannot be read: No such file or directory"


def test_an_alias_bomb_and_deep_nesting_end_quickly(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    assert problems(write(tmp_path, a_yaml=bomb))
    assert problems(write(tmp_path, a_yaml="a: " + "[" * 5000))


def test_warnings_stop_nothing(tmp_path: Path) -> None:
    checked = check_rules(write(tmp_path, a_yaml="id: a\nname: A\nquery: |\n  wheat AND\n   東京*\n"))
    assert [rule.id for rule in checked.rules] == ["a"]
    assert checked.problems == ()
    (warning,) = checked.warnings
    assert (warning.line, warning.column) == (5, 4)


def test_schema_and_loader_agree(tmp_path: Path) -> None:
    schema = rule_file_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    def plain(text: str) -> Any:
        return json.loads(json.dumps(yaml.safe_load(dedent(text)), default=str))

    validator.validate(plain(GOOD))
    validator.validate([plain(GOOD)])
    wrong = ["name: A\nquery: x", "id: A b\nname: A\nquery: x", "id: a\nname: A\nquery: x\nquerry: y", "[]", "3"]
    wrong += [f"id: a\nname: A\nquery: x\n{line}" for line in (
        "severity: urgent", "when: {kind: sometimes}", "notify: slack:x", "window: 24 hours", "threshold: 0", "labels: 3",
        "must_match: [{titel: x}]", "enabled: 'no'", "late: never",
    )]  # fmt: skip
    for text in wrong:
        assert not validator.is_valid(plain(text)), text
        assert problems(write(tmp_path, a_yaml=text))
