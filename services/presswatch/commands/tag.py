"""`presswatch tag`: which topics each article has, and why; JSON Lines in and out, no engine needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from presswatch import matching
from presswatch.articles import with_language
from presswatch.core.topics import Tagger
from presswatch.jsonlines import files_argument, run
from presswatch.packfiles import load_packs


@click.command(
    epilog="""
    \b
    In:  {"id"?, "url"?, "lang"?, "title", "text", ...}
    Out: the same with "tags": [{"topic", "score", "threshold", "pack", "evidence": [{"pattern", "field",
         "start", "end", "quote", "weight"}]}]

    Offsets count code points, the end is exclusive. The language is detected where "lang" is missing. A line that cannot be read gives {"error", "line"} in its place. Exit code: 0; 1 if there was
    such a line; 2 if a topic pack is wrong.
    """
)
@click.option(
    "--packs",
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, path_type=Path),
    help="Folder of topic packs, instead of those that come with Presswatch.",
)
@files_argument
def command(folder: Path | None, files: tuple[str, ...]) -> None:
    """Tag articles by topic, from FILEs or standard input: one JSON line out per line in, in order."""
    tagger = Tagger(load_packs(folder), engine=matching.engine())
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
