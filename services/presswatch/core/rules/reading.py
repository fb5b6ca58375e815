"""A document read with a vocabulary: which keys it holds and, only when asked for, where its tokens stand."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from presswatch.core.rules.characters import Characters
from presswatch.core.rules.model import TextField

if TYPE_CHECKING:
    from presswatch.core.rules.document import Document
    from presswatch.core.rules.leaves import MatchLeaf, TextLeaf
    from presswatch.core.rules.vocabulary import Key
    from presswatch.core.text import Tokens


class Occurrence(NamedTuple):
    """A place in an article.

    `start` and `end` are code points into the original field, end exclusive, and `quote` is exactly that slice. For
    metadata, `field` is the metadata's name, `start` and `end` are None and `quote` is the value as in the article.
    """

    field: str
    start: int | None
    end: int | None
    quote: str | None


class Receipt(NamedTuple):
    """A place of one leaf: why an expression matched. `leaf` is as the analyst wrote it, the rest as in `Occurrence`."""

    leaf: str
    field: str
    start: int | None
    end: int | None
    quote: str | None

    def shown(self) -> dict[str, str | int]:
        """Return the receipt as JSON shows it: metadata has no start and end."""
        return {key: value for key, value in self._asdict().items() if value is not None}


class Spans(NamedTuple):
    """Occurrences in one field, as token positions, end exclusive; both lists ascend.

    `characters` is there where an occurrence need not begin and end with a token.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    characters: Sequence[tuple[int, int]] | None = None


NOWHERE = Spans((), ())


class FieldReading:
    """One field of a document under match; leaves keep their spans here, so that each is looked for once."""

    def __init__(self, name: TextField, tokens: Tokens) -> None:
        self.name = name
        self.tokens = tokens
        self.spans: dict[TextLeaf, Spans] = {}

    @cached_property
    def positions(self) -> Mapping[str, list[int]]:
        """The positions of each token."""
        positions: dict[str, list[int]] = {}
        for at, token in enumerate(self.tokens.texts):
            if token in positions:
                positions[token].append(at)
            else:
                positions[token] = [at]
        return positions

    @cached_property
    def characters(self) -> Characters:
        """The field's original text."""
        return Characters(self.tokens.original)

    def tokens_within(self, start: int, end: int) -> tuple[int, int]:
        """Return the positions, end exclusive, of the tokens that share a character with an original slice."""
        first = bisect_right(self.tokens.ends, start)
        return first, max(first, bisect_left(self.tokens.starts, end))

    def offsets(self, spans: Spans, index: int) -> tuple[int, int]:
        """Return start and end, in code points of the original, of one of the spans."""
        if spans.characters is not None:
            return spans.characters[index]
        return self.tokens.starts[spans.starts[index]], self.tokens.ends[spans.ends[index] - 1]

    def slice(self, start: int, end: int) -> Occurrence:
        """Return a slice of the original text."""
        return Occurrence(self.name, start, end, self.tokens.original[start:end])


class Reading:
    """A document under match.

    Args:
        document: the document.
        keys_of: the keys of any of its tokens.
        unique: its distinct tokens.
    """

    def __init__(self, document: Document, keys_of: Mapping[str, tuple[Key, ...]], unique: Collection[str]) -> None:
        self.document = document
        self.fields = (FieldReading("title", document.title), FieldReading("text", document.text))
        self.present = set(chain.from_iterable(map(keys_of.__getitem__, unique)))
        self.receipts: dict[MatchLeaf, Sequence[Receipt]] = {}
        self._keys_of = keys_of
        self._unique = unique
        self._tokens: dict[Key, list[str]] = {}

    def tokens_of(self, key: Key) -> list[str]:
        """Return the document's distinct tokens that a key stands for."""
        tokens = self._tokens.get(key)
        if tokens is None:
            keys_of = self._keys_of
            tokens = self._tokens[key] = [token for token in self._known if key in keys_of[token]]
        return tokens

    @cached_property
    def _known(self) -> list[str]:
        keys_of = self._keys_of
        return [token for token in self._unique if keys_of[token]]
