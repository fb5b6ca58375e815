"""The parser over random queries: the right tree, a query again from the tree, and never anything but a RuleError."""

from __future__ import annotations

import pickle

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.property.rule_strategies import LISTS, Query, queries

from presswatch.core.rules.model import Node
from presswatch.core.rules.printer import normal_form, to_query
from presswatch.core.rules.syntax import parse, parse_all


@given(queries)
def test_a_query_becomes_the_tree_it_was_drawn_from(query: Query) -> None:
    assert parse(query.text, LISTS) == query.node


@given(queries)
def test_print_then_parse_is_identity(query: Query) -> None:
    tree = parse(query.text, LISTS)
    printed = to_query(tree)
    assert parse(printed, LISTS) == tree
    assert to_query(parse(printed, LISTS)) == printed


@given(queries)
def test_white_space_and_parentheses_around_change_nothing(query: Query) -> None:
    spread = "\n ( " + query.text.replace(" AND ", "\tAND\n  ").replace(" OR ", "\n OR  ") + " ) "
    assert parse(spread, LISTS) == parse(query.text, LISTS)


@given(queries)
def test_equal_trees_have_one_normal_form_and_hash(query: Query) -> None:
    tree = parse(query.text, LISTS)
    again = parse(to_query(tree), LISTS)
    assert normal_form(again) == normal_form(tree)
    assert hash(again) == hash(tree)
    assert pickle.loads(pickle.dumps(tree)) == tree


@given(queries)
def test_places_lie_within_the_query_and_around_the_leaf(query: Query) -> None:
    def walk(node: Node) -> None:
        if node.end:  # leaves of lists have no place
            assert 0 <= node.start < node.end <= len(query.text)
            written = getattr(node, "written", None)
            if written is not None:
                assert written in query.text[node.start : node.end].replace(": ", ":")
        for name in ("clauses", "clause", "left", "right", "operand"):
            inner = getattr(node, name, ())
            for each in inner if isinstance(inner, tuple) else (inner,):
                walk(each)

    walk(parse(query.text, LISTS))


PIECES = [
    *" \t\n()\"\\*?~^+-!/:@,[]{}&|<>='’“”«»（）。.。", "AND", "OR", "NOT", "&&", "||", "NEAR/5", "NEAR", "NEAR/5f", "COUNT/2",
    "COUNT", "ATLEAST/2", "ATLEAST", "TO", "title:", "text:", "raw:", "lang:", "topic:", "url:", "published:", "words:",
    "score.health:", "score.", "foo:", "@grains", "@nope", "@", "wheat", "va", "vaccin*", "x", "2026-01-01", "300", "0.8", "~5",
    "\\", "[2026-01-01 TO *]", "[1 TO", ">", ">=", '"flu vaccine"', "東京", "한", "ไทย", "कि", "\u200b", "\u0301", "\ud800",
    "\x00", "İ", "ß", "🔥", "9" * 5000, "\u3000", "\u2028",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=60))
@example("((((" * 200)
@example("(" * 3000 + "wheat" + ")" * 3000)
@example("(a AND (b OR " * 300 + "c" + "))" * 300)
@example("NOT " * 3000 + "wheat")
@example("-" * 3001 + "wheat")
@example("title:" * 2000 + "wheat")
@example("ATLEAST/1 (" * 150 + "wheat" + ")" * 150)
@example("COUNT/1 " * 300 + "wheat")
@example("a NEAR/1 " * 300 + "wheat")
@example("wheat " * 2000)
def test_any_text_gives_a_tree_or_errors_with_places_and_never_both(text: str) -> None:
    node, errors = parse_all(text, LISTS)
    assert (node is None) == bool(errors)
    for error in errors:
        assert 0 <= error.start <= error.end <= len(text)
        assert error.message
        assert error.mend
        assert not error.message.endswith(".")
    assert errors == sorted(errors, key=lambda error: (error.start, error.end))
    if node is not None:
        assert parse(to_query(node), LISTS) == node


@given(st.data())
def test_a_broken_query_is_refused(data: st.DataObject) -> None:
    """Cutting a correct query short within a group, a phrase or after an operator never yields another rule in silence."""
    query = data.draw(queries)
    printed = to_query(parse(query.text, LISTS))
    opened = [at for at, ch in enumerate(printed) if printed.count("(", 0, at + 1) > printed.count(")", 0, at + 1)]
    if opened:
        cut = printed[: data.draw(st.sampled_from(opened)) + 1]
        node, errors = parse_all(cut, LISTS)
        assert node is None
        assert any(
            "parenthesis" in error.message or "quotation" in error.message or "bracket" in error.message
            for error in errors
        )


FORMS = {
    *("AtLeast", "Count", "Near", "Not", "Raw", "Meta", "Range", "Wildcard", "Prefix"),
    *("listed='grains'", "slop=3", "ordered=True"),
}


def test_generated_rules_use_every_form() -> None:
    """The strategies above would prove little if they only ever drew words."""
    seen: set[str] = set()

    @settings(max_examples=400)
    @given(queries)
    def draw(query: Query) -> None:
        shown = repr(query.node)
        seen.update(form for form in FORMS if form in shown)

    draw()
    assert seen == FORMS
