"""Laws of tagging: any small pack, any article made of words that it knows and words that it does not."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, target
from hypothesis import strategies as st

from presswatch.core.judging import MAX_EVIDENCE
from presswatch.core.packs import Pack, Pattern, faults
from presswatch.core.rules.document import Document
from presswatch.core.rules.match import Expression, Matcher
from presswatch.core.rules.syntax import parse
from presswatch.core.topics import Tagger

WORDS = ("wheat", "barley", "ban", "export", "data", "école")
OTHERS = ("the", "of", "𝒳tra", "hall", "Ünï")

word = st.sampled_from(WORDS)
clause = st.one_of(
    word,
    word.map(lambda w: f"{w[:3]}*"),
    st.tuples(word, word).map(lambda p: f'"{p[0]} {p[1]}"'),
    st.tuples(word, word, st.integers(0, 3)).map(lambda p: f"{p[0]} NEAR/{p[2]} {p[1]}"),
    st.tuples(word, word).map(lambda p: f"({p[0]} OR title:{p[1]})"),
)
match = st.one_of(
    clause,
    st.tuples(clause, clause).map(" AND ".join),
    st.tuples(clause, clause).map(" NOT ".join),
    st.tuples(clause, clause, clause).map(lambda p: f"{p[0]} OR ({p[1]} AND {p[2]})"),
)
weight = st.sampled_from([-1.0, -0.3, 0.0, 0.2, 0.5, 1.0, 2.0])
idea = st.tuples(weight, st.lists(match, min_size=1, max_size=3, unique=True))


@st.composite
def packs(draw: st.DrawFn, topic: str = "grain") -> Pack:
    ideas = [(draw(st.sampled_from([0.5, 1.0, 2.0])), ["wheat"]), *draw(st.lists(idea, max_size=5))]
    patterns = [Pattern(each, weight, number) for number, (weight, found) in enumerate(ideas) for each in found]
    assert all(faults(pattern.match) == [] for pattern in patterns)
    return Pack(topic, draw(st.sampled_from([0.001, 0.3, 0.5])), {"en": tuple(patterns)})


def texts(most: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(WORDS + WORDS + OTHERS), max_size=most).map(" ".join)


@st.composite
def articles(draw: st.DrawFn) -> dict[str, Any]:
    """An article in which `wheat`, which every pack is for, stands somewhere."""
    article = {"title": draw(texts(8)), "text": draw(texts(40)), "lang": "en"}
    field = draw(st.sampled_from(["title", "text"]))
    words = article[field].split()
    words.insert(draw(st.integers(0, len(words))), "wheat")
    return {**article, field: " ".join(words)}


def tags_of(pack: Pack, article: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tags of an article that has some: what has none proves nothing."""
    tags = Tagger([pack]).tag(article)
    assume(tags)
    target(float(len(tags[0]["evidence"])))
    return tags


@given(packs(), articles())
def test_a_tag_has_a_score_and_evidence_for_it(pack: Pack, article: dict[str, Any]) -> None:
    (tag,) = tags_of(pack, article)
    assert pack.threshold <= tag["score"] <= 1
    assert (tag["topic"], tag["threshold"], tag["pack"]) == ("grain", pack.threshold, pack.version)
    assert any(entry["weight"] > 0 for entry in tag["evidence"])


@given(packs(), articles())
def test_a_quote_is_the_slice_at_its_place(pack: Pack, article: dict[str, Any]) -> None:
    (tag,) = tags_of(pack, article)
    for entry in tag["evidence"]:
        assert entry["quote"] == article[entry["field"]][entry["start"] : entry["end"]] != ""


@given(packs(), articles())
def test_no_pattern_is_shown_more_than_five_times_in_an_idea(pack: Pack, article: dict[str, Any]) -> None:
    (tag,) = tags_of(pack, article)
    ideas = {pattern.match: 0 for pattern in pack.patterns["en"]}
    for pattern in pack.patterns["en"]:
        ideas[pattern.match] += 1
    for shown, count in ideas.items():
        entries = [entry for entry in tag["evidence"] if entry["pattern"] == shown]
        assert len(entries) <= MAX_EVIDENCE * count


@given(packs(), articles())
def test_a_pattern_of_one_field_matches_its_own_quote(pack: Pack, article: dict[str, Any]) -> None:
    (tag,) = tags_of(pack, article)
    checked = 0
    for entry in tag["evidence"]:
        if any(word in entry["pattern"] for word in ("AND", "NOT", "title:")):
            continue
        matcher = Matcher([Expression("p", "", parse(entry["pattern"]))])
        assert matcher.match(Document.of({"text": entry["quote"]}))
        checked += 1
    assume(checked)


@given(packs(), articles())
def test_what_a_trap_covers_is_no_evidence(pack: Pack, article: dict[str, Any]) -> None:
    article = {**article, "text": f"wheat barley {article['text']}"}
    patterns = (Pattern("wheat", 1.0, 98), *pack.patterns["en"], Pattern('"wheat barley"', 0.0, 99))
    hits = Tagger([Pack("grain", 0.5, {"en": patterns})]).judge(article)[0].hits
    for hit in hits:
        assert hit.pattern.weight < 0 or hit.split or ("text", 0, 5) not in {spot[:3] for spot in hit.spots}
    without_traps = tuple(pattern for pattern in patterns if pattern.weight > 0)
    hits = Tagger([Pack("grain", 0.5, {"en": without_traps})]).judge(article)[0].hits
    assert any(("text", 0, 5) in {spot[:3] for spot in hit.spots} for hit in hits)


def score_with(pack: Pack, article: dict[str, Any], more: Pattern) -> tuple[float, float]:
    """Return the score by a pack, and by the same pack with one more pattern, which the article satisfies."""
    assert Matcher([Expression("m", "", parse(more.match))]).match(Document.of(article))
    patterns = pack.patterns["en"]
    plain, other = (Tagger([Pack("grain", 0.5, {"en": each})]) for each in (patterns, (*patterns, more)))
    return plain.judge(article)[0].score, other.judge(article)[0].score


@given(packs(), articles(), st.sampled_from(["wheat", "whe*", "wheat OR barley", "wheat NOT rye"]))
def test_another_positive_pattern_never_lowers_a_score(pack: Pack, article: dict[str, Any], more: str) -> None:
    plain, richer = score_with(pack, article, Pattern(more, 0.5, 99))
    assert richer >= plain


@given(packs(), articles(), st.sampled_from(["wheat", "whe*", "wheat OR barley", "wheat NOT rye"]))
def test_another_negative_pattern_never_raises_a_score(pack: Pack, article: dict[str, Any], more: str) -> None:
    plain, poorer = score_with(pack, article, Pattern(more, -0.5, 99))
    assert poorer <= plain


@given(packs(), packs(topic="soil"), articles())
def test_packs_do_not_disturb_one_another(grain: Pack, soil: Pack, article: dict[str, Any]) -> None:
    together = Tagger([soil, grain]).tag(article)
    alone = Tagger([grain]).tag(article) + Tagger([soil]).tag(article)
    assume(together)
    assert together == alone


@given(packs(), articles())
def test_a_longer_text_that_says_no_more_never_scores_higher(pack: Pack, article: dict[str, Any]) -> None:
    assume(all(pattern.weight >= 0 for pattern in pack.patterns["en"]))
    tagger = Tagger([pack])
    longer = {**article, "text": article["text"] + " hall" * 300}
    short_score, long_score = (tagger.judge(each)[0].score for each in (article, longer))
    assume(short_score > 0)
    assert long_score <= short_score
