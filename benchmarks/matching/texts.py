"""Articles for the benchmark: seeded texts of invented words with the frequencies, topics and set phrases of news.

`Corpus` also counts words and pairs, from which the rules are made; it takes any texts, real ones too.
"""

from __future__ import annotations

import gzip
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path

import orjson

SIZE = 3900  # characters of title and text
VOCABULARY = 60_000
TOPICS = 60
TITLE_WORDS = 9

_ONSETS = "b c d f g h j k l m n p r s t v w b c d f g l m n p r s t v br ch cl cr dr fr gr pl pr sh st th tr".split()
_VOWELS = "a a a a e e e e i i i o o o u u ai ea ie ou".split()
_CODAS = [*[""] * 16, *"n n r r l s t d m nd nt st ng".split()]
_ENDINGS = [*[""] * 8, *"s s s ed ing er ion al ly".split()]


@dataclass(frozen=True)
class Corpus:
    """Articles (title, text), and words that a rule may ask for though no article holds them."""

    articles: list[tuple[str, str]]
    unseen: list[str]

    @cached_property
    def tokens(self) -> list[list[str]]:
        """The lower-case words of letters of each article."""
        return [re.findall(r"[a-z]+", f"{title}\n{text}".lower()) for title, text in self.articles]

    @cached_property
    def frequencies(self) -> Counter[str]:
        """In how many articles each word stands."""
        return Counter(word for tokens in self.tokens for word in set(tokens))

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Pairs of words, neither in more than a fifth of the articles, that stand side by side in one."""
        telling = {word for word, count in self.frequencies.items() if count <= len(self.articles) / 5}
        pairs = {pair for tokens in self.tokens for pair in pairwise(tokens)}
        return sorted(pair for pair in pairs if telling.issuperset(pair))


def invented(count: int = 500, seed: int = 1) -> Corpus:
    """Return a corpus of invented words; the same arguments give the same texts."""
    chosen = random.Random(seed)
    words = _vocabulary(chosen)
    common = _Drawn(words)
    topics = [_Topic(words, chosen) for _ in range(TOPICS)]
    articles = []
    for _ in range(count):
        about = chosen.sample(topics, 2)
        title = " ".join(_words(common, about, TITLE_WORDS, chosen)).capitalize()
        text = ""
        while len(title) + len(text) < SIZE:
            sentence = list(_words(common, about, chosen.randint(8, 30), chosen))
            sentence[len(sentence) // 2] += chosen.choice([",", "", "", " -"])
            text += " ".join(sentence).capitalize() + chosen.choice([". ", ". ", ". ", "? ", ".\t"]).replace("\t", " ")
        articles.append((title, text[: SIZE - len(title)]))
    corpus = Corpus(articles, [])
    return Corpus(articles, [word for word in words if word not in corpus.frequencies])


def newswire(shared: Path, count: int = 500) -> Corpus:
    """Return real texts, newswire of 1987 from the development data, put together to the same size.

    In ASCII and without apostrophes, which engines treat differently.
    """
    joined = ""
    articles: list[tuple[str, str]] = []
    with gzip.open(shared / "data" / "topics" / "reuters21578_train.jsonl.gz") as lines:
        for line in lines:
            article = orjson.loads(line)
            joined += f" {article['title']}. {article['text']}"
            if len(joined) >= SIZE:
                plain = re.sub(r"[^\x20-\x26\x28-\x7e]+", " ", joined)[:SIZE]
                articles.append((plain[:60], plain[60:]))
                joined = ""
            if len(articles) == count:
                break
    known = Corpus(articles, []).frequencies
    chosen = random.Random(1)
    return Corpus(articles, [word for word in _vocabulary(chosen) if word not in known])


class _Drawn:
    """Words drawn by their rank, as Zipf and Mandelbrot have it."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.weights = list(accumulate((rank + 2.7) ** -1.05 for rank in range(len(words))))

    def __call__(self, chosen: random.Random) -> str:
        return chosen.choices(self.words, cum_weights=self.weights)[0]


class _Topic:
    """What articles on one subject share: some of the rarer words, and set phrases of two words."""

    def __init__(self, words: list[str], chosen: random.Random) -> None:
        self.words = _Drawn(chosen.sample(words[200:20_000], 400))
        self.phrases = [tuple(chosen.sample(words[200:], 2)) for _ in range(80)]


def _words(common: _Drawn, about: list[_Topic], count: int, chosen: random.Random) -> Iterator[str]:
    while count > 0:
        kind = chosen.random()
        if kind < 0.04:
            yield from chosen.choice(chosen.choice(about).phrases)
            count -= 2
        else:
            yield chosen.choice(about).words(chosen) if kind < 0.3 else common(chosen)
            count -= 1


def _vocabulary(chosen: random.Random) -> list[str]:
    """Return distinct words, the shorter ones mostly first, as in a language."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        parts = 1 if len(words) < 250 else 2 if len(words) < 8_000 else chosen.choice((2, 2, 3))
        word = "".join(chosen.choice(_ONSETS) + chosen.choice(_VOWELS) + chosen.choice(_CODAS) for _ in range(parts))
        words.setdefault(word + (chosen.choice(_ENDINGS) if parts > 1 else ""))
    return list(words)


def write(articles: Iterable[tuple[str, str]], path: Path) -> None:
    """Write articles as the engines read them: "title TAB text" a line."""
    path.write_text("".join(f"{title}\t{text}\n" for title, text in articles), encoding="ascii")
