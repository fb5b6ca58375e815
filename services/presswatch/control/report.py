"""What applying a folder did, and what is in force, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from presswatch.core.control import Change, Key, ObjectSet

SHOWN = 20
"""Objects named of each kind of change; all are counted."""


def lines(change: Change, manager: str, *, dry_run: bool) -> Iterator[str]:
    """Yield the lines about a change; the last one says what is in force.

    Args:
        change: as planned or done.
        manager: who applied.
        dry_run: it was only planned.
    """
    for verb, keys in (("added", change.added), ("changed", change.changed), ("removed", change.removed)):
        yield from (f"{verb:<8} {key.name}" for key in keys[:SHOWN])
        if len(keys) > SHOWN:
            yield f"{verb:<8} and {len(keys) - SHOWN} more"
    if change.lacking:
        shown = ", ".join(change.lacking[:5]) + (", ..." if len(change.lacking) > 5 else "")
        yield f"warning: missing in the topic, and not ours to publish: {shown}; until they are applied again, services keep the set before"
    counts = {
        "added": change.added,
        "changed": change.changed,
        "removed": change.removed,
        "unchanged": change.unchanged,
    }
    if change.manifest is None:
        stays = f"generation {change.generation} stays" if change.generation else "nothing is in force"
        yield f"nothing to do: {kinds(change.unchanged) or 'no object'} by {manager} unchanged; {stays}"
        return
    told = ", ".join(f"{len(keys)} {verb}" for verb, keys in counts.items() if keys) or "written anew"
    if dry_run:
        yield f"dry run, nothing was published: generation {change.generation} by {manager} would be {told}"
    else:
        yield f"published generation {change.generation} by {manager}: {told}"


def when(found: ObjectSet) -> str:
    """Return which set it is, and since when."""
    at = f"{datetime.fromtimestamp(found.applied / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"generation {found.generation}, applied {at} by {found.applied_by}"


def kinds(keys: Sequence[Key]) -> str:
    """Return how many there are of each kind: ``1 list, 3 rules``."""
    numbers: dict[str, int] = {}
    for key in sorted(keys):
        numbers[key.kind] = numbers.get(key.kind, 0) + 1
    return ", ".join(f"{number} {kind}{'s' * (number != 1)}" for kind, number in numbers.items())
