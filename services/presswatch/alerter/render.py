"""An alert as a Slack message. Pure, and careful: nothing of an article can mention a channel or forge a link.

Text of articles goes only into plain_text objects, which Slack shows as they are; the one piece of mark-up is a link
of ours, whose address is an encoded http(s) URL. Limits are those of Slack's Block Kit reference.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from presswatch.core.messages import Notification, ReceiptEntry
from presswatch.core.plaintext import UNSAFE, plain
from presswatch.kibana.links import Discover

HEADER_LIMIT = 150
FIELD_LIMIT = 2000
FALLBACK_LIMIT = 300
URL_LIMIT = 2000
SHOWN_QUOTES = 12
EVENT_TYPE = "presswatch_alert"


def escape(text: str) -> str:
    """Escape the three characters that are mark-up in Slack's mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def link_target(url: str | None) -> str | None:
    """Return an address that is safe inside ``<address|label>``, or None if it is no http(s) address or too long."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        return None
    encoded = quote(UNSAFE.sub("", url), safe="!#$%&'()*+,/:;=?@[]~-._").replace("&", "&amp;")
    return encoded if len(encoded) <= URL_LIMIT else None


def render(notification: Notification, now: int, kibana: Discover | None = None) -> dict[str, Any]:
    """Return the message: `text`, `blocks` and `metadata` of chat.postMessage, without a channel.

    Args:
        notification: what to say.
        now: milliseconds since 1970; the latency shown runs from `fetched` to it.
        kibana: for links to the article there, and to all that the rule matched.
    """
    match, article = notification.match, notification.match.article
    headline = plain(article.title, HEADER_LIMIT)
    label = "Late: " if notification.label == "late" else ""
    facts = [
        ("Rule", f"{label}{match.rule.name} ({match.rule.severity})"),
        ("Source", article.source or "unknown"),
        ("Topics", ", ".join(f"{tag.topic} {tag.score:.2f}" for tag in article.tags) or "none"),
        ("Published", _when(article.published)),
        ("Latency", f"{max(0, now - article.fetched) / 1000:.1f} s since it was fetched"),
        ("Language", article.lang or "unknown"),
    ]
    addresses = {"Open the article": article.url}
    if kibana is not None:
        addresses["Find it in Kibana"] = kibana.article(article.id)
        addresses["All that the rule matched"] = kibana.rule(match.rule.id)
    links = [f"<{target}|{name}>" for name, address in addresses.items() if (target := link_target(address))]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain_text(headline)},
        {"type": "section", "fields": [_plain_text(plain(f"{name}: {value}", FIELD_LIMIT)) for name, value in facts]},
        {"type": "section", "text": _plain_text(plain(f"Matched: {matched_words(match.receipt)}", FIELD_LIMIT))},
    ]
    if links:
        blocks.append(
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "  ·  ".join(links), "verbatim": True}]}
        )
    fallback = escape(plain(f"{label}{match.rule.name}: {article.title}", FALLBACK_LIMIT))
    metadata = {
        "event_type": EVENT_TYPE,
        "event_payload": {"notification": notification.id, "alert": notification.alert},
    }
    return {"text": fallback, "blocks": blocks, "metadata": metadata}


def matched_words(receipt: list[ReceiptEntry]) -> str:
    """Return the words that matched, each once, as the article has them, with the field where it is not the text."""
    shown: dict[str, None] = {}
    for entry in receipt:
        if entry.quote:
            where = "" if entry.field == "text" else f" ({entry.field})"
            shown.setdefault(f"“{plain(entry.quote, 120)}”{where}")
    words = list(shown)
    more = f" and {len(words) - SHOWN_QUOTES} more" if len(words) > SHOWN_QUOTES else ""
    return ", ".join(words[:SHOWN_QUOTES]) + more if words else "no words: the rule asks for none"


def _plain_text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _when(published: int | None) -> str:
    if published is None:
        return "unknown"
    return datetime.fromtimestamp(published / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
