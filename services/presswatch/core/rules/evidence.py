"""What a receipt is made of: places of leaves, in the order of the query and, within a leaf, of the article."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from presswatch.core.rules.leaves import MAX_OCCURRENCES, MatchLeaf
from presswatch.core.rules.reading import Occurrence, Receipt


class Evidence:
    """What a receipt shows of a document: leaves in the order of the query, with their places.

    Where a leaf stands under NEAR, the places that satisfy it go before others.
    """

    def __init__(self) -> None:
        self._found: dict[MatchLeaf, Sequence[Receipt]] = {}
        self._near: dict[MatchLeaf, list[Receipt]] = {}

    def add(self, leaf: MatchLeaf, receipts: Sequence[Receipt]) -> None:
        """Note places of a leaf that holds by itself."""
        self._found[leaf] = receipts

    def add_near(self, leaf: MatchLeaf, receipt: Receipt) -> None:
        """Note a place of a leaf that satisfies a NEAR."""
        if leaf in self._near:
            self._near[leaf].append(receipt)
        else:
            self._near[leaf] = [receipt]
            self._found.setdefault(leaf, ())

    def receipts(self) -> Iterator[Sequence[Receipt]]:
        """Yield the receipts of each leaf, at most `MAX_OCCURRENCES`, in the order of the article."""
        near = self._near
        for leaf, receipts in self._found.items():
            if leaf not in near:
                yield receipts
            elif not receipts and len(near[leaf]) == 1:
                yield near[leaf]
            else:
                chosen = list(dict.fromkeys([*near[leaf], *receipts]))[:MAX_OCCURRENCES]
                yield sorted(chosen, key=in_article)


def in_article(place: Occurrence | Receipt) -> tuple[int, int, int]:
    """Order places: title, text, then metadata."""
    fields = {"title": 0, "text": 1}
    return fields.get(place.field, 2), place.start or 0, place.end or 0
