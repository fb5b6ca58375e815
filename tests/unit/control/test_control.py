"""Plans of changes, by example: what a person is told, and what is refused."""

from __future__ import annotations

import pytest

from presswatch.control.report import lines
from presswatch.core.control import MANIFEST_KEY, BrokenSetError, Change, Log, Object, plan
from presswatch.core.errors import ConfigError

NOW = 1_794_000_000_000


def rules(**content: str) -> list[Object]:
    return [Object.of("rule", name, value.encode()) for name, value in content.items()]


def carried_out(log: Log, change: Change) -> Log:
    assert change.manifest is not None
    for each in change.publish:
        log.take(str(each.key).encode(), each.value)
    log.take(MANIFEST_KEY, change.manifest.encode())
    for key in change.bury:
        log.take(key.encode(), None)
    return log


def told(change: Change, manager: str = "files", *, dry_run: bool = False) -> list[str]:
    return list(lines(change, manager, dry_run=dry_run))


def test_what_changes_is_told_by_name_and_counted() -> None:
    log = carried_out(Log(), plan(Log(), "files", rules(a="1", b="1", c="1"), NOW))
    change = plan(log, "files", rules(a="1", b="2", d="1"), NOW)
    assert told(change) == [
        "added    rule d",
        "changed  rule b",
        "removed  rule c",
        "published generation 2 by files: 1 added, 1 changed, 1 removed, 1 unchanged",
    ]
    assert told(change, dry_run=True)[-1].startswith("dry run, nothing was published: generation 2 by files would be")
    assert {key.partition("@")[0] for key in change.bury} == {"rule:b", "rule:c"}
    again = plan(carried_out(log, change), "files", rules(a="1", b="2", d="1"), NOW)
    assert told(again) == ["nothing to do: 3 rules by files unchanged; generation 2 stays"]
    assert told(plan(Log(), "files", (), NOW)) == ["nothing to do: no object by files unchanged; nothing is in force"]


def test_of_many_changes_the_first_are_named() -> None:
    many = plan(Log(), "files", rules(**{f"r{at:03}": "1" for at in range(45)}), NOW)
    assert told(many)[19:21] == ["added    rule r019", "added    and 25 more"]
    assert told(many)[-1] == "published generation 1 by files: 45 added"


def test_an_id_that_somebody_else_manages_is_refused_or_taken_over() -> None:
    log = carried_out(Log(), plan(Log(), "console", rules(a="1", b="1"), NOW))
    with pytest.raises(ConfigError, match=r"rule a: managed by `console`, not by `files`") as error:
        plan(log, "files", rules(a="2"), NOW, exclusive={"rule"})
    assert "--as console" in str(error.value)
    assert "--take-over" in str(error.value)
    change = plan(log, "files", rules(a="2"), NOW, exclusive={"rule"}, take_over=True)
    current = carried_out(log, change).current()
    assert sorted((key.partition("@")[0], who) for key, who in current.managers.items()) == [
        ("rule:a", "files"),
        ("rule:b", "console"),
    ]


def test_kinds_that_are_private_may_have_one_name_with_two_managers() -> None:
    log = carried_out(Log(), plan(Log(), "console", [Object.of("list", "cereals", b"wheat")], NOW))
    change = plan(log, "files", [Object.of("list", "cereals", b"maize")], NOW, exclusive={"rule"})
    assert len(carried_out(log, change).current().objects) == 2


def test_a_manifest_that_cannot_be_read_is_refused_and_repaired_on_request() -> None:
    log = carried_out(Log(), plan(Log(), "files", rules(a="1"), NOW))
    log.take(MANIFEST_KEY, b'{"schema": "control.manifest", "generation": 7}')
    with pytest.raises(BrokenSetError) as broken:
        log.current()
    assert broken.value.reason == "unreadable_manifest"
    with pytest.raises(ConfigError, match="--repair"):
        plan(log, "files", rules(a="1"), NOW)
    change = plan(log, "files", rules(a="1"), NOW, repair=True)
    assert change.manifest is not None
    assert carried_out(log, change).current().generation == 2
    log.take(MANIFEST_KEY, None)
    with pytest.raises(BrokenSetError, match="the record has no value"):
        log.current()


def test_missing_objects_of_others_are_named_and_not_ours_to_mend() -> None:
    log = carried_out(Log(), plan(Log(), "console", rules(a="1"), NOW))
    (key,) = log.objects
    log.take(key.encode(), None)
    change = plan(log, "files", rules(b="1"), NOW)
    assert change.lacking == (key,)
    assert told(change)[1].startswith(f"warning: missing in the topic, and not ours to publish: {key}")


def test_records_that_are_neither_objects_nor_a_manifest_are_set_apart() -> None:
    log = Log()
    for key in (None, b"", b"rule:a", b"rule:a@123", b"\xff", b"Manifest"):
        log.take(key, b"x")
    assert len(log.strays) == 6
    assert log.current().generation == 0
