"""Topics of the demo's articles: the same tags, scores and evidence from both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from presswatch import demo, matching
from presswatch.articles import with_language
from presswatch.core.topics import Tagger
from presswatch.packfiles import load_packs


def articles() -> Iterator[dict[str, Any]]:
    """Read the demo's articles, without the line that is broken on purpose."""
    for line in (Path(demo.__file__).parent / "data" / "articles.jsonl").read_text("utf-8").splitlines():
        try:
            article = json.loads(line)
        except json.JSONDecodeError:
            continue
        yield dict(with_language(article))


@pytest.mark.needs("native")
def test_both_engines_tag_alike() -> None:
    packs = load_packs()
    python, native = (Tagger(packs, engine=matching.choose(name).engine) for name in ("python", "native"))
    tagged = 0
    for article in articles():
        expected = python.tag(article)
        assert native.tag(article) == expected
        tagged += bool(expected)
    assert tagged >= 15
