"""Messages for tests: complete ones, of which a test names only what it is about."""

from __future__ import annotations

from typing import Any

from presswatch.core.effects import alert_id, match_id, notification_id
from presswatch.core.messages import ArticleRef, MatchEvent, Notification, ReceiptEntry, RuleRef, TagRef

FETCHED = 1_790_000_000_000
RULE_VERSION = "0123456789ab"


def match_event(rule: str = "grain-export-bans", article: str = "a" * 32, **more: Any) -> MatchEvent:
    """Return a match of a rule on an article; `more` overrides fields of the event, `rule_*` and `article_*` of its parts."""
    rule_fields = {key.removeprefix("rule_"): more.pop(key) for key in list(more) if key.startswith("rule_")}
    article_fields = {key.removeprefix("article_"): more.pop(key) for key in list(more) if key.startswith("article_")}
    return MatchEvent(
        **{
            "id": match_id(rule, article, FETCHED, RULE_VERSION),
            "kind": "matched",
            "rule": RuleRef(
                **{
                    "id": rule,
                    "version": RULE_VERSION,
                    "name": "Grain export bans",
                    "severity": "high",
                    "notify": ["slack:grain-desk"],
                }
                | rule_fields
            ),
            "article": ArticleRef(
                **{
                    "id": article,
                    "seq": FETCHED,
                    "index": "articles-2026.11",
                    "title": "Orsal bans wheat exports",
                    "url": "https://daily.example/orsal",
                    "source": "Daily",
                    "lang": "en",
                    "published": FETCHED - 60_000,
                    "fetched": FETCHED,
                    "tagged": FETCHED + 20,
                    "tags": [TagRef(topic="agriculture", score=0.9)],
                }
                | article_fields
            ),
            "receipt": [ReceiptEntry(leaf="wheat", field="title", start=11, end=16, quote="wheat")],
            "matched": FETCHED + 50,
        }
        | more
    )


def notification(event: MatchEvent | None = None, receiver: str = "slack:grain-desk", **more: Any) -> Notification:
    """Return the notification of a match to a receiver."""
    event = event or match_event()
    alert = alert_id(event.rule.id, event.article.id)
    fields = {
        "id": notification_id(alert, receiver),
        "alert": alert,
        "receiver": receiver,
        "decided": FETCHED + 60,
        "match": event,
    }
    return Notification(**fields | more)
