"""`presswatch topics coverage` on a real index: languages of the last days, counted by Elasticsearch."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from click.testing import CliRunner
from tests.integration.history_corpus import FETCHED, put

from presswatch.adapters.elasticsearch import connect
from presswatch.commands.topics import command
from presswatch.core.messages import TaggedArticle
from presswatch.coverage import counted
from presswatch.engines import Engines
from presswatch.settings import ElasticsearchSettings

pytestmark = pytest.mark.engine


def test_languages_of_a_period_are_counted(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    es = ElasticsearchSettings(url=engines.url, prefix=f"cover-{uuid4().hex[:8]}-")
    langs = ["en", "en", "pt-BR", "pt", "ky", None]
    written = [
        TaggedArticle(id=f"{number:032x}", title="x", lang=lang, fetched=FETCHED + number, tagged=FETCHED)
        for number, lang in enumerate(langs)
    ]
    with connect(es) as client:
        try:
            put(client, es, written)
            assert counted(client, es, FETCHED) == {"en": 2, "pt": 2, "ky": 1, "unknown": 1}
            assert counted(client, es, FETCHED + 4) == {"ky": 1, "unknown": 1}
            monkeypatch.setenv("PRESSWATCH_KAFKA_BOOTSTRAP", engines.bootstrap)
            monkeypatch.setenv("PRESSWATCH_ELASTICSEARCH_URL", engines.url)
            monkeypatch.setenv("PRESSWATCH_ELASTICSEARCH_PREFIX", es.prefix)
            shown = CliRunner().invoke(command, ["coverage", "--since", "2020-01-01", "--json"])
            assert shown.exit_code == 0, shown.output
            lines = {line["lang"]: line for line in map(json.loads, shown.stdout.splitlines())}
            assert lines["ky"]["articles"] == 1
            assert lines["ky"]["topics"]["diplomacy"] == "neither"
            nothing = CliRunner().invoke(command, ["coverage", "--since", "2100-01-01"])
            assert nothing.output == "no article is indexed since 2100-01-01\n"
        finally:
            for name in client.indices.get(index=f"{es.prefix}*", allow_no_indices=True).body:
                client.indices.delete(index=name)
