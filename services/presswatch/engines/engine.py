"""What the two engines have in common: a folder, a port, a program that is started, asked whether it is ready, ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from presswatch.engines.home import Home
from presswatch.engines.install import Dist
from presswatch.engines.state import EngineName, State

LOG_TAIL = 64 * 1024


@dataclass(frozen=True, slots=True)
class Engine(ABC):
    """One engine of one instance."""

    name: ClassVar[EngineName]
    title: ClassVar[str]
    memory: ClassVar[int]
    """Bytes that it takes when it works."""
    hints: ClassVar[Mapping[str, str]]
    """What its log says when it fails -> what the user does about it."""

    home: Home
    dist: Dist
    instance: str
    state: State

    @property
    def folder(self) -> Path:
        """The engine's folder within the instance's."""
        return self.home.instances / self.instance / self.name

    @property
    def data(self) -> Path:
        """What it stores."""
        return self.folder / "data"

    @property
    def config(self) -> Path:
        """Its configuration, written anew at every start."""
        return self.folder / "config"

    @property
    def temp(self) -> Path:
        """Its folder for temporary files."""
        return self.folder / "tmp"

    @property
    def log(self) -> Path:
        """What the program prints; the log of the start before has `.1` at its end."""
        return self.folder.with_suffix(".log")

    @property
    @abstractmethod
    def port(self) -> int:
        """The port for clients."""

    @property
    @abstractmethod
    def address(self) -> str:
        """What a client is given to connect."""

    @abstractmethod
    def ports(self) -> Mapping[str, int]:
        """All ports it listens on, by purpose."""

    @abstractmethod
    def prepare(self) -> None:
        """Write the configuration and whatever must be there before a start."""

    @abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments; the mark of processes.py is among them."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """All environment variables the program gets."""

    @abstractmethod
    def waiting_for(self) -> str:
        """Ask the engine by its own protocol; return "" when it is ready, else what is missing yet."""

    def make_folders(self) -> None:
        """Create its folders, owned by the account it runs as."""
        self.folder.parent.chmod(0o755)  # made under the caller's umask, which may keep the account out
        for path in (self.folder, self.data, self.config, self.temp):
            path.mkdir(mode=0o750, exist_ok=True)
            self.home.account.give(path)

    def write_config(self, name: str, text: str) -> Path:
        """Write a file of its configuration."""
        path = self.config / name
        path.write_text(text)
        path.chmod(0o640)
        self.home.account.give(path)
        return path

    def last_lines(self, count: int) -> str:
        """Return the end of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - LOG_TAIL))
                lines = file.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(line[:300] for line in lines[-count:])

    def hint(self) -> str:
        """Return the mend for what the end of the log says, or "" for what we do not know."""
        text = self.last_lines(200)
        return next((mend for sign, mend in self.hints.items() if sign in text), "")
