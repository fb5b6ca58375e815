"""Every mistake that the language names: found, at its place, in words an analyst can use."""

from __future__ import annotations

import pytest

from presswatch.core.errors import RuleError
from presswatch.core.rules.model import MAX_DEPTH
from presswatch.core.rules.picture import explain
from presswatch.core.rules.syntax import parse, parse_all

LISTS = {"grain_terms": ["wheat"], "empty": [], "wrong": ["wheat", "flu OR cold"]}

# query, the part that is marked, words of the message, words of the mend
ONE_MISTAKE = [
    # empty rule or group
    ("", "", "the query is empty", "write what to look for"),
    (" \n ", " \n ", "the query is empty", "write what to look for"),
    ("()", "()", "parentheses are empty", "write something into them"),
    ("wheat AND ( )", "( )", "parentheses are empty", "take them away"),
    ("title:()", "title:()", "parentheses are empty", "take them away"),
    ("lang:() AND wheat", "lang:()", "parentheses are empty", "take them away"),
    ('""', '""', "this phrase is empty", "put words between"),
    # unknown field
    ("titel:wheat", "titel:", "there is no field `titel:`", "did you mean `title:`?"),
    ("Title:wheat", "Title:", "there is no field `Title:`", "did you mean `title:`?"),
    ("language:en AND wheat", "language:", "there is no field `language:`", "did you mean `lang:`?"),
    ("@timestamp:[now-1d TO now]", "@timestamp:", "no field `@timestamp:`", "did you mean `published:`?"),
    ('foo:"a b" AND wheat', "foo:", "there is no field `foo:`", "the fields are title, text, raw, topic"),
    ("foo:(a OR b) AND wheat", "foo:", "there is no field `foo:`", "the fields are"),
    ("wheat AND 10:30", "10:", "there is no field `10:`", 'use quotation marks: `"10:30"`'),
    ("https://example.org/a AND wheat", "https:", "no field", "write `url:https://example.org/a`"),
    (":wheat", ":", "nothing stands before this colon", "`title:wheat`"),
    ("score:>0.5", "score:", "needs a topic", "score.health:>0.8"),
    ("*:*", "*:", "there is no field `*:`", "the fields are"),
    # fields that do not go together, fields with nothing
    ("title:(lang:en AND wheat)", "lang:", "`lang:` cannot stand under `title:`", "join the two with AND"),
    ("title:(text:wheat)", "text:", "`text:` cannot stand under `title:`", "take it out"),
    ("lang:(en OR title:x)", "title:", "`title:` cannot stand under `lang:`", "quotation marks"),
    ("title:", "title:", "`title:` has nothing after it", "as in `title:wheat`"),
    ("lang: AND wheat", "lang:", "`lang:` has nothing after it", "as in `lang:en`"),
    ("wheat AND (published:)", "published:", "has nothing after it", "published:[2026-01-01 TO 2026-01-31]"),
    ("raw: OR wheat", "raw:", "has nothing after it", "write what to look for"),
    ('source:"" AND wheat', '""', "`source:` has no value", 'source:"Le Monde"'),
    ("wheat AND lang:-en", "lang:-", "`-` cannot stand between a field", "`-lang:en`"),
    ("wheat AND title:NOT corn", "title:NOT", "`NOT` cannot stand between a field", "`NOT title:corn`"),
    # bad range value
    ("published:[foo TO *]", "foo", "`foo` is no date", "2026-01-31"),
    ("published:[2026-01-01 TO now]", "now", "`now` is no date", "2026-01-31"),
    ("published:2026-02-30", "2026-02-30", "the calendar has no day 2026-02-30", "existing day"),
    ("published:[2026-02-01 TO 2026-01-01]", "[2026-02-01 TO 2026-01-01]", "nothing lies between", "smaller end first"),
    ("published:{2026-01-01 TO 2026-01-02}", "{2026-01-01 TO 2026-01-02}", "nothing lies between", "brackets"),
    ("published:[2026-01-01]", "[2026-01-01]", "needs two ends", "an open end is `*`"),
    ("published:[2026-01-01 TO", "[", "this bracket is never closed", "published:[2026-01-01 TO 2026-01-31]"),
    ("words:>many", "many", "`many` is no whole number", "words:>300"),
    ("words:>1,000", "1,000", "`1,000` is no whole number", "digits only"),
    ("words:{3 TO 4}", "{3 TO 4}", "nothing lies between", "smaller end first"),
    ("score.health:>high", "high", "is no score", "score.health:>0.8"),
    ("score.health:>1.5", "1.5", "scores lie between 0 and 1", "score.health:>0.8"),
    ("source:[a TO b]", "[a TO b]", "`source:` takes no range", "name the values"),
    ("[2026-01-01 TO *]", "[2026-01-01 TO *]", "a range needs a field before it", "published:["),
    # dangling operator or backslash
    ("wheat AND", "AND", "AND has nothing after it", "write a clause after it"),
    ("wheat OR", "OR", "OR has nothing after it", "write a clause after it"),
    ("NOT", "NOT", "NOT has nothing after it", "write a clause after it"),
    ("(wheat AND) OR corn", "AND", "AND has nothing after it", "write a clause after it"),
    ("wheat NEAR/5", "NEAR/5", "NEAR/5 has nothing after it", "write a clause after it"),
    ("COUNT/3", "COUNT/3", "COUNT/3 has nothing after it", "write a clause after it"),
    ("OR wheat", "OR", "OR has nothing before it", "write a clause before it"),
    ("OR", "OR", "OR has nothing before it", "write a clause before it"),
    ("ATLEAST/2 ()", "()", "parentheses are empty", "write something into them"),
    ("&& wheat", "&&", "&& has nothing before it", "write a clause before it"),
    ("wheat AND OR corn", "AND OR", "OR follows AND with nothing between them", "take one of them away"),
    ("wheat - corn", "-", "`-` stands by itself", "right before what must not occur"),
    ("wheat !", "!", "`!` stands by itself", "right before what must not occur"),
    ("wheat & corn", "&", "a single `&` is no operator", "`AND` or `&&`"),
    ("wheat | corn", "|", "a single `|` is no operator", "`OR` or `||`"),
    ("wheat\\", "\\", "a backslash at the end", "written twice"),
    # no operator
    ("wheat corn", "corn", "no operator stands between `wheat` and `corn`", '`wheat OR corn` if either will do, `"wheat corn"`'),
    ("wheat (corn OR rice)", "(", "between `wheat` and the group after it", "if both must occur"),
    ("flu vaccine trial", "vaccine trial", "3 clauses stand side by side", '`"flu vaccine trial"` for a phrase'),
    ("गेहूं प्रतिबंध", "प्रतिबंध", "no operator", '`"गेहूं प्रतिबंध"` for a phrase'),
    ("пшениц* И рис", "И рис", "3 clauses", "operators are written in English: `AND`"),
    ("قمح، أرز", "أرز", "no operator", "a comma joins nothing"),
    ("wheat ＡＮＤ ban", "ＡＮＤ ban", "3 clauses", "type it anew: `AND`"),
    ("wheat OR\u200b ban", "OR\u200b ban", "3 clauses", "type it anew: `OR`"),
    ("MINISTRY OF HEALTH", "OF HEALTH", "3 clauses", '`"MINISTRY OF HEALTH"` for a phrase'),
    ("'flu vaccine'", "vaccine'", "no operator", '`"flu vaccine"`'),
    ("source:Le Monde", "Monde", "no operator", '`source:"Le Monde"`'),
    ("lang:(en es)", "es", "no operator", "`en OR es`"),
    ('צה"ל AND חיטה', '"', "never closed", '`צה\\"ל`'),
    ("ATLEAST/2 (小麦、大米)", "ATLEAST/2", "asks for 2 of 1 clause", "separate the clauses by plain commas"),
    ("小麦?", "小麦?", "in this script each character is a word", "leave the `?` out"),
    ("published:2026", "2026", "`2026` is no date", "`published:[2026-01-01 TO 2026-12-31]`"),
    ("price:wheat", "price:", "there is no field `price:`", "the fields are title"),
    ("wheat and corn", "and corn", "3 clauses stand side by side", "operators are written in capitals: `AND`"),
    ("wheat near/5 corn", "near/5 corn", "3 clauses", "operators are written in capitals: `NEAR/5`"),
    ("wheat w/5 corn", "w/5 corn", "3 clauses", "a distance is written `NEAR/5`"),
    ("wheat, corn", "corn", "no operator stands between `wheat,` and `corn`", "a comma joins nothing"),
    ("“flu vaccine”", "vaccine”", "no operator", 'plain signs instead of typographic ones: `"flu vaccine"`'),
    ("published:2026-01-01 TO 2026-02-01", "TO 2026-02-01", "3 clauses", "written in brackets after its field"),
    ("wheat AND （corn OR rice）", "（corn", "wide signs", "write the plain ones, as in `(corn`"),
    ("小麦 AND lang：en", "lang：en", "wide signs", "`lang:en`"),
    ("-wheat corn AND rice", "corn", "no operator stands between", "if both must occur"),
    # unclosed and unopened
    ('wheat AND "flu vaccine', '"', "this quotation mark is never closed", 'put a `"`'),
    ('"flu \\"', '"', "this quotation mark is never closed", 'written `\\"`'),
    ("(wheat AND corn", "(", "this parenthesis is never closed", "put a `)`"),
    ("title:(wheat", "(", "this parenthesis is never closed", "put a `)`"),
    ("wheat) AND corn", ")", "this parenthesis closes nothing", "put a `(`"),
    ("url:https://example.org/a(b)", ")", "this parenthesis closes nothing", "belongs to an address"),
    # wildcards
    ("*accine", "*", "a word cannot begin with a wildcard", "`vaccin*`"),
    ("?heat", "?", "a word cannot begin with a wildcard", "`vaccin*`"),
    ('"flu *accine"', "*", "a word cannot begin with a wildcard", "joined by OR"),
    ('"flu * vaccine"', "*", "a wildcard by itself stands for no word", '`"flu vaccine"~1`'),
    ("title:*", "*", "a wildcard by itself stands for no word", "`vaccin*`"),
    ("domain:*.gov", "*", "a value of `domain:` cannot begin with a wildcard", "how the value begins"),
    ("va*", "va*", "`va*` is too short for a wildcard", "at least 3 letters or digits before the `*`"),
    ('"flu va*"', "va*", "`va*` is too short", "at least 3"),
    ("w?t", "w?t", "`w?t` is too short", "at least 3 letters or digits in a word with `?`"),
    ("ва*", "ва*", "is too short", "at least 3"),
    ("東a*", "東a*", "is too short", "at least 3"),
    ("vac*ine", "*", "can only stand at the end of a word", "write `vac*`"),
    ("vaccin**", "*", "can only stand at the end of a word", "`vaccin*`"),
    ("wheat-*", "*", "must follow a letter or a digit", "as in `vaccin*`"),
    ("source:Reu*rs", "*", "can only stand at the end", "`source:Reu*`"),
    ('"flu vaccin"*', "*", "stands outside the quotation marks", '`"flu vaccin*"`'),
    # what Lucene has and this language has not
    ("wheat~", "wheat~", "fuzzy terms", "`wheat*`"),
    ("wheat~2", "wheat~2", "fuzzy terms", "list the spellings"),
    ("source:reuters~ AND x", "reuters~", "fuzzy terms", "list the spellings"),
    ("(wheat OR corn)~5", "~5", "can only follow a phrase", "NEAR/5"),
    ("/ban(s|ned)/", "/ban(s|ned)/", "regular expressions", "use wildcards"),
    ("wheat / corn", "/", "`/` stands by itself", "write OR"),
    ("wheat^2", "^2", "boosts", "take the `^` and its number away"),
    ("lang:en^2", "^2", "boosts", "take the `^`"),
    ('"flu vaccine"^2.5', "^2.5", "boosts", "take the `^`"),
    ("(wheat OR corn)^3", "^3", "boosts", "take the `^`"),
    ("+wheat", "+", "`+` is not part of the language", "join clauses that must all occur with AND"),
    ("wheat +corn", "+", "`+` is not part of the language", "with AND"),
    ("wheat + corn", "+", "`+` is not part of the language", "write AND if both"),
    # NEAR and COUNT
    ("title:wheat NEAR/5 text:ban", "title:wheat NEAR/5 text:ban", "NEAR joins different fields", "title:(a NEAR/5 b)"),
    ("(title:a OR b) NEAR/5 text:c", "(title:a OR b) NEAR/5 text:c", "NEAR joins different fields", "the same field"),
    ("a NEAR/5 b NEAR/5 c", "a NEAR/5 b NEAR/5 c", "NEAR joins two operands and no more", "(a NEAR/5 b) AND (b NEAR/5 c)"),
    ("(a NEAR/5 b) NEAR/5 c", "(a NEAR/5 b) NEAR/5 c", "NEAR joins two operands", "for a chain write"),
    ("(a AND b) NEAR/5 c", "(a AND b)", "NEAR cannot take clauses joined by AND", "(a NEAR/5 c) AND (b NEAR/5 c)"),
    ("a NEAR/5 (b OR (c AND d))", "(c AND d)", "NEAR cannot take clauses joined by AND", "(a NEAR/5 c)"),
    ("a NEAR/5 lang:en", "lang:en", "NEAR cannot take `lang:`", "words, phrases, wildcards"),
    ('a NEAR/5 "b c"~3', '"b c"~3', "NEAR cannot take a window", "words, phrases, wildcards"),
    ("a NEAR/5 NOT b", "NEAR/5 NOT", "NEAR/5 cannot take NOT", "AND NOT"),
    ("a NEAR/5 -b", "NEAR/5 -", "NEAR/5 cannot take -", "AND NOT"),
    ("a NEAR/5 COUNT/2 b", "COUNT/2 b", "NEAR cannot take COUNT", "words, phrases, wildcards"),
    ("COUNT/2 (a AND b)", "(a AND b)", "COUNT cannot take clauses joined by AND", "words, phrases, wildcards"),
    ("COUNT/2 lang:en", "lang:en", "COUNT cannot take `lang:`", "words, phrases, wildcards"),
    # numbers
    ("a NEAR b", "NEAR", "NEAR needs a number", "`wheat NEAR/5 ban`"),
    ("a NEAR/ b", "NEAR/", "NEAR needs a number", "`wheat NEAR/5 ban`"),
    ("a NEAR/five b", "NEAR/five", "NEAR needs a whole number, and `five` is none", "`wheat NEAR/5 ban`"),
    ("a NEAR/5F b", "NEAR/5F", "`F` after the number of NEAR means nothing", "`NEAR/5f`"),
    ("a NEAR/5000 b", "NEAR/5000", "the number of NEAR is out of bounds", "from 0 to 1000"),
    (f"a NEAR/{'9' * 5000} b", f"NEAR/{'9' * 5000}", "out of bounds", "from 0 to 1000"),
    ('"a b"~', '"a b"~', "a window needs a number", '`"grain export"~5`'),
    ('"a b"~near', '"a b"~near', "a window needs a whole number", '`"grain export"~5`'),
    ("COUNT wheat", "COUNT", "COUNT needs a number", "`count`"),
    ("COUNT/0 wheat", "COUNT/0", "the number of COUNT is out of bounds", "from 1 to 1000"),
    ("ATLEAST (a, b)", "ATLEAST", "ATLEAST needs a number", "`ATLEAST/2 (wheat, maize, rice)`"),
    ("ATLEAST/0 (a, b)", "ATLEAST/0", "the number of ATLEAST is out of bounds", "from 1 to the number of clauses"),
    ("ATLEAST/3 (a, b)", "ATLEAST/3", "ATLEAST/3 asks for 3 of 2 clauses", "from 1 to 2"),
    ("ATLEAST/2 wheat", "ATLEAST/2", "ATLEAST/2 needs its clauses in parentheses", "`ATLEAST/2 (wheat, maize, rice)`"),
    ("ATLEAST/1 (a, , b)", ",", "this comma has nothing after it", "write a clause after it"),
    # no token
    ('"..."', '"..."', "this phrase holds no word", "put words between"),
    ("– AND wheat", "–", "`–` holds no word", "leave it out"),
    ('raw:"++"', 'raw:"++"', "`raw:` needs at least one letter or digit", "`raw:WHO`"),
    ("raw:(WHO OR UN)", "raw:(", "`raw:` takes one text, not a group", "`(raw:WHO OR raw:UN)`"),
    # negatives
    ("NOT wheat", "NOT wheat", "this rule only says what must not occur", "`wheat AND NOT corn`"),
    ("-wheat AND -corn", "-wheat AND -corn", "this rule only says what must not occur", "at least one thing"),
    ("NOT (NOT a AND NOT b)", "NOT (NOT a AND NOT b)", "this rule only says", "at least one thing"),
    ("wheat OR NOT corn", "NOT corn", "this alternative of OR only says", "`(wheat AND NOT corn)`"),
    ("a AND (b OR (-c AND -d))", "(-c AND -d)", "this alternative of OR only says", "take it out of the OR"),
    ("a AND NOT (b OR NOT c)", "NOT c", "this alternative of OR only says", "take it out of the OR"),
    ("lang:(en OR NOT es)", "NOT es", "this alternative of OR only says", "take it out of the OR"),
    ("ATLEAST/1 (a, NOT b)", "NOT b", "this clause of ATLEAST only says", "put NOT outside"),
    # lists
    ("@grain_trems", "@grain_trems", "there is no list `@grain_trems`", "did you mean `@grain_terms`?"),
    ("@WHO", "@WHO", "there is no list `@WHO`", 'write `raw:"@WHO"`'),
    ("@grain_terms*", "*", "a list takes no wildcard", "lists/grain_terms.txt"),
    ("@empty", "@empty", "the list `@empty` is empty", "one a line"),
    ("@wrong", "@wrong", "the list `@wrong` holds a mistake: OR is an operator", "a line of its own"),
    ("@ grain", "@", "`@` must be followed by the name of a list", "`@grain_terms`"),
]  # fmt: skip


def mends(query: str) -> list[str]:
    return [error.mend for error in parse_all(query)[1]]


def test_a_mend_is_no_mistake_itself() -> None:
    assert "`whe*`" in mends("whe*t")[0]
    assert "`wh*`" not in mends("wh*at")[0]
    assert "`whe*`" in mends("whe~")[0]
    assert "`wh*`" not in mends("wh~")[0]
    assert '`"price:wheat"`' in mends("price:wheat")[0]
    assert '"*:*"' not in mends("*:*")[0]


def test_an_operator_within_another_is_called_by_its_name() -> None:
    assert [error.message for error in parse_all("COUNT/2 (a NEAR/2 b)")[1]] == ["COUNT cannot take NEAR"]
    assert [error.message for error in parse_all("COUNT/2 (COUNT/2 b)")[1]] == ["COUNT cannot take another COUNT"]
    assert [error.message for error in parse_all("a NEAR/2 (b OR (c NEAR/1 d))")[1]] == [
        "NEAR cannot take another NEAR"
    ]


MORE_THAN_ONE = {"@ grain", "wheat AND （corn OR rice）"}
"""Their rest is another mistake."""


@pytest.mark.parametrize(
    ("query", "marked", "message", "mend"), ONE_MISTAKE, ids=[case[0][:40] for case in ONE_MISTAKE]
)
def test_one_mistake(query: str, marked: str, message: str, mend: str) -> None:
    node, errors = parse_all(query, LISTS)
    assert node is None
    assert message in errors[0].message
    assert mend in errors[0].mend
    assert query[errors[0].start : errors[0].end] == marked
    assert len(errors) == 1 or query in MORE_THAN_ONE, [error.message for error in errors]


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("va* AND titel:x AND (corn OR) AND wheat~", ["va*", "titel:", "OR", "wheat~"]),
        ("(wheat AND corn) OR NOT rice) OR published:[x TO *]", ["NOT rice", ")", "x"]),
        ('NEAR wheat AND "..." AND COUNT/0 x', ["NEAR", "NEAR", '"..."', "COUNT/0"]),
        ("wheat corn AND a b c AND @nope", ["corn", "b c", "@nope"]),
        ("ATLEAST/5 (a, -b, *x) NEAR/3 lang:en", ["ATLEAST/5", "ATLEAST/5 (a, -b, *x)", "-b", "*"]),
        ("NOT wheat~", ["NOT wheat~", "wheat~"]),
        ("wheat AND (corn AND (rice", ["(", "("]),
    ],
)
def test_mistakes_that_do_not_hang_together_are_all_found(query: str, marked: list[str]) -> None:
    node, errors = parse_all(query)
    assert node is None
    assert [query[error.start : error.end] for error in errors] == marked


@pytest.mark.parametrize(
    "query", ["wheat - corn", "wheat + corn", "wheat / corn", "wheat & corn", "wheat – corn", "wheat corn~ AND x"]
)
def test_one_slip_is_one_mistake_or_two_but_no_avalanche(query: str) -> None:
    assert len(parse_all(query)[1]) <= 2


def test_parse_raises_the_first_mistake() -> None:
    with pytest.raises(RuleError) as caught:
        parse("titel:x AND va*")
    assert (caught.value.start, caught.value.end) == (0, 6)


def test_depth_is_bounded_and_says_so() -> None:
    deep = "(a AND (b OR " * MAX_DEPTH + "c" + "))" * MAX_DEPTH
    node, errors = parse_all(deep)
    assert node is None
    assert f"nested more than {MAX_DEPTH} deep" in errors[0].message
    half = MAX_DEPTH // 2 - 1
    assert parse("(a AND (b OR " * half + "c" + "))" * half)


def test_parentheses_that_nest_nothing_do_not_count() -> None:
    assert parse("(" * 5000 + "wheat" + ")" * 5000) == parse("wheat")
    assert parse("(" * 3000 + "a" + " OR b)" * 3000) == parse("a" + " OR b" * 3000)


def test_a_pasted_text_yields_a_bounded_number_of_mistakes() -> None:
    _, errors = parse_all("~ ) " * 10_000)
    assert 0 < len(errors) <= 50


def test_explain_shows_line_column_caret_and_mend() -> None:
    query = "wheat AND\n  (corn OR va*)"
    _, errors = parse_all(query)
    assert explain(query, errors[0]) == (
        "line 2, column 12: `va*` is too short for a wildcard: far too many words would match\n"
        "      (corn OR va*)\n"
        "               ^^^\n"
        "    mend: give at least 3 letters or digits before the `*`, or list the words that you mean, joined by OR"
    )
