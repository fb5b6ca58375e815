"""The canary: a synthetic article that goes the whole way each minute, so that silence means quiet and not blindness. Pure.

Its article ids, its rule and its receiver all begin with `CANARY`, with which no article, rule or receiver of a desk can
begin: every stage knows it by its name, and keeps it out of all that analysts see.
"""

from __future__ import annotations

import re

from presswatch.core.control_rules import AppliedRule
from presswatch.core.messages import RawArticle

CANARY = "@canary"

KEEP_MS = 12 * 60 * 60 * 1000
"""How long Elasticsearch keeps a canary: long enough to look at the last ones in the morning."""

RULE = AppliedRule(
    id=CANARY,
    name="Canary",
    version="1",
    query='"presswatch canary" AND (wheat NEAR/8 vaccin*)',
    lists={},
    severity="none",
    notify=(CANARY,),
    late="alert",
    enabled=True,
    expires=None,
)
"""What a canary must match; it matches nothing else, and nothing else matches a canary (`indexer.rules`)."""

_ID = re.compile(re.escape(CANARY) + r"-(\d{1,13})-\d+")


def is_canary(name: str) -> bool:
    """Tell whether an article id, a rule id or a receiver is the canary's."""
    return name.startswith(CANARY)


def is_canary_key(key: bytes | None) -> bool:
    """Tell whether a record is a canary's, on any topic, by its key."""
    return key is not None and key.startswith(CANARY.encode())


def sent_at(article: str) -> int | None:
    """Return when a canary was sent, in milliseconds since 1970; None if it is none."""
    found = _ID.fullmatch(article)
    return int(found[1]) if found else None


def canary(now: int, sender: int) -> RawArticle:
    """Return a canary, in words that each topic pack of ours has something to say about.

    Args:
        now: milliseconds since 1970.
        sender: tells processes apart that send at the same time.
    """
    return RawArticle(
        id=f"{CANARY}-{now}-{sender}",
        title="Presswatch canary",
        text="Ministers met in bilateral talks on the wheat harvest and on vaccines for hospitals.",
        source="Presswatch",
        lang="en",
        lang_from="given",
        fetched=now,
    )
