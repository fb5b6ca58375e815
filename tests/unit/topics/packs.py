"""Small topic packs for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from presswatch.core.packs import Pack, Pattern
from presswatch.core.topics import Tagger

Ideas = Sequence[tuple[float, str | Sequence[str]]]


def pack(
    ideas: Ideas,
    *,
    topic: str = "grain",
    threshold: float = 0.5,
    lang: str = "en",
    lists: Mapping[str, Sequence[str]] | None = None,
) -> Pack:
    """Return a pack in one language; an idea is a weight and a wording or several."""
    patterns = tuple(
        Pattern(match, weight, number)
        for number, (weight, wordings) in enumerate(ideas)
        for match in ([wordings] if isinstance(wordings, str) else wordings)
    )
    return Pack(topic, threshold, {lang: patterns}, {lang: lists or {}})


def tagger(*ideas: tuple[float, str | Sequence[str]], lang: str = "en") -> Tagger:
    """Return a tagger with one pack, topic grain, that tags whatever scores at all."""
    return Tagger([pack(ideas, threshold=0.001, lang=lang)])
