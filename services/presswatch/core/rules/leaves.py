"""Leaves of rules made ready for matching: each knows the keys that a document must hold, and finds its places.

Equal leaves are one object, shared by all rules, and a document remembers what each of them found.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, pairwise

from presswatch.core.rules.characters import runs
from presswatch.core.rules.model import Bound, Exact, Leaf, Meta, Phrase, Prefix, Range, Raw
from presswatch.core.rules.reading import NOWHERE, FieldReading, Occurrence, Reading, Receipt, Spans
from presswatch.core.rules.vocabulary import Anything, Feature, Pair, Run, Vocabulary, meta_token
from presswatch.core.rules.windows import shortest_windows
from presswatch.core.text import fold_value

MAX_OCCURRENCES = 5
"""Occurrences shown for one leaf of a rule."""


class MatchLeaf:
    """A leaf in use by `users` rules.

    Args:
        node: the leaf in the syntax tree.
        required: what a document must hold all of.
        anchors: what it must hold one of; for a `decided` leaf that is all it takes.
        patterns: what else the leaf wants to know the tokens of.
    """

    decided = False

    def __init__(
        self,
        node: Leaf,
        vocabulary: Vocabulary,
        required: Sequence[Feature],
        anchors: Sequence[Feature],
        patterns: Iterable[Feature] = (),
    ) -> None:
        self.node = node
        self.users = 0
        self.keys = {feature: vocabulary.acquire(feature) for feature in {*required, *anchors, *patterns}}
        self.required = frozenset(self.keys[feature] for feature in required)
        self.anchors = tuple(self.keys[feature] for feature in anchors)

    def holds(self, reading: Reading) -> bool:
        """Tell whether the document satisfies the leaf."""
        raise NotImplementedError

    def receipts(self, reading: Reading) -> Sequence[Receipt]:
        """Return the first `MAX_OCCURRENCES` places, title first."""
        receipts = reading.receipts.get(self)
        if receipts is None:
            receipts = reading.receipts[self] = self._receipts(reading)[:MAX_OCCURRENCES]
        return receipts

    def _receipts(self, reading: Reading) -> list[Receipt]:
        raise NotImplementedError


class TextLeaf(MatchLeaf):
    """A leaf that has places in title or text."""

    node: Phrase | Raw

    def _find(self, reading: Reading, field: FieldReading) -> Spans:
        raise NotImplementedError

    def spans(self, reading: Reading, field: FieldReading) -> Spans:
        """Return all places in one field."""
        spans = field.spans.get(self)
        if spans is None:
            spans = self._find(reading, field) if self.node.field in (None, field.name) else NOWHERE
            field.spans[self] = spans
        return spans

    def holds(self, reading: Reading) -> bool:
        if self.decided:
            return not reading.present.isdisjoint(self.anchors)
        if not self.required <= reading.present:
            return False
        return any(self.spans(reading, field).starts for field in reading.fields)

    def receipt(self, field: FieldReading, spans: Spans, index: int) -> Receipt:
        """Return the receipt for one of the leaf's spans."""
        start, end = field.offsets(spans, index)
        return Receipt(self.node.written, field.name, start, end, field.tokens.original[start:end])

    def occurrences(self, reading: Reading, most: int) -> list[Occurrence]:
        """Return the first places, title first, at most `most`."""
        found: list[Occurrence] = []
        for field in reading.fields:
            spans = self.spans(reading, field)
            wanted = min(len(spans.starts), most - len(found))
            found += [field.slice(*field.offsets(spans, at)) for at in range(wanted)]
        return found

    def _receipts(self, reading: Reading) -> list[Receipt]:
        return [
            self.receipt(field, spans, at)
            for field in reading.fields
            for spans in (self.spans(reading, field),)
            for at in range(min(len(spans.starts), MAX_OCCURRENCES))
        ]


class PhraseLeaf(TextLeaf):
    """A word, wildcard or phrase: its slots side by side."""

    node: Phrase

    def __init__(self, node: Phrase, vocabulary: Vocabulary) -> None:
        slots = node.slots
        paired: set[int] = set()
        pairs: list[Feature] = []
        if node.slop is None:
            for at, (left, right) in enumerate(pairwise(slots)):
                if len(left) == len(right) == 1 and isinstance(left[0], Exact) and isinstance(right[0], Exact):
                    pairs.append(Pair(left[0].token, right[0].token))
                    paired.update((at, at + 1))
        required = pairs + [slot[0] for at, slot in enumerate(slots) if len(slot) == 1 and at not in paired]
        patterns = [test for slot in slots for test in slot if not isinstance(test, Exact)]
        super().__init__(node, vocabulary, required, required[:1] or slots[0], patterns)
        self.decided = node.field is None and (len(slots) == 1 or (len(slots) == 2 and bool(pairs)))
        self._exact = [frozenset(test.token for test in slot if isinstance(test, Exact)) for slot in slots]
        self._words = {slot[0].token for slot in slots if len(slot) == 1 and isinstance(slot[0], Exact)}
        self._patterns = [[self.keys[test] for test in slot if not isinstance(test, Exact)] for slot in slots]

    def accepted(self, reading: Reading) -> Sequence[Collection[str]]:
        """Return the tokens of the document that each slot accepts, and perhaps tokens that it does not hold."""
        if not any(self._patterns):
            return self._exact
        return [
            exact.union(*map(reading.tokens_of, patterns)) if patterns else exact
            for exact, patterns in zip(self._exact, self._patterns, strict=True)
        ]

    def _find(self, reading: Reading, field: FieldReading) -> Spans:
        positions = field.positions
        if not positions.keys() >= self._words:
            return NOWHERE
        accepted = self.accepted(reading)
        size = len(accepted)
        places = [_places(positions, tokens) for tokens in accepted]
        starts = min(places, key=len)
        if size > 1:
            texts, base = field.tokens.texts, places.index(starts)
            starts = [at - base for at in starts if base <= at <= len(texts) - size + base]
            for slot, tokens in enumerate(accepted):
                if slot != base:
                    starts = [start for start in starts if texts[start + slot] in tokens]
        return Spans(starts, [start + size for start in starts]) if starts else NOWHERE


class WindowLeaf(PhraseLeaf):
    """Several words near one another, in any order; its places are the shortest windows that are short enough."""

    def _find(self, reading: Reading, field: FieldReading) -> Spans:
        kinds = Counter(map(frozenset, self.accepted(reading)))
        can_be: dict[int, list[int]] = {}
        for kind, tokens in enumerate(kinds):
            for token in tokens:
                for at in field.positions.get(token, ()):
                    can_be.setdefault(at, []).append(kind)
        size = len(self.node.slots)
        longest = size + (self.node.slop or 0)
        found = [
            (first, last + 1)
            for first, last in shortest_windows(sorted(can_be.items()), list(kinds.values()))
            if last + 1 - first <= longest
        ]
        return Spans([start for start, _ in found], [end for _, end in found])


class RawLeaf(TextLeaf):
    """Characters of the original text."""

    node: Raw

    def __init__(self, node: Raw, vocabulary: Vocabulary) -> None:
        self._literal = unicodedata.normalize("NFC", node.literal)
        required: list[Feature] = [Run(run) for run in sorted(runs(self._literal))]
        super().__init__(node, vocabulary, required, required[:1] or [Anything()])

    def _find(self, reading: Reading, field: FieldReading) -> Spans:
        characters = list(field.characters.find(self._literal))
        tokens = [field.tokens_within(start, end) for start, end in characters]
        return Spans([start for start, _ in tokens], [end for _, end in tokens], characters)


class MetaLeaf(MatchLeaf):
    """A metadata value or its beginning."""

    node: Meta
    decided = True

    def __init__(self, node: Meta, vocabulary: Vocabulary) -> None:
        token = meta_token(node.name, node.value)
        feature = [Prefix(token) if node.prefix else Exact(token)]
        super().__init__(node, vocabulary, feature, feature)

    def holds(self, reading: Reading) -> bool:
        return self.anchors[0] in reading.present

    def _receipts(self, reading: Reading) -> list[Receipt]:
        return [
            Receipt(self.node.written, self.node.name, None, None, as_written)
            for value, as_written in reading.document.meta.get(self.node.name, {}).items()
            if value == self.node.value or (self.node.prefix and value.startswith(self.node.value))
        ]


class RangeLeaf(MatchLeaf):
    """A number within bounds; nothing in the vocabulary tells of it."""

    node: Range

    def __init__(self, node: Range, vocabulary: Vocabulary) -> None:
        topic = node.name.removeprefix("score.")
        self._name = node.name if topic == node.name else f"score.{fold_value(topic)}"
        super().__init__(node, vocabulary, [], [Anything()])

    def holds(self, reading: Reading) -> bool:
        value = reading.document.numbers.get(self._name)
        return value is not None and _above(value, self.node.lower) and _below(value, self.node.upper)

    def _receipts(self, reading: Reading) -> list[Receipt]:
        value = reading.document.numbers[self._name]
        written = reading.document.published if self._name == "published" else f"{value:.15g}"
        return [Receipt(self.node.written, self.node.name, None, None, written)]


class Leaves:
    """All leaves in use, each once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._leaves: dict[Leaf, MatchLeaf] = {}

    def __len__(self) -> int:
        return len(self._leaves)

    def ask_for_topics(self) -> bool:
        """Tell whether any leaf looks at tags or their scores."""
        return any(
            isinstance(node, Meta | Range) and node.name.startswith(("topic", "score.")) for node in self._leaves
        )

    def acquire(self, node: Leaf) -> MatchLeaf:
        """Return the one leaf for the node, which stays in use until as many calls of `release`."""
        leaf = self._leaves.get(node)
        if leaf is None:
            leaf = self._leaves[node] = _make(node, self._vocabulary)
        leaf.users += 1
        return leaf

    def release(self, leaf: MatchLeaf) -> None:
        """Give back one use of the leaf."""
        leaf.users -= 1
        if not leaf.users:
            del self._leaves[leaf.node]
            for key in leaf.keys.values():
                self._vocabulary.release(key)


def _make(node: Leaf, vocabulary: Vocabulary) -> MatchLeaf:
    match node:
        case Phrase():
            kind = WindowLeaf if node.slop is not None and len(node.slots) > 1 else PhraseLeaf
            return kind(node, vocabulary)
        case Raw():
            return RawLeaf(node, vocabulary)
        case Meta():
            return MetaLeaf(node, vocabulary)
        case Range():
            return RangeLeaf(node, vocabulary)


def _places(positions: Mapping[str, list[int]], tokens: Collection[str]) -> Sequence[int]:
    found = [positions[token] for token in tokens if token in positions]
    return found[0] if len(found) == 1 else sorted(chain.from_iterable(found))


def _above(value: float, bound: Bound | None) -> bool:
    return bound is None or value > bound.value or (bound.inclusive and value == bound.value)


def _below(value: float, bound: Bound | None) -> bool:
    return bound is None or value < bound.value or (bound.inclusive and value == bound.value)
