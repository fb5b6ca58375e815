"""Chooses the matching engine: the native core (services/matcher) where it is installed, else the Python one.

An edge, since it looks at what is installed and at the setting `engine`. Whoever matches gets matchers and documents from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, cast

import structlog

from presswatch import metrics
from presswatch.core import text
from presswatch.core.errors import ConfigError
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import PYTHON, Engine, Expression, Matcher
from presswatch.settings import EngineChoice, load

log = structlog.get_logger(__name__)

INTERFACE: Final = 2
"""Classes and functions of the native core that are called here; to be raised there too (src/python/mod.rs) when they change."""

MEND: Final = "install cargo (see rustup.rs), then make native"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The engine in use, and why.

    Args:
        name: native or python.
        version: of the native core; "" for the Python engine, which is of Presswatch's own version.
        why: why it is not the native one; "" if it is.
        engine: makes matchers and documents.
    """

    name: str
    version: str
    why: str
    engine: Engine

    def __str__(self) -> str:
        return f"native {self.version}" if self.name == "native" else f"python, because {self.why}"


_chosen: Chosen | None = None


def use(choice: EngineChoice) -> Chosen:
    """Choose the engine for this process; a service does so once, at its start.

    Raises:
        ConfigError: the native one is asked for and cannot be used; it says why.
    """
    global _chosen
    _chosen = choose(choice)
    metrics.MATCHER.info({"engine": _chosen.name, "version": _chosen.version, "why": _chosen.why})
    return _chosen


def announce(choice: EngineChoice) -> Engine:
    """Choose the engine, write into the log which one it is, and return it.

    Raises:
        ConfigError: as for `use`.
    """
    now = use(choice)
    event = f"matcher: {now}"
    log.info(event)
    return now.engine


def chosen() -> Chosen:
    """Return the engine in use; if none has been chosen, the one of the setting `engine`.

    Raises:
        ConfigError: as for `use`, or a setting is wrong.
    """
    return use(load().settings.engine) if _chosen is None else _chosen


def engine() -> Engine:
    """Return the engine in use, for whoever makes more than one thing with it.

    Raises:
        ConfigError: as for `chosen`.
    """
    return chosen().engine


def matcher(expressions: Iterable[Expression] = ()) -> Matcher:
    """Return a matcher of the engine in use."""
    return engine().matcher(expressions)


def document(article: Mapping[str, Any]) -> Document:
    """Make an article ready for the engine in use; see `Document.of`.

    Raises:
        BadMessageError: a value of the article has the wrong type or shape.
    """
    return engine().document(article)


def choose(choice: EngineChoice) -> Chosen:
    """Return what `use` would use.

    Raises:
        ConfigError: as for `use`.
    """
    if choice == "python":
        return Chosen("python", "", "the setting engine asks for it", PYTHON)
    found = _native()
    if isinstance(found, ModuleType):
        # Its classes have the attributes of the Python ones (tests compare them), so to the type checker they are those.
        native = Engine(
            cast("type[Matcher]", found.Matcher),
            cast("type[Document]", found.Document).of,
            reads_queries=True,
            judge=found.Judge,
        )
        return Chosen("native", found.__version__, "", native)
    if choice == "native":
        raise ConfigError(
            f"the setting engine is native, but {found}; {MEND}, or set engine to auto (PRESSWATCH_ENGINE=auto)"
        )
    return Chosen("python", "", found, PYTHON)


def _native() -> ModuleType | str:
    """Return the native core, or why it cannot be used."""
    try:
        import presswatch_matcher  # noqa: PLC0415 (it may be absent)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "presswatch_matcher":
            return "the native core is not installed"
        return f"the native core cannot be loaded: {error}"
    if presswatch_matcher.TOKENS_VERSION != text.VERSION:
        return (
            f"the native core that is installed cuts words as of version {presswatch_matcher.TOKENS_VERSION}, "
            f"this Presswatch as of {text.VERSION}"
        )
    if getattr(presswatch_matcher, "INTERFACE", None) != INTERFACE:
        return "the native core that is installed belongs to another version of Presswatch"
    return presswatch_matcher
