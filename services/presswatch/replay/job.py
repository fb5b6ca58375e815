"""A replay that can be interrupted: what was asked for and how far it has got, in a small JSON file."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from presswatch.core.errors import ConfigError
from presswatch.replay.sources import Choice, Place


@dataclass(frozen=True, slots=True)
class Job:
    """One replay. `place` None: nothing is sent yet."""

    choice: Choice
    place: Place | None = None
    sent: int = 0

    def reached(self, place: Place, articles: int) -> Job:
        """Return the job after so many more articles."""
        return replace(self, place=place, sent=self.sent + articles)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(orjson.dumps(asdict(self)))
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> Job:
        """Read the file of an interrupted replay.

        Raises:
            ConfigError: it is not there, or is none.
        """
        try:
            kept = orjson.loads(path.read_bytes())
            return cls(Choice(**kept["choice"]), kept["place"], kept["sent"])
        except OSError as error:
            raise ConfigError(f"there is no replay to go on with at {path}: {os.strerror(error.errno or 0)}") from error
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} is no file of a replay: delete it and start anew ({error})") from error
