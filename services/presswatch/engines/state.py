"""What is remembered of an instance between commands: its ports and what is meant to run.

Which processes run is not remembered but looked up each time (processes.py), so it cannot be out of date.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from presswatch.engines.errors import EngineError
from presswatch.engines.home import Home

EngineName = Literal["kafka", "elasticsearch"]
ENGINES: tuple[EngineName, ...] = ("kafka", "elasticsearch")

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
STATE_FILE = "state.json"


class Owner(BaseModel):
    """The process for which a temporary instance was started."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int
    created: float


class State(BaseModel):
    """The remembered part of an instance."""

    # Clones of different versions share the folder, so what another one added is passed over.
    model_config = ConfigDict(frozen=True, extra="ignore")

    kafka_port: int
    kafka_controller_port: int
    elasticsearch_port: int
    elasticsearch_transport_port: int
    running: tuple[EngineName, ...] = ()
    """What is meant to run: `engines run` restarts these and no other."""
    owner: Owner | None = None
    """Set for an instance that is removed when it stops, or when this process is gone."""

    @property
    def ports(self) -> tuple[int, ...]:
        """All ports of the instance."""
        return (
            self.kafka_port,
            self.kafka_controller_port,
            self.elasticsearch_port,
            self.elasticsearch_transport_port,
        )


def check_name(name: str) -> None:
    """Raise EngineError unless the name can be a folder's."""
    if not NAME.fullmatch(name):
        raise EngineError(
            f"{name!r} cannot be an instance's name",
            "use up to 40 lower-case letters, digits, _ and -, beginning with a letter or digit",
        )


def folder(home: Home, name: str) -> Path:
    """Return the folder of an instance."""
    check_name(name)
    return home.instances / name


def load(home: Home, name: str) -> State | None:
    """Return what is remembered of an instance; None if there is no such instance."""
    file = folder(home, name) / STATE_FILE
    try:
        return State.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise EngineError(
            f"{file} cannot be read: {error}", f"delete that file; the data in {file.parent} stays"
        ) from error


def save(home: Home, name: str, state: State) -> None:
    """Remember the state of an instance."""
    file = folder(home, name) / STATE_FILE
    new = file.with_suffix(".new")
    new.write_text(state.model_dump_json(indent=2) + "\n")
    os.replace(new, file)  # noqa: PTH105  # the name says that the old file is overwritten in one step


def names(home: Home) -> list[str]:
    """Return the names of all instances that are remembered, sorted."""
    return sorted(file.parent.name for file in home.instances.glob(f"*/{STATE_FILE}"))


def load_readable(home: Home) -> dict[str, State]:
    """Return what is remembered of all instances whose state can be read: a spoilt one must not hinder the others."""
    readable = {}
    for name in names(home):
        try:
            found = load(home, name)
        except EngineError:
            continue
        if found is not None:  # else it was removed meanwhile
            readable[name] = found
    return readable
