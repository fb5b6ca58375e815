"""History finds what the stream found: the same rules over the same articles, by Elasticsearch and by the matcher alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, Phase, given, settings
from tests.integration.history_corpus import DAY, FETCHED, corpus, put, queries
from tests.processes import Sandbox
from tests.property.matcher_strategies import SCRIPTS, Article, cases

from presswatch.adapters.elasticsearch import connect
from presswatch.adapters.elasticsearch.pages import FIRST_PAGE, Pages
from presswatch.adapters.elasticsearch.query import Query, narrow, superset
from presswatch.core.errors import FatalError
from presswatch.core.messages import TaggedArticle
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Expression, Matcher, Receipt
from presswatch.core.rules.model import And, AtLeast, Count, Meta, Near, Node, Not, Or, Phrase, Range, Raw
from presswatch.core.rules.shadow import shadow
from presswatch.core.rules.syntax import parse
from presswatch.engines import Engines
from presswatch.history import Search
from presswatch.indexer.documents import content_of
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLES, INDICES, index

pytestmark = pytest.mark.engine

Places = dict[str, tuple[Receipt, ...]]


@pytest.fixture
def es(engines: Engines) -> ElasticsearchSettings:
    return ElasticsearchSettings(url=engines.url, prefix=f"search-{uuid4().hex[:8]}-")


@pytest.fixture
def client(es: ElasticsearchSettings) -> Iterator[Elasticsearch]:
    with connect(es) as client:
        yield client
        for name in client.indices.get(index=f"{es.prefix}*", allow_no_indices=True).body:
            client.indices.delete(index=name)


def article(number: int, **fields: object) -> TaggedArticle:
    return TaggedArticle.model_validate(
        {
            "id": f"{number:032x}",
            "title": f"Story {number}",
            "lang": "en",
            "fetched": FETCHED + number,
            "tagged": FETCHED,
        }
        | fields
    )


def found(search: Search) -> list[str]:
    return [hit.article["id"] for hit in search]


def ask(client: Elasticsearch, es: ElasticsearchSettings, query: str, **lists: Sequence[str]) -> Search:
    return Search(client, es, [Expression("r", "1", parse(query, lists))])


def stream(articles: Sequence[TaggedArticle], rules: Sequence[tuple[str, Node]]) -> dict[str, Places]:
    """Match as the indexer does."""
    matcher = Matcher(Expression(query, "1", node) for query, node in rules)
    places: dict[str, Places] = {query: {} for query, _ in rules}
    for each in articles:
        for match in matcher.match(Document.of(content_of(each))):
            places[match.id][each.id] = tuple(match.receipts)
    return places


@pytest.mark.parametrize(
    ("articles", "rules"), [(300, 150), pytest.param(3000, 500, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_history_finds_what_the_stream_found(
    client: Elasticsearch, es: ElasticsearchSettings, articles: int, rules: int
) -> None:
    written = corpus(1, articles)
    assert len({each.lang for each in written}) >= 8
    put(client, es, written)
    asked = queries(2, written, rules)
    truth = stream(written, asked)
    candidates_per_hit: list[float] = []
    forms: set[type[Node]] = set()
    for query, node in asked:
        search = Search(client, es, [Expression(query, "1", node)])
        hits = list(search)
        assert {hit.article["id"]: hit.matches[0].receipts for hit in hits} == truth[query], query
        times = [hit.article["@timestamp"] for hit in hits]
        assert times == sorted(times, reverse=True)
        assert "match_all" not in json.dumps(search.queries())
        if hits:
            candidates_per_hit.append(search.candidates / len(hits))
            forms |= kinds(node)
    assert len(candidates_per_hit) >= 0.3 * rules
    assert forms >= {And, Or, Not, Near, AtLeast, Count, Phrase, Raw, Meta, Range}
    assert median(candidates_per_hit) <= 5


def kinds(node: Node) -> set[type[Node]]:
    parts: tuple[Node, ...] = ()
    match node:
        case And(clauses=clauses) | Or(clauses=clauses) | AtLeast(clauses=clauses):
            parts = clauses
        case Near(left=left, right=right):
            parts = (left, right)
        case Not(clause=part) | Count(operand=part):
            parts = (part,)
    return {type(node)}.union(*map(kinds, parts))


def test_every_query_of_a_rule_is_wider_than_it_and_every_narrow_one_narrower(
    client: Elasticsearch, es: ElasticsearchSettings
) -> None:
    """Over trees that the parser would not make, too, and all the queries that are kept for large rules."""
    articles: list[Article] = []
    rules: list[Node] = []
    for script in SCRIPTS:

        @settings(
            max_examples=15,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases(script))
        def draw(case: tuple[list[Article], list[Node]]) -> None:
            articles.extend(case[0])
            rules.extend(case[1])

        draw()
    documents = [Document.of(each) for each in articles]
    matcher = Matcher(Expression(f"{at:06}", "1", node) for at, node in enumerate(rules))
    truth: list[set[int]] = [set() for _ in rules]
    for number, document in enumerate(documents):
        for match in matcher.match(document):
            truth[int(match.id)].add(number)
    assert sum(map(bool, truth)) >= 0.3 * len(rules)

    name = index(es, "trees")
    mappings = next(spec.mappings for spec in INDICES if spec.name == ARTICLES)
    client.indices.create(index=name, mappings=mappings)
    operations: list[dict[str, object]] = []
    for number, document in enumerate(documents):
        numbers = {key: value for key, value in document.numbers.items() if not key.startswith("score.")}
        scores = {key.removeprefix("score."): v for key, v in document.numbers.items() if key.startswith("score.")}
        operations += [{"index": {"_id": str(number)}}, {**numbers, "score": scores, "tok": shadow(document)}]
    assert not client.bulk(index=name, operations=operations, refresh=True)["errors"]

    wide = [(superset(node), at) for at, node in enumerate(rules)]
    for tier in range(3):
        some = [(asked[tier], at) for asked, at in wide if len(asked) > tier]
        for (query, at), hits in zip(some, all_hits(client, name, some, len(documents)), strict=True):
            assert truth[at] <= hits, (rules[at], query)
    sure = [(certain, at) for at, node in enumerate(rules) if (certain := narrow(node)) is not None]
    assert len(sure) > 0.2 * len(rules)
    for (query, at), hits in zip(sure, all_hits(client, name, sure, len(documents)), strict=True):
        assert hits <= truth[at], (rules[at], query)


def all_hits(client: Elasticsearch, name: str, asked: Sequence[tuple[Query, int]], most: int) -> Iterator[set[int]]:
    for first in range(0, len(asked), 100):
        lines = [
            line
            for query, _ in asked[first : first + 100]
            for line in ({}, {"query": query, "size": most, "_source": False})
        ]
        for answer in client.msearch(index=name, searches=lines)["responses"]:
            assert answer.get("error") is None, answer["error"]
            yield {int(hit["_id"]) for hit in answer["hits"]["hits"]}


def test_a_prefix_of_more_words_than_the_server_takes(client: Elasticsearch, es: ElasticsearchSettings) -> None:
    crowd = " ".join(f"con{number}" for number in range(40_000))
    put(client, es, [article(1, text=crowd), article(2, text="a contract on wheat"), article(3, text="contract law")])
    assert found(ask(client, es, "con* NEAR/2 wheat")) == [f"{2:032x}"]
    with pytest.raises(FatalError, match="too large"):
        list(Pages(client, index(es, ARTICLES), [superset(parse("con* NEAR/2 wheat"))[0]], ["id"]))


def test_rules_with_thousands_of_terms(client: Elasticsearch, es: ElasticsearchSettings) -> None:
    put(client, es, [article(1, text="word4999 here"), article(2, text="two words4321 stand"), article(3, text="none")])
    words = [f"word{number}" for number in range(5000)]
    phrases = [f"two words{number}" for number in range(5000)]
    prefixes = [f"zz{number}*" for number in range(2000)]
    one, two = f"{1:032x}", f"{2:032x}"
    assert found(ask(client, es, "@words", words=words)) == [one]
    assert found(ask(client, es, "@words NEAR/3 here", words=words)) == [one]
    assert found(ask(client, es, "@phrases AND NOT @words", words=words, phrases=phrases)) == [two]
    assert found(ask(client, es, "(@phrases OR @prefixes) NEAR/3 stand", prefixes=prefixes, phrases=phrases)) == [two]
    deep = "word4999"
    for _ in range(24):
        deep = f"(none{deep.count('(')} OR (here AND {deep}))"
    assert found(ask(client, es, deep)) == [one]
    many = " OR ".join(f"(word{number} AND here)" for number in range(4000, 5000))
    assert found(ask(client, es, many)) == [one]


def test_articles_with_tokens_of_another_version_are_found_all_the_same(
    client: Elasticsearch, es: ElasticsearchSettings
) -> None:
    put(client, es, [article(1, text="wheat"), article(2, text="rye")])
    put(client, es, [article(3, text="wheat"), article(4, text="rye")], tok_version="0", tok={"text": "weizen"})
    search = ask(client, es, "wheat")
    assert found(search) == [f"{3:032x}", f"{1:032x}"]
    assert (search.outdated, search.candidates) == (2, 3)


def test_values_too_long_to_be_indexed(client: Elasticsearch, es: ElasticsearchSettings) -> None:
    long = "https://example.org/" + "a" * 3000
    put(
        client,
        es,
        [article(1, url=long), article(2, url="https://example.org/b"), article(3, url="https://else.example")],
    )
    assert found(ask(client, es, "url:https://example.org/*")) == [f"{2:032x}", f"{1:032x}"]
    assert found(ask(client, es, f"url:{long}")) == [f"{1:032x}"]
    token = "x" * 300
    put(client, es, [article(4, text=f"before {token} after"), article(5, text="before after")])
    assert found(ask(client, es, f'"before {token} after"')) == [f"{4:032x}"]


def test_a_lost_point_in_time_loses_no_article_and_shows_none_twice(
    client: Elasticsearch, es: ElasticsearchSettings
) -> None:
    number = 3 * FIRST_PAGE
    put(client, es, [article(at, text="wheat", published=FETCHED - at // 10) for at in range(number)])
    pages = Pages(client, index(es, ARTICLES), [{"match_phrase": {"tok.text": "wheat"}}], ["id"])
    seen = []
    for hit in pages:
        seen.append(hit["id"])
        if len(seen) == FIRST_PAGE // 2:
            assert pages._point is not None
            client.close_point_in_time(id=pages._point)
    assert seen == [f"{at:032x}" for at in range(number)]


def test_a_value_of_the_wrong_type_stops_no_search(client: Elasticsearch, es: ElasticsearchSettings) -> None:
    put(client, es, [article(1, text="wheat"), article(2, text="wheat")])
    put(client, es, [article(3, text="wheat")], tags=["health"])
    search = ask(client, es, "wheat")
    assert found(search) == [f"{2:032x}", f"{1:032x}"]
    assert [identity for identity, _ in search.unreadable] == [f"{3:032x}"]


# -- the command


@pytest.fixture
def sandbox(engines: Engines, es: ElasticsearchSettings) -> Iterator[Sandbox]:
    with tempfile.TemporaryDirectory() as folder:
        yield Sandbox(engines, Path(folder), es.prefix, {})


def run(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PRESSWATCH_CONFIG": str(sandbox.config), "PYTHONUTF8": "1"}
    program = [sys.executable, "-m", "presswatch", "search", *arguments]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_the_command(client: Elasticsearch, es: ElasticsearchSettings, sandbox: Sandbox) -> None:
    at = 1_795_000_000_000
    tag = {"topic": "agriculture", "score": 0.9, "threshold": 0.5, "pack": "0" * 12}
    put(
        client,
        es,
        [
            article(1, title="Orsal bans wheat", text="No wheat leaves.", url="https://a.example/1", source="Daily", published=at, tags=[tag]),
            article(2, title="Wheat\x1b[31m\u202e again", published=at - 3 * DAY),
            article(3, title="Wheat, undated", fetched=at - 30 * DAY),
        ],
    )  # fmt: skip
    shown = run(sandbox, "wheat")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split("\n\n")[0].splitlines() == [
        "2026-11-18 11:06  Daily  en  agriculture 0.90",
        "Orsal bans wheat",
        "matched: “wheat”",
        "https://a.example/1",
    ]
    assert "\x1b" not in shown.stdout
    assert "\u202e" not in shown.stdout
    assert shown.stderr == "3 articles, newest first\n"

    [line] = run(sandbox, "--json", "--limit", "1", "wheat NEAR/2 ban* AND topic:agriculture").stdout.splitlines()
    assert json.loads(line) == {
        "id": f"{1:032x}",
        "title": "Orsal bans wheat",
        "url": "https://a.example/1",
        "source": "Daily",
        "lang": "en",
        "published": "2026-11-18T11:06:40Z",
        "fetched": "2026-11-24T06:00:00.001Z",
        "topic": ["agriculture"],
        "receipt": [
            {"leaf": "wheat", "field": "title", "start": 11, "end": 16, "quote": "wheat"},
            {"leaf": "ban*", "field": "title", "start": 6, "end": 10, "quote": "bans"},
            {"leaf": "topic:agriculture", "field": "topic", "quote": "agriculture"},
        ],
    }

    def titles(*arguments: str) -> list[str]:
        return [json.loads(line)["title"] for line in run(sandbox, "wheat", "--json", *arguments).stdout.splitlines()]

    assert titles("--since", "2026-11-18") == ["Orsal bans wheat"]
    assert len(titles("--until", "2026-11-17")) == 2
    assert titles("--since", "2026-10-01", "--until", "2026-10-31") == ["Wheat, undated"]

    nothing = run(sandbox, "zebra", "--json")
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "no article matches\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("wheat NEAR/5",),
            "query, line 1, column 7: NEAR/5 has nothing after it\n    wheat NEAR/5\n          ^^^^^^\n    mend:",
        ),
        (
            ("wheat", "--since", "yesterday"),
            "--since: `yesterday` is no time: write how long ago, such as 90m, 24h, 7d or 2w",
        ),
        (("wheat", "--since", "2026-11-02", "--until", "2026-11-01"), "is not before --until"),
        (("wheat",), "Run `presswatch setup`"),
    ],
)
def test_mistakes_end_with_2_and_say_what_to_do(sandbox: Sandbox, arguments: tuple[str, ...], said: str) -> None:
    done = run(sandbox, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr


def test_elasticsearch_away(sandbox: Sandbox) -> None:
    sandbox.config.write_text('{"elasticsearch": {"url": "http://127.0.0.1:9"}}')
    done = run(sandbox, "wheat")
    assert done.returncode == 2
    assert done.stderr.startswith("presswatch: Elasticsearch cannot be reached")
    assert len(done.stderr.splitlines()) == 1
