"""Takes articles out of Elasticsearch: documents, earlier wordings, identities, and what alerts quote of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from presswatch.adapters.elasticsearch import translated
from presswatch.settings import ElasticsearchSettings
from presswatch.topology import ALERTS, ARTICLE_IDS, ARTICLES, REVISIONS, index

AT_ONCE = 500

REASON = "forgotten"
BLANK: dict[str, Any] = {"title": "", "url": None, "receipt": [], "reason": REASON}
"""What changes in an alert: it tells still that there was one, when and by which rule, and nothing of what the article said."""


@dataclass(frozen=True, slots=True)
class _Trace:
    """Something that Elasticsearch has of an article."""

    article: str
    index: str
    document: str
    is_alert: bool = False


class Eraser:
    """Erases articles. Doing it again changes nothing.

    Raises (every method):
        RetryableError: Elasticsearch is away or busy: do it again.
        FatalError: it refuses us.
    """

    def __init__(self, client: Elasticsearch, es: ElasticsearchSettings) -> None:
        self._client = client
        self._es = es

    def erase(self, articles: Sequence[str]) -> int:
        """Erase articles; returns, when no search finds anything of them, how many documents that changed."""
        changed = 0
        with translated():
            # Each round finds at most a page of each kind; what is done about it leaves the next round the rest.
            while traces := list(self._traces(articles)):
                for trace in traces:
                    changed += self._blank(trace) if trace.is_alert else self._delete(trace)
        return changed

    def blank_alerts(self, articles: Sequence[str]) -> int:
        """Take what alerts quote of articles out of them; returns how many alerts that changed."""
        changed = 0
        with translated():
            for at in range(0, len(articles), AT_ONCE):
                while traces := list(self._found(ALERTS, "article", list(articles[at : at + AT_ONCE]))):
                    changed += sum(self._blank(trace) for trace in traces)
        return changed

    def left(self, articles: Sequence[str]) -> list[str]:
        """Return the articles of which Elasticsearch has anything yet but blank alerts."""
        with translated():
            found = {trace.article for trace in self._traces(articles)}
        return [article for article in articles if article in found]

    def _traces(self, articles: Sequence[str]) -> Iterator[_Trace]:
        for at in range(0, len(articles), AT_ONCE):
            chunk = list(articles[at : at + AT_ONCE])
            yield from self._identities(chunk)
            yield from self._found(ARTICLES, "id", chunk)
            yield from self._found(REVISIONS, "article", chunk)
            yield from self._found(ALERTS, "article", chunk)

    def _identities(self, articles: Sequence[str]) -> Iterator[_Trace]:
        """Yield each identity record after the document in the index that it names, which no search may know yet."""
        name = index(self._es, ARTICLE_IDS)
        for record in self._client.mget(index=name, ids=list(articles))["docs"]:
            if record.get("found"):
                yield _Trace(record["_id"], record["_source"]["index"], record["_id"])
                yield _Trace(record["_id"], name, record["_id"])

    def _found(self, name: str, key: str, articles: Sequence[str]) -> Iterator[_Trace]:
        alias = index(self._es, name)
        if not self._client.indices.exists_alias(name=alias):
            return
        self._client.indices.refresh(index=alias)
        answer: Any = self._client.search(
            index=alias,
            query={"bool": {"filter": {"terms": {key: articles}}, "must_not": _already_blank(name)}},
            size=1000,
            source_includes=[key],
            allow_partial_search_results=False,
        )
        for hit in answer["hits"]["hits"]:
            yield _Trace(hit["_source"][key], hit["_index"], hit["_id"], name == ALERTS)

    def _delete(self, trace: _Trace) -> int:
        try:
            self._client.delete(index=trace.index, id=trace.document)
        except NotFoundError:
            return 0  # never written, or another indexer was faster
        return 1

    def _blank(self, trace: _Trace) -> int:
        self._client.update(index=trace.index, id=trace.document, doc=BLANK, retry_on_conflict=5)
        return 1


def _already_blank(name: str) -> list[dict[str, Any]]:
    return [{"term": {"reason": REASON}}] if name == ALERTS else []
