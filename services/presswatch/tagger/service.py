"""What the tagger does to one record: raw article in, tagged article out. No Kafka, no faust."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from presswatch import language, latency, metrics
from presswatch.core.canary import is_canary
from presswatch.core.errors import BadMessageError, FatalError
from presswatch.core.messages import RawArticle, Tag, TaggedArticle
from presswatch.runtime import now_ms

log = structlog.get_logger(__name__)


class TagsArticles(Protocol):
    """The port to the topic engine (`presswatch.core.topics.Tagger`)."""

    def tag(self, article: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Return the tags of an article, as on the wire."""

    def unsupported(self, lang: str) -> list[str]:
        """Return the topics that cannot be judged in a language (primary subtag)."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tagged article, ready to be sent."""

    key: bytes
    value: bytes
    article: TaggedArticle


class Tagging:
    """Tags records.

    Args:
        tagger: gives the tags; called for every article, whatever its language.
        clock_ms: the time in milliseconds.
        generation: roll-outs of topic packs so far.
    """

    def __init__(self, tagger: TagsArticles, clock_ms: Callable[[], int] = now_ms, generation: int = 0) -> None:
        self._in_force = (tagger, generation)
        self._clock_ms = clock_ms

    def take(self, tagger: TagsArticles, generation: int) -> None:
        """Tag with another set of packs from now on: each article with one set, whole."""
        self._in_force = (tagger, generation)

    def process(self, value: bytes | None) -> Tagged:
        """Decode, tag and encode one article.

        Raises:
            BadMessageError: the record is no raw article, or tagging it failed (reason ``tagging_failed``).
        """
        raw = RawArticle.decode(value)
        tagger, generation = self._in_force
        try:
            body = raw.model_dump(exclude={"schema_name", "schema_version"})
            tags = [Tag.model_validate(tag) for tag in tagger.tag(body)]
            unsupported = tagger.unsupported(language.primary(raw.lang))
            article = TaggedArticle(
                **body, tagged=self._clock_ms(), generation=generation, tags=tags, unsupported=unsupported
            )
            return Tagged(article.id.encode(), article.encode(), article)
        except (FatalError, BadMessageError):
            raise
        except Exception as error:
            # Whatever it is, it is this article's; a mistake that hits many articles opens the dead letters' breaker.
            raise BadMessageError("tagging_failed", f"article {raw.id}: {error!r}") from error

    def count(self, article: TaggedArticle) -> None:
        """Count an article that Kafka has acknowledged."""
        log.debug("article tagged", article=article.id, topics=[tag.topic for tag in article.tags])
        latency.observe("tagger", article, self._clock_ms())
        if is_canary(article.id):
            metrics.RECORDS.labels("tagger", "canary").inc()
            return
        lang = language.label(article.lang)
        metrics.RECORDS.labels("tagger", "tagged" if article.tags else "untagged").inc()
        for tag in article.tags:
            metrics.TAGS.labels(tag.topic, lang).inc()
        for topic in article.unsupported:
            metrics.UNSUPPORTED.labels(topic, lang).inc()
