"""The documents that the indexer writes, and the match events that it publishes. Pure.

An article's content is a plain dict in the names of the index (`topology`): what the rules are matched against, what is
stored, and what comes back when the article is seen again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from presswatch.core.article import domain_of
from presswatch.core.changes import Change
from presswatch.core.effects import match_id, revision_id, withdrawal_id
from presswatch.core.errors import BadMessageError
from presswatch.core.intake import Known, State, Stored, Wording
from presswatch.core.messages import ArticleRef, MatchEvent, ReceiptEntry, RuleRef, TaggedArticle, TagRef
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Match
from presswatch.core.rules.shadow import VERSION, shadow

Content = dict[str, Any]

_FIELDS = (
    "title", "text", "url", "domain", "source", "external_id", "country", "author", "lang", "lang_from", "published",
    "published_precision", "published_raw", "fetched", "tagged", "origin", "tags", "unsupported",
)  # fmt: skip
_OF_FIRST_SIGHTING = ("url", "domain", "source", "external_id", "country")
"""Who brought the article first keeps it: a second feed or a copy under another address does not take it over."""
_PUBLISHED = ("published", "published_precision", "published_raw")


def content_of(article: TaggedArticle) -> Content:
    """Return the content that a message brings."""
    content = article.model_dump(include=set(_FIELDS), exclude_none=True)
    if domain := domain_of(article.url or ""):
        content["domain"] = domain
    return content


def merged(stored: Mapping[str, Any] | None, article: TaggedArticle, state: State) -> Content:
    """Return the content that an article has after a message.

    Args:
        stored: the stored document, or None.
        article: the message.
        state: what the message is to the stored document. An ``unchanged`` one leaves all as it is; a ``regenerated``
            one brings its tags, with the very text that their evidence points into.
    """
    incoming = content_of(article)
    if stored is None:
        return incoming
    before = {name: stored[name] for name in _FIELDS if stored.get(name) is not None}
    if state == "unchanged":
        return before
    if state == "regenerated":
        renewed = ("title", "text", "lang", "lang_from", "tags", "unsupported", "tagged")
        return before | {name: incoming[name] for name in renewed if name in incoming}
    content = incoming | {name: before[name] for name in _OF_FIRST_SIGHTING if name in before}
    if "published" not in incoming:
        content |= {name: before[name] for name in _PUBLISHED if name in before}
    if not incoming.get("author") and "author" in before:
        content["author"] = before["author"]
    return content


def stored_of(document: Mapping[str, Any]) -> Stored:
    """Return what intake must know of a stored document."""
    wording = Wording(document.get("title", ""), document.get("text", ""))
    return Stored(document["seq"], document["hash"], wording)


def article_document(
    article: str,
    content: Content,
    known: Known,
    first_seen: int,
    read: Document,
    matches: Sequence[Match],
    indexed: int,
) -> dict[str, Any]:
    """Return the document of an article.

    Args:
        article: article id.
        content: see `merged`.
        known: what is settled with this document.
        first_seen: milliseconds since 1970.
        read: the content as the matcher reads it.
        matches: the rules that match.
        indexed: now, in milliseconds since 1970.
    """
    return {
        **_described(article, content, known, len(read.title.texts) + len(read.text.texts)),
        "first_seen": first_seen,
        "indexed": indexed,
        "rule": [match.id for match in matches],
        "rules": [{"id": match.id, "version": match.version} for match in matches],
        "tok": shadow(read),
        "tok_version": VERSION,
    }


def replaced_document(article: str, stored: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return id and document of the revision that keeps a wording which another one replaces."""
    identity = revision_id(article, stored["seq"], stored["hash"])
    kept = {name: value for name, value in stored.items() if not name.startswith("tok")}
    return identity, kept | {"id": identity, "article": article}


def superseded_document(
    article: TaggedArticle, wording: Wording, words: int, indexed: int
) -> tuple[str, dict[str, Any]]:
    """Return id and document of the revision that keeps a wording which came too late."""
    known = Known(article.fetched, article.fetched, article.generation, wording.hash)
    identity = revision_id(article.id, known.seq, known.hash)
    described = _described(article.id, content_of(article), known, words)
    return identity, described | {"id": identity, "article": article.id, "indexed": indexed}


def _described(article: str, content: Content, known: Known, words: int) -> dict[str, Any]:
    tags = content.get("tags", [])
    return {
        **content,
        "@timestamp": content.get("published", content["fetched"]),
        "id": article,
        "seq": known.seq,
        "hash": known.hash,
        "generation": known.generation,
        "words": words,
        "topic": [tag["topic"] for tag in tags],
        "score": {tag["topic"]: tag["score"] for tag in tags},
    }


def match_event(
    change: Change,
    rule: RuleRef,
    match: Match | None,
    article: TaggedArticle,
    content: Content,
    known: Known,
    index: str,
    matched: int,
) -> MatchEvent:
    """Return the event that tells of a change.

    Args:
        change: what changed; `match` is the match, or None if it is withdrawn.
        rule: the rule, as an alert shows it.
        article: the message in hand. Times and origin are its own; it is what made the change known now.
        content, known, index: what is stored with this event.
        matched: now, in milliseconds since 1970.
    """
    identify = withdrawal_id if change.kind == "withdrawn" else match_id
    return MatchEvent(
        id=identify(change.rule, article.id, known.seq, change.version),
        kind=change.kind,
        rule=rule,
        article=ArticleRef(
            id=article.id,
            seq=known.seq,
            index=index,
            title=content.get("title", ""),
            url=content.get("url"),
            source=content.get("source"),
            country=content.get("country"),
            lang=content.get("lang"),
            published=content.get("published"),
            fetched=article.fetched,
            tagged=article.tagged,
            origin=article.origin,
            tags=[TagRef(topic=tag["topic"], score=tag["score"]) for tag in content.get("tags", [])],
        ),
        receipt=[ReceiptEntry(**receipt._asdict()) for receipt in match.receipts] if match else [],
        matched=matched,
    )


def encoded_event(event: MatchEvent, limit: int) -> bytes:
    """Return an event as bytes, shortened if it is larger than `limit`: receipts first, then the headline.

    An alert without all its words is better than no alert; whoever reads it finds them in the article.

    Raises:
        BadMessageError: reason ``match_too_large``; even so it is too large.
    """
    data = event.encode()
    if len(data) <= limit:
        return data
    receipt = list(event.receipt)
    while receipt and len(data) > limit:
        receipt = receipt[: len(receipt) // 2]
        data = event.model_copy(update={"receipt": receipt}).encode()
    if len(data) > limit:
        article = event.article.model_copy(update={"title": event.article.title[:1000] + "…", "tags": []})
        data = event.model_copy(update={"receipt": [], "article": article}).encode()
    if len(data) > limit:
        raise BadMessageError(
            "match_too_large", f"the event of rule {event.rule.id} has {len(data)} bytes, {limit} are allowed"
        )
    return data
