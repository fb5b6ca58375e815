"""As whom the engines run: as the caller, or, when the caller is root, as an unprivileged account.

Elasticsearch refuses to run as root, and neither engine needs anything that only root may do.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# The overflow uid and gid of Linux, for a machine whose account list has no `nobody`.
OVERFLOW_ID = 65534


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that own the engines' data and run their processes."""

    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether the account is another than the caller's, so that processes and files have to be handed over."""
        return self.uid != os.geteuid()

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or folder (not of what is in it)."""
        if self.foreign:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def popen(
        self, argv: Sequence[str | Path], *, env: Mapping[str, str], output: int | IO[bytes], detached: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start a program as this account, with this environment and nothing of the caller's.

        A detached program gets a session of its own: neither Ctrl-C nor a closed terminal reaches it.
        """
        argv = [str(part) for part in argv]
        handed_over = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.foreign else {}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # the stubs want the three spelt out
            argv,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            umask=0o027,
            start_new_session=detached,
            **handed_over,
        )

    def run(self, argv: Sequence[str | Path], *, env: Mapping[str, str], timeout: float) -> tuple[int, str]:
        """Run a program to its end; return its exit code and its output (both streams).

        Raises:
            OSError: it cannot be started (missing, not executable, account not usable).
            subprocess.TimeoutExpired: it ran for more than `timeout` seconds (it is killed).
        """
        with self.popen(argv, env=env, output=subprocess.PIPE) as process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return process.returncode, output.decode(errors="replace")


def engine_account() -> Account:
    """Return the caller's own account, or `nobody` for root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(OVERFLOW_ID, OVERFLOW_ID)
    return Account(nobody.pw_uid, nobody.pw_gid)
