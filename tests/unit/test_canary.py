"""The canary is known by its name, matches its own rule and no other, and nobody can take its name."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError
from tests.fakes.rules import applied
from tests.unit.test_indexer import NOW

from presswatch import matching
from presswatch.core.article import article_id
from presswatch.core.canary import CANARY, RULE, canary, is_canary, is_canary_key, sent_at
from presswatch.core.messages import RawArticle
from presswatch.core.rules.rule import RuleSpec, make_rule
from presswatch.indexer.rules import RuleSet
from presswatch.settings import Settings
from presswatch.topology import home_index


def test_names() -> None:
    sent = canary(NOW, 7)
    assert (is_canary(sent.id), is_canary_key(sent.id.encode()), sent_at(sent.id)) == (True, True, NOW)
    assert sent_at(CANARY) is None
    for other in (article_id("https://daily.example/@canary"), "canary", ""):
        assert not is_canary(other)
        assert sent_at(other) is None
    assert not is_canary_key(None)
    assert RawArticle.decode(sent.encode()) == sent


def test_it_is_kept_apart_from_articles() -> None:
    es = Settings().elasticsearch
    assert home_index(es, canary(NOW, 7).id, NOW) == "canary"
    assert home_index(es, "a" * 32, NOW) == "articles-2026.11"


def test_no_rule_and_no_receiver_of_a_desk_can_have_its_name() -> None:
    for fields in ({"id": CANARY}, {"id": "wheat", "notify": [CANARY]}):
        with pytest.raises(ValidationError):
            RuleSpec(**{"name": "Wheat", "query": "wheat"} | fields)


@pytest.mark.usefixtures("each_engine")
def test_it_matches_its_own_rule_and_nothing_else_does() -> None:
    today = date(2026, 11, 24)
    everything = applied([make_rule(RuleSpec(id="everything", name="Everything", query="words:>=0"), {})])
    for rules in (RuleSet([], today), RuleSet(everything, today)):
        sent = canary(NOW, 7)
        document = matching.document(sent.model_dump(exclude_none=True))
        assert [match.id for match in rules.match(document, of_canary=True)] == [CANARY]
        assert [match.id for match in rules.match(document)] == ["everything"] * len(rules)
        reference = rules.reference(CANARY, RULE.version)
        assert (reference.name, reference.notify, reference.late) == ("Canary", [CANARY], "alert")
