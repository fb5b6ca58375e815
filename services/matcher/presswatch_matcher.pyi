"""The native core of Presswatch (services/matcher). What its classes and functions do is told where the Python ones are."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from presswatch.core.rules.match import Expression
from presswatch.core.rules.reading import Occurrence, Receipt
from presswatch.core.text import Tokens

__version__: Final[str]

TOKENS_VERSION: Final[int]
"""As `presswatch.core.text.VERSION`; if they differ, the core belongs to another version of Presswatch."""

def tokenise(text: str, lang: str | None = None) -> tuple[list[str], list[int], list[int]]:
    """Return texts, starts and ends of the tokens (`presswatch.core.text.tokenise`)."""

def query_slots(text: str) -> list[list[str]]: ...
def wildcard_slots(text: str) -> list[list[str]]: ...
def fold_value(value: str) -> str: ...
def by_character(ch: str) -> bool: ...

class Document:
    """An article made ready for matching; title, text, meta and numbers become Python objects when they are asked for.

    Half of a surrogate pair, which only a Python string can hold, matches nothing; in metadata it is replaced by U+FFFD.
    """

    @staticmethod
    def of(article: Mapping[str, Any]) -> Document: ...
    @staticmethod
    def like(document: Any) -> Document:
        """Return what a Python `Document` says, made ready for this matcher."""

    def with_tags(self, tags: Any) -> Document: ...
    @property
    def title(self) -> Tokens: ...
    @property
    def text(self) -> Tokens: ...
    @property
    def meta(self) -> dict[str, dict[str, str]]: ...
    @property
    def numbers(self) -> dict[str, float]: ...
    @property
    def published(self) -> str | None: ...

class Match:
    """Equal to a Python `Match` of the same values; receipts become Python objects when they are asked for."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def receipts(self) -> tuple[Receipt, ...]: ...
    @property
    def occurrences(self) -> tuple[Occurrence, ...]: ...
    def __hash__(self) -> int: ...

class Matcher:
    """A set of expressions. Threads may match, add and remove at the same time; the interpreter is free meanwhile."""

    def __init__(self, expressions: Iterable[Expression] | None = None) -> None: ...
    def __len__(self) -> int: ...
    def __contains__(self, expression_id: str) -> bool: ...
    def add(self, expression: Expression) -> None: ...
    def add_query(
        self, id: str, version: str, query: str, lists: Mapping[str, list[str]] | None = None
    ) -> None:
        """Parse a query and add it under an id; one with the same id is replaced.

        Raises:
            RuleError: what `presswatch.core.rules.syntax.parse` raises for it.
        """

    def remove(self, expression_id: str) -> None: ...
    def asks_for_topics(self) -> bool: ...
    def match(self, document: Any, *, cover: bool = False, most: int = 5) -> list[Match]: ...
