"""Sets of objects in a compacted topic: whatever happens to the topic, a reader has a whole set or none; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import event, given
from hypothesis import strategies as st

from presswatch.core.control import (
    MANIFEST_KEY,
    BrokenSetError,
    Change,
    Key,
    Log,
    Manifest,
    Object,
    hash_of,
    plan,
)

Record = tuple[bytes, bytes | None]
Folder = Mapping[str, str]
"""Content by id, of one manager."""

MANAGERS = ("desk", "files")
folders = st.dictionaries(st.sampled_from("abcde"), st.sampled_from("xyz"), max_size=5)
steps = st.lists(st.tuples(st.sampled_from(MANAGERS), folders), min_size=1, max_size=8)


def objects(folder: Folder) -> list[Object]:
    return [Object.of("list", name, f"{name} {content}".encode()) for name, content in folder.items()]


def records(change: Change) -> list[Record]:
    """Return what a writer publishes, in its order."""
    if change.manifest is None:
        return []
    first: list[Record] = [(str(each.key).encode(), each.value) for each in change.publish]
    return [*first, (MANIFEST_KEY, change.manifest.encode()), *((key.encode(), None) for key in change.bury)]


def log_of(topic: Sequence[Record]) -> Log:
    log = Log()
    for key, value in topic:
        log.take(key, value)
    return log


def outcome(log: Log) -> tuple[Mapping[str, bytes] | None, str]:
    """Return the objects of the set that a log holds, or why there is no whole one."""
    try:
        return log.current().objects, ""
    except BrokenSetError as error:
        return None, error.reason


def content(folders_by_manager: Mapping[str, Folder]) -> dict[str, bytes]:
    return {str(each.key): each.value for folder in folders_by_manager.values() for each in objects(folder)}


def write(history: Sequence[tuple[str, Folder]]) -> tuple[list[Record], list[dict[str, bytes]]]:
    """Return a topic to which folders were applied one after the other, and the sets that were in force."""
    topic: list[Record] = []
    state: dict[str, Folder] = {}
    sets: list[dict[str, bytes]] = [{}]
    for at, (manager, folder) in enumerate(history):
        change = plan(log_of(topic), manager, objects(folder), at)
        topic += records(change)
        state[manager] = folder
        if change.manifest is not None:
            sets.append(content(state))
        assert log_of(topic).current().objects == content(state)
    return topic, sets


def compacted(topic: Sequence[Record], upto: int, *, drop_tombstones: bool) -> list[Record]:
    """Return the topic after Kafka has cleaned its first `upto` records: of each key there the last is left."""
    head, tail = topic[:upto], list(topic[upto:])
    last = {key: at for at, (key, _) in enumerate(head)}
    kept = [(key, value) for at, (key, value) in enumerate(head) if last[key] == at]
    return [(key, value) for key, value in kept if value is not None or not drop_tombstones] + tail


@given(steps)
def test_each_manager_has_in_force_exactly_what_it_applied_last(history: list[tuple[str, Folder]]) -> None:
    topic, _ = write(history)
    current = log_of(topic).current()
    state = dict(history)
    assert current.objects == content(state)
    for manager, folder in state.items():
        assert {Key.parse(key) for key, who in current.managers.items() if who == manager} >= {
            each.key for each in objects(folder) if current.managers[str(each.key)] == manager
        }


@given(steps)
def test_a_generation_follows_each_change_and_none_is_lost(history: list[tuple[str, Folder]]) -> None:
    topic, sets = write(history)
    generations = [Manifest.decode(value).generation for key, value in topic if key == MANIFEST_KEY]
    assert generations == list(range(1, len(sets)))
    manager, folder = history[-1]
    again = plan(log_of(topic), manager, objects(folder), 99)
    assert (again.manifest, again.publish, again.bury) == (None, (), ())
    assert again.generation == len(sets) - 1
    event("changed" if len(sets) > 2 else "hardly anything changed")


@given(steps, st.data())
def test_at_every_record_a_reader_has_a_whole_set_that_was_in_force(
    history: list[tuple[str, Folder]], data: st.DataObject
) -> None:
    topic, sets = write(history)
    upto = data.draw(st.integers(0, len(topic)), label="cleaned up to")
    cleaned = compacted(topic, upto, drop_tombstones=data.draw(st.booleans()))
    log, seen, refused = Log(), [], 0
    for key, value in cleaned:
        log.take(key, value)
        found, _ = outcome(log)
        if found is None:  # an older manifest, of which Kafka has cleaned objects away: a reader goes on
            refused += 1
        else:
            seen.append(found)
    assert all(each in sets for each in seen)
    assert not seen or seen[-1] == sets[-1], "at the end of the topic the last set is in force, whatever was cleaned"
    event(f"refused on the way: {refused > 0}")


@given(steps, st.data())
def test_records_in_any_order_never_make_half_a_set(history: list[tuple[str, Folder]], data: st.DataObject) -> None:
    topic, sets = write(history)
    shuffled = data.draw(st.permutations(topic))
    lost = data.draw(st.integers(0, 2))
    log, whole = Log(), 0
    for key, value in shuffled[lost:]:
        log.take(key, value)
        found, reason = outcome(log)
        assert found in sets if found is not None else reason == "missing_object"
        whole += bool(found)
    event(f"whole sets: {whole > 0}")


@given(steps, st.data())
def test_a_writer_heals_what_is_missing_or_damaged_of_its_own(
    history: list[tuple[str, Folder]], data: st.DataObject
) -> None:
    manager, folder = data.draw(st.sampled_from(MANAGERS)), data.draw(folders.filter(bool))
    topic, _ = write([*history, (manager, folder)])
    victim = str(data.draw(st.sampled_from(objects(folder))).key)
    damage: Record = (victim.encode(), data.draw(st.sampled_from([None, b"rubbish"])))
    log = log_of([*topic, damage])
    assert outcome(log) == (None, "missing_object" if damage[1] is None else "damaged_object")
    change = plan(log, manager, objects(folder), 99)
    assert [str(each.key) for each in change.publish] == [victim]
    healed = log_of([*topic, damage, *records(change)]).current()
    assert healed.objects == log_of(topic).current().objects
    assert healed.generation == log_of(topic).current().generation + 1


@given(st.text(max_size=30), st.binary(max_size=30))
def test_a_key_is_read_as_it_is_written_and_rubbish_is_none(text: str, value: bytes) -> None:
    key = Key("rule", "grain-export.bans_2", hash_of(value))
    assert Key.parse(str(key)) == key
    parsed = Key.parse(text)
    assert parsed is None or str(parsed) == text
    log = Log()
    log.take(text.encode("utf-8", "surrogatepass"), value)
    assert not log.objects or hash_of(value) in text
