"""`presswatch explain`: why a rule matches an article, or why not; each a file, or an id."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from presswatch.articles import id_of, with_language
from presswatch.commands import config_option, packs_option
from presswatch.core.errors import BadMessageError, ConfigError
from presswatch.core.plaintext import plain
from presswatch.core.rules.explain import Explainer, Verdict, lines, reason, shown
from presswatch.core.rules.nearmiss import LINE, short
from presswatch.core.rules.rule import Rule
from presswatch.core.text import fold_value
from presswatch.documents import Topics, blind, document_of
from presswatch.jsonlines import parse_object
from presswatch.lookup import find_rule, is_in_files
from presswatch.packsource import own_packs, packs_in_force, packs_named
from presswatch.settings import ElasticsearchSettings, load


@click.command(
    epilog="""
    \b
    presswatch explain --rule grain-export-bans --article https://example.org/orsal-bans-wheat
    presswatch explain --rule rules/grain.yaml --article article.json
    presswatch explain --rules rules --rule grain-export-bans --article -

    Each line of the answer is a clause, with yes or no, and what was found or is missing. With files alone no engine is needed.

    \b
    --json, one object an article: {"rule", "version", "article", "title", "matches", "in_force", "failed_first", "tags", "blind": [TOPIC, ...],
      "verdict": {"clause", "holds", "why", "receipt": [...], "parts": [...]}}

    Exit code: 0, whether or not the rule matches; 1 if an article cannot be read; 2 if there is no such rule or article, a rule is wrong, or an engine is away.
    """
)
@click.option("--rule", required=True, metavar="ID|FILE", help="The rule: its id, or a file that holds it alone.")
@click.option(
    "--rules",
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, path_type=Path),
    help="Folder of rule files, or one such file, where to look for the id; without it, the rules in force.",
)
@click.option(
    "--article",
    required=True,
    metavar="FILE|ID|URL",
    help="An article in JSON, or several, one a line, as `match` takes them; - is standard input. Or the id or address of an indexed article.",
)
@packs_option(
    "`applied` for a rule in force; for a rule of a file those of the setting tagger.packs, or that come with Presswatch"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an article.")
@config_option
def command(
    rule: str, folder: Path | None, article: str, packs: str | None, as_json: bool, config: Path | None
) -> None:
    """Tell why a rule matches an article, or why not: what held, what failed first, and what came nearest to it.

    An article without tags is tagged first, if the rule asks for topics; the answer says by which packs.
    """
    settings = load(config).settings
    found = find_rule(rule, folder, settings.kafka)
    in_force = found.in_force(datetime.now(UTC).date())
    if not in_force and not as_json:
        click.echo(
            f"rule {found.id} is disabled or has expired, so it alerts to nothing; this is what it would match\n"
        )
    explainer = Explainer(found.node)
    own = own_packs if is_in_files(rule, folder) else packs_in_force
    by = Topics(lambda: packs_named(packs, settings) if packs else own(settings))
    unread = 0
    for place, each in _given(article, settings.elasticsearch):
        try:
            if isinstance(each, BadMessageError):
                raise each
            verdict = explainer.explain(document_of(each, topics=explainer.asks_for_topics(), by=by))
            told = _Told(found, each, verdict, in_force, *_of_topics(explainer, each, by))
            click.echo(_json(told) if as_json else _answer(told))
        except BadMessageError as error:
            unread += 1
            click.echo(f"{place}: {error.detail}", err=True)
    sys.exit(1 if unread else 0)


class _Told(NamedTuple):
    """What is told of a rule and an article: `tags` by which packs, None if the rule asks for no topic; `blind` the topics not judged."""

    rule: Rule
    article: Mapping[str, Any]
    verdict: Verdict
    in_force: bool
    tags: str | None
    blind: list[str]


def _of_topics(explainer: Explainer, article: Mapping[str, Any], by: Topics) -> tuple[str | None, list[str]]:
    if not explainer.asks_for_topics():
        return None, []
    if article.get("tags") is None:
        tags = f"by {by.packs.name}"
    else:
        generation = article.get("generation")
        of = f", by generation {generation} of the packs" if isinstance(generation, int) else ""
        tags = f"those that it came with{of}"
    asked = explainer.topics()
    return tags, [topic for topic in blind(article, by) if fold_value(topic) in asked]


def _answer(told: _Told) -> str:
    rule, verdict = told.rule, told.verdict
    text = [
        f"article {id_of(told.article)}: {_title(told.article)}",
        f"rule {rule.id} ({plain(rule.name, LINE)}): {'matches' if verdict.holds else 'does not match'}",
    ]
    if not verdict.holds:
        text.append(f"failed first: {reason(verdict)}")
    if told.tags:
        text.append(f"tags: {told.tags}")
    lang = with_language(told.article).get("lang") or "an unknown language"
    text += [
        f"blind: not tagged: {topic} is unsupported in {lang} (neither patterns nor learned words), so nobody looked for it here"
        for topic in told.blind
    ]
    return "\n".join([*text, "", *(f"  {line}" for line in lines(verdict)), ""])


def _json(told: _Told) -> str:
    answer = {
        "rule": told.rule.id,
        "version": told.rule.version,
        "article": id_of(told.article),
        "title": told.article.get("title"),
        "matches": told.verdict.holds,
        "in_force": told.in_force,
        "failed_first": reason(told.verdict) or None,
        "tags": told.tags,
        "blind": told.blind,
        "verdict": shown(told.verdict),
    }
    return json.dumps(answer, ensure_ascii=False)


def _title(article: Mapping[str, Any]) -> str:
    return short(str(article.get("title") or article.get("text") or ""), LINE)


def _given(article: str, es: ElasticsearchSettings) -> Iterator[tuple[str, Mapping[str, Any] | BadMessageError]]:
    """Yield the articles that are named, each with its place: those of a file, or the indexed one of an id or address."""
    if article == "-":
        data = sys.stdin.buffer.read()
    elif (path := Path(article)).is_file():
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"--article: cannot read {article}: {error.strerror}") from error
    elif path.is_dir():
        raise ConfigError(f"--article: {article} is a folder; name a file, or the id or address of an indexed article")
    elif path.suffix.lower() in {".json", ".jsonl", ".ndjson"}:
        raise ConfigError(f"--article: there is no file {article}")
    else:
        from presswatch.adapters.elasticsearch import connect
        from presswatch.lookup import find_article

        with connect(es) as client:
            yield article, find_article(client, es, article)
        return
    for place, each in _articles(data):
        yield f"{'<stdin>' if article == '-' else article}{place}", each


def _articles(data: bytes) -> Iterator[tuple[str, dict[str, Any] | BadMessageError]]:
    """Yield the one article that a file is, however it is laid out, or those on its lines; with the place of each."""
    whole = _read(data, first=True)
    rows = data.split(b"\n")
    if isinstance(whole, dict):
        yield "", whole
    elif any(row.startswith(b"{") and isinstance(_read(row), dict) for row in rows):
        for number, row in enumerate(rows, start=1):
            if row.strip():
                yield f":{number}", _read(row, first=number == 1)
    elif isinstance(whole.__cause__, json.JSONDecodeError):
        at = whole.__cause__
        yield f":{at.lineno}:{at.colno}", BadMessageError("not_json", f"this is not JSON: {at.msg}")
    else:
        yield "", BadMessageError(whole.reason, whole.detail.replace("the line", "the file", 1))


def _read(data: bytes, *, first: bool = False) -> dict[str, Any] | BadMessageError:
    try:
        return parse_object(data, first=first)
    except BadMessageError as error:
        return error
