"""Topic packs as objects of the control plane: what is published of them, and how they become packs again. Pure."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import orjson
from pydantic import Field, field_serializer

from presswatch.core.control import BrokenSetError, Key, Object
from presswatch.core.errors import BadMessageError
from presswatch.core.learned import Learned, decoded, encoded
from presswatch.core.messages import Message
from presswatch.core.packs import Pack
from presswatch.core.packspec import PackSpec, pack_of

PACK = "pack"
EXCLUSIVE = frozenset({PACK})
"""A topic is the name on a tag, so it is one manager's."""


class PackObject(Message):
    """A topic pack. Topic control.packs, key: pack:TOPIC@HASH."""

    SCHEMA: ClassVar[str] = "control.pack"
    schema_name: Literal["control.pack"] = Field(default="control.pack", alias="schema")
    spec: PackSpec
    learned: str | None = Field(None, description="The learned part, in JSON, packed by zlib, in base 64.")

    @field_serializer("spec")
    def _only_what_is_said(self, spec: PackSpec) -> dict[str, Any]:
        """Leave defaults out, so that a key that a later version adds is no change of the packs that do not use it."""
        return spec.model_dump(mode="json", exclude_defaults=True)


def object_of(spec: PackSpec, learned: Learned | None) -> Object:
    """Return the object of a pack and its learned part."""
    packed = None if learned is None else base64.b64encode(zlib.compress(encoded(learned), 9)).decode()
    stored = PackObject(spec=spec, learned=packed).model_dump(mode="json", by_alias=True)
    return Object.of(PACK, spec.topic, orjson.dumps(stored, option=orjson.OPT_SORT_KEYS))


def spec_in(key: str, value: bytes) -> PackObject:
    """Read an object.

    Raises:
        BrokenSetError: it is no pack: another version of Presswatch wrote it.
    """
    try:
        return PackObject.decode(value)
    except BadMessageError as error:
        raise BrokenSetError("unreadable_object", f"{key} cannot be read: {error.detail}") from error


def packs_of(objects: Mapping[str, bytes]) -> list[Pack]:
    """Return the packs among the objects of a set (value by key), in the order of their topics.

    Raises:
        BrokenSetError: an object is no pack, or its learned part is damaged.
    """
    packs = []
    for text, value in objects.items():
        key = Key.parse(text)
        if key is None or key.kind != PACK:
            continue
        stored = spec_in(text, value)
        try:
            learned = None if stored.learned is None else decoded(zlib.decompress(base64.b64decode(stored.learned)))
        except (ValueError, zlib.error) as error:
            raise BrokenSetError("unreadable_object", f"the learned part of {text} cannot be read: {error}") from error
        packs.append(pack_of(stored.spec, learned))
    return sorted(packs, key=lambda pack: pack.topic)
