"""Articles of the command line as rules see them: with their language, and tagged if a rule asks for topics.

An edge: the topic packs are read from disk, once and only when an article needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from presswatch import matching
from presswatch.articles import with_language
from presswatch.core.rules.document import Document

if TYPE_CHECKING:
    from presswatch.core.topics import Tagger
    from presswatch.packsource import PackSet


class Topics:
    """The packs by which articles that come without tags are tagged; they are read when the first article needs them.

    Args:
        source: gives the packs; those of the setting `tagger.packs`, or that come with Presswatch, if None.
    """

    def __init__(self, source: Callable[[], PackSet] | None = None) -> None:
        self._source = source or _own

    @cached_property
    def packs(self) -> PackSet:
        """The packs."""
        return self._source()

    @cached_property
    def tagger(self) -> Tagger:
        """What tags by them."""
        from presswatch.core.topics import Tagger  # noqa: PLC0415 (most rules ask for no topic)

        return Tagger(self.packs.packs, engine=matching.engine())


def _own() -> PackSet:
    from presswatch.packsource import own_packs  # noqa: PLC0415
    from presswatch.settings import load  # noqa: PLC0415

    return own_packs(load().settings)


OWN = Topics()


def document_of(article: Mapping[str, Any], *, topics: bool, by: Topics = OWN) -> Document:
    """Make an article ready for rules; one without tags is tagged first.

    Args:
        article: with the fields that `Document.of` tells of.
        topics: whether any rule looks at tags; else nothing is tagged.
        by: the packs.

    Raises:
        BadMessageError: a value of the article has the wrong type or shape.
    """
    article = with_language(article)
    document = matching.document(article)
    if article.get("tags") is None and topics:
        document = document.with_tags(by.tagger.tag(article, document))
    return document


def blind(article: Mapping[str, Any], by: Topics = OWN) -> list[str]:
    """Return the topics that cannot be judged in an article's language, so that it lacks their tags whatever it is about.

    An article that comes with tags says so itself, under `unsupported`.
    """
    if article.get("tags") is not None:
        given = article.get("unsupported")
        return [topic for topic in given if isinstance(topic, str)] if isinstance(given, list) else []
    lang = with_language(article).get("lang")
    return by.tagger.unsupported(lang.partition("-")[0].lower() if isinstance(lang, str) else "")
