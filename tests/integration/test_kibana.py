"""What `rules print --kibana` prints finds, as Kibana would ask it, all that the rule matches, and where it has no gaps nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch
from tests.integration.history_corpus import corpus, put, queries

from presswatch.adapters.elasticsearch import connect
from presswatch.core.rules.document import Document
from presswatch.core.rules.kibana import to_kibana
from presswatch.core.rules.match import Expression, Matcher
from presswatch.engines import Engines
from presswatch.indexer.documents import content_of
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ARTICLES, index

pytestmark = pytest.mark.engine


@pytest.fixture
def es(engines: Engines) -> ElasticsearchSettings:
    return ElasticsearchSettings(url=engines.url, prefix=f"kibana-{uuid4().hex[:8]}-")


@pytest.fixture
def client(es: ElasticsearchSettings) -> Iterator[Elasticsearch]:
    with connect(es) as client:
        yield client
        for name in client.indices.get(index=f"{es.prefix}*", allow_no_indices=True).body:
            client.indices.delete(index=name)


def test_the_printed_query_finds_what_the_rule_matches(client: Elasticsearch, es: ElasticsearchSettings) -> None:
    articles = corpus(7, 300)
    put(client, es, articles)
    asked = queries(8, articles, 300)
    matcher = Matcher(Expression(query, "1", node) for query, node in asked)
    wanted: dict[str, set[str]] = {query: set() for query, _ in asked}
    for article in articles:
        for match in matcher.match(Document.of(content_of(article))):
            wanted[match.id].add(article.id)
    exact = matched = 0
    for query, node in asked:
        written = to_kibana(node)
        answer = client.search(
            index=index(es, ARTICLES),
            query={"query_string": {"query": written.query, "analyze_wildcard": True, "time_zone": "Asia/Tokyo"}},
            size=1000,
            source=False,
        )
        hits = {hit["_id"] for hit in answer["hits"]["hits"]}
        assert hits >= wanted[query], (query, written.query)
        if not written.gaps:
            assert hits == wanted[query], (query, written.query)
            exact += 1
        matched += bool(wanted[query])
    assert exact >= 60
    assert matched >= 150
