"""One of our engines in a process of its own, so that its memory and CPU time are its own.

Speaks the language of java/Peer.java: a command a line, answered by a line of JSON. Rules are text in our language; an
article goes in as a dict and comes out as match ids with receipts, as in the product.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson

from presswatch.core.errors import ConfigError
from presswatch.core.rules.match import Expression
from presswatch.core.rules.syntax import parse
from presswatch.matching import choose

CHUNK = 10_000
"""Rules read at a time, so that the text of a million does not count as the engine's memory."""


class Ours:
    """An engine of ours as the services get it from `presswatch.matching`.

    Raises:
        ConfigError: the native one is asked for and cannot be used; it says why.
    """

    def __init__(self, name: Literal["python", "native"]) -> None:
        self.chosen = choose(name)
        self._document = self.chosen.engine.document
        self._matcher: Any = self.chosen.engine.matcher(())  # the native one also takes rules as text

    def add(self, rules: list[tuple[str, str]]) -> None:
        """Parse rules, ids and queries, and add them."""
        if self.chosen.name == "native":
            self._matcher.add_many([(identifier, "1", query, None) for identifier, query in rules])
            return
        for identifier, query in rules:
            self._matcher.add(Expression(identifier, "1", parse(query, {})))

    def match(self, article: dict[str, Any]) -> list[Any]:
        """Return the matches."""
        found: list[Any] = self._matcher.match(self._document(article))
        return found


class Worker:
    """Answers commands."""

    def __init__(self, engine: Ours) -> None:
        self._engine = engine
        self._articles: list[dict[str, Any]] = []

    def docs(self, path: str) -> dict[str, Any]:
        lines = Path(path).read_text("ascii").splitlines()
        self._articles = [{"title": title, "text": text} for title, _, text in (line.partition("\t") for line in lines)]
        return {"docs": len(self._articles)}

    def load(self, path: str) -> dict[str, Any]:
        began, cpu, count = time.perf_counter(), time.process_time(), 0
        with Path(path).open(encoding="ascii") as lines:
            while rules := list(islice(_pairs(lines), CHUNK)):
                self._engine.add(rules)
                count += len(rules)
        return {
            "rules": count,
            "seconds": time.perf_counter() - began,
            "cpu_s": time.process_time() - cpu,
        }

    def pass_(self, first: str, last: str, times: str) -> dict[str, Any]:
        engine, hits = self._engine, 0
        articles = self._articles[int(first) : int(last)]
        thread, process = time.thread_time(), time.process_time()
        for _ in range(int(times)):
            for article in articles:
                for match in engine.match(article):
                    if match.id and match.receipts:  # all found; an object for each where one is read
                        hits += 1
        return {"cpu_s": time.process_time() - process, "thread_s": time.thread_time() - thread, "hits": hits}

    def ids(self, path: str, count: str) -> dict[str, Any]:
        articles = self._articles[: int(count)]
        found = (sorted(match.id for match in self._engine.match(article)) for article in articles)
        Path(path).write_text("".join(" ".join(ids) + "\n" for ids in found), encoding="ascii")
        return {"docs": len(articles)}

    def add(self, doc: str, identifier: str, query: str) -> dict[str, Any]:
        article = self._articles[int(doc)]
        began = time.perf_counter()
        self._engine.add([(identifier, query)])
        added = time.perf_counter()
        matches = self._engine.match(article)
        matched = time.perf_counter()
        found = any(match.id == identifier for match in matches)
        return {"add_s": added - began, "match_s": matched - added, "found": found}

    def memory(self) -> dict[str, Any]:
        return {}


def _pairs(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        identifier, _, query = line.rstrip("\n").partition("\t")
        yield identifier, query


def main() -> None:
    engine: Literal["python", "native"] = "native" if sys.argv[1] == "native" else "python"
    try:
        worker = Worker(Ours(engine))
    except ConfigError as error:
        sys.exit(str(error))
    answers = sys.stdout.buffer
    answers.write(orjson.dumps({"about": f"{engine}, Python {sys.version.split()[0]}"}) + b"\n")
    answers.flush()
    for line in sys.stdin:
        name, *arguments = line.rstrip("\n").split("\t")
        answer: dict[str, Any] = getattr(worker, {"pass": "pass_"}.get(name, name))(*arguments)
        answers.write(orjson.dumps(answer) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
