"""Sets of objects in a compacted topic: how a set is read, and what a change of it publishes. Pure.

Objects are published first, each under ``KIND:ID@HASH``, then one manifest that names all objects of the set. A set is in
force when every object that its manifest names is there and is what its hash says; so it is in force whole or not at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple, Self

from pydantic import Field

from presswatch.core.errors import BadMessageError, ConfigError, PresswatchError
from presswatch.core.messages import Message, Millis

MANIFEST_KEY = b"manifest"
HASH_DIGITS = 16
"""Hex digits of an object's hash: 64 bits, to tell apart the versions of one object."""

MOST_GENERATIONS = 2**20
"""As many as fit into the version of an article's document (`core.effects`)."""

_KEY = re.compile(rf"([a-z]+):([^\s:@]+)@([0-9a-f]{{{HASH_DIGITS}}})")

Reason = Literal["unreadable_manifest", "missing_object", "damaged_object", "unreadable_object", "build_failed"]


class Key(NamedTuple):
    """The key of an object. `hash` is that of its value, so no other version of it has the same key."""

    kind: str
    id: str
    hash: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}@{self.hash}"

    @property
    def name(self) -> str:
        """How people call the object, whichever version of it: ``rule grain-export-bans``."""
        return f"{self.kind} {self.id}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a key; None if it is none."""
        found = _KEY.fullmatch(text)
        return cls(*found.groups()) if found else None


@dataclass(frozen=True, slots=True)
class Object:
    """One object, as it is published."""

    key: Key
    value: bytes

    @classmethod
    def of(cls, kind: str, identity: str, value: bytes) -> Self:
        """Return the object with this value; `kind` is lower-case, `identity` without white space, ``:`` and ``@``."""
        return cls(Key(kind, identity, hash_of(value)), value)


class Manifest(Message):
    """Names all objects of a set. Control topics, key: manifest."""

    SCHEMA: ClassVar[str] = "control.manifest"
    schema_name: Literal["control.manifest"] = Field(default="control.manifest", alias="schema")
    generation: int = Field(ge=1, lt=MOST_GENERATIONS, description="One more than that of the set before.")
    applied: Millis = Field(description="When the set was published.")
    applied_by: str = Field(description="Who changed the set last: a name that stands in `objects`, or stood there.")
    objects: dict[str, list[str]] = Field(description="Keys of the objects (KIND:ID@HASH), by who manages them.")

    def named(self) -> list[str]:
        """Return the keys of all objects."""
        return [key for keys in self.objects.values() for key in keys]


class BrokenSetError(PresswatchError):
    """The topic holds no whole set: the one in force stays. `reason` is a bounded label."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ObjectSet:
    """A whole set. `generation` 0: nothing was ever applied.

    Args:
        applied: milliseconds since 1970.
        objects: value by key.
        managers: who manages an object, by its key.
    """

    generation: int = 0
    applied: int = 0
    applied_by: str = ""
    objects: Mapping[str, bytes] = field(default_factory=dict)
    managers: Mapping[str, str] = field(default_factory=dict)


class Log:
    """What a control topic holds, record by record.

    Attributes:
        objects: value by key of the objects that are there and are what their hash says.
        damaged: keys of those that are not, with what is wrong.
        manifest: the latest that can be read; None if there is none.
        strays: keys of records that are neither objects nor a manifest.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.damaged: dict[str, str] = {}
        self.manifest: Manifest | None = None
        self.strays: list[str] = []
        self._unreadable: str | None = None

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Take the next record."""
        if key == MANIFEST_KEY:
            self._take_manifest(value)
            return
        name = (key or b"").decode("utf-8", "replace")
        parsed = Key.parse(name)
        if parsed is None:
            self.strays.append(name)
            return
        self.objects.pop(name, None)
        self.damaged.pop(name, None)
        if value is None:
            return
        if (actual := hash_of(value)) != parsed.hash:
            self.damaged[name] = f"its content has the hash {actual}"
        else:
            self.objects[name] = value

    def _take_manifest(self, value: bytes | None) -> None:
        self._unreadable = None
        try:
            self.manifest = Manifest.decode(value)
        except BadMessageError as error:
            self._unreadable = error.detail

    def current(self) -> ObjectSet:
        """Return the set that the latest manifest names.

        Raises:
            BrokenSetError: it cannot be read, or an object of it is missing or damaged.
        """
        if self._unreadable is not None:
            raise BrokenSetError("unreadable_manifest", f"the manifest cannot be read: {self._unreadable}")
        manifest = self.manifest
        if manifest is None:
            return ObjectSet()
        if lacking := self.lacking(manifest):
            key = lacking[0]
            more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
            which = f"of generation {manifest.generation}, {key} "
            if key in self.damaged:
                raise BrokenSetError("damaged_object", f"{which}is damaged: {self.damaged[key]}{more}")
            raise BrokenSetError("missing_object", f"{which}is missing{more}")
        return ObjectSet(
            manifest.generation,
            manifest.applied,
            manifest.applied_by,
            {key: self.objects[key] for key in manifest.named()},
            {key: manager for manager, keys in manifest.objects.items() for key in keys},
        )

    def lacking(self, manifest: Manifest) -> list[str]:
        """Return the keys of a manifest whose objects are missing or damaged."""
        return [key for key in manifest.named() if key not in self.objects]

    @property
    def unreadable(self) -> str | None:
        """Why the latest manifest cannot be read; None if it can, or if there is none."""
        return self._unreadable


@dataclass(frozen=True, slots=True)
class Change:
    """What applying a folder does. Keys are those of the objects as they are afterwards; of `removed`, as they were.

    Args:
        manifest: the new one; None if nothing changes.
        generation: the one that is in force afterwards; 0 if nothing is.
        publish: objects that are not in the topic yet, to be published before the manifest.
        bury: keys that are in the topic and no manifest names any more, to be deleted after it.
        lacking: keys of others' objects that are missing or damaged, so that the set stays out of force until they
            are applied again.
    """

    manifest: Manifest | None
    generation: int
    publish: tuple[Object, ...] = ()
    bury: tuple[str, ...] = ()
    added: tuple[Key, ...] = ()
    changed: tuple[Key, ...] = ()
    removed: tuple[Key, ...] = ()
    unchanged: tuple[Key, ...] = ()
    lacking: tuple[str, ...] = ()


def plan(
    log: Log,
    manager: str,
    objects: Sequence[Object],
    now: int,
    *,
    exclusive: Collection[str] = (),
    take_over: bool = False,
    repair: bool = False,
) -> Change:
    """Return what makes `objects` all that `manager` has in the set; what others manage stays as it is.

    Args:
        log: the topic, read to its end.
        manager: who applies.
        objects: each kind and id once.
        now: milliseconds since 1970.
        exclusive: kinds of which an id belongs to one manager only.
        take_over: objects of these kinds that another manager has become this one's; else they are an error.
        repair: go on although the latest manifest cannot be read, from the latest that can.

    Raises:
        ConfigError: another manager has an object of that id, or the latest manifest cannot be read.
    """
    if log.unreadable is not None and not repair:
        raise ConfigError(
            f"the manifest in the topic cannot be read ({log.unreadable}), so what is in force by it is not known\n"
            "mend: apply with --repair, which goes on from the latest manifest that can be read; then let everybody "
            "else who applies rules do it again"
        )
    before = log.manifest.objects if log.manifest else {}
    wanted = {(each.key.kind, each.key.id): each for each in objects}
    others = {name: list(keys) for name, keys in before.items() if name != manager}
    taken = _taken(others, {at for at in wanted if at[0] in exclusive})
    if taken and not take_over:
        raise ConfigError(_conflict(taken, manager))
    for name, keys in taken.items():
        others[name] = [key for key in others[name] if key not in {str(each) for each in keys}]
    mine = _by_name(before.get(manager, ()))
    after = {name: sorted(keys) for name, keys in others.items() if keys}
    if objects:
        after[manager] = sorted(str(each.key) for each in objects)
    named = {key for keys in after.values() for key in keys}
    publish = tuple(each for each in objects if str(each.key) not in log.objects)
    bury = tuple(key for key in [*log.objects, *log.damaged] if key not in named)
    same = {at for at, each in wanted.items() if at in mine and mine[at] == each.key}
    generation = log.manifest.generation if log.manifest else 0
    changes = publish or log.unreadable is not None or after != {name: sorted(keys) for name, keys in before.items()}
    manifest = (
        Manifest(generation=generation + 1, applied=now, applied_by=manager, objects=dict(sorted(after.items())))
        if changes
        else None
    )
    published = {str(each.key) for each in publish}
    return Change(
        manifest,
        generation + (manifest is not None),
        publish,
        bury if manifest else (),
        added=_keys(wanted[at] for at in wanted if at not in mine),
        changed=_keys(wanted[at] for at in wanted if at in mine and at not in same),
        removed=tuple(sorted(key for at, key in mine.items() if at not in wanted)),
        unchanged=_keys(wanted[at] for at in same),
        lacking=tuple(sorted(named - log.objects.keys() - published)),
    )


def hash_of(value: bytes) -> str:
    """Return the hash that stands in the key of an object with this value."""
    return hashlib.sha256(value).hexdigest()[:HASH_DIGITS]


def _keys(objects: Iterable[Object]) -> tuple[Key, ...]:
    return tuple(sorted(each.key for each in objects))


def _by_name(keys: Iterable[str]) -> dict[tuple[str, str], Key]:
    parsed = (Key.parse(key) for key in keys)
    return {(key.kind, key.id): key for key in parsed if key is not None}


def _taken(others: Mapping[str, Sequence[str]], wanted: Collection[tuple[str, str]]) -> dict[str, list[Key]]:
    """Return the objects of others that are wanted, by who manages them."""
    found = {name: [key for at, key in _by_name(keys).items() if at in wanted] for name, keys in others.items()}
    return {name: sorted(keys) for name, keys in found.items() if keys}


def _conflict(taken: Mapping[str, Sequence[Key]], manager: str) -> str:
    lines = [
        f"{key.name}: managed by `{name}`, not by `{manager}`" for name, keys in taken.items() for key in keys[:20]
    ]
    number = sum(map(len, taken.values()))
    shown = lines if number == len(lines) else [*lines, f"and {number - len(lines)} more"]
    return "\n".join(
        [*shown, f"mend: give it another id, apply with --as {next(iter(taken))}, or take it over with --take-over"]
    )
