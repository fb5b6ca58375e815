"""Random articles in nine scripts, and rules made of what stands in them, so that many rules match."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from presswatch.core.rules.model import (
    And,
    AtLeast,
    Bound,
    Count,
    Exact,
    Meta,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Raw,
    Slot,
    TextField,
    Wildcard,
)
from presswatch.core.text import fold_value, query_slots

SCRIPTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str | None]] = {
    # words, what stands between them, language
    "Latin": (
        (
            "wheat",
            "Wheat",
            "bans",
            "banned",
            "café",
            "café",
            "Straße",
            "O'Reilly",
            "l’État",
            "wi-fi",
            "C++",
            "WHO",
            "AT&T",
            "organisation",
            "organization",
            "a",
            "İzmir'de",
        ),
        (" ", " ", " ", ", ", ". ", "-"),
        "en-GB",
    ),
    "Turkish": (
        ("\u0130stanbul'da", "\u0130stanbul", "\u0131spanak", "bu\u011fday", "Ankara\u2019n\u0131n", "ihracat"),
        (" ", " ", ", "),
        "tr",
    ),
    "Cyrillic": (
        (
            "\u043f\u0448\u0435\u043d\u0438\u0446\u0430",
            "\u043f\u0448\u0435\u043d\u0438\u0446\u044b",
            "\u0451\u043b\u043a\u0430",
            "\u0435\u043b\u043a\u0430",
            "\u0437\u0430\u043f\u0440\u0435\u0442",
            "\u0437\u0430\u043f\u0440\u0435\u0442\u0438\u043b",
            "\u0419\u043e\u0434",
            "\u0412\u041e\u0417",
        ),
        (" ", " ", ", "),
        "ru",
    ),
    "Greek": (
        (
            "\u03c3\u03af\u03c4\u03bf\u03c2",
            "\u03a3\u038a\u03a4\u039f\u03a3",
            "\u03b5\u03be\u03b1\u03b3\u03c9\u03b3\u03ae",
            "\u03b5\u03be\u03b1\u03b3\u03c9\u03b3\u03ad\u03c2",
            "\u03bd\u03cc\u03bc\u03bf\u03c2",
        ),
        (" ", " ", ", "),
        "el",
    ),
    "Arabic": (
        (
            "\u0627\u0644\u0642\u0645\u062d",
            "\u0642\u064e\u0645\u0652\u062d",
            "\u0642\u0645\u062d",
            "\u062d\u0638\u0631",
            "\u062a\u0635\u062f\u064a\u0631",
            "\u0623\u0632\u0645\u0629",
            "\u0627\u0632\u0645\u0629",
        ),
        (" ", " ", "\u060c "),
        "ar",
    ),
    "Devanagari": (
        (
            "\u0917\u0947\u0939\u0942\u0901",
            "\u0928\u093f\u0930\u094d\u092f\u093e\u0924",
            "\u092a\u094d\u0930\u0924\u093f\u092c\u0902\u0927",
            "\u0915\u0943\u0937\u093f",
            "\u0915\u0940",
        ),
        (" ", " ", "\u0964 "),
        "hi",
    ),
    "Chinese": (
        ("\u5c0f\u9ea6", "\u51fa\u53e3", "\u7981\u6b62", "\u4e16\u536b\u7ec4\u7ec7", "\u4e1c\u4eac", "WHO", "\u7684"),
        ("", "", "", "\uff0c"),
        "zh",
    ),
    "Japanese": (
        (
            "\u5c0f\u9ea6",
            "\u8f38\u51fa",
            "\u7981\u6b62\u3059\u308b",
            "\u30ef\u30af\u30c1\u30f3",
            "\u30b3\u30ed\u30ca",
            "\u304c",
            "\u304b\u3099",
            "\u6771\u4eac",
            "AI",
        ),
        ("", "", "", "\u3001"),
        "ja",
    ),
    "Korean": (
        (
            "\ubc00",
            "\uc218\ucd9c",
            "\uc218\ucd9c\uc744",
            "\uae08\uc9c0",
            "\ubc31\uc2e0\uc744",
            "\ubc31\uc2e0",
            "\u1107\u1162\u11a8\uc2e0",
        ),
        (" ", " ", ""),
        "ko",
    ),
    "Thai": (
        (
            "\u0e02\u0e49\u0e32\u0e27",
            "\u0e2a\u0e48\u0e07\u0e2d\u0e2d\u0e01",
            "\u0e2b\u0e49\u0e32\u0e21",
            "\u0e20\u0e32\u0e29\u0e32",
            "\u0e01\u0e32",
        ),
        ("", "", " "),
        "th",
    ),
}
TOPICS = ("health", "agriculture")
Article = dict[str, Any]


@st.composite
def articles(draw: st.DrawFn, script: str, least: int = 0) -> Article:
    """An article whose words are few, so that they come again; its text has at least so many of them."""
    words, joints, lang = SCRIPTS[script]

    def written(least: int, most: int) -> str:
        chosen = draw(st.lists(st.sampled_from(words), min_size=least, max_size=most))
        return "".join(part for word in chosen for part in (word, draw(st.sampled_from(joints))))

    return {
        "title": written(0, 5),
        "text": written(least, 14),
        "lang": lang,
        "url": draw(st.sampled_from(["https://www.example.org/a", "https://news.example.org/b", None])),
        "source": draw(st.sampled_from(["Le Monde", "RFI", None])),
        "author": draw(st.sampled_from([["Ana Lopez", "B. Wu"], "Ana Lopez", []])),
        "country": draw(st.sampled_from(["FR", "in"])),
        "published": draw(st.sampled_from(["2026-11-24T08:00:00Z", "2026-11-23", 1_795_500_000_000, None])),
        "tags": [
            {"topic": topic, "score": draw(st.sampled_from([0.5, 0.75, 1.0]))}
            for topic in draw(st.lists(st.sampled_from(TOPICS), unique=True))
        ],
    }


def exact_slots(words: str) -> tuple[Slot, ...]:
    return tuple(tuple(Exact(form) for form in forms) for forms in query_slots(words))


@st.composite
def text_leaves(draw: st.DrawFn, article: Article, script: str) -> Phrase | Raw:
    """A leaf of which most stand in the article."""
    words = SCRIPTS[script][0]
    field: TextField | None = draw(st.sampled_from([None, None, None, "title", "text"]))
    source = article[draw(st.sampled_from(["title", "text", "text"]))]
    inside = [word for word in words if word in source] or list(words)
    one = draw(st.sampled_from(inside if draw(st.integers(0, 3)) else list(words)))
    kind = draw(st.sampled_from(["word", "word", "phrase", "prefix", "wildcard", "window", "raw", "raw"]))
    if kind == "raw":
        start = source.find(one)
        longer = source[start : start + len(one) + draw(st.sampled_from([0, 0, 1, 3]))] if start >= 0 else one
        literal = longer.strip() if query_slots(longer.strip()) else one
        return Raw(literal, f"raw:{literal}", field)
    slots = exact_slots(one)
    if kind == "phrase":
        around = source[max(0, source.find(one)) :][: len(one) + draw(st.integers(0, 8))]
        slots = exact_slots(around)[:4] or slots
    elif kind == "prefix":
        last = tuple(Prefix(test.token[: draw(st.integers(1, 4))]) for test in slots[-1] if isinstance(test, Exact))
        slots = (*slots[:-1], last)
    elif kind == "wildcard":
        token = draw(st.sampled_from([test.token for slot in slots for test in slot if isinstance(test, Exact)]))
        at = draw(st.integers(0, len(token) - 1))
        star = draw(st.sampled_from(["", "*"]))
        slots = ((Wildcard(token[:at] + "?" + token[at + 1 :] + star),),)
    elif kind == "window":
        other = draw(st.sampled_from(inside))
        slots = (*slots, *exact_slots(other))[:3]
        return Phrase(slots, f'"{one} {other}"~', field, draw(st.integers(0, 4)))
    return Phrase(slots, f"{kind}:{one}", field)


@st.composite
def metadata_leaves(draw: st.DrawFn, article: Article) -> Meta | Range:
    name = draw(
        st.sampled_from(["topic", "source", "author", "country", "lang", "domain", "words", "published", "score"])
    )
    if name == "words":
        return Range(name, Bound(draw(st.integers(0, 20)), draw(st.booleans())), None, "words:>")
    if name == "published":
        return Range(name, None, Bound(1_795_500_000_000.0, draw(st.booleans())), "published:<")
    if name == "score":
        lower = Bound(draw(st.sampled_from([0.5, 0.75])), draw(st.booleans()))
        return Range("score.health", lower, Bound(1.0, inclusive=True), "score.health:>")
    there = {
        "topic": [tag["topic"] for tag in article["tags"]],
        "domain": ["example.org", "news.example.org"],
        "author": [article["author"]] if isinstance(article["author"], str) else article["author"],
    }.get(name, [article.get(name)])
    value = fold_value(draw(st.sampled_from([value for value in there if value] or ["health"])))
    if name == "lang":
        value = value.split("-")[0]  # as the parser does
    prefix = draw(st.booleans())
    return Meta(name, value[: draw(st.integers(1, 6))] if prefix else value, prefix, f"{name}:{value}")


@st.composite
def operands(draw: st.DrawFn, article: Article, script: str) -> Node:
    """What NEAR and COUNT take."""
    found = draw(st.lists(text_leaves(article, script), min_size=1, max_size=4))
    if len(found) == 4:
        return Or((found[0], Or(tuple(found[1:]), listed="a_list")))
    return found[0] if len(found) == 1 else Or(tuple(found))


@st.composite
def rules(draw: st.DrawFn, article: Article, script: str, depth: int = 2) -> Node:
    """A rule over the article's words."""
    kinds = ["text", "text", "near", "near", "count", "meta"] + ["and", "or", "not", "atleast"] * (2 if depth else 0)
    kind = draw(st.sampled_from(kinds))
    if kind == "text":
        return draw(text_leaves(article, script))
    if kind == "meta":
        return draw(metadata_leaves(article))
    if kind == "near":
        sides = operands(article, script)
        return Near(draw(sides), draw(sides), draw(st.integers(0, 6)), draw(st.booleans()))
    if kind == "count":
        return Count(draw(st.integers(1, 4)), draw(operands(article, script)))
    parts = tuple(draw(st.lists(rules(article, script, depth - 1), min_size=2, max_size=3)))
    if kind == "and":
        return And(parts)
    if kind == "or":
        return Or(parts)
    if kind == "atleast":
        return AtLeast(draw(st.integers(1, len(parts))), parts)
    return And((parts[0], Not(parts[1])))


@st.composite
def cases(draw: st.DrawFn, script: str) -> tuple[list[Article], list[Node]]:
    """A few articles in one script, and rules over the first of them."""
    drawn = [draw(articles(script, least=5)), *draw(st.lists(articles(script), max_size=2))]
    return drawn, draw(st.lists(rules(drawn[0], script), min_size=3, max_size=6))
