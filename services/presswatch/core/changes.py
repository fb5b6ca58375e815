"""What changed between the rules that matched an article and those that match it now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["matched", "changed", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Change:
    """One rule whose match of an article began, became another or ended.

    `version` is that of the rule as it matches now; of a withdrawn one, as it last matched.
    """

    kind: Kind
    rule: str
    version: str


def changes(
    before: Mapping[str, str],
    unsettled: Mapping[str, str],
    now: Mapping[str, str],
    *,
    wording: Literal["same", "other"],
) -> list[Change]:
    """Compare matches.

    Args:
        before: rule id -> version, of the matches that are announced and settled.
        unsettled: of the matches in the announcements of an attempt that was not finished: each may or may not have
            gone out, so it is announced again (under the same id) or taken back.
        now: of the matches now.
        wording: whether the article has the wording of `before`; a match of another wording is another match.

    Returns:
        The changes, by rule id. Repeated after a crash, the same arguments but for `unsettled` give at least the same.
    """
    found: list[Change] = []
    for rule in sorted(before.keys() | unsettled.keys() | now.keys()):
        version = now.get(rule)
        if version is None:
            found.append(Change("withdrawn", rule, before.get(rule) or unsettled[rule]))
        elif rule not in before:
            found.append(Change("matched", rule, version))
        elif wording == "other" or before[rule] != version or rule in unsettled:
            found.append(Change("changed", rule, version))
    return found
