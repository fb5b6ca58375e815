"""Topics: the native judge says what the Python one says, to the last bit, of any packs and articles in any script."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from benchmarks.topics.sets import SETS
from hypothesis import assume, given, target
from hypothesis import strategies as st
from tests.property.matcher_strategies import SCRIPTS

from presswatch import matching
from presswatch.core.judging import Verdict
from presswatch.core.learned import ANY, Calibration, Learned
from presswatch.core.packs import Pack, Pattern, faults
from presswatch.core.packspec import article_of
from presswatch.core.text import tokenise
from presswatch.core.topics import Tagger
from presswatch.packfiles import BUILT_IN, load_files, load_packs

pytestmark = pytest.mark.needs("native")

SHAPES = (
    "{a}", "{a}", "{a}*", '"{a} {b}"', '"{a} {b}"~2', "{a} NEAR/3 {b}", "({a} OR {c}) NEAR/2f {b}", "{a} AND {b}",
    "{a} NOT {b}", "{a} OR ({b} AND {c})", "title:{a}", "text:({a} OR {b})", "COUNT/2 {a}", "ATLEAST/2 ({a}, {b}, {c})",
    "raw:{a}", "{a} AND (title:{b} OR {c})", "({a} OR {b}*) NOT title:{c}", "@some",
)  # fmt: skip
WEIGHTS = (-0.5, 0.0, 0.0, 0.2, 0.35, 1.0, 2.0)


def seen(verdicts: Sequence[Verdict]) -> list[tuple[Any, ...]]:
    """Return all that is visible of verdicts, so that two forms of them can be compared."""
    return [
        (each.topic, each.score, each.threshold, each.tagged, list(each.hits), list(each.words), each.evidence())
        for each in verdicts
    ]


def assert_alike(python: Tagger, native: Tagger, article: dict[str, Any]) -> int:
    """Compare what both say of an article; return how many hits and learned words that is."""
    expected, found = python.judge(article), native.judge(article)
    assert seen(found) == seen(expected)
    assert native.tag(article) == python.tag(article)
    assert native.evidence(native.document(article)) == python.evidence(python.document(article))
    return sum(len(each.hits) + len(each.words) for each in expected)


def taggers(packs: Sequence[Pack]) -> tuple[Tagger, Tagger]:
    return Tagger(packs), Tagger(packs, engine=matching.choose("native").engine)


@st.composite
def patterns(draw: st.DrawFn, words: Sequence[str]) -> tuple[Pattern, ...]:
    def written() -> str:
        a, b, c = (draw(st.sampled_from(words)) for _ in range(3))
        shape = draw(st.sampled_from(SHAPES))
        return shape.format(a=a, b=b, c=c)

    lists = {"some": list(words[:2])}
    found = [Pattern(written(), draw(st.sampled_from(WEIGHTS)), draw(st.integers(0, 3))) for _ in range(6)]
    return tuple(each for each in found if not faults(each.match, lists))


@st.composite
def learned(draw: st.DrawFn, words: Sequence[str], lang: str) -> Learned:
    """Weights of the tokens of a script, of their beginnings and of pairs."""
    tokens = sorted({token for word in words for token in tokenise(word, lang).texts})
    names = [*tokens, *(f"{token[:4]}*" for token in tokens if len(token) > 4), *(f"{token[:6]}*" for token in tokens)]
    names += [f"{draw(st.sampled_from(tokens))} {draw(st.sampled_from(tokens))}" for _ in range(4)]
    weights = st.dictionaries(st.sampled_from(names), st.floats(-5, 5), max_size=len(names))
    calibration = st.builds(Calibration, st.floats(0, 6), st.floats(-1, 1), st.floats(-5, 5))
    return Learned(
        "a",
        {lang: draw(weights)},
        {lang: draw(st.floats(-2, 2))},
        draw(weights),
        draw(calibration),
        draw(calibration),
        {lang: draw(st.floats(1, 60))},
        {ANY: draw(st.floats(0.01, 1))},
    )


@st.composite
def cases(draw: st.DrawFn, script: str) -> tuple[list[Pack], list[dict[str, Any]]]:
    words, joints, lang = SCRIPTS[script]
    assert lang is not None
    primary = lang.partition("-")[0].lower()
    lists = {primary: {"some": list(words[:2])}}
    packs = [
        Pack(
            topic,
            draw(st.sampled_from([0.001, 0.3, 0.5])),
            {primary: draw(patterns(words))} if has_patterns else {},
            lists,
            draw(learned(words, primary)) if has_learned else None,
        )
        for topic in ("a", "b")
        for has_patterns, has_learned in (draw(st.sampled_from([(True, True), (True, False), (False, True)])),)
    ]

    def text(most: int) -> str:
        chosen = draw(st.lists(st.sampled_from(words), max_size=most))
        return "".join(part for word in chosen for part in (word, draw(st.sampled_from(joints))))

    return packs, [{"title": text(most), "text": text(60), "lang": lang} for most in (5, 0)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_packs_and_articles_of_any_script(script: str) -> None:
    @given(cases(script))
    def alike(case: tuple[list[Pack], list[dict[str, Any]]]) -> None:
        packs, articles = case
        python, native = taggers(packs)
        found = sum(assert_alike(python, native, article) for article in articles)
        target(float(found))
        assume(found)

    alike()


@pytest.fixture(scope="module")
def shipped() -> tuple[Tagger, Tagger]:
    return taggers(load_packs())


def test_the_packs_that_ship_on_their_examples_and_mixtures_of_them(shipped: tuple[Tagger, Tagger]) -> None:
    python, native = shipped
    of_language: dict[str, list[dict[str, Any]]] = {}
    for spec, _ in load_files(BUILT_IN):
        for by_language in (spec.must_tag, spec.must_not_tag):
            for lang, examples in by_language.items():
                of_language.setdefault(lang, []).extend(article_of(example, lang) for example in examples)
    random_ = random.Random(5)
    found = 0
    for lang, articles in of_language.items():
        long = [
            {
                "title": random_.choice(articles)["title"],
                "text": " ".join(f"{each['title']}. {each['text']}" for each in random_.sample(articles, 12)),
                "lang": lang,
            }
            for _ in range(4)
        ]
        for article in (*random_.sample(articles, 12), *long):
            found += assert_alike(python, native, article)
    assert found > 1000


@pytest.mark.needs("shared")
def test_the_packs_that_ship_on_labelled_articles(shipped: tuple[Tagger, Tagger], shared: Path) -> None:
    python, native = shipped
    found = 0
    for labelled in SETS:
        rows = list(labelled.rows(shared / "data" / "topics"))
        for row in random.Random(7).sample(rows, min(60, len(rows))):
            found += assert_alike(python, native, {name: row[name] for name in ("title", "text", "lang")})
            headline = {"title": "", "text": row["title"] or row["text"][:80], "lang": row["lang"]}
            found += assert_alike(python, native, headline)
    assert found > 1000


def test_what_is_taken_over_from_another_tagger_tells_the_version_of_its_own_packs() -> None:
    for engine in (matching.choose("python").engine, matching.choose("native").engine):
        one = Pack("grain", 0.5, {"en": (Pattern("wheat", 1.0, 0),)})
        other = Pack("grain", 0.5, {**one.patterns, "fr": (Pattern("ble", 1.0, 0),)})
        before, after = Tagger([one], engine=engine), Tagger([other], engine=engine)
        before.make_ready()
        after.make_ready(before)
        (tag,) = after.tag({"title": "Wheat", "lang": "en"})
        assert tag["pack"] == other.version != one.version
        assert after.tag({"title": "Du ble", "lang": "fr"}) != []
        assert [tag["pack"] for tag in before.tag({"title": "Wheat", "lang": "en"})] == [one.version]
