"""Rules as objects of the control plane, there and back, and how the indexer puts a set of them into force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import orjson
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from tests.property.rule_strategies import LISTS, Query, queries

from presswatch.core.control import BrokenSetError, Object, ObjectSet
from presswatch.core.control_rules import RuleObject, applied_of, objects_of, rules_of
from presswatch.core.rules.document import Document
from presswatch.core.rules.rule import Rule, RuleSpec, make_rule, spec_of
from presswatch.indexer.rules import MOST_IN_PLACE, RuleBuilder, RuleSet
from presswatch.rulefiles import load_lists, load_rules

TODAY = date(2026, 11, 24)

EVERYTHING = """
- id: everything
  name: Everything that a rule can say
  query: '@cereals NEAR/5 ban* AND COUNT/2 @cereals AND NOT title:@sports'
  severity: critical
  when: {kind: any}
  count: articles
  notify: [slack:grain-desk, slack:other]
  group_by: source
  must_match: ["wheat ban, wheat", {title: Wheat ban, text: wheat, lang: en, tags: []}]
  must_not_match: ["football"]
  late: alert
  labels: [grain, trade]
  owner: Ana
  desk: Grain
  enabled: true
  expires: 2026-12-31
  time_zone: Europe/Paris
- {id: plain, name: Plain, query: wheat}
"""


def folder(path: Path, rules: str = EVERYTHING, cereals: str = "wheat\nmaize\n") -> Path:
    (path / "lists").mkdir(exist_ok=True)
    (path / "lists" / "cereals.txt").write_text(cereals)
    (path / "lists" / "sports.txt").write_text("football\n")
    (path / "lists" / "unused.txt").write_text("nothing\n")
    (path / "rules.yaml").write_text(rules)
    return path


def published(path: Path) -> list[Object]:
    return objects_of(load_rules(path), load_lists(path))


def value_by_key(objects: list[Object]) -> dict[str, bytes]:
    return {str(each.key): each.value for each in objects}


def read_back(objects: Mapping[str, bytes]) -> list[Rule]:
    return sorted(rules_of(objects), key=lambda rule: rule.id)


def test_a_rule_comes_back_as_it_was_with_the_lists_that_it_uses(tmp_path: Path) -> None:
    objects = published(folder(tmp_path))
    assert [each.key.name for each in objects] == ["list cereals", "list sports", "rule everything", "rule plain"]
    assert read_back(value_by_key(objects)) == load_rules(tmp_path)


def test_an_edit_of_a_list_is_a_change_of_the_rules_that_use_it_alone(tmp_path: Path) -> None:
    before = published(folder(tmp_path))
    after = published(folder(tmp_path, cereals="wheat\nmaize\nrye\n"))
    assert {each.key.name for each in after if each not in before} == {"list cereals", "rule everything"}


def test_layout_and_what_a_rule_leaves_to_the_default_change_nothing(tmp_path: Path) -> None:
    before = published(folder(tmp_path))
    again = "- {name: Plain, severity: medium, id: plain, query: wheat}\n" + EVERYTHING.replace(
        "- {id: plain, name: Plain, query: wheat}", ""
    ).replace("severity: critical", "severity:   critical")
    after = published(folder(tmp_path, again, cereals="# cereals\nwheat\n\nmaize\n"))
    assert sorted(each.key for each in before) == sorted(each.key for each in after)


@given(queries, st.sampled_from([None, *LISTS]))
def test_every_query_comes_back_with_its_version(query: Query, listed: str | None) -> None:
    text = f"({query.text}) AND @{listed}" if listed else query.text
    rule = make_rule(RuleSpec(id="a", name="A", query=text), LISTS)
    objects = objects_of([rule], LISTS)
    assert {each.key.id for each in objects if each.key.kind == "list"} == {
        name for name in LISTS if f"@{name}" in text
    }
    (back,) = read_back(value_by_key(objects))
    assert back == rule
    assert spec_of(back) == spec_of(rule)
    event(f"with a list: {'@' in text}")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda spec: spec | {"query": "wheat AND"}, "has a mistake for this version"),
        (lambda spec: spec | {"id": "other"}, "it is the rule other"),
        (lambda spec: spec | {"tomorrow": 1}, "spec.tomorrow"),
    ],
)
def test_an_object_that_this_version_cannot_read_refuses_the_set(damage: object, message: str) -> None:
    value = orjson.loads(objects_of([make_rule(RuleSpec(id="a", name="A", query="wheat"), {})], {})[0].value)
    value["spec"] = damage(value["spec"])  # type: ignore[operator]
    object_ = Object.of("rule", "a", orjson.dumps(value))
    with pytest.raises(BrokenSetError, match=message) as error:
        read_back({str(object_.key): object_.value})
    assert error.value.reason == "unreadable_object"


def test_a_list_that_is_missing_refuses_the_set(tmp_path: Path) -> None:
    objects = value_by_key(published(folder(tmp_path)))
    del objects[next(key for key in objects if key.startswith("list:cereals"))]
    with pytest.raises(BrokenSetError, match=r"rule:everything.*cannot be read"):
        read_back(objects)


def test_a_newer_field_of_the_envelope_is_read_past() -> None:
    value = orjson.loads(objects_of([make_rule(RuleSpec(id="a", name="A", query="wheat"), {})], {})[0].value)
    assert RuleObject.decode(orjson.dumps(value | {"schema_version": 9, "tomorrow": 1})).spec.id == "a"


def test_an_object_of_the_first_version_gives_the_same_rule(tmp_path: Path) -> None:
    """It has no version of what the rule matches; with another one, articles would match anew, and alert anew."""
    objects = value_by_key(published(folder(tmp_path)))
    older = {}
    for key, value in objects.items():
        stored = orjson.loads(value)
        stored.pop("version", None)
        older[key] = orjson.dumps(stored | {"schema_version": 1})
    assert list(applied_of(older, {})) == list(applied_of(objects, {}))
    assert all(rule.version for _, rule in applied_of(older, {}))


def test_an_object_of_the_first_version_with_a_mistake_refuses_the_set() -> None:
    value = orjson.loads(objects_of([make_rule(RuleSpec(id="a", name="A", query="wheat"), {})], {})[0].value)
    del value["version"]
    value["spec"]["query"] = "wheat AND"
    object_ = Object.of("rule", "a", orjson.dumps(value))
    with pytest.raises(BrokenSetError, match=r"the query of rule:a.* has a mistake"):
        list(applied_of({str(object_.key): object_.value}, {}))


# Into force, in the indexer.


def rule_set(generation: int, queries: Mapping[str, str], **more: object) -> ObjectSet:
    rules = [
        make_rule(RuleSpec.model_validate({"id": name, "name": f"{name} {generation}", "query": query, **more}), {})
        for name, query in queries.items()
    ]
    return ObjectSet(generation, generation, "files", value_by_key(objects_of(rules, {})))


def matching(rules: RuleSet, title: str) -> list[str]:
    return [match.id for match in rules.match(Document.of({"title": title}))]


def test_a_set_replaces_the_one_before_rule_by_rule() -> None:
    builder, rules, paces = RuleBuilder(lambda: TODAY), RuleSet((), TODAY), []
    rules.take(builder(rule_set(1, {"a": "wheat", "b": "barley"}), lambda: paces.append(1)), TODAY)
    assert matching(rules, "wheat and barley") == ["a", "b"]
    assert paces
    rules.take(builder(rule_set(2, {"b": "maize", "c": "wheat"}), lambda: None), TODAY)
    assert matching(rules, "wheat and barley") == ["c"]
    assert matching(rules, "maize") == ["b"]
    assert rules.reference("b", "v").name == "b 2"
    assert len(rules) == 2


def test_many_changes_come_with_a_matcher_of_their_own_even_if_a_small_one_follows_before_it_is_taken() -> None:
    builder, rules = RuleBuilder(lambda: TODAY), RuleSet((), TODAY)
    many = {f"r{at}": f"word{at}" for at in range(MOST_IN_PLACE + 1)}
    large = builder(rule_set(1, many), lambda: None)
    assert large.matcher is not None
    small = builder(rule_set(1, {**many, "r0": "wheat", "extra": "wheat"}), lambda: None)
    assert small.matcher is None
    both = small.replacing(large)
    assert both.matcher is large.matcher
    rules.take(both, TODAY)
    assert matching(rules, "wheat word0 word7") == ["extra", "r0", "r7"]
    assert len(rules) == MOST_IN_PLACE + 2
    # and back to few: again a matcher of its own
    few = builder(rule_set(2, {"a": "wheat"}), lambda: None)
    assert few.matcher is not None
    rules.take(few, TODAY)
    assert matching(rules, "wheat word7") == ["a"]


@pytest.mark.usefixtures("each_engine")
def test_a_query_that_this_version_does_not_understand_refuses_the_set() -> None:
    builder, rules = RuleBuilder(lambda: TODAY), RuleSet((), TODAY)
    rules.take(builder(rule_set(1, {"a": "wheat"}), lambda: None), TODAY)
    value = orjson.loads(objects_of([make_rule(RuleSpec(id="b", name="B", query="rye"), {})], {})[0].value)
    value["spec"]["query"] = "rye AND"
    bad = Object.of("rule", "b", orjson.dumps(value))
    good = rule_set(2, {f"r{at}": "rye" for at in range(3)})
    with pytest.raises(BrokenSetError, match=r"the query of b has a mistake"):
        builder(ObjectSet(2, 2, "files", {**good.objects, str(bad.key): bad.value}), lambda: None)
    assert matching(rules, "wheat and rye") == ["a"]
    rules.take(builder(good, lambda: None), TODAY)
    assert matching(rules, "wheat and rye") == ["r0", "r1", "r2"]


@pytest.mark.usefixtures("each_engine")
def test_new_rules_of_an_update_that_nobody_took_come_with_the_next() -> None:
    builder, rules = RuleBuilder(lambda: TODAY), RuleSet((), TODAY)
    first = builder(rule_set(1, {"a": "wheat", "b": "rye"}), lambda: None)
    second = builder(rule_set(1, {"a": "wheat", "b": "maize"}), lambda: None)
    rules.take(second.replacing(first), TODAY)
    assert matching(rules, "wheat") == ["a"]
    assert matching(rules, "rye") == []
    assert matching(rules, "maize") == ["b"]


@pytest.mark.usefixtures("each_engine")
def test_named_lists_reach_the_matcher(tmp_path: Path) -> None:
    objects = ObjectSet(1, 1, "files", value_by_key(published(folder(tmp_path))))
    builder, rules = RuleBuilder(lambda: TODAY), RuleSet((), TODAY)
    rules.take(builder(objects, lambda: None), TODAY)
    assert matching(rules, "maize ban, maize") == ["everything"]
    assert matching(rules, "football: maize ban, maize") == []


def test_what_is_not_parsed_anew_is_the_same_rule() -> None:
    builder = RuleBuilder(lambda: TODAY)
    first = builder(rule_set(1, {"a": "wheat"}), lambda: None)
    second = builder(ObjectSet(2, 2, "files", rule_set(1, {"a": "wheat"}).objects), lambda: None)
    assert second.rules["a"] is first.rules["a"]


def test_a_rule_that_expires_or_is_disabled_is_out() -> None:
    builder, rules = RuleBuilder(lambda: TODAY), RuleSet((), TODAY)
    rules.take(builder(rule_set(1, {"a": "wheat"}, expires="2026-11-24"), lambda: None), TODAY)
    assert matching(rules, "wheat") == ["a"]
    rules.retire(date(2026, 11, 25))
    assert matching(rules, "wheat") == []
    rules.take(builder(rule_set(2, {"a": "wheat"}, enabled=False), lambda: None), TODAY)
    assert matching(rules, "wheat") == []
    rules.take(builder(rule_set(3, {"a": "wheat"}), lambda: None), TODAY)
    assert matching(rules, "wheat") == ["a"]
