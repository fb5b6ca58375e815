"""Intake: what an incoming article is to what we have of it, and in which order wordings follow one another.

Pure: it gets what is known and what came, and returns a decision with its reason. docs/decisions/0005 tells why the
order of writes around it loses nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from presswatch.core.article import normalise_wording, wording_hash
from presswatch.core.errors import BadMessageError
from presswatch.core.text import by_character, tokenise

CLOCK_SKEW_MS = 60 * 60 * 1000
"""How far ahead of our clock `fetched` may be. Beyond that every later correction would count as older."""

OLDEST_MS = 946_684_800_000
"""2000-01-01: a `fetched` before it comes from a clock that was never set."""

MAX_ID_BYTES = 512
"""Elasticsearch refuses longer document ids, and with them the whole request."""

State = Literal[
    "new",  # not seen before
    "revision",  # another wording, newer than what we have
    "completed",  # we had an excerpt, this is the full text
    "regenerated",  # the same wording, tagged by a later roll-out
    "restored",  # the same wording, but its document is missing or of another
    "unchanged",  # the same wording again
    "excerpt",  # the beginning of the full text that we have
    "superseded",  # another wording, older than what we have
]
Reason = Literal[
    "first_sighting",
    "wording_differs",
    "full_text_replaces_excerpt",
    "generation_is_newer",
    "document_is_missing",
    "wording_is_the_same",
    "excerpt_of_what_is_there",
    "fetched_before_what_is_there",
    "attempt_was_not_finished",
]

REWORDS: frozenset[State] = frozenset({"new", "revision", "completed"})
"""States in which the article gets another wording than it had."""


@dataclass(frozen=True)
class Wording:
    """Title and text of an article at one time."""

    title: str
    text: str

    @cached_property
    def hash(self) -> str:
        """The hash that is equal for two wordings exactly if they do not differ in substance."""
        return wording_hash(self.title, self.text)


@dataclass(frozen=True, slots=True)
class Known:
    """What is settled about an article.

    Args:
        seq: grows with each wording; `fetched` of the message that brought the present one (see `decide`).
        latest: `fetched` of the newest message that had the present wording.
        generation: roll-out that tagged the stored document.
        hash: `Wording.hash` of the present wording.
    """

    seq: int
    latest: int
    generation: int
    hash: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The article's document as it is stored: its seq, the hash it was stored with, its wording."""

    seq: int
    hash: str
    wording: Wording


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a message says: when it was fetched, by which roll-out it was tagged, its wording."""

    fetched: int
    generation: int
    wording: Wording


@dataclass(frozen=True, slots=True)
class Decision:
    """What a message is, why, and what is known once it is dealt with."""

    state: State
    reason: Reason
    known: Known


def decide(settled: Known | None, intended: Known | None, stored: Stored | None, incoming: Incoming) -> Decision:
    """Decide on one message.

    A message is newer if it was fetched after the newest one that had the present wording; of two fetched in the same
    millisecond, the one with the greater hash, so that the outcome does not hang on their order of arrival. `seq`
    is the new wording's `fetched`; only where messages overtook one another is it raised, to be above the one before.

    Args:
        settled: what is settled, or None if nothing is.
        intended: another wording that somebody has begun to write and not settled; None if nobody has. This message,
            if it has that wording, takes the attempt up with its seq. Any other message is measured against it, as
            if it were settled: whoever began it will come again and finish, or find that it was overtaken.
        stored: the document, or None if there is none.
        incoming: the message.
    """
    wording = incoming.wording
    if intended is not None and intended.hash == wording.hash:
        begun = replace(intended, latest=max(intended.latest, incoming.fetched), generation=incoming.generation)
        return Decision("new" if settled is None else "revision", "attempt_was_not_finished", begun)
    known = intended or settled
    if known is None:
        first = Known(incoming.fetched, incoming.fetched, incoming.generation, wording.hash)
        return Decision("new", "first_sighting", first)
    present = stored.wording if stored is not None and (stored.seq, stored.hash) == (known.seq, known.hash) else None
    if wording.hash == known.hash:
        return _same_wording(known, present, incoming)
    replaced = Known(max(incoming.fetched, known.seq + 1), incoming.fetched, incoming.generation, wording.hash)
    if present is not None and is_excerpt(wording, present):
        return Decision("excerpt", "excerpt_of_what_is_there", known)
    if present is not None and is_excerpt(present, wording):
        return Decision("completed", "full_text_replaces_excerpt", replaced)
    if (incoming.fetched, wording.hash) < (known.latest, known.hash):
        return Decision("superseded", "fetched_before_what_is_there", known)
    return Decision("revision", "wording_differs", replaced)


def _same_wording(known: Known, present: Wording | None, incoming: Incoming) -> Decision:
    again = replace(known, latest=max(known.latest, incoming.fetched))
    if present is None:
        return Decision("restored", "document_is_missing", replace(again, generation=incoming.generation))
    if incoming.generation > known.generation:
        return Decision("regenerated", "generation_is_newer", replace(again, generation=incoming.generation))
    return Decision("unchanged", "wording_is_the_same", again)


def plausible(article: str, fetched: int, now: int) -> None:
    """Make sure that an id and a time can be worked with.

    Raises:
        BadMessageError: reason ``invalid``.
    """
    if len(article.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
        raise BadMessageError("invalid", f"id: is longer than {MAX_ID_BYTES} bytes")
    if not OLDEST_MS <= fetched <= now + CLOCK_SKEW_MS:
        raise BadMessageError(
            "invalid",
            f"fetched: {fetched} is not between 2000-01-01 and an hour from now; check the clock of the machine that fetched it",
        )


_CUT_PHRASE = re.compile(
    r"(?:the post .{1,300} appeared first on .{1,100}|\(more\)|\bread (?:more|on)|\bcontinue reading.{0,120}|\bweiterlesen"
    r"|\blire la suite|\bseguir leyendo|\bleer más|\bleggi tutto|\bleia mais|читать далее|اقرأ المزيد)$"
)
_CUT_PHRASE_LENGTH = 450
_TEASER_LENGTH = 600
_CUT_SHARE = 0.8


def is_excerpt(part: Wording, whole: Wording) -> bool:
    """Tell whether a wording is a teaser or the beginning of another, fuller one.

    It is, if its text is shorter and (1) empty; or (2) found word for word in the other, and at most 80 % of it (a
    correction that takes out a last paragraph is no excerpt) or visibly cut off ("...", "read more"); or (3) at most
    600 characters and half of the other's length, under the same title, most of its longer words found there: a teaser
    written by hand, unlike a notice of withdrawal.
    """
    short, full = normalise_wording(part.text), normalise_wording(whole.text)
    if not short or not full:
        return bool(full)
    body, cut_off = _without_cut_marks(short)
    if len(body) >= len(full):
        return False
    if body in full:
        return cut_off or len(body) <= _CUT_SHARE * len(full)
    if len(body) > min(_TEASER_LENGTH, len(full) / 2):
        return False
    if normalise_wording(part.title) != normalise_wording(whole.title):
        return False
    words = _telling_words(body)
    return bool(words) and len(words & _telling_words(full)) > len(words) / 2


def _without_cut_marks(text: str) -> tuple[str, bool]:
    """Take "...", "[...]", "read more" and the like off the end of a normalised text; tell whether there were any."""
    cut_off = False
    while True:
        shorter = text.rstrip(" .[]»→>")
        cut_off = cut_off or "..." in text[len(shorter) :]
        tail = shorter[-_CUT_PHRASE_LENGTH:]
        phrase = _CUT_PHRASE.search(tail)
        if phrase is None:
            return shorter, cut_off
        cut_off = True
        text = shorter[: len(shorter) - len(tail) + phrase.start()]


def _telling_words(text: str) -> set[str]:
    """Words that say what a text is about, roughly: the longer ones, and single characters of scripts without spaces."""
    return {token for token in tokenise(text).texts if len(token) > 4 or by_character(token[0])}
