"""`presswatch topics mark`: say which topics an article has, for the desk's own evaluation set."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from presswatch import marks, matching
from presswatch.articles import id_of, with_language
from presswatch.commands import config_option, packs_option
from presswatch.core.errors import BadMessageError, ConfigError
from presswatch.core.plaintext import plain
from presswatch.core.rules.faults import did_you_mean
from presswatch.core.topics import Tagger
from presswatch.jsonlines import parse_object
from presswatch.packsource import PackSet, own_packs, packs_named, packs_where_reachable
from presswatch.settings import Settings, load

_SAYING = re.compile(r"[+-][a-z][a-z0-9-]*")
_FIELDS = ("id", "title", "text", "lang", "url")


class _Command(click.Command):
    """Takes `-health` for a saying and not for options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put what is said of topics aside before options are read."""
        ctx.obj = [each for each in args if _SAYING.fullmatch(each) and each != "-h"]
        return super().parse_args(ctx, [each for each in args if each not in ctx.obj])


@click.command(
    "mark",
    cls=_Command,
    epilog="""
    \b
    presswatch topics mark 5f1c0a... +health -diplomacy
    presswatch topics mark https://harbour-courier.example/wheat-ban +agriculture
    presswatch topics mark articles.jsonl:17 -health
    presswatch topics mark --undo
    presswatch topics mark --sweep

    ARTICLE is the id or the address of an article in Elasticsearch, or a file with one in JSON, or FILE:LINE, or - for
    standard input. Topics that you do not name stay open. Exit code: 0; 1 if there is no such article or mark; 2 if
    something you wrote is wrong, or Elasticsearch is away.
    """,
)
@click.argument("article", required=False, metavar="ARTICLE [+TOPIC | -TOPIC]...")
@click.argument("rest", nargs=-1, metavar="")
@click.option("--undo", is_flag=True, help="Take the last mark back, or the last one of ARTICLE.")
@click.option(
    "--sweep", is_flag=True, help="Take out marks on all articles that are to be forgotten (presswatch forget)."
)
@packs_option(
    "`applied` for an article in Elasticsearch (where Kafka is reachable); for a file those of the setting tagger.packs, or that come with Presswatch"
)
@config_option
@click.pass_obj
def command(
    says: list[str],
    article: str | None,
    rest: tuple[str, ...],
    packs: str | None,
    config: Path | None,
    *,
    undo: bool,
    sweep: bool,
) -> None:
    """Say that ARTICLE has a topic (+health) or has not (-diplomacy).

    It goes, with the article's text, into the desk's own evaluation set: the file that the setting `tagger.marks`
    names. `make eval-topics` then measures the packs on it.
    """
    if rest:
        raise ConfigError(
            f"write +{rest[0].lstrip('+-')} or -{rest[0].lstrip('+-')}, not `{rest[0]}`; one article at a time"
        )
    settings = load(config).settings
    path = settings.tagger.marks
    if sweep:
        if article or says or undo:
            raise ConfigError("--sweep goes through the whole file; give nothing else with it")
        _sweep(path, settings)
        return
    if undo:
        if says:
            raise ConfigError("--undo takes a whole mark back; leave the topics away")
        _undo(path, article)
        return
    if not article or not says:
        raise ConfigError(
            "write an article and what you say of it: `presswatch topics mark ARTICLE +health -diplomacy`"
        )
    in_file = _is_file(article)
    chosen = packs_named(packs, settings) if packs else (own_packs if in_file else packs_where_reachable)(settings)
    said = _said(says, chosen)
    found = _read(*in_file) if in_file else _stored(article, settings)
    known = with_language(found)
    tagger = Tagger(chosen.packs, engine=matching.engine())
    tags = {tag["topic"]: tag["score"] for tag in tagger.tag(known)}
    mark = marks.Mark(
        str(id_of(found)),
        str(known.get("lang") or ""),
        str(known.get("title") or ""),
        str(known.get("text") or ""),
        said,
        datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        url if isinstance(url := known.get("url"), str) else None,
    )
    if not (mark.title or mark.text).strip():
        raise ConfigError("this article has neither title nor text, so there is nothing to measure by")
    number = marks.add(path, mark)
    click.echo(f"marked {mark.id} ({mark.lang or 'language not known'}): {_headline(mark)}")
    width = max(map(len, said))
    for topic, has in said.items():
        now = f"tagged {tags[topic]:.2f}" if topic in tags else "not tagged"
        agrees = "as it is" if has == (topic in tags) else "unlike now"
        click.echo(f"  {topic:{width}}  {'yes' if has else 'no':3}  {agrees}: {now}")
    click.echo(f"now: by {chosen.name}")
    click.echo(f"saved in {path}, which holds {number} article{'s' * (number != 1)}; --undo takes it back")


def _sweep(path: Path, settings: Settings) -> None:
    from presswatch.forgetting.log import ForgottenArticles
    from presswatch.runtime import configure_logs

    configure_logs(settings.log.model_copy(update={"level": "error"}), "mark")
    with ForgottenArticles(settings.kafka) as forgotten:
        number = marks.forget(path, forgotten.articles)
    click.echo(f"{number} mark{'s' * (number != 1)} on articles to be forgotten taken out of {path}")


def _undo(path: Path, article: str | None) -> None:
    taken = marks.undo(path, article)
    if taken is None:
        click.echo(f"there is no mark{' on ' + article if article else ''} in {path}", err=True)
        sys.exit(1)
    says = " ".join(f"{'+' if has else '-'}{topic}" for topic, has in taken.says.items())
    click.echo(f"took back {says} on {taken.id} (marked {taken.at}): {_headline(taken)}")


def _said(says: list[str], packs: PackSet) -> dict[str, bool]:
    said: dict[str, bool] = {}
    topics = packs.topics
    for each in says:
        topic, has = each[1:], each[0] == "+"
        if topic not in topics:
            near = did_you_mean(topic, topics)
            known = (
                f"do you mean `{near}`?" if near else f"they have {', '.join(topics)}; others can be named by --packs"
            )
            raise ConfigError(f"there is no topic `{topic}` in {packs.name}; {known}")
        if said.setdefault(topic, has) != has:
            raise ConfigError(f"you say both +{topic} and -{topic}")
    return said


def _is_file(written: str) -> tuple[str, int | None] | None:
    """Return the file that is meant, and the line in it if one is named; None if it is an article in Elasticsearch."""
    file, _, line = written.rpartition(":")
    if written == "-" or Path(written).is_file():
        return written, None
    if line.isdecimal() and (file == "-" or Path(file).is_file()):
        return file, int(line)
    if written.endswith((".json", ".jsonl")) and "://" not in written:
        raise ConfigError(f"there is no file {written}")
    return None


def _stored(written: str, settings: Settings) -> Mapping[str, Any]:
    from presswatch.adapters.elasticsearch import connect
    from presswatch.stored import stored

    with connect(settings.elasticsearch) as client:
        found = stored(client, settings.elasticsearch, written.strip(), _FIELDS)
    if found is None:
        click.echo(f"there is no article {written} in Elasticsearch, and no file of that name", err=True)
        sys.exit(1)
    return found


def _read(file: str, line: int | None) -> Mapping[str, Any]:
    """Read the article of a file, or of one of its lines."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from error
    lines = data.splitlines()
    filled = [number for number, each in enumerate(lines, start=1) if each.strip()]
    if line is not None and not 1 <= line <= len(lines):
        raise ConfigError(f"{file} has {len(lines)} lines, so no line {line}")
    try:
        if line is not None:
            return parse_object(lines[line - 1], first=line == 1)
        return parse_object(data, first=True)
    except BadMessageError as error:
        if line is None and len(filled) > 1 and lines[filled[0] - 1].rstrip().endswith(b"}"):
            raise ConfigError(f"{file} holds several articles; say which: {file}:{filled[0]}") from error
        detail = error.detail if line is not None else error.detail.replace("the line", "the file", 1)
        raise ConfigError(f"{file}{f':{line}' if line else ''}: {detail}") from error


def _headline(mark: marks.Mark) -> str:
    return plain(mark.title or mark.text, 100)
