"""The score by itself: what title, lead, length, repeats and passages do to it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from presswatch.core.scoring import DEFAULT, Idea, Length, Place, evidence, score, without_overlap

HEADLINE = Length(title=8, text=0, lang="en")
BRIEF = Length(title=8, text=100, lang="en")
LONG = Length(title=8, text=1600, lang="en")


def title(*starts: int) -> list[Place]:
    return [Place(in_title=True, start=start, end=start + 1) for start in starts]


def text(*starts: int) -> list[Place]:
    return [Place(in_title=False, start=start, end=start + 1) for start in starts]


@pytest.mark.parametrize(
    ("amount", "expected"), [(-1.0, 0.0), (0.0, 0.0), (0.5, 0.293), (1.0, 0.5), (2.0, 0.75), (50.0, 1.0)]
)
def test_one_unit_of_evidence_is_half(amount: float, expected: float) -> None:
    assert score(amount) == expected


def test_one_sure_sign_in_a_headline_is_one_unit() -> None:
    assert evidence([(1.0, title(3))], HEADLINE) == pytest.approx(1.0)


def test_the_title_counts_more_than_the_lead_and_the_lead_more_than_the_body() -> None:
    in_title, in_lead, in_body = (evidence([(1.0, places)], BRIEF) for places in (title(3), text(3), text(80)))
    assert in_title > in_lead > in_body > 0


def test_without_a_title_the_lead_is_the_headline() -> None:
    assert evidence([(1.0, text(3))], Length(title=0, text=100, lang="en")) == pytest.approx(1.0)
    assert evidence([(1.0, text(80))], Length(title=0, text=100, lang="en")) < 0.6


def test_the_same_sign_says_less_in_a_longer_text() -> None:
    assert evidence([(1.0, text(80))], LONG) < 0.5 * evidence([(1.0, text(80))], BRIEF)


def test_repeats_say_less_and_less() -> None:
    amounts = [evidence([(1.0, title(*range(0, 2 * n, 2)))], HEADLINE) for n in (1, 2, 3, 40)]
    gains = [later - earlier for earlier, later in pairwise(amounts)]
    assert gains[0] == pytest.approx(DEFAULT.repeat)
    assert gains[1] == pytest.approx(DEFAULT.repeat**2)
    assert amounts[-1] < 1 / (1 - DEFAULT.repeat) + 1e-9


def test_two_ideas_say_more_than_one_twice() -> None:
    twice: list[Idea] = [(1.0, title(0, 2))]
    two: list[Idea] = [(1.0, title(0)), (1.0, title(2))]
    assert evidence(two, HEADLINE) > evidence(twice, HEADLINE)


def test_what_counts_against_is_subtracted() -> None:
    assert evidence([(1.0, title(0)), (-0.6, title(4))], HEADLINE) == pytest.approx(0.4)
    assert score(evidence([(0.5, title(0)), (-0.6, title(4))], HEADLINE)) == 0.0


def test_one_dense_passage_of_a_long_text_is_enough() -> None:
    spread = [(1.0, text(300)), (1.0, text(800)), (1.0, text(1300))]
    dense = [(1.0, text(800)), (1.0, text(810)), (1.0, text(820))]
    assert evidence(dense, LONG) > evidence(spread, LONG)


def test_a_passage_counts_repeats_like_the_whole() -> None:
    one_idea = [(1.0, text(800, 810, 820))]
    three_ideas = [(1.0, text(800)), (1.0, text(810)), (1.0, text(820))]
    assert evidence(one_idea, LONG) < evidence(three_ideas, LONG)


def test_lengths_are_in_words_of_english_whatever_the_script() -> None:
    english = evidence([(1.0, text(400))], Length(title=8, text=1000, lang="en"))
    chinese = evidence([(1.0, text(680))], Length(title=8, text=1700, lang="zh"))
    assert chinese == pytest.approx(english)


def test_overlapping_places_count_once_and_the_longest_of_them_stays() -> None:
    short, long, later = Place(False, 3, 4), Place(False, 3, 6), Place(False, 6, 7)
    in_title = Place(True, 3, 4)
    assert without_overlap([later, short, Place(False, 5, 7), long, in_title]) == [in_title, long, later]
