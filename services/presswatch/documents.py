"""Articles of the command line as rules see them: with their language, and tagged if a rule asks for topics.

An edge: the topic packs are read from disk, once and only when an article needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from presswatch import matching
from presswatch.articles import with_language
from presswatch.core.rules.document import Document

if TYPE_CHECKING:
    from presswatch.core.topics import Tagger


def document_of(article: Mapping[str, Any], *, topics: bool) -> Document:
    """Make an article ready for rules; one without tags is tagged first, by the built-in packs.

    Args:
        article: with the fields that `Document.of` tells of.
        topics: whether any rule looks at tags; else nothing is tagged.

    Raises:
        BadMessageError: a value of the article has the wrong type or shape.
    """
    article = with_language(article)
    document = matching.document(article)
    if article.get("tags") is None and topics:
        document = document.with_tags(_tagger().tag(article, document))
    return document


def blind(article: Mapping[str, Any]) -> list[str]:
    """Return the topics that cannot be judged in an article's language, so that it lacks their tags whatever it is about.

    An article that comes with tags says so itself, under `unsupported`.
    """
    if article.get("tags") is not None:
        given = article.get("unsupported")
        return [topic for topic in given if isinstance(topic, str)] if isinstance(given, list) else []
    lang = with_language(article).get("lang")
    return _tagger().unsupported(lang.partition("-")[0].lower() if isinstance(lang, str) else "")


@cache
def _tagger() -> Tagger:
    from presswatch.core.topics import Tagger  # noqa: PLC0415 (most rules ask for no topic)
    from presswatch.packfiles import load_packs  # noqa: PLC0415

    return Tagger(load_packs(), engine=matching.engine())
