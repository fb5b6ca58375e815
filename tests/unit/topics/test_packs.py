"""Topic packs as data: versions, and what cannot be a pattern."""

from __future__ import annotations

import re

import pytest
from tests.unit.topics.packs import pack

from presswatch.core.packs import Pack, faults

BASE = pack([(1, "wheat"), (0.5, "bread")], lists={"crops": ["rye"]})


def test_a_version_is_twelve_hex_digits_and_depends_on_content_only() -> None:
    again = pack([(1, "wheat"), (0.5, "bread")], lists={"crops": ["rye"]})
    assert re.fullmatch("[0-9a-f]{12}", BASE.version)
    assert BASE.version == again.version


@pytest.mark.parametrize(
    "other",
    [
        pack([(1, "wheat"), (0.6, "bread")], lists={"crops": ["rye"]}),
        pack([(1, "wheat"), (0.5, "breads")], lists={"crops": ["rye"]}),
        pack([(1, ["wheat", "bread"])], lists={"crops": ["rye"]}),
        pack([(1, "wheat"), (0.5, "bread")], lists={"crops": ["oats"]}),
        pack([(1, "wheat"), (0.5, "bread")], lists={"crops": ["rye"]}, threshold=0.6),
        pack([(1, "wheat"), (0.5, "bread")], lists={"crops": ["rye"]}, topic="corn"),
        pack([(1, "wheat"), (0.5, "bread")], lists={"crops": ["rye"]}, lang="fr"),
    ],
)
def test_whatever_may_change_a_tag_changes_the_version(other: Pack) -> None:
    assert other.version != BASE.version


def test_languages_are_those_with_patterns() -> None:
    assert Pack("grain", 0.5, {"en": BASE.patterns["en"], "fr": ()}).languages == {"en"}


@pytest.mark.parametrize("match", ["wheat", 'title:"winter wheat"', "raw:WHO", "@crops NEAR/3 ban", "COUNT/2 rye"])
def test_what_looks_at_title_and_text_is_a_pattern(match: str) -> None:
    assert faults(match, {"crops": ["rye"]}) == []


@pytest.mark.parametrize("match", ["wheat AND lang:en", "(rye OR source:BBC) NOT oats", "wheat AND words:>300"])
def test_metadata_is_no_business_of_a_pattern(match: str) -> None:
    (error,) = faults(match)
    assert "title and text only" in error.message
    assert ":" in match[error.start : error.end]


def test_all_mistakes_of_a_pattern_are_found() -> None:
    assert len(faults("whe* NEAR/ rye AND @nothing")) >= 2
