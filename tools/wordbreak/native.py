"""Write `services/matcher/src/text/tables.rs`: the tables of the tokeniser for the native core, out of the Python core's own.

Run it when `presswatch/core/_wordbreak.py` or a table of `presswatch/core/folding.py` has changed:
``python -m tools.wordbreak.native``. It needs nothing but Python; a test tells when it was forgotten.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from presswatch.core import _wordbreak, folding
from presswatch.core.segmentation import CLASSES

TARGET = Path(__file__).parents[2] / "services" / "matcher" / "src" / "text" / "tables.rs"

HEADER = """\
//! Tables of the tokeniser. Written by `python -m tools.wordbreak.native` out of the Python core's; do not edit.

"""


def module() -> str:
    """Return the text of the generated module."""
    dropped = {point for point in range(0x110000) if folding._DROPPED.fullmatch(chr(point))}  # noqa: SLF001
    bare = {point for point in range(0x110000) if chr(CLASSES[point]) != "o" and _loses_marks(chr(point))}
    letters = sorted(folding._LETTERS.items())  # noqa: SLF001
    classes = "".join(f"    {line}\\\n" for line in textwrap.wrap(_wordbreak.CLASSES, 112, break_on_hyphens=False))
    return (
        f"{HEADER}"
        "/// Runs of code points from U+0000 on: the letter of a word-break class (`presswatch/core/_wordbreak.py` tells\n"
        "/// what they mean) and the length of the run.\n"
        f'pub const CLASSES: &str = "\\\n{classes}    ";\n\n'
        "/// Characters that folding drops.\n"
        f"{_ranges('DROPPED', dropped)}\n"
        "/// Latin and Greek letters, which lose their diacritics.\n"
        f"{_ranges('BARE', bare)}\n"
        "/// Letters that become others at the end of folding.\n"
        "#[rustfmt::skip]\n"
        "pub const LETTERS: &[(char, &str)] = &[\n"
        + "".join(f"    ('{_escaped(chr(point))}', \"{''.join(map(_escaped, to))}\"),\n" for point, to in letters)
        + "];\n"
    )


def _loses_marks(ch: str) -> bool:
    return ch.isalpha() and unicodedata.name(ch, "").startswith(("LATIN ", "GREEK "))


def _ranges(name: str, points: Iterable[int]) -> str:
    found: list[tuple[int, int]] = []
    for point in sorted(points):
        if found and found[-1][1] == point - 1:
            found[-1] = found[-1][0], point
        else:
            found.append((point, point))
    lines = "".join(f"    ('{_escaped(chr(first))}', '{_escaped(chr(last))}'),\n" for first, last in found)
    return f"#[rustfmt::skip]\npub const {name}: &[(char, char)] = &[\n{lines}];\n"


def _escaped(ch: str) -> str:
    return ch if ch.isascii() else f"\\u{{{ord(ch):x}}}"


if __name__ == "__main__":
    TARGET.write_text(module(), encoding="ascii")
