"""Finds one thing by what a person knows of it: a rule by its id or file, an indexed article by its id or address.

An edge: reads files, the control topic and Elasticsearch. What cannot be found is a `ConfigError` that names what comes nearest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from presswatch.adapters.elasticsearch import checked, translated
from presswatch.adapters.elasticsearch.query import Query
from presswatch.core.article import ID_DIGITS, canonical_url, domain_of
from presswatch.core.errors import ConfigError, RetryableError
from presswatch.core.plaintext import plain
from presswatch.core.rules.faults import did_you_mean
from presswatch.core.rules.rule import Rule
from presswatch.history import FIELDS
from presswatch.listing import MAX_HEADLINE
from presswatch.rulefiles import SUFFIXES, load_rules
from presswatch.settings import ElasticsearchSettings, KafkaSettings
from presswatch.stored import stored
from presswatch.topology import ARTICLES, CONTROL_RULES, index

SHOWN = 3
"""Articles named when one cannot be found."""

COMPARED = 200
"""Articles of a site, the newest ones, whose addresses are compared."""

LEAST_PREFIX = 4
"""Digits of an id that articles must share with it to be named."""


def find_rule(rule: str, folder: Path | None, kafka: KafkaSettings) -> Rule:
    """Return the rule of an id: of a folder or file, or else of the rules in force. `rule` may itself be a file of one rule.

    Raises:
        ConfigError: there is none, or a rule is wrong.
        RetryableError: Kafka is away.
    """
    file = Path(rule)
    if folder is None and is_in_files(rule, None):
        rules = load_rules(file)
        if len(rules) == 1:
            return rules[0]
        names = ", ".join(each.id for each in rules[:10]) + ", ..." * (len(rules) > 10)
        raise ConfigError(
            f"{file} holds {len(rules)} rules; say which: --rules {file} --rule ID, where ID is one of {names}"
        )
    if folder is not None:
        return _chosen(rule, load_rules(folder), str(folder), "`presswatch rules print` shows them all")
    if file.suffix.lower() in SUFFIXES:
        raise ConfigError(f"there is no file {file}; give an id, or the path of a rule file")
    return _chosen(rule, rules_in_force(kafka), "force", "`presswatch rules list` shows them all")  # fmt: skip


def is_in_files(rule: str, folder: Path | None) -> bool:
    """Tell whether `find_rule` looks into files, and not into what is in force."""
    return folder is not None or (Path(rule).suffix.lower() in SUFFIXES and Path(rule).is_file())


def rules_in_force(kafka: KafkaSettings) -> list[Rule]:
    """Return the rules in force, those that are disabled or have expired among them.

    Raises:
        ConfigError: none were ever applied, or what was applied last is not whole.
        RetryableError: Kafka is away.
    """
    from presswatch.control.topic import read  # noqa: PLC0415 (files need no Kafka)
    from presswatch.core.control import BrokenSetError  # noqa: PLC0415
    from presswatch.core.control_rules import rules_of  # noqa: PLC0415

    mend = "name the folder of rule files with --rules"
    try:
        found = read(kafka, CONTROL_RULES).current()
        rules = list(rules_of(found.objects))
    except BrokenSetError as error:
        raise ConfigError(f"the rules in force cannot be read: {error}; apply them again, or {mend}") from error
    except RetryableError as error:
        raise RetryableError(f"the rules in force cannot be read: {error}; {mend} to do without Kafka") from error
    if not rules:
        raise ConfigError(f"no rule is in force; apply some (presswatch rules apply DIR), or {mend}")
    return rules


def _chosen(wanted: str, rules: Sequence[Rule], where: str, otherwise: str) -> Rule:
    by_id = {rule.id: rule for rule in rules}
    if wanted in by_id:
        return by_id[wanted]
    near = did_you_mean(wanted, by_id)
    raise ConfigError(f"there is no rule `{wanted}` in {where}; {f'do you mean `{near}`?' if near else otherwise}")


def find_article(client: Elasticsearch, es: ElasticsearchSettings, wanted: str) -> Mapping[str, Any]:
    """Return the indexed article of an id or a web address, with the fields that rules look at.

    Raises:
        ConfigError: there is none; the text names articles that come near.
        RetryableError, FatalError: Elasticsearch is away, or refuses us.
    """
    address = canonical_url(wanted)
    identity = wanted if address else wanted.lower()
    if found := stored(client, es, identity, FIELDS):
        return found
    if address:
        domain = domain_of(wanted)
        others = _search(client, es, {"term": {"domain": domain}}, COMPARED)
        near = sorted(others, key=lambda each: -SequenceMatcher(None, wanted, each.get("url") or "").ratio())[:SHOWN]
        told = f"no article of this address is indexed: {plain(wanted, MAX_HEADLINE)}"
        raise ConfigError(_with_near(told, f"the most similar of {plain(domain, 100)} are", near, "url"))
    near = []
    for size in range(min(len(identity), ID_DIGITS), LEAST_PREFIX - 1, -1):
        if near := _search(client, es, {"prefix": {"id": identity[:size]}}, SHOWN):
            break
    told = f"no article `{plain(wanted, 100)}` is indexed, and there is no file of that name"
    raise ConfigError(_with_near(told, "ids that begin alike are", near, "id"))


def _search(client: Elasticsearch, es: ElasticsearchSettings, query: Query, size: int) -> list[Mapping[str, Any]]:
    with translated():
        answer = client.search(
            index=index(es, ARTICLES), query=query, size=size, source_includes=list(FIELDS), sort=[{"@timestamp": "desc"}],
            allow_partial_search_results=False,
        ).body  # fmt: skip
    return [hit["_source"] for hit in checked(answer)["hits"]["hits"]]


def _with_near(told: str, intro: str, near: Iterable[Mapping[str, Any]], name: str) -> str:
    rows = [
        f"  {plain(str(each.get(name) or each['id']), 500)}  {plain(each.get('title') or '', MAX_HEADLINE)}"
        for each in near
    ]
    return (
        "\n".join([f"{told}; {intro}", *rows])
        if rows
        else f"{told}; `presswatch search` finds articles and, with --json, their ids"
    )
