"""What the rules look for, and which of it a document holds: one hash lookup per distinct token.

Tokens, prefixes, wildcards, adjacent pairs, runs of characters and metadata values are all `Key`s. It knows no rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from presswatch.core.rules.characters import runs
from presswatch.core.rules.model import Exact, Prefix, Wildcard
from presswatch.core.rules.reading import Reading
from presswatch.core.text import by_character

if TYPE_CHECKING:
    from presswatch.core.rules.document import Document
    from presswatch.core.rules.guards import Entry

_MEMO_TOKENS = 1 << 15
"""Tokens whose keys are remembered: most of the running text of any language, a few MB."""
_MEMO_TOKEN_LENGTH = 64
_PRIOR_DOCUMENTS = 16.0
"""Weight of a key's guessed rate against what is then counted."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tokens side by side."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run of letters and digits of the original text in NFC, as `characters.runs` cuts it, case kept."""

    characters: str


@dataclass(frozen=True, slots=True)
class Anything:
    """What every document holds: the guard of rules that nothing else guards."""


Feature = Exact | Prefix | Wildcard | Pair | Run | Anything


class Key:
    """A feature that a document holds or not, how often documents held it, and the rules that it guards.

    Compared by identity, so sets of keys are fast. `alone` and `paired` belong to `guards.Guards`.
    """

    __slots__ = ("alone", "born", "feature", "paired", "prior", "seen", "users")

    def __init__(self, feature: Feature, born: int) -> None:
        self.feature = feature
        self.prior = _prior(feature)
        self.born = born
        self.seen = 0
        self.users = 0
        self.alone: set[Entry] = set()
        self.paired: dict[Key, set[Entry]] = {}

    def rate(self, documents: int) -> float:
        """Estimate the share of documents that hold it, after that many documents."""
        return (self.prior * _PRIOR_DOCUMENTS + self.seen) / (_PRIOR_DOCUMENTS + documents - self.born)


class Vocabulary:
    """All keys in use. `acquire` and `release` count users, so that rules come and go without a rebuild."""

    def __init__(self) -> None:
        self.documents = 0
        self._keys: dict[Feature, Key] = {}
        self._exact: dict[str, Key] = {}
        self._heads: dict[int, dict[str, list[tuple[Key, Callable[[str], object]]]]] = {}
        self._pairs: dict[tuple[str, str], Key] = {}
        self._runs: dict[str, Key] = {}
        self._memo = _Memo(self._keys_of)
        self._anything = self.acquire(Anything())

    def __len__(self) -> int:
        """Return how many keys are in use; an empty vocabulary has one, `Anything`."""
        return len(self._keys)

    def acquire(self, feature: Feature) -> Key:
        """Return the key of the feature, which stays in use until as many calls of `release`."""
        key = self._keys.get(feature)
        if key is None:
            key = self._keys[feature] = Key(feature, self.documents)
            self._install(feature, key)
        key.users += 1
        return key

    def release(self, key: Key) -> None:
        """Give back one use of the key."""
        key.users -= 1
        if not key.users:
            del self._keys[key.feature]
            self._uninstall(key.feature)

    def read(self, document: Document) -> Reading:
        """Find the keys that the document holds."""
        unique = set(document.title.texts)
        unique.update(document.text.texts)
        reading = Reading(document, self._memo, unique)
        present = reading.present
        present.add(self._anything)
        for name, values in document.meta.items():
            for value in values:
                present.update(self._memo[meta_token(name, value)])
        if self._pairs:
            for field in reading.fields:
                adjacent = zip(field.tokens.texts, islice(field.tokens.texts, 1, None), strict=False)
                present.update(filter(None, map(self._pairs.get, adjacent)))
        if self._runs:
            for field in reading.fields:
                present.update(map(self._runs.__getitem__, runs(field.characters.nfc) & self._runs.keys()))
        return reading

    def _keys_of(self, token: str) -> tuple[Key, ...]:
        found = [self._exact[token]] if token in self._exact else []
        for length, heads in self._heads.items():
            found.extend(key for key, accepts in heads.get(token[:length], ()) if accepts(token))
        return tuple(found)

    def _install(self, feature: Feature, key: Key) -> None:
        match feature:
            case Exact(token):
                self._exact[token] = key
                self._memo.pop(token, None)
            case Prefix() | Wildcard():
                head, accepts = _head_and_test(feature)
                self._heads.setdefault(len(head), {}).setdefault(head, []).append((key, accepts))
                self._memo.clear()
            case Pair(left, right):
                self._pairs[left, right] = key
            case Run(characters):
                self._runs[characters] = key

    def _uninstall(self, feature: Feature) -> None:
        match feature:
            case Exact(token):
                del self._exact[token]
                self._memo.pop(token, None)
            case Prefix() | Wildcard():
                head, _ = _head_and_test(feature)
                heads = self._heads[len(head)]
                heads[head] = [(key, accepts) for key, accepts in heads[head] if key.feature != feature]
                if not heads[head]:
                    del heads[head]
                if not heads:
                    del self._heads[len(head)]
                self._memo.clear()
            case Pair(left, right):
                del self._pairs[left, right]
            case Run(characters):
                del self._runs[characters]


class _Memo(dict[str, tuple[Key, ...]]):
    """The keys of each token met lately; emptied when it is full, so that hostile text cannot fill the memory."""

    def __init__(self, keys_of: Callable[[str], tuple[Key, ...]]) -> None:
        super().__init__()
        self._keys_of = keys_of

    def __missing__(self, token: str) -> tuple[Key, ...]:
        keys = self._keys_of(token)
        if len(token) <= _MEMO_TOKEN_LENGTH:
            if len(self) >= _MEMO_TOKENS:
                self.clear()
            self[token] = keys
        return keys


def meta_token(name: str, value: str) -> str:
    """Return what stands for a metadata value among the tokens; no token of a text holds U+0000."""
    return f"\0{name}\0{value}"


def _head_and_test(feature: Prefix | Wildcard) -> tuple[str, Callable[[str], object]]:
    """Return the literal beginning of a pattern, and the test for tokens that begin so."""
    if isinstance(feature, Prefix):
        return feature.prefix, bool
    pattern = feature.pattern
    stem = pattern.removesuffix("*")
    # U+0000 is in metadata values only, which a wildcard at the start of a word must not take for words
    expression = "".join("[^\0]" if ch == "?" else re.escape(ch) for ch in stem) + (".*" if stem != pattern else "")
    return stem.split("?", 1)[0], re.compile(expression, re.DOTALL).fullmatch


_META_PRIORS = {"lang": 0.4, "topic": 0.2, "country": 0.1, "source": 0.02, "domain": 0.02, "author": 0.01, "url": 0.001}


def _prior(feature: Feature) -> float:
    """Guess the share of documents that hold a feature nobody has counted yet: longer words are rarer.

    Only speed hangs on it: what is counted soon outweighs it.
    """
    match feature:
        case Exact(token):
            if token.startswith("\0"):
                return _META_PRIORS.get(token.split("\0")[1], 0.1)
            return 0.05 if len(token) == 1 and by_character(token) else min(0.6, 2.0 ** (-len(token) / 2))
        case Prefix(prefix):
            return min(0.8, 2 * _prior(Exact(prefix)))
        case Wildcard(pattern):
            return _prior(Exact(pattern))
        case Pair(left, right):
            return 0.1 * min(_prior(Exact(left)), _prior(Exact(right)))
        case Run(characters):
            return _prior(Exact(characters))
        case Anything():
            return 1.0
