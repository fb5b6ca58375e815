"""Rules for the benchmark, made by a seeded generator from the words of a corpus.

- short: three words, two phrases, a NOT, a NEAR, a prefix, a long OR, in turn.
- realistic: 50 to 500 terms in nested groups, as press agencies write them: names, contexts, exclusions.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from itertools import accumulate

from benchmarks.matching.forms import All, AnyOf, Form, Near, Phrase, Prefix, Word
from benchmarks.matching.texts import Corpus

MIXES = ("short", "realistic")
RARE_FROM = 1_000_000
"""From so many rules on, short rules ask for rarer words: nobody reads two thousand alerts an article."""


class Words:
    """Draws what rules ask for.

    Args:
        unseen: share of words that stand in no article, as most names that are watched do on most days.
        unseen_phrases: the same of phrases.
        most: words of more articles than this share say nothing and are left out.
        slope: how much likelier a frequent word is; 0: all alike.
    """

    def __init__(
        self, corpus: Corpus, seed: int, *, unseen: float, unseen_phrases: float, most: float, slope: float
    ) -> None:
        self.random = random.Random(seed)
        limit = max(2, most * len(corpus.articles))
        self._words = sorted(word for word, count in corpus.frequencies.items() if count <= limit and len(word) > 3)
        self._weights = list(accumulate(corpus.frequencies[word] ** slope for word in self._words))
        self._pairs = corpus.pairs
        self._absent = [word for word in corpus.unseen if len(word) > 3]
        self._unseen, self._unseen_phrases = unseen, unseen_phrases

    def some(self, count: int) -> list[str]:
        """Draw distinct words."""
        found: dict[str, None] = {}
        while len(found) < count:
            if self.random.random() < self._unseen:
                found.setdefault(self.random.choice(self._absent))
            else:
                found.setdefault(self.random.choices(self._words, cum_weights=self._weights)[0])
        return list(found)

    def phrase(self) -> Phrase:
        """Draw a phrase of two words."""
        if self.random.random() < self._unseen_phrases:
            one, other = self.some(2)
            return Phrase((one, other))
        return Phrase(self.random.choice(self._pairs))


def rules(mix: str, count: int, corpus: Corpus, seed: int = 2) -> Iterator[tuple[str, Form]]:
    """Yield (id, rule); the same arguments give the same rules."""
    if mix == "realistic":
        yield from ((f"r{number}", form) for number, form in enumerate(_realistic(count, corpus, seed)))
        return
    if count < RARE_FROM:
        words = Words(corpus, seed, unseen=0.0, unseen_phrases=0.0, most=0.25, slope=1.45)
    else:
        words = Words(corpus, seed, unseen=0.58, unseen_phrases=0.9, most=0.25, slope=1.2)
    for number in range(count):
        yield f"s{number}", _SHORT[number % len(_SHORT)](words)


def _any(words: list[str]) -> AnyOf:
    return AnyOf(tuple(map(Word, words)))


def _three(words: Words) -> Form:
    return All(tuple(map(Word, words.some(3))))


def _phrases(words: Words) -> Form:
    return AnyOf((words.phrase(), words.phrase()))


def _without(words: Words) -> Form:
    one, other, none = map(Word, words.some(3))
    return All((one, other), (none,))


def _near(words: Words) -> Form:
    drawn = words.some(6)
    return Near(_any(drawn[:3]), _any(drawn[3:]), 8)


def _prefix(words: Words) -> Form:
    one, other = words.some(2)
    return All((Prefix(one[:5]), Word(other)))


def _long(words: Words) -> Form:
    drawn = words.some(15)
    return All((_any(drawn[:10]), _any(drawn[10:]), words.phrase()))


_SHORT: tuple[Callable[[Words], Form], ...] = (_three, _phrases, _without, _near, _prefix, _long)


def _realistic(count: int, corpus: Corpus, seed: int) -> Iterator[Form]:
    names = Words(corpus, seed + 1, unseen=0.97, unseen_phrases=0.97, most=0.02, slope=0.0)
    contexts = Words(corpus, seed + 2, unseen=0.5, unseen_phrases=0.5, most=0.3, slope=0.5)
    noise = Words(corpus, seed + 3, unseen=0.7, unseen_phrases=0.7, most=0.1, slope=0.3)
    chosen = random.Random(seed)
    for number in range(count):
        size = round(math.exp(chosen.uniform(math.log(50), math.log(500))))
        excluded = max(2, size // chosen.randint(6, 20))
        rest = size - excluded
        exclusion = _group(noise, excluded)
        match number % 4:
            case 0:  # names in a context
                many = rest * 2 // 3
                yield All((_group(names, many), _group(contexts, rest - many, prefixes=0.15)), (exclusion,))
            case 1:  # names close to what happens to them
                many = rest * 3 // 4
                together = Near(*_apart(_group(names, many), _group(contexts, rest - many)), chosen.randint(5, 30))
                yield All((together,), (exclusion,))
            case 2:  # several subjects, each with its own context
                subjects = chosen.randint(3, 8)
                part = max(4, rest // subjects)
                nested: list[Form] = []
                for _ in range(subjects):
                    context = _group(contexts, max(2, part // 3), prefixes=0.1)
                    nested.append(All((_group(names, max(2, part - part // 3)), context)))
                yield All((AnyOf(tuple(nested)),), (exclusion,))
            case _:  # a list of people and brands, less what is called the same
                near = Near(*_apart(_group(names, 8), _group(contexts, 8)), 10)
                yield All((AnyOf((*_group(names, max(8, rest - 16)).parts, near)),), (exclusion,))


def _group(words: Words, count: int, prefixes: float = 0.0) -> AnyOf:
    """Return an OR of words, phrases and prefixes."""
    phrases = round(count * 0.4)
    parts: list[Form] = [words.phrase() for _ in range(phrases)]
    parts += [
        Prefix(word[:-1]) if len(word) > 5 and words.random.random() < prefixes else Word(word)
        for word in words.some(max(2, count - phrases))
    ]
    return AnyOf(tuple(dict.fromkeys(parts)))


def _apart(left: AnyOf, right: AnyOf) -> tuple[AnyOf, AnyOf]:
    """Take from the left what shares a word with the right: engines differ on one token that is both sides of a NEAR."""
    taken = {word for part in right.parts for word in _words_of(part)}
    return AnyOf(tuple(part for part in left.parts if taken.isdisjoint(_words_of(part)))), right


def _words_of(form: Form) -> tuple[str, ...]:
    return form.words if isinstance(form, Phrase) else (form.text,) if isinstance(form, Word) else ()
