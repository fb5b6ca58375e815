"""Windows: the shortest stretches of text that hold several words at distinct positions, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def shortest_windows(marks: Iterable[tuple[int, Sequence[int]]], wanted: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last position of each window that holds enough of every kind and holds no shorter such window.

    Of the positions so far that can be used together, one for one word each, the latest such set is kept: it is the basis of
    greatest weight in a transversal matroid (Edmonds and Fulkerson 1965), weight being the position, and an exchange per
    position keeps it so. The work for a mark is linear in the number of words, and in the kinds that each position can be.

    Args:
        marks: position and the kinds of word that it can be, positions ascending.
        wanted: how many words of each kind there must be, at least 1.
    """
    used: list[list[int]] = [[] for _ in wanted]
    can_be: dict[int, Sequence[int]] = {}
    missing = sum(wanted)
    begun = -1
    for position, kinds in marks:
        can_be[position] = kinds
        asked_by: dict[int, int] = {}
        reached = [position]
        free = -1
        for claimant in reached:  # grows while it is walked: breadth first over alternating paths
            for kind in can_be[claimant]:
                if kind not in asked_by:
                    asked_by[kind] = claimant
                    if len(used[kind]) < wanted[kind]:
                        free = kind
                        break
                    reached += used[kind]
            if free >= 0:
                missing -= 1
                break
        if free < 0:  # the positions reached cannot all be used: the earliest goes
            earliest = min(reached)
            free = _used_as(earliest, used)
            used[free].remove(earliest)
            del can_be[earliest]
        while (claimant := asked_by[free]) != position:
            used[free].append(claimant)
            free = _used_as(claimant, used, but=free)
            used[free].remove(claimant)
        used[free].append(position)
        if not missing:
            first = min(map(min, used))
            if first > begun:
                begun = first
                yield first, position


def _used_as(position: int, used: list[list[int]], but: int = -1) -> int:
    return next(kind for kind, positions in enumerate(used) if kind != but and position in positions)
