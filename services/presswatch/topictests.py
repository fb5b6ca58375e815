"""Runs the examples of topic packs: must_tag and must_not_tag, each by the pack in which it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from presswatch import matching
from presswatch.core.packspec import Example, PackSpec, article_of, pack_of
from presswatch.core.topics import Tagger
from presswatch.packfiles import PackFile


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one example.

    Args:
        topic: of the pack.
        threshold: least score of a tag in this language.
        lang: language of the example.
        article: the example.
        wanted: whether it must be tagged; else it must not.
        score: what it got; 0 where the pack has no patterns in the language.
        reasons: pattern, weight and quotes of what was found, strongest first.
    """

    topic: str
    threshold: float
    lang: str
    article: dict[str, Any]
    wanted: bool
    score: float
    reasons: tuple[tuple[str, float, tuple[str, ...]], ...]

    @property
    def passed(self) -> bool:
        """Whether the example got what it must."""
        return (self.score >= self.threshold) == self.wanted


def run_examples(files: Iterable[PackFile]) -> list[Outcome]:
    """Run all examples, in the order of the packs."""
    return [
        _run(spec, tagger, lang, example, wanted=wanted)
        for spec, learned in files
        for tagger in (Tagger([pack_of(spec, learned)], engine=matching.engine()),)
        for wanted, by_language in ((True, spec.must_tag), (False, spec.must_not_tag))
        for lang, examples in by_language.items()
        for example in examples
    ]


def _run(spec: PackSpec, tagger: Tagger, lang: str, example: Example, *, wanted: bool) -> Outcome:
    article = article_of(example, lang)
    for verdict in tagger.judge(article):  # one pack, so at most one round
        strongest_first = sorted(verdict.hits, key=lambda hit: -hit.pattern.weight)
        reasons = [
            *((hit.pattern.match, hit.pattern.weight, tuple(s.quote for s in hit.spots)) for hit in strongest_first),
            *((f"model:{' '.join(each.words)}", round(each.weight, 3), ()) for each in verdict.words),
        ]
        return Outcome(spec.topic, verdict.threshold, lang, article, wanted, verdict.score, tuple(reasons))
    return Outcome(spec.topic, spec.threshold, lang, article, wanted, 0.0, ())


def picture(outcome: Outcome) -> str:
    """Return a text that shows an example that failed, and what was found in it."""
    verdict = "must be tagged, but is not" if outcome.wanted else "must not be tagged, but is"
    lines = [f"{outcome.topic} ({outcome.lang}): {verdict}: score {outcome.score:g}, threshold {outcome.threshold:g}"]
    lines += [f"  {name}: {value}" for name in ("title", "text") if (value := outcome.article[name])]
    lines += [
        f"  {weight:+g} {pattern}{': ' if quotes else ''}{', '.join(quotes)}"
        for pattern, weight, quotes in outcome.reasons
    ]
    return "\n".join([*lines, "" if outcome.reasons else "  no pattern matches, and no learned word\n"])
