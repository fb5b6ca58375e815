"""The tagger: says which topics an article has, and why.

What it looks for is in topic packs (`packs`) and their learned parts (`learned`). It chooses the judge of the article's language
(`judging`), and makes tags of what that says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from presswatch.core.judging import Judges, Language, Verdict, judge_of
from presswatch.core.packs import Pack
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import PYTHON, Engine
from presswatch.core.scoring import DEFAULT, Scoring


class Tagger:
    """Tags articles with the topics of a set of packs. A language is made ready when its first article comes."""

    def __init__(self, packs: Iterable[Pack], scoring: Scoring = DEFAULT, engine: Engine = PYTHON) -> None:
        self.packs = tuple(sorted(packs, key=lambda pack: pack.topic))
        self.languages = frozenset[str]().union(*(pack.languages for pack in self.packs))
        self._versions = {pack.topic: pack.version for pack in self.packs}
        self._scoring = scoring
        self._engine = engine
        self._judges: dict[str, Judges] = {}

    def tag(self, article: Mapping[str, Any], doc: Document | None = None) -> list[dict[str, Any]]:
        """Return the tags of an article, as on the wire, sorted by topic.

        Args:
            article: ``lang`` decides what is looked for; none, or one that no pack covers, gives no tags.
            doc: the article made ready by the same engine, if it is at hand.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        return [
            {
                "topic": verdict.topic,
                "score": verdict.score,
                "threshold": verdict.threshold,
                "pack": self._versions[verdict.topic],
                "evidence": verdict.evidence(),
            }
            for verdict in self.judge(article, doc)
            if verdict.tagged
        ]

    def unsupported(self, lang: str) -> list[str]:
        """Return the topics that have neither patterns nor learned words in a language (primary subtag): nobody looks."""
        return [pack.topic for pack in self.packs if lang not in pack.languages]

    def judge(self, article: Mapping[str, Any], doc: Document | None = None) -> Sequence[Verdict]:
        """Return what every pack says that can judge in the article's language.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        if doc is None:
            doc = self.document(article)
        lang = _lang(doc)
        return self._ready(lang).judge(doc) if lang in self.languages else ()

    def evidence(self, doc: Document) -> dict[str, float]:
        """Return by topic the evidence of the patterns alone; topics without patterns in its language are missing."""
        lang = _lang(doc)
        return self._ready(lang).evidence(doc) if lang in self.languages else {}

    def document(self, article: Mapping[str, Any]) -> Document:
        """Make an article ready, as far as topics look at it.

        Raises:
            BadMessageError: title, text or lang has the wrong type.
        """
        return self._engine.document({key: article.get(key) for key in ("title", "text", "lang")})

    def make_ready(self, before: Tagger | None = None) -> None:
        """Make all languages ready now (seconds), so that in a stream no article waits for it.

        Args:
            before: a tagger that this one replaces: what it has ready is taken over where no pack differs.
        """
        ready = {} if before is None else before.ready()
        for lang in sorted(self.languages):
            wanted, judge = ready.get(lang, (None, None))
            if judge is not None and wanted == self._wanted(lang):
                self._judges[lang] = judge
            else:
                self._ready(lang)

    def ready(self) -> dict[str, tuple[list[Any], Judges]]:
        """Return by language what is ready, and before it all that it is made of: for `make_ready` of another tagger."""
        return {lang: (self._wanted(lang), judge) for lang, judge in list(self._judges.items())}

    def _wanted(self, lang: str) -> list[Any]:
        return [
            (
                pack.topic,
                pack.threshold,
                pack.patterns.get(lang),
                pack.lists.get(lang),
                pack.learned and pack.learned.version,
            )
            for pack in self.packs
        ]

    def _ready(self, lang: str) -> Judges:
        if lang not in self._judges:
            self._judges[lang] = judge_of(Language(self.packs, lang, self._scoring), self._engine)
        return self._judges[lang]


def _lang(doc: Document) -> str:
    return next(iter(doc.meta["lang"]), "")
