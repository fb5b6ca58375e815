"""Several threads match while one changes rules: each answer is one that held while it was being found."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Iterator

import pytest

from presswatch import matching
from presswatch.core.rules.match import Engine, Expression, Matcher
from presswatch.core.rules.syntax import parse

pytestmark = pytest.mark.needs("native")

WORDS = ("wheat", "corn", "rice", "barley")
CHANGES = 2_000
LOOKS = 100
THREADS = 3


@pytest.fixture
def native() -> Engine:
    return matching.choose("native").engine


@pytest.fixture
def slow_to_switch() -> Iterator[None]:
    """A thread that keeps the interpreter keeps it for a minute."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(60)
    yield
    sys.setswitchinterval(before)


def query(version: int) -> str:
    """What the rule that changes asks for in a version: words in turn, in forms that live in different tables."""
    word = WORDS[version % len(WORDS)]
    return (word, f'"{word} price"', f"{word[:3]}* AND price", f"{word} NEAR/3 price")[version // len(WORDS) % 4]


def test_each_answer_held_at_some_moment_while_it_was_being_found(native: Engine) -> None:
    trees = [parse(query(version)) for version in range(16)]
    steady = [Expression(f"steady-{word}", "1", parse(f"{word} AND price")) for word in WORDS]
    matcher = native.matcher([*steady, Expression("moving", "0", trees[0])])
    documents = [native.document({"title": f"{word} price", "text": "as ever " * 50}) for word in WORDS]
    done, begun = 0, 0
    over = threading.Event()
    failures: list[str] = []
    looks = [0] * THREADS

    def look(me: int) -> None:
        while not (over.is_set() or failures):
            at = (looks[me] + me) % len(WORDS)
            before = done
            found = {match.id: match.version for match in matcher.match(documents[at], cover=True)}
            after = begun
            looks[me] += 1
            version = found.pop("moving", None)
            allowed = {str(each) if each % len(WORDS) == at else None for each in range(before, after + 1)}
            if found != {f"steady-{WORDS[at]}": "1"} or version not in allowed:
                failures.append(f"{WORDS[at]}: {found}, {version} of {allowed}")

    threads = [threading.Thread(target=look, args=(me,)) for me in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        for version in itertools.count(1):
            if (version > CHANGES and min(looks) >= LOOKS) or not all(thread.is_alive() for thread in threads):
                break
            begun = version
            matcher.add(Expression("moving", str(version), trees[version % 16]))
            done = version
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert min(looks) >= LOOKS
    assert len(matcher) == len(steady) + 1


def test_the_interpreter_is_free_while_a_long_article_is_matched(native: Engine, slow_to_switch: None) -> None:
    del slow_to_switch
    query = '"aa bb cc dd ee ff gg hh"~5'
    matcher = native.matcher([Expression("window", "1", parse(query))])
    document = native.document({"title": "", "text": "aa bb cc dd ee ff gg hh " * 20_000})
    assert matcher.match(document)
    assert any(_free(matcher, document) for _ in range(20))


def _free(matcher: Matcher, document: object) -> bool:
    """Tell whether this thread ran while another was matching."""
    begun = threading.Event()
    ended = []

    def match() -> None:
        begun.set()
        matcher.match(document)  # type: ignore[arg-type]
        ended.append(True)

    thread = threading.Thread(target=match)
    thread.start()
    begun.wait()
    free = not ended
    thread.join()
    return free
