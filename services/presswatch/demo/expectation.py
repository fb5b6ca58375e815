"""What the demo must find, and the comparison with what it found. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Expectation:
    """Articles are named by a part of their address that no other article's has.

    Args:
        tags: the topics of each article, sorted.
        alerts: the articles that each rule alerts on.
        dead_letters: (stage, reason) of each dead letter.
        corrected: the article that a later message corrects.
    """

    tags: Mapping[str, tuple[str, ...]]
    alerts: frozenset[tuple[str, str]]
    dead_letters: Counter[tuple[str, str]]
    corrected: str

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Expectation:
        """Build from the content of expected.yaml."""
        return cls(
            tags={name: tuple(topics) for name, topics in plain["tags"].items()},
            alerts=frozenset((rule, name) for rule, names in plain["alerts"].items() for name in names),
            dead_letters=Counter((entry["stage"], entry["reason"]) for entry in plain["dead_letters"]),
            corrected=plain["corrected"],
        )

    def name_of(self, url: str) -> str:
        """Return the name of the article at an address; the address itself if none is expected there."""
        return next((name for name in self.tags if url.partition("?")[0].endswith("/" + name)), url)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was read back from the engines. `alerts` has one entry for each Slack message."""

    tags: Mapping[str, tuple[str, ...]]
    alerts: tuple[tuple[str, str], ...]
    dead_letters: Counter[tuple[str, str]]
    revisions: Mapping[str, int] = field(default_factory=dict)


def differences(expected: Expectation, found: Findings) -> list[str]:
    """Return what is missing, wrong or there without being expected; nothing if all is as it should be."""
    lines = []
    for name in sorted(expected.tags.keys() | found.tags.keys()):
        want, have = expected.tags.get(name), found.tags.get(name)
        if want != have:
            lines.append(f"article {name}: expected {_shown(want)}, found {_shown(have)}")
    counted = Counter(found.alerts)
    lines += [f"alert {rule} on {name}: missing" for rule, name in sorted(expected.alerts - counted.keys())]
    lines += [f"alert {rule} on {name}: not expected" for rule, name in sorted(counted.keys() - expected.alerts)]
    lines += [f"alert {rule} on {name}: sent {n} times" for (rule, name), n in sorted(counted.items()) if n > 1]
    for key in sorted(expected.dead_letters.keys() | found.dead_letters.keys()):
        want_n, have_n = expected.dead_letters[key], found.dead_letters[key]
        if want_n != have_n:
            lines.append(f"dead letters of {key[0]} for {key[1]}: expected {want_n}, found {have_n}")
    if found.revisions.get(expected.corrected) != 1:
        lines.append(f"article {expected.corrected}: the wording before its correction is not kept")
    return lines


def _shown(topics: Iterable[str] | None) -> str:
    if topics is None:
        return "no such article"
    return ", ".join(topics) or "no topic"
