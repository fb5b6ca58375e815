"""Whatever dies between the note, the announcements and the settling: what was announced last is what is so."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st

from presswatch.core.changes import changes

RULES = ("a", "b", "c")
matches = st.dictionaries(st.sampled_from(RULES), st.sampled_from(("1", "2")))


@st.composite
def attempts(draw: st.DrawFn) -> tuple[dict[str, str], int, bool]:
    """The matches of an attempt, how many of its announcements go out, and whether it is settled."""
    settles = draw(st.booleans())
    return draw(matches), len(RULES) if settles else draw(st.integers(0, len(RULES))), settles


@given(st.lists(attempts(), max_size=8), matches)
def test_the_last_announcements_agree_with_what_is_settled(
    history: list[tuple[dict[str, str], int, bool]], last: dict[str, str]
) -> None:
    before: dict[str, str] = {}
    unsettled: dict[str, str] = {}
    announced: dict[str, tuple[str, str]] = {}
    ever_matched: set[str] = set()
    for now, published, settles in [*history, (last, len(RULES), True)]:
        found = changes(before, unsettled, now, wording="other")
        unsettled = unsettled | {change.rule: change.version for change in found}
        for change in found[:published]:
            if change.kind == "changed":
                assert change.rule in ever_matched, "changed before it was ever matched: nobody would be alerted"
            if change.kind == "matched":
                ever_matched.add(change.rule)
            announced[change.rule] = (change.kind, change.version)
        if settles:
            before, unsettled = now, {}
        else:
            event("died after announcing" if published and found else "died before announcing")
    standing = {rule: version for rule, (kind, version) in announced.items() if kind != "withdrawn"}
    assert standing == last


@given(matches, matches, st.sampled_from(["same", "other"]))
def test_a_repeated_attempt_announces_at_least_the_same(
    before: dict[str, str], now: dict[str, str], wording: str
) -> None:
    first = changes(before, {}, now, wording=wording)  # type: ignore[arg-type]
    noted = {change.rule: change.version for change in first}
    assert changes(before, noted, now, wording=wording) == first  # type: ignore[arg-type]
