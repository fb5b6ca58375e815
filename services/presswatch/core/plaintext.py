"""Text of strangers made fit for a line that people read: nothing in it moves a cursor or turns the writing round."""

from __future__ import annotations

import re
import unicodedata

UNSAFE = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def plain(text: str, limit: int) -> str:
    """Return text on one line without control and direction characters, at most `limit` characters, never empty."""
    text = " ".join(UNSAFE.sub("", unicodedata.normalize("NFC", text)).split()) or "(none)"
    return text if len(text) <= limit else text[: limit - 1] + "…"
