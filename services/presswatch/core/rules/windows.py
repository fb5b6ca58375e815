"""Windows: the shortest stretches of text that hold several words at distinct positions, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def shortest_windows(marks: Iterable[tuple[int, int]], slots: int) -> Iterator[tuple[int, int]]:
    """Yield first and last position of each window that fills all slots and holds no shorter such window.

    Of the positions so far that can fill slots together, one each, the latest such set is kept: it is the basis of
    greatest weight in a transversal matroid (Edmonds and Fulkerson 1965), weight being the position, and an exchange per
    position keeps it so. The work is linear in the marks and at most quadratic in the slots, whatever the text.

    Args:
        marks: position and bit set of the slots that it can fill, positions ascending.
        slots: how many there are.
    """
    owners = [-1] * slots
    fills: dict[int, int] = {}
    begun = -1
    for position, mask in marks:
        fills[position] = mask
        wanted_by: dict[int, int] = {}
        reached = [position]
        free = -1
        for claimant in reached:  # grows while it is walked: breadth first over alternating paths
            for slot in range(slots):
                if fills[claimant] >> slot & 1 and slot not in wanted_by:
                    wanted_by[slot] = claimant
                    if owners[slot] < 0:
                        free = slot
                        break
                    reached.append(owners[slot])
            if free >= 0:
                break
        if free < 0:  # the positions reached cannot all be used: the earliest goes
            earliest = min(reached)
            free = owners.index(earliest)
            del fills[earliest]
        while True:
            claimant = wanted_by[free]
            left = -1 if claimant == position else owners.index(claimant)
            owners[free] = claimant
            if left < 0:
                break
            free = left
        first = min(owners)
        if first > begun:
            begun = first
            yield first, position
