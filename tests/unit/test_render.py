"""What an alert says."""

from __future__ import annotations

from tests.examples import FETCHED, match_event, notification

from presswatch.alerter.render import link_target, matched_words, render
from presswatch.core.messages import ReceiptEntry
from presswatch.kibana.links import Discover


def text_of(message: dict[str, object]) -> str:
    return str(message["blocks"])


def test_an_alert_has_headline_link_source_tags_words_rule_and_latency() -> None:
    message = render(notification(), FETCHED + 1500)
    shown = text_of(message)
    for part in ("Orsal bans wheat exports", "<https://daily.example/orsal|Open the article>", "Source: Daily", "agriculture 0.90",
                 "“wheat” (title)", "Rule: Grain export bans (high)", "1.5 s since it was fetched"):  # fmt: skip
        assert part in shown
    assert message["text"] == "Grain export bans: Orsal bans wheat exports"
    assert message["metadata"]["event_payload"]["notification"] == notification().id


def test_a_late_find_says_so() -> None:
    assert "Late: Grain export bans" in text_of(render(notification(label="late"), FETCHED))


def test_an_address_that_is_none_gets_no_link() -> None:
    for url in (None, "", "javascript:alert(1)", "https:///x", "http://[", "https://daily.example/" + "x" * 3000):
        assert link_target(url) is None
        assert "Open the article" not in text_of(render(notification(match_event(article_url=url)), FETCHED))


def test_words_are_listed_once_and_counted_beyond_twelve() -> None:
    receipt = [ReceiptEntry(leaf="w*", field="text", start=i, end=i + 1, quote=f"w{i % 20}") for i in range(40)]
    words = matched_words(receipt)
    assert words.count("“") == 12
    assert words.endswith("and 8 more")
    assert matched_words([]) == "no words: the rule asks for none"


def test_links_into_kibana_stand_beside_the_article() -> None:
    shown = text_of(render(notification(), FETCHED, Discover("https://kibana.example", "presswatch-articles")))
    for label in ("Open the article", "Find it in Kibana", "All that the rule matched"):
        assert f"|{label}>" in shown
    assert "<https://kibana.example/app/discover#/" in shown
