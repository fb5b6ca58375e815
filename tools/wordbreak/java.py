"""Run the small Java programs beside this file."""

from __future__ import annotations

from pathlib import Path

from tools.java import JAVA, call, class_path

HERE = Path(__file__).parent


def run(program: str, stdin: str = "") -> str:
    """Compile and run `program`.java, and return what it prints (ASCII on both sides).

    Raises:
        RuntimeError: Maven, the compiler or the program failed; it says why.
    """
    return call(JAVA, "-cp", class_path(HERE / "pom.xml", sorted(HERE.glob("*.java"))), program, stdin=stdin)
