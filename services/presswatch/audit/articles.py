"""Is what a message says of an article in Elasticsearch? The same decision that the indexer makes gives the answer.

A message is accounted for when handing it to the indexer once more would change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from presswatch.audit.stored import Stored
from presswatch.core.intake import Incoming, Wording, decide
from presswatch.core.messages import RawArticle, TaggedArticle
from presswatch.indexer.documents import stored_of
from presswatch.indexer.store import Identity

Verdict = Literal["there", "kept", "filtered", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a message.

    Attributes:
        verdict: ``there``: it is the article's wording; ``kept``: an earlier one, or one that came late, and kept as
            such; ``filtered``: an excerpt of what is there; ``missing``: `what` says what is not there.
        rules: of an article that is there, the rules that its document names.
        indexed: when that document was written; milliseconds since 1970.
    """

    verdict: Verdict
    what: str = ""
    rules: tuple[str, ...] = ()
    indexed: int = 0


Message = RawArticle | TaggedArticle


def findings(stored: Stored, messages: Sequence[Message]) -> list[Finding]:
    """Return what became of messages, in their order."""
    identities = stored.identities(message.id for message in messages)
    documents = stored.documents(identities, ("seq", "hash", "rule", "indexed"))
    found: list[Finding | None] = []
    doubtful: list[tuple[int, Message, str]] = []
    for at, message in enumerate(messages):
        identity, document = identities.get(message.id), documents.get(message.id)
        lack = _lack(identity, document)
        if lack or identity is None or identity.known is None or document is None:
            found.append(Finding("missing", lack))
            continue
        wording = Wording(message.title, message.text).hash
        if wording == identity.known.hash:
            found.append(Finding("there", "", tuple(document.get("rule", ())), document.get("indexed", 0)))
            continue
        found.append(None)
        doubtful.append((at, message, wording))
    kept = stored.kept_wordings((message.id, wording) for _, message, wording in doubtful)
    left = [(at, message) for at, message, wording in doubtful if (message.id, wording) not in kept]
    whole = {message.id: identities[message.id] for _, message in left}
    texts = stored.documents(whole, ("title", "text", "seq", "hash"))
    decided = {at: _decided(message, whole[message.id], texts.get(message.id)) for at, message in left}
    return [finding or decided.get(at, Finding("kept")) for at, finding in enumerate(found)]


def _lack(identity: Identity | None, document: dict[str, object] | None) -> str:
    if identity is None or identity.known is None:
        return "it was never indexed: there is no identity record"
    if document is None:
        return f"its document is not in {identity.index}"
    if (document.get("seq"), document.get("hash")) != (identity.known.seq, identity.known.hash):
        return f"its document in {identity.index} has another wording than its identity record says"
    return ""


def _decided(message: Message, identity: Identity, document: dict[str, object] | None) -> Finding:
    generation = message.generation if isinstance(message, TaggedArticle) else 0
    incoming = Incoming(message.fetched, generation, Wording(message.title, message.text))
    decision = decide(identity.known, None, stored_of(document) if document is not None else None, incoming)
    match decision.state:
        case "excerpt":
            return Finding("filtered")
        case "superseded":
            return Finding("missing", "an earlier wording of it is not kept")
    return Finding("missing", "its latest wording is not in Elasticsearch")
