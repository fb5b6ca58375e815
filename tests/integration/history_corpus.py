"""Seeded articles in many languages, put into Elasticsearch as the indexer does it, and queries over what stands in them."""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Sequence
from typing import ClassVar

import orjson
from elasticsearch import Elasticsearch
from tests.property.matcher_strategies import SCRIPTS

from presswatch.adapters.elasticsearch import Bulk, Write, ensure_monthly_index
from presswatch.core.errors import RuleError
from presswatch.core.intake import Known
from presswatch.core.messages import Tag, TaggedArticle
from presswatch.core.rules.document import Document
from presswatch.core.rules.model import Node
from presswatch.core.rules.syntax import parse
from presswatch.core.text import tokenise
from presswatch.indexer.documents import article_document, content_of
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLES, index, month_index, write_alias

FETCHED = 1_795_500_000_000
DAY = 86_400_000
SOURCES = ("Le Monde", "RFI", "Новости", "Straßen-Kurier", "The Daily Plough", "İstanbul Postası", "毎日の穀物")
ALPHABETS = {
    "Latin": string.ascii_lowercase,
    "Turkish": "abcçdefgğhıijklmnoöprsştuüvyz",
    "Cyrillic": "абвгдеёжзийклмнопрстуфхцчшщыьэюя",
    "Greek": "αβγδεζηθικλμνξοπρστυφχψωάέή",
    "Arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "Devanagari": "कखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह",
    "Chinese": "中国农业粮食价格出口禁令政府宣布市场小麦大米玉米世界卫生组织",
    "Japanese": "日本農業食糧価格輸出禁止政府発表市場小麦米",
    "Korean": "가나다라마바사아자차카타파하고노도로모보소",
    "Thai": "กขคงจฉชซญดตถทธนบปผพภมยรลวสหอ",
}


def corpus(seed: int, number: int) -> list[TaggedArticle]:
    """Articles of 20 to 150 words: a few that come often, and a long tail."""
    rng = random.Random(seed)
    tails = {
        script: ["".join(rng.choices(letters, k=rng.randint(3, 8))) for _ in range(600)]
        for script, letters in ALPHABETS.items()
    }
    scripts = itertools.cycle(SCRIPTS)
    return [_article(rng, at, next(scripts), tails) for at in range(number)]


def _article(rng: random.Random, at: int, script: str, tails: dict[str, list[str]]) -> TaggedArticle:
    words, joints, lang = SCRIPTS[script]

    def text(least: int, most: int) -> str:
        parts = []
        for _ in range(rng.randint(least, most)):
            # a tail whose words are the rarer the later they stand
            word = rng.choice(words) if rng.random() < 0.2 else tails[script][int(600 * rng.random() ** 2)]
            parts += [word.capitalize() if rng.random() < 0.1 else word, rng.choice(joints)]
        return "".join(parts)

    tags = [
        Tag(topic=topic, score=round(rng.uniform(0.5, 1), 6), threshold=0.5, pack="0" * 12)
        for topic in ("health", "agriculture", "diplomacy")
        if rng.random() < 0.3
    ]
    published = FETCHED - rng.randrange(60 * DAY)
    return TaggedArticle(
        id=f"{at:032x}",
        title=text(3, 9),
        text=text(20, 150),
        url=rng.choice([None, f"https://www.example.org/{script}/{at}", f"https://news{at % 7}.example/Story-{at}"]),
        source=rng.choice([None, *SOURCES]),
        country=rng.choice([None, "FR", "in", "TR"]),
        author=rng.choice([[], ["Ana López"], ["B. Wu", "Ана Петрова"]]),
        lang=lang,
        published=rng.choice([None, published, published, published // DAY * DAY]),
        fetched=FETCHED + at,
        tagged=FETCHED + at + 10,
        tags=tags,
    )


def put(client: Elasticsearch, es: ElasticsearchSettings, articles: Sequence[TaggedArticle], **more: object) -> None:
    """Index articles by the indexer's own documents; `more` replaces fields of them."""
    concrete = month_index(es, ARTICLES, FETCHED)
    ensure_monthly_index(client, concrete)
    writes = []
    for article in articles:
        content = content_of(article)
        known = Known(article.fetched, article.fetched, 0, "hash")
        read = Document.of(content)
        document = article_document(article.id, content, known, article.fetched, read, [], article.tagged) | more
        writes.append(Write(write_alias(concrete), article.id, orjson.dumps(document), version=article.fetched))
    outcomes = Bulk(client, "indexer", lambda _: False).write(writes)
    assert {outcome.state for outcome in outcomes} == {"written"}
    client.indices.refresh(index=index(es, ARTICLES))


def queries(seed: int, articles: Sequence[TaggedArticle], number: int) -> list[tuple[str, Node]]:
    """Different queries in all forms of the language, most of them made of what stands in some article."""
    made: dict[str, Node] = {}
    makers = itertools.cycle(_Maker.FORMS)
    rng = random.Random(seed)
    while len(made) < number:
        query = _Maker(rng, rng.choice(articles)).form(next(makers))
        try:
            made[query] = parse(query, _Maker.LISTS)
        except RuleError as error:
            # a slice of a text can be no token or too short for a wildcard: another one is drawn
            if not any(sign in error.message for sign in ("no letter", "at least", "wildcard", "one more character")):
                raise
    return list(made.items())


class _Maker:
    FORMS = (
        "word", "phrase", "prefix", "starred_phrase", "wildcard", "window", "near", "near", "both", "either", "but_not",
        "count", "atleast", "raw", "scoped", "meta", "range", "listed", "nested", "near_group",
    )  # fmt: skip
    LISTS: ClassVar = {"grains": ("wheat", "buğday", "пшениц*", "小麦", "raw:WHO", '"grain export"', "밀", "قمح")}

    def __init__(self, rng: random.Random, article: TaggedArticle) -> None:
        self.rng = rng
        self.article = article
        self.tokens = tokenise(article.text, article.lang)

    def form(self, name: str) -> str:
        return str(getattr(self, name)())

    def _slice(self, least: int, most: int) -> str:
        size = self.rng.randint(least, most)
        first = self.rng.randrange(max(1, len(self.tokens.texts) - size))
        last = min(first + size, len(self.tokens.texts)) - 1
        return self.article.text[self.tokens.starts[first] : self.tokens.ends[last]].replace('"', " ")

    def word(self) -> str:
        return f'"{self._slice(1, 1)}"'

    def phrase(self) -> str:
        return f'"{self._slice(2, 4)}"'

    def prefix(self) -> str:
        word = self._slice(1, 1)
        return f'"{word[: max(3, len(word) - 2)]}*"'

    def starred_phrase(self) -> str:
        word = self._slice(2, 3)
        return f'"{word[: max(3, len(word) - 1)]}*"'

    def wildcard(self) -> str:
        word = self._slice(1, 1)
        at = self.rng.randrange(1, max(2, len(word)))
        return f'"{word[:at]}?{word[at + 1 :]}"'

    def window(self) -> str:
        return f'"{self._slice(1, 1)} {self._slice(1, 1)}"~{self.rng.randint(0, 60)}'

    def near(self) -> str:
        sides = [self.form(self.rng.choice(["word", "phrase", "prefix", "raw"])) for _ in range(2)]
        return f"{sides[0]} NEAR/{self.rng.randint(0, 60)}{self.rng.choice(['', 'f'])} {sides[1]}"

    def near_group(self) -> str:
        left = " OR ".join(self.form(self.rng.choice(["word", "phrase", "raw"])) for _ in range(4))
        return f"({left}) NEAR/{self.rng.randint(2, 20)} ({self.word()} OR {self.prefix()})"

    def _two(self, sign: str, *forms: str) -> str:
        return f" {sign} ".join(f"({self.form(self.rng.choice(forms))})" for _ in range(2))

    def both(self) -> str:
        return self._two("AND", "word", "word", "meta", "phrase", "range")

    def either(self) -> str:
        return self._two("OR", "word", "phrase", "raw")

    def but_not(self) -> str:
        return self._two("AND NOT", "word", "prefix", "phrase")

    def nested(self) -> str:
        return f"({self.near()} OR ({self.both()})) AND NOT ({self.phrase()} OR {self.meta()})"

    def scoped(self) -> str:
        inside = self.form(self.rng.choice(["word", "phrase", "either", "raw"]))
        return f"{self.rng.choice(['text', 'title', 'text'])}:({inside})"

    def count(self) -> str:
        operand = self.rng.choice(
            [self.word(), self.word(), f"({self.word()} OR {self.word()})", self.phrase(), self.raw()]
        )
        return f"COUNT/{self.rng.randint(1, 6)} {operand}"

    def atleast(self) -> str:
        number = self.rng.randint(1, 3)
        return f"ATLEAST/{number} ({self.word()}, {self.phrase()}, {self.meta()}, {self.near()})"

    def raw(self) -> str:
        literal = self._slice(1, 2).replace("\\", " ")
        return f'raw:"{literal}"'

    def listed(self) -> str:
        return f"@grains AND {self.word()}"

    def meta(self) -> str:
        source = (self.article.source or "RFI").upper()
        return self.rng.choice([
            f'source:"{source}"', f'source:"{source[:2]}*"', "topic:health", f"lang:{(self.article.lang or 'en')[:2]}",
            "country:fr", 'author:"ана петрова"', "domain:news3.example", "url:https://www.example.org/latin*",
        ])  # fmt: skip

    def range(self) -> str:
        day = self.rng.randint(1, 28)
        return self.rng.choice([
            f"words:>{len(self.tokens.texts) - self.rng.randint(0, 3)}", f"words:[{len(self.tokens.texts)} TO 1000]",
            f"published:[2026-10-{day:02} TO 2026-11-{day:02}}}", f"score.health:>{self.rng.uniform(0.6, 1):.6f}",
            f"published:{{2026-11-{day:02} TO *]",
        ])  # fmt: skip
