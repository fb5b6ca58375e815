"""Nothing of an article can mention a channel, forge a link or break Slack's limits, whatever it contains."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.examples import FETCHED, match_event, notification

from presswatch.alerter.render import link_target, render
from presswatch.core.messages import ReceiptEntry
from presswatch.core.plaintext import plain
from presswatch.kibana.links import Discover
from presswatch.local.slack import check

HOSTILE = st.lists(
    st.sampled_from(
        [
            "<!channel>",
            "<!here>",
            "<@U123>",
            "<#C1|x>",
            "<https://evil.example|bank.example>",
            "&lt;",
            "|",
            "\u202egnp.exe",
            "*b*",
            "`",
            "\n",
            "\x00",
        ]
    )
    | st.text(max_size=30),
    max_size=12,
).map("".join)
URLS = HOSTILE.map(lambda tail: "https://daily.example/" + tail) | HOSTILE | st.just("javascript:alert(1)")


def mark_up(message: dict[str, Any]) -> list[str]:
    """Return every text of a message that Slack parses for mark-up."""
    found = [message["text"]]

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("type") == "mrkdwn":
                found.append(value["text"])
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(message["blocks"])
    return found


@given(title=HOSTILE, source=HOSTILE, url=URLS, quote=HOSTILE, name=HOSTILE)
def test_mark_up_is_ours_alone(title: str, source: str, url: str, quote: str, name: str) -> None:
    event = match_event(
        article_title=title, article_source=source, article_url=url, rule_name=name,
        receipt=[ReceiptEntry(leaf="x", field="text", start=0, end=1, quote=quote)],
    )  # fmt: skip
    message = render(notification(event), FETCHED + 1500, Discover("https://kibana.example", "view"))
    assert check(message) is None
    for text in mark_up(message):
        without_ours = re.sub(
            r"<https?://[^<>|\s]+\|(Open the article|Find it in Kibana|All that the rule matched)>", "", text
        )
        assert "<" not in without_ours
        assert ">" not in without_ours
    shown = [
        part["text"] for block in message["blocks"] for part in [block.get("text"), *block.get("fields", [])] if part
    ]
    assert not any(re.search(r"[\u0000-\u001f\u202a-\u202e\u2066-\u2069]", text) for text in shown)


@given(st.text(), st.integers(2, 200))
def test_plain_text_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = plain(text, limit)
    assert 0 < len(line) <= limit
    assert "\n" not in line


@given(URLS)
def test_a_link_holds_no_character_of_mark_up(url: str) -> None:
    target = link_target(url)
    if target is not None:
        assert re.match(r"https?://", target, re.IGNORECASE)
        assert not set(target) & set("<>| \n")
