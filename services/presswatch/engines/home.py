"""The folder that holds the engines' programs, their data and a copy of the Java runtime.

It lies outside the clone and, for root, outside the home, so that the account the engines run as can reach it
whatever the modes of those are.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from presswatch.engines.account import Account, engine_account
from presswatch.engines.errors import EngineError

HOME_VARIABLE = "PRESSWATCH_ENGINES_HOME"
ROOT_HOME = Path("/var/lib/presswatch-engines")
PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._-]+")
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def default_home() -> Path:
    """Return /var/lib/presswatch-engines for root, and ~/.local/share/presswatch-engines for anyone else."""
    return ROOT_HOME if os.geteuid() == 0 else Path.home() / ".local" / "share" / "presswatch-engines"


@dataclass(frozen=True, slots=True)
class Home:
    """The engines' folder, checked: it is ours, nobody else can write in it, and the engines' account reaches it."""

    path: Path
    account: Account

    @property
    def dist(self) -> Path:
        """Programs, one folder for each set of versions; never changed once there."""
        return self.path / "dist"

    @property
    def instances(self) -> Path:
        """One folder for each instance: its state, configuration, data and logs."""
        return self.path / "run"

    @classmethod
    def open(cls, path: Path | None = None) -> Home:
        """Create the folder if need be, and check it.

        Raises:
            EngineError: it cannot be made, belongs to someone else, others may write in it, or the engines' account
                cannot reach it.
        """
        home = cls((path or default_home()).expanduser().absolute(), engine_account())
        if not PLAIN_PATH.fullmatch(str(home.path)):
            raise EngineError(
                f"the engines' folder {str(home.path)!r} has characters that their start scripts cannot take",
                f"set {HOME_VARIABLE} to a path of unaccented letters, digits and / . _ - only",
            )
        try:
            for folder in [*reversed(home.path.parents), home.path, home.dist, home.instances]:
                if not folder.is_dir():
                    folder.mkdir(exist_ok=True)
                    folder.chmod(0o755 if home.account.foreign else 0o700)  # whatever the caller's umask is
        except OSError as error:
            raise EngineError(
                f"the engines' folder {home.path} cannot be made: {error.strerror} ({error.filename})",
                f"set {HOME_VARIABLE} to a folder that you can write and that has room for 2 GB",
            ) from error
        for folder in home.path.resolve().parents:
            _check_not_open(folder)
        for folder in (home.path, home.dist, home.instances):
            _check_ours(folder)
        home.check_reach()
        return home

    def check_reach(self) -> None:
        """Enter the folder as the engines' account; raise EngineError, naming the folder in the way, if it cannot."""
        if not self.account.foreign:
            return
        try:
            code, output = self.account.run(
                ["/bin/sh", "-c", 'cd -- "$1"', "sh", self.path], env={"PATH": SEARCH_PATH}, timeout=30
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EngineError(
                f"nothing can be run as uid {self.account.uid}, the account for the engines: {error}",
                "run presswatch as an ordinary user instead of root, or in a container that maps that uid",
            ) from error
        if code != 0:
            raise EngineError(
                f"uid {self.account.uid}, as whom the engines run, cannot reach {self.path}"
                f" ({_barrier(self.path) or output.strip()})",
                f"set {HOME_VARIABLE} to a folder below folders with mode 0755, such as {ROOT_HOME}",
            )


def _check_not_open(folder: Path) -> None:
    """Refuse a folder above ours in which anyone may rename ours away (in a sticky one such as /tmp they may not)."""
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise EngineError(
            f"anyone may rename what lies in {folder} (mode {stat.S_IMODE(mode):04o}), also the engines' folder",
            f"set {HOME_VARIABLE} to a folder elsewhere, or chmod o-w {folder}",
        )


def _check_ours(folder: Path) -> None:
    """Refuse a folder in which another user could plant a program: engines would run it."""
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        status = folder.stat()
    if status.st_uid != os.geteuid():
        raise EngineError(
            f"{folder} belongs to uid {status.st_uid}, not to you (uid {os.geteuid()})",
            f"set {HOME_VARIABLE} to a folder of your own, or have its owner remove it",
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise EngineError(
            f"others may write in {folder} (mode {stat.S_IMODE(status.st_mode):04o})", f"chmod go-w {folder}"
        )


def _barrier(path: Path) -> str:
    """Name the first folder on the way that others cannot pass, or return ""."""
    for folder in [*reversed(path.parents), path]:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            return f"{folder} has mode {mode:04o}"
    return ""
