"""What an edit of a rule changes: the indexed articles that one version matches and the other does not, and why.

An edge over `history`: reads Elasticsearch, prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from elasticsearch import Elasticsearch

from presswatch import matching
from presswatch.core.rules.edits import Edit
from presswatch.core.rules.explain import Explainer, reason
from presswatch.core.rules.match import Expression
from presswatch.core.rules.reading import Receipt
from presswatch.history import Search
from presswatch.settings import ElasticsearchSettings

_OLD, _NEW = "old", "new"


class Difference(NamedTuple):
    """An article that only one version of a rule matches.

    Args:
        sign: ``+`` the new version only, ``-`` the old one only.
        article: as it is stored.
        receipts: what held of the version that matches.
        failed: what failed first of the version that does not; "" where there is none.
    """

    sign: Literal["+", "-"]
    article: Mapping[str, Any]
    receipts: Sequence[Receipt]
    failed: str


class Comparison:
    """The differences that one edit makes. Iterate over it once; nothing but the numbers is kept.

    Args:
        client, es, since, until: as for `history.Search`.
        edit: one that is not unchanged.

    Attributes:
        added, removed, both: articles read so far that the new version only, the old one only, and both match.
        search: what it reads, with what there is to say of it (`outdated`, `unreadable`).
    """

    def __init__(
        self, client: Elasticsearch, es: ElasticsearchSettings, edit: Edit, since: int | None, until: int | None
    ) -> None:
        versions = {name: rule.node for name, rule in ((_OLD, edit.old), (_NEW, edit.new)) if rule is not None}
        self.search = Search(client, es, [Expression(name, "", node) for name, node in versions.items()], since, until)
        self._explainers = {name: Explainer(node) for name, node in versions.items()}
        self.added = self.removed = self.both = 0

    def __iter__(self) -> Iterator[Difference]:
        """Yield the differences, newest first, while they are found.

        Raises:
            RetryableError: Elasticsearch is away, or too busy for too long.
            FatalError: it refuses us, or the index is missing.
        """
        for found in self.search:
            if len(found.matches) == 2:
                self.both += 1
                continue
            (match,) = found.matches
            if match.id == _NEW:
                self.added += 1
            else:
                self.removed += 1
            other = self._explainers.get(_OLD if match.id == _NEW else _NEW)
            failed = reason(other.explain(matching.document(found.article))) if other else ""
            yield Difference("+" if match.id == _NEW else "-", found.article, match.receipts, failed)
