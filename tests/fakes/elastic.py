"""Elasticsearch in memory, as far as the indexer's `Store` and `Bulk` ask it: mget, bulk, aliases for writing.

That the real one behaves so is what tests/integration/test_elasticsearch.py is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from presswatch.topology import write_alias


class Answer(dict[str, Any]):
    """An answer as the client gives it."""

    @property
    def body(self) -> dict[str, Any]:
        return self


class MemoryElastic:
    """Holds documents by index and id.

    Args:
        on_call: called before each request with its name, ``mget`` or ``bulk``.
        apply: how many items of a bulk request are carried out before it breaks, or None for all of them; asked for
            each request. If it breaks, the caller gets `broken`.
    """

    def __init__(
        self,
        on_call: Callable[[str], None] = lambda _: None,
        apply: Callable[[int], int | None] = lambda _: None,
        broken: Exception | None = None,
    ) -> None:
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}
        self.on_call = on_call
        self.apply = apply
        self.broken = broken
        self.indices = self
        self._seq_no = 0

    def exists_alias(self, *, index: str, name: str) -> bool:
        return name == write_alias(index)

    def mget(self, *, docs: Sequence[Mapping[str, str]], realtime: bool) -> Answer:
        assert realtime
        self.on_call("mget")
        return Answer(docs=[self._get(doc["_index"], doc["_id"]) for doc in docs])

    def bulk(self, *, operations: Sequence[Any], require_alias: bool, **_: Any) -> Answer:
        assert require_alias
        self.on_call("bulk")
        pairs = list(zip(operations[::2], operations[1::2], strict=True))
        limit = self.apply(len(pairs))
        items = [self._write(action, source) for action, source in pairs[:limit]]
        if limit is not None:
            assert self.broken is not None
            raise self.broken
        return Answer(items=items)

    def of_index(self, part: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """Return ids and documents of the indices whose name begins so."""
        return [(key[1], held) for key, held in self.documents.items() if key[0].startswith(part)]

    def _get(self, index: str, identity: str) -> dict[str, Any]:
        held = self.documents.get((index, identity))
        about = {"_index": index, "_id": identity, "found": held is not None}
        return about | (held or {})

    def _write(self, action: Mapping[str, Any], source: bytes) -> dict[str, Any]:
        (kind, about), *_ = action.items()
        key = (about["_index"].removesuffix(write_alias("")), about["_id"])
        held = self.documents.get(key)
        if "if_seq_no" in about:
            refused = held is None or (held["_seq_no"], held["_primary_term"]) != (
                about["if_seq_no"],
                about["if_primary_term"],
            )
        elif kind == "create":
            refused = held is not None
        else:
            refused = held is not None and held["_version"] > about["version"]
        if refused:
            return {kind: {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": ""}}}
        self._seq_no += 1
        version = about.get("version", held["_version"] + 1 if held else 1)
        stored = {
            "_source": orjson.loads(source),
            "_version": version,
            "_seq_no": self._seq_no,
            "_primary_term": 1,
        }
        self.documents[key] = stored
        return {kind: {"status": 201, "_seq_no": self._seq_no, "_primary_term": 1}}
