"""`presswatch tag`: which topics each article has, and why; JSON Lines in and out, no engine needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from presswatch import matching
from presswatch.articles import with_language
from presswatch.commands import packs_option
from presswatch.core.topics import Tagger
from presswatch.jsonlines import files_argument, run
from presswatch.packsource import APPLIED, own_packs, packs_named
from presswatch.settings import load


@click.command(
    epilog="""
    \b
    In:  {"id"?, "url"?, "lang"?, "title", "text", ...}
    Out: the same with "tags": [{"topic", "score", "threshold", "pack", "evidence": [{"pattern", "field",
         "start", "end", "quote", "weight"}]}]

    Offsets count code points, the end is exclusive. The language is detected where "lang" is missing. A line that cannot be read gives {"error", "line"} in its place. Exit code: 0; 1 if there was
    such a line; 2 if a topic pack is wrong, or for `applied` if Kafka is away.
    """
)
@packs_option("those of the setting tagger.packs, or that come with Presswatch: no engine is needed")
@files_argument
def command(packs: str | None, files: tuple[str, ...]) -> None:
    """Tag articles by topic, from FILEs or standard input: one JSON line out per line in, in order."""
    settings = load().settings
    chosen = packs_named(packs, settings) if packs else own_packs(settings)
    if packs == APPLIED:
        click.echo(f"presswatch: tagged by {chosen.name}", err=True)
    tagger = Tagger(chosen.packs, engine=matching.engine())
    run(files, lambda article: answer(article, tagger))


def answer(article: Mapping[str, Any], tagger: Tagger) -> dict[str, Any]:
    """Return the line out for an article: the object of the line in, with `tags` and, if there are any, `unsupported`.

    Raises:
        BadMessageError: title, text or lang has the wrong type.
    """
    known = with_language(article)
    document = matching.document({key: known.get(key) for key in ("title", "text", "lang")})
    unsupported = tagger.unsupported(next(iter(document.meta["lang"]), ""))
    return {
        **article,
        "tags": tagger.tag(known, document),
        **({"unsupported": unsupported} if unsupported else {}),
    }
