"""docs/topics-new.md: its files are written, its commands are run, and they print what stands under them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from presswatch.packfiles import load_specs

REPOSITORY = Path(__file__).parents[3]
PAGE = REPOSITORY / "docs" / "topics-new.md"
_BLOCK = re.compile(
    r"(?:<!-- (?P<way>file|add to): (?P<file>\S+?)(?P<rest>, from patterns: on)? -->\n)?```(?P<kind>\w+)\n(?P<body>.*?)```\n",
    re.DOTALL,
)
_CHANGES = re.compile(r"(?<=marked )[0-9a-f]{32}|[\d,]+(?= a second of CPU time)")
"""What is not the same in every run, or says nothing to a reader."""


def shell(directory: Path) -> dict[str, str]:
    """The environment of the commands: `presswatch` and `python` are ours, whatever is installed."""
    bin_ = directory / ".bin"
    bin_.mkdir()
    (bin_ / "presswatch").write_text(f'#!/bin/sh\nexec {sys.executable} -m presswatch "$@"\n')
    (bin_ / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for script in bin_.iterdir():
        script.chmod(0o755)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PRESSWATCH_")}
    return {**outside, "PATH": f"{bin_}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY), "COLUMNS": "120"}


def transcript(page: str, directory: Path) -> Iterator[tuple[str, str]]:
    """Do what the page says, and yield each console block as it stands there and as it came out."""
    environment = shell(directory)
    for block in _BLOCK.finditer(page):
        if block["kind"] == "console":
            came = []
            for command in re.findall(r"^\$ (.*)$", block["body"], re.MULTILINE):
                if exported := re.fullmatch(r"export (\w+)=(\S+)", command):
                    environment[exported[1]] = exported[2]
                done = subprocess.run(
                    ["/bin/sh", "-c", command],
                    cwd=directory,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                out = (done.stdout + done.stderr).rstrip("\n")
                came += [f"$ {command}", *([out] if out else [])]
            yield block["body"], _CHANGES.sub("...", "\n".join([*came, ""]))
        elif block["file"]:
            path = directory / block["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text("utf-8") if block["way"] == "add to" else ""
            if block["rest"]:
                before = path.read_text("utf-8").partition("patterns:\n")[0]
            path.write_text(before + block["body"], encoding="utf-8")


def test_the_page_is_true(tmp_path: Path) -> None:
    blocks = list(transcript(PAGE.read_text("utf-8"), tmp_path))
    assert len(blocks) > 5
    for stands, came in blocks:
        assert came == stands
    whole = load_specs(REPOSITORY / "docs" / "examples" / "topics")[0]
    made = load_specs(tmp_path / "desk" / "topics")[0]
    assert made.patterns["en"] == whole.patterns["en"]
    assert made.must_tag["en"] == whole.must_tag["en"]
    assert made.must_not_tag["en"] == whole.must_not_tag["en"]
