"""Topic packs on disk: what is read, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import orjson
import pytest
import yaml

from presswatch.core.packspec import pack_file_schema
from presswatch.core.topics import Tagger
from presswatch.packfiles import BUILT_IN, PackFileError, load_packs, load_specs

GOOD = """\
topic: grain
threshold: 0.4
lists:
  en:
    crops: [wheat, winter barley, 'raw:AP']
patterns:
  en:
    - {match: '@crops', weight: 1}
    - weight: 0.5
      match: [bread, '"daily bread"']
  fr:
    - {match: blé, weight: 1}
must_tag:
  en:
    - Winter barley is short
    - {title: Wheat, text: It is short.}
must_not_tag:
  en: [Rye]
"""


def write(folder: Path, text: str, name: str = "grain.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def told(folder: Path) -> str:
    with pytest.raises(PackFileError) as caught:
        load_packs(folder)
    return str(caught.value)


def test_a_pack_is_read(tmp_path: Path) -> None:
    (pack,) = load_packs(write(tmp_path, GOOD))
    assert (pack.topic, pack.threshold, sorted(pack.languages)) == ("grain", 0.4, ["en", "fr"])
    assert [(p.match, p.weight, p.idea) for p in pack.patterns["en"]] == [
        ("@crops", 1.0, 0),
        ("bread", 0.5, 1),
        ('"daily bread"', 0.5, 1),
    ]
    tags = Tagger([pack]).tag({"title": "Winter barley", "lang": "en"})
    assert [entry["quote"] for entry in tags[0]["evidence"]] == ["Winter barley"]


def test_a_single_file_and_several_files_are_read(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD.replace("topic: grain", "topic: bread"), "bread.yml")
    write(tmp_path, "not a pack", "notes.txt")
    assert [pack.topic for pack in load_packs(tmp_path)] == ["bread", "grain"]
    assert [pack.topic for pack in load_packs(tmp_path / "grain.yaml")] == ["grain"]


def test_layout_and_examples_do_not_change_a_version(tmp_path: Path) -> None:
    (first,) = load_packs(write(tmp_path, GOOD))
    text = "# a comment\n" + GOOD.replace("{match: '@crops', weight: 1}", "weight: 1.0\n      match: ['@crops']")
    (second,) = load_packs(write(tmp_path, text.replace("Rye]", "Rye, Oats]")))
    assert first.version == second.version


def test_a_mistake_in_a_pattern_points_into_the_file(tmp_path: Path) -> None:
    text = told(write(tmp_path, GOOD.replace("blé,", "blé NAER/3 pain,")))
    line = next(n for n, each in enumerate(GOOD.split("\n"), start=1) if "blé" in each)
    assert f"grain.yaml:{line}:" in text
    shown, carets = text.split("\n")[1:3]
    assert "blé NAER/3 pain" in shown
    assert shown[carets.index("^") :].startswith("NAER/3")
    assert "mend:" in text
    assert "no topic pack was loaded" in text


def test_a_mistake_in_a_quoted_pattern_of_a_list_points_at_its_characters(tmp_path: Path) -> None:
    text = told(write(tmp_path, GOOD.replace("""'"daily bread"'""", """'"daily" ban~2'""")))
    shown, carets = text.split("\n")[1:3]
    assert shown[carets.index("^")] in "b~"


def test_a_mistake_in_a_named_list_is_told_once(tmp_path: Path) -> None:
    text = told(write(tmp_path, GOOD.replace("winter barley,", "'wh*',")))
    assert text.count("mend:") == 1
    assert "too short for a wildcard" in text


@pytest.mark.parametrize(
    ("old", "new", "message", "mend"),
    [
        ("topic: grain", "topic: Grain News", "`topic` cannot be `Grain News`", "lower-case letters"),
        ("topic: grain\n", "", "`topic` is missing", "topic: health"),
        ("threshold: 0.4", "threshold: 0", "`threshold` cannot be 0", "above 0 and at most 1"),
        ("threshold: 0.4", "treshold: 0.4", "no key `treshold`", "did you mean `threshold`?"),
        ("weight: 0.5", "weigth: 0.5", "no key `weigth`", "did you mean `weight`?"),
        ("weight: 0.5", "weight: heavy", "`weight` cannot be `heavy`", "a number from -10 to 10"),
        ("weight: 0.5", "weight: 11", "`weight` cannot be 11", "a number from -10 to 10"),
        ("match: blé", "match: ''", "`match` cannot be empty", "write one pattern"),
        ("  fr:\n", "  french:\n", "`french` cannot stand here", "such as en"),
        ("match: blé", "match: 'lang:fr AND blé'", "title and text only", "alert rules"),
        ("'@crops'", "'@corps'", "corps", "crops"),
        ("must_tag:", "must-tag:", "no key `must-tag`", "did you mean `must_tag`?"),
        ("patterns:\n", "patterns:\n  de: wheat\n", "`patterns` cannot be `wheat`", "a list of patterns"),
        ("{title: Wheat, text: It is short.}", "{title: Wheat, lang: en}", "no key `lang`", "title, text"),
    ],
)
def test_each_mistake_names_place_and_mend(tmp_path: Path, old: str, new: str, message: str, mend: str) -> None:
    assert GOOD.count(old) == 1
    text = told(write(tmp_path, GOOD.replace(old, new)))
    assert message in text
    assert mend in text
    assert "^" in text


def test_a_wrong_language_is_marked_itself(tmp_path: Path) -> None:
    shown, carets = told(write(tmp_path, GOOD.replace("  fr:\n", "  french:\n"))).splitlines()[1:3]
    assert shown.split("| ")[1] == "  french:"
    assert carets.split("| ")[1] == "  ^^^^^^"


def test_two_packs_cannot_share_a_topic(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "a.yaml")
    text = told(write(tmp_path, GOOD, "b.yaml"))
    assert "the topic `grain` is taken" in text
    assert "a.yaml" in text


def test_all_mistakes_of_all_files_are_told(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("match: blé", "match: 'blé AND'").replace("bread,", "'bread)',"), "a.yaml")
    text = told(write(tmp_path, "topic: [", "b.yaml"))
    assert "3 mistakes in 2 files" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"topic: caf\xe9", "not UTF-8"),
        (b"- a\n- b\n", "holds no topic pack"),
        (b"", "holds no topic pack"),
        (b"topic: grain\ntopic: grain\n", "second time"),
    ],
)
def test_what_is_no_pack_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    assert message in told(tmp_path)


def test_no_folder_and_no_pack_are_told(tmp_path: Path) -> None:
    assert "no topic pack here" in told(tmp_path)
    assert "no such file or folder" in told(tmp_path / "nowhere")


def test_the_schema_accepts_what_is_read_and_refuses_what_is_not(tmp_path: Path) -> None:
    schema = jsonschema.Draft202012Validator(pack_file_schema())
    schema.validate(yaml.safe_load(GOOD))
    assert not schema.is_valid(yaml.safe_load(GOOD.replace("weight: 0.5", "weight: heavy")))
    assert not schema.is_valid(yaml.safe_load(GOOD.replace("topic: grain", "topic: Grain")))


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_built_in_packs_fit_the_schema(path: Path) -> None:
    data = yaml.safe_load(path.read_text("utf-8"))
    jsonschema.Draft202012Validator(pack_file_schema()).validate(orjson.loads(orjson.dumps(data)))


def test_built_in_packs_are_the_same_read_with_and_without_checks() -> None:
    assert load_packs() == load_packs(BUILT_IN)
    assert [spec.topic for spec in load_specs(BUILT_IN)] == ["agriculture", "diplomacy", "health"]
