"""One record in, one record out."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import REGISTRY
from tests.unit.tagger.fakes import NOW_MS, WordTagger, article

from presswatch.core.errors import BadMessageError, FatalError
from presswatch.core.messages import TaggedArticle
from presswatch.tagger.service import Tagging


def tagging() -> Tagging:
    return Tagging(WordTagger(), lambda: NOW_MS)


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_keeps_every_field_of_the_article_and_adds_tags_and_time() -> None:
    raw = article(
        1, url="https://news.example/a", source="wire", external_id="x1", country="FR", author=["A. B."], lang="pt-BR",
        lang_from="given", published=NOW_MS - 5000, published_precision="instant", published_raw="today", origin="replay",
    )  # fmt: skip
    tagged = tagging().process(raw.encode())
    again = TaggedArticle.decode(tagged.value)
    assert tagged.key == b"a1"
    kept = again.model_dump(exclude={"schema_name", "schema_version", "tagged", "generation", "tags", "unsupported"})
    assert kept == raw.model_dump(exclude={"schema_name", "schema_version"})
    assert again.tagged == NOW_MS
    assert again.schema_name == "article.tagged"
    assert again.unsupported == ["agriculture"]  # the fake knows English only
    (tag,) = again.tags
    assert (tag.topic, tag.evidence[0].quote) == ("agriculture", "wheat")


@pytest.mark.parametrize(
    ("value", "reason"), [(None, "empty"), (b"{", "not_json"), (b'{"schema": "match"}', "wrong_schema")]
)
def test_what_is_no_article_is_a_bad_message(value: bytes | None, reason: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        tagging().process(value)
    assert caught.value.reason == reason


def test_an_exception_of_the_tagger_is_a_bad_message_that_names_article_and_cause() -> None:
    with pytest.raises(BadMessageError, match=r"tagging_failed: article a7: ValueError\('no such pattern'\)"):
        tagging().process(article(7, title="fail").encode())


def test_a_tag_that_is_no_tag_is_a_bad_message() -> None:
    class Broken(WordTagger):
        def tag(self, article: Any) -> Any:
            return [{"topic": "agriculture", "score": 7}]

    with pytest.raises(BadMessageError, match="tagging_failed"):
        Tagging(Broken()).process(article(1).encode())


def test_a_fatal_error_of_the_tagger_stays_fatal() -> None:
    class Fatal(WordTagger):
        def tag(self, article: Any) -> Any:
            raise FatalError("packs gone")

    with pytest.raises(FatalError):
        Tagging(Fatal()).process(article(1).encode())


def test_counts_tags_outcome_latency_and_languages_without_a_pack() -> None:
    work = tagging()
    names = {
        "tagged": ("presswatch_records_total", {"stage": "tagger", "outcome": "tagged"}),
        "untagged": ("presswatch_records_total", {"stage": "tagger", "outcome": "untagged"}),
        "tags": ("presswatch_tags_total", {"topic": "agriculture", "lang": "en"}),
        "unknown": ("presswatch_unsupported_language_total", {"topic": "agriculture", "lang": "unknown"}),
        "english": ("presswatch_unsupported_language_total", {"topic": "agriculture", "lang": "en"}),
        "seconds": ("presswatch_latency_seconds_sum", {"stage": "tagger"}),
    }
    before = {key: sample(name, **labels) for key, (name, labels) in names.items()}
    for raw in (article(1), article(2, lang=None, text="no word"), article(3, text="", origin="replay")):
        work.count(work.process(raw.encode()).article)
    grown = {key: round(sample(name, **labels) - before[key], 6) for key, (name, labels) in names.items()}
    # Both live articles were fetched a second ago; a replay's age says nothing about us.
    assert grown == {"tagged": 1, "untagged": 2, "tags": 1, "unknown": 1, "english": 0, "seconds": 2.0}
