"""The topic packs in force: those that were applied, or else those that this process was started with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from presswatch.core.control import BrokenSetError, ObjectSet
from presswatch.core.control_packs import packs_of
from presswatch.core.errors import RuleError
from presswatch.core.packs import Pack
from presswatch.core.rules.match import Engine
from presswatch.core.topics import Tagger
from presswatch.tagger.service import TagsArticles

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PackUpdate:
    """A set of packs on its way into force; `generation` and `applied` as in `core.control.ObjectSet`."""

    generation: int
    applied: int
    tagger: TagsArticles

    def replacing(self, _earlier: PackUpdate) -> PackUpdate:
        """Return what to take instead of an earlier update that nobody took: each holds all packs."""
        return self


class PackBuilder:
    """Makes a tagger of the objects of a set, in the thread that follows the control topic.

    Args:
        own: the packs that are used while none is applied.
        engine: matches their patterns.
    """

    def __init__(self, own: Sequence[Pack], engine: Engine) -> None:
        self._own = own
        self._engine = engine
        self._before: Tagger | None = None

    def __call__(self, objects: ObjectSet, _pace: Callable[[], None]) -> PackUpdate:
        """Make a set ready, in all its languages.

        Raises:
            BrokenSetError: an object cannot be read.
        """
        packs = packs_of(objects.objects)
        whose = "applied" if packs else "our own, for none is applied"
        tagger = Tagger(packs or self._own, engine=self._engine)
        try:
            tagger.make_ready(self._before)
        except RuleError as error:
            why = f"a pattern has a mistake for this version of Presswatch: {error.message}"
            raise BrokenSetError("unreadable_object", why) from error
        self._before = tagger
        log.info("topic packs", which=whose, topics={pack.topic: pack.version for pack in tagger.packs})
        return PackUpdate(objects.generation, objects.applied, tagger)
