"""Which topic packs a command works with: those that are applied, those that come with Presswatch, or those of a folder.

An edge: reads the disk, and the control topic.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from presswatch.core.control import BrokenSetError
from presswatch.core.control_packs import packs_of
from presswatch.core.errors import ConfigError, RetryableError
from presswatch.core.packs import Pack
from presswatch.core.rules.faults import did_you_mean
from presswatch.packfiles import load_packs
from presswatch.settings import Settings
from presswatch.topology import CONTROL_PACKS

APPLIED, BUILT_IN = "applied", "built-in"
WORDS = (APPLIED, BUILT_IN)
"""What may be written instead of a folder; `./applied` is the folder of that name."""


@dataclass(frozen=True, slots=True)
class PackSet:
    """Some topic packs, and where they are from.

    Args:
        packs: in the order of their topics.
        name: what they are, for a person: follows "tagged by".
        generation: the set's number in the control plane, 0 if none is applied; None if nobody asked.
    """

    packs: Sequence[Pack]
    name: str
    generation: int | None = None

    @property
    def topics(self) -> list[str]:
        """The topics, in order."""
        return [pack.topic for pack in self.packs]

    @property
    def supported(self) -> dict[str, frozenset[str]]:
        """By topic, the languages in which it can be judged."""
        return {pack.topic: pack.languages for pack in self.packs}


def packs_named(written: str, settings: Settings) -> PackSet:
    """Return the packs that somebody names: a folder, a file, `applied` (what taggers use now), or `built-in`.

    Raises:
        ConfigError: there is no such folder, or what is applied cannot be read.
        PackFileError: a pack is wrong.
        RetryableError: Kafka is away.
    """
    if written == APPLIED:
        return packs_in_force(settings)
    if written == BUILT_IN:
        return PackSet(load_packs(), "the packs that come with Presswatch")
    if not Path(written).exists():
        near = did_you_mean(written, WORDS)
        mend = f"do you mean `{near}`?" if near else "write a folder of packs, or `applied`, or `built-in`"
        raise ConfigError(f"there is no folder or file {written} of topic packs; {mend}")
    return PackSet(load_packs(Path(written)), f"the packs in {written}")


def own_packs(settings: Settings) -> PackSet:
    """Return the packs of the setting `tagger.packs`, or those that come with Presswatch. No engine is needed.

    Raises:
        PackFileError: a pack is wrong.
    """
    folder = settings.tagger.packs
    name = "the packs that come with Presswatch" if folder is None else f"the packs in {folder} (setting tagger.packs)"
    return PackSet(load_packs(folder), name)


def packs_in_force(settings: Settings) -> PackSet:
    """Return the packs that taggers use now: those that were applied, or if none are, `own_packs`.

    Raises:
        ConfigError: what was applied last is not whole, or Kafka refuses us.
        RetryableError: Kafka is away.
    """
    from presswatch.control.report import when  # noqa: PLC0415 (folders need no Kafka)
    from presswatch.control.topic import read  # noqa: PLC0415

    try:
        with _without_warnings():
            found = read(settings.kafka, CONTROL_PACKS).current()
        packs = packs_of(found.objects)
    except BrokenSetError as error:
        raise ConfigError(f"the packs applied cannot be read: {error}; apply them again, or name a folder") from error
    except RetryableError as error:
        raise RetryableError(f"the packs applied cannot be read: {error}") from error
    if not packs:
        own = own_packs(settings)
        return PackSet(own.packs, f"{own.name}, since none is applied", found.generation)
    return PackSet(packs, f"the packs applied ({when(found)})", found.generation)


def packs_where_reachable(settings: Settings) -> PackSet:
    """Return `packs_in_force`, or where Kafka is away, `own_packs` with a name that says so.

    Raises:
        ConfigError: what was applied last is not whole, or Kafka refuses us.
        PackFileError: a pack is wrong.
    """
    try:
        return packs_in_force(settings)
    except RetryableError as error:
        own = own_packs(settings)
        return PackSet(own.packs, f"{own.name}, for {error}", own.generation)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep the client's own lines off the terminal: what goes wrong is told by our error."""
    client = logging.getLogger("kafka")
    before = client.level
    client.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        client.setLevel(before)
