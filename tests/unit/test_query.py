"""Rules as Elasticsearch queries: their shape, and the sizes that a server takes. What they find is tested on a real one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from tests.property.rule_strategies import LISTS, Query, queries

from presswatch.adapters.elasticsearch.query import MAX_CLAUSES, clauses, narrow, superset
from presswatch.core.rules.model import Not
from presswatch.core.rules.syntax import parse


def first(query: str, **lists: tuple[str, ...]) -> dict[str, Any]:
    return superset(parse(query, lists))[0]


def test_words_are_terms_of_both_fields() -> None:
    assert first("wheat") == {
        "bool": {
            "should": [{"terms": {"tok.title": ["wheat"]}}, {"terms": {"tok.text": ["wheat"]}}],
            "minimum_should_match": 1,
        }
    }
    assert first("title:Café") == {"terms": {"tok.title": ["cafe"]}}
    assert first("text:vaccin*") == {"prefix": {"tok.text": {"value": "vaccin"}}}
    assert first("text:organi?ation") == {"wildcard": {"tok.text": {"value": "organi?ation"}}}


def test_phrases_are_exact() -> None:
    assert first('text:"flu vaccine"') == {"match_phrase": {"tok.text": "flu vaccine"}}
    assert first('text:"flu vaccin*"') == {
        "intervals": {
            "tok.text": {
                "all_of": {
                    "ordered": True,
                    "intervals": [{"match": {"query": "flu"}}, {"prefix": {"prefix": "vaccin"}}],
                    "max_gaps": 0,
                }
            }
        }
    }


def test_alternatives_share_a_clause() -> None:
    assert first("text:(b OR a OR c)") == {"terms": {"tok.text": ["a", "b", "c"]}}
    assert first("lang:(en OR es)") == {"terms": {"tok.meta": ["lang:en", "lang:es"]}}


def test_near_in_order_asks_for_one_pair_and_without_order_for_two() -> None:
    assert clauses(first("text:(a NEAR/3f b)")) == 2
    assert clauses(first("text:(a NEAR/3 b)")) == 4
    assert clauses(first('text:("a b" NEAR/3f c)')) == 3  # and the phrase


def test_raw_asks_for_characters_with_their_case() -> None:
    assert {"terms": {"tok.runs": ["WHO"]}} in first("raw:WHO")["bool"]["should"]
    assert json.dumps(first("raw:🌾"), ensure_ascii=False).count("🌾") == 3


def test_only_a_certain_not_is_kept() -> None:
    assert first("text:a NOT text:b") == {
        "bool": {"filter": [{"terms": {"tok.text": ["a"]}}, {"bool": {"must_not": [{"terms": {"tok.text": ["b"]}}]}}]}
    }
    assert first("text:a NOT text:raw:B") == {"terms": {"tok.text": ["a"]}}
    assert first("text:a NOT text:(b NEAR/3 c)") == {"terms": {"tok.text": ["a"]}}
    assert first("text:a NOT text:(b OR raw:C)") == first("text:a NOT text:b")


@pytest.mark.parametrize(
    ("query", "bounds"),
    [
        ("words:>300", {"gte": 301, "lte": 2**31 - 1}),
        ("words:[300 TO 400}", {"gte": 300, "lte": 399}),
        ("words:<=99999999999", {"gte": 0, "lte": 2**31 - 1}),
    ],
)
def test_words_are_whole_numbers_that_fit_the_field(query: str, bounds: dict[str, int]) -> None:
    assert first(query) == {"range": {"words": bounds}}


def test_ranges_that_no_article_is_in() -> None:
    assert first("words:>99999999999") == {"match_none": {}}


def test_scores_are_widened_by_their_precision_and_days_are_not() -> None:
    assert first("score.health:{0.5 TO 0.8}") == {"range": {"score.health": {"gte": 0.5, "lte": 0.8}}}
    assert first("published:<2026-01-01") == {"range": {"published": {"format": "epoch_millis", "lt": "1767225600000"}}}


def test_count_asks_for_as_many_places_as_title_and_text_may_share() -> None:
    asked = json.dumps(first("COUNT/3 wheat"))
    assert asked.count('"intervals": [') == 4  # 3 in one field, 2 in one and 1 in the other
    assert first("COUNT/1 text:wheat") == {"terms": {"tok.text": ["wheat"]}}


@given(queries)
def test_every_rule_becomes_queries_that_the_server_takes(query: Query) -> None:
    for asked in superset(parse(query.text, LISTS)):
        assert clauses(asked) <= MAX_CLAUSES
        assert "match_all" not in json.dumps(asked)
        assert '"filter": []' not in json.dumps(asked)


def test_a_rule_too_large_keeps_the_query_that_is_small() -> None:
    large = " OR ".join(f"(a{number} AND b{number} AND c{number})" for number in range(2000))
    [asked] = superset(parse(large))
    assert clauses(asked) == 2
    for lists in (
        {"x": tuple(f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{n}x*" for n in range(5000))},
        {"x": tuple(f"pair{number} of{number} words" for number in range(5000))},
        {"x": tuple(f"raw:W{number}" for number in range(5000))},
    ):
        for query in ("@x", "@x NEAR/4 ban", "COUNT/3 @x", 'topic:health AND NOT @x AND "a bcd*"'):
            assert all(clauses(asked) <= MAX_CLAUSES for asked in superset(parse(query, lists))), query


def test_the_smallest_query_goes_by_words_rather_than_by_language() -> None:
    assert superset(parse("lang:en AND published:>2026-01-01 AND text:wheat"))[-1] == {"terms": {"tok.text": ["wheat"]}}


def test_what_asks_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="asks for nothing"):
        superset(Not(parse("wheat")))


def test_what_is_certain_of_and_and_of_or() -> None:
    assert narrow(parse("text:(a AND raw:B)")) is None
    assert narrow(parse("text:(a OR raw:B)")) == {"terms": {"tok.text": ["a"]}}
    assert narrow(parse("ATLEAST/2 (text:a, raw:B)")) is None
