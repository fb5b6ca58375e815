"""Write `presswatch/core/_wordbreak.py`: a letter for each code point that says how words break there.

Run it when Lucene is raised: ``python -m tools.wordbreak.generate``. The classes are Lucene's own (its tokenizer knows
Unicode 12.1), with three changes that the rule language asks for:

- every ideograph is a token of its own, also the two repetition marks that Lucene counts among the letters;
- characters of South-East Asian scripts tell whether a grapheme cluster begins with them;
- characters of Unicode 13 and 14 have their class by UAX #29. The oldest Python that Presswatch runs on knows Unicode 14,
  and later characters are no words, so that every Python folds a token in the same way.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

from tools.wordbreak.java import run

TARGET = Path(__file__).parents[2] / "services" / "presswatch" / "core" / "_wordbreak.py"

# A code point of each of Lucene's classes, whose numbers change from release to release, and our letter for it.
LETTERS = {
    0x20: "o",
    0x22: "Q",
    0x23: "k",
    0x27: "S",
    0x2C: "M",
    0x2E: "B",
    0x30: "N",
    0x3A: "L",
    0x41: "A",
    0x5F: "E",
    0xA9: "P",
    0xAD: "x",
    0x5D0: "H",
    0x660: "N",
    0xE01: "T",
    0xE31: "y",
    0x1100: "A",
    0x200D: "z",
    0x20E3: "c",
    0x2139: "I",
    0x4E00: "J",
    0x30A1: "K",
    0x3041: "J",
    0xFE0E: "v",
    0xFE0F: "w",
    0x1F1E6: "R",
    0x1F3FB: "p",
    0xE0020: "t",
    0xE007F: "u",
}
BY_WORD_BREAK = {
    "ALetter": "A",
    "Hebrew_Letter": "H",
    "Numeric": "N",
    "Katakana": "K",
    "ExtendNumLet": "E",
    "MidLetter": "L",
    "MidNum": "M",
    "MidNumLet": "B",
    "Extend": "x",
    "Format": "x",
    "Other": "o",
}
LUCENES_UNICODE, OLDEST_PYTHONS_UNICODE = 12, 14

HEADER = '''"""Where words may break: a class for every code point. Written by `tools.wordbreak.generate`; do not edit.

`CLASSES` lists runs of code points from U+0000 on, each a letter and the length of the run:

o other                 A letter               H Hebrew letter         I letter that is an emoji as well
N digit                 K Katakana             J Han, Hiragana         E joins letters and digits (_)
L joins letters (:)     M joins digits (,)     B joins either (.)      S apostrophe, as B
Q quotation mark        x extends any (WB4)    z zero width joiner     v, w text and emoji presentation selector
P emoji                 p emoji modifier       R regional indicator    k base of a keycap (# and *), c keycap
t, u tag and its end    T, Y South-East Asian, y, i the same, as x; a grapheme cluster begins with T and i
"""

'''


@dataclass(frozen=True)
class Run:
    """Code points `first` to `last` (inclusive), of which Lucene and ICU know the same."""

    first: int
    last: int
    lucene: str
    age: int
    word_break: str
    line_break: str
    grapheme_break: str
    script: str


def runs() -> list[Run]:
    """Ask Lucene and ICU."""
    rows = (line.split() for line in run("CharacterClasses").splitlines())
    return [Run(int(first, 16), int(last, 16), lucene, int(age), *rest) for first, last, lucene, age, *rest in rows]


def module() -> str:
    """Return the text of the generated module."""
    known = runs()
    letters = {
        found.lucene: letter
        for found in known
        for point, letter in LETTERS.items()
        if found.first <= point <= found.last
    }
    pieces: list[tuple[str, int]] = []
    for found in known:
        letter, length = _class(found, letters), found.last - found.first + 1
        if pieces and pieces[-1][0] == letter:
            length += pieces.pop()[1]
        pieces.append((letter, length))
    text = "".join(f"{letter}{length}" for letter, length in pieces)
    lines = "".join(f'    "{line}"\n' for line in textwrap.wrap(text, 112, break_on_hyphens=False))
    return f"{HEADER}CLASSES = (\n{lines})\n"


def _class(found: Run, letters: dict[str, str]) -> str:
    newer = LUCENES_UNICODE < found.age <= OLDEST_PYTHONS_UNICODE
    letter = letters[found.lucene]
    if newer and letter == "o":
        letter = BY_WORD_BREAK[found.word_break]
        if found.line_break == "Complex_Context":
            letter = "y" if letter == "x" else "T"
    if found.script in {"Han", "Hiragana"} and (letter == "A" or (newer and letter == "o")):
        letter = "J"
    if letter in {"T", "y"}:
        inside = found.grapheme_break in {"Extend", "SpacingMark"}
        letter = {"T": "TY", "y": "iy"}[letter][inside]
    return letter


if __name__ == "__main__":
    TARGET.write_text(module(), encoding="ascii")
