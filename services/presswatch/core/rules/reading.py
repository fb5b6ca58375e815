"""A document read with a vocabulary: which keys it holds and, only when asked for, where its tokens stand."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from presswatch.core.rules.characters import Characters
from presswatch.core.rules.model import TextField

if TYPE_CHECKING:
    from presswatch.core.rules.document import Document
    from presswatch.core.rules.leaves import TextLeaf
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
        positions: defaultdict[str, list[int]] = defaultdict(list)
        for at, token in enumerate(self.tokens.texts):
            positions[token].append(at)
        return dict(positions)

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
    """A document under match."""

    def __init__(
        self, document: Document, unique: Collection[str], keys_of: Mapping[str, tuple[Key, ...]], present: set[Key]
    ) -> None:
        self.document = document
        self.present = present
        self.fields = (FieldReading("title", document.title), FieldReading("text", document.text))
        self._unique = unique
        self._keys_of = keys_of

    @cached_property
    def tokens_by_key(self) -> Mapping[Key, list[str]]:
        """The document's distinct tokens that each key stands for."""
        tokens: defaultdict[Key, list[str]] = defaultdict(list)
        for token in self._unique:
            for key in self._keys_of[token]:
                tokens[key].append(token)
        return dict(tokens)
