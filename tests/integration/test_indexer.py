"""The indexer on real Kafka and Elasticsearch: identity, revisions, matches, and what is left when it dies in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from tests.integration.indexer_kit import (
    GRAIN,
    NOVEMBER,
    OCTOBER_END,
    TAG,
    Desk,
    provision,
    records,
    tagged,
)
from tests.processes import Sandbox

from presswatch.adapters.elasticsearch import Bulk, Outcome, Write
from presswatch.adapters.kafka import Outgoing, Publisher
from presswatch.core.effects import document_version, match_id, revision_id
from presswatch.core.errors import BadMessageError, FatalError, RetryableError
from presswatch.core.intake import Wording
from presswatch.core.messages import TaggedArticle
from presswatch.core.rules.document import Document
from presswatch.engines import Engines
from presswatch.indexer.store import Identity, Store
from presswatch.runtime import now_ms
from presswatch.topology import ARTICLE_IDS, ARTICLES

pytestmark = pytest.mark.engine

LATER = NOVEMBER + 3_600_000


@pytest.fixture(scope="module")
def desk(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("indexer")
    sandbox = Sandbox(engines, folder, f"indexer-{uuid4().hex[:8]}-", {})
    provision(sandbox.settings)
    desk = Desk(sandbox.settings, folder)
    yield desk
    desk.close()


@pytest.fixture
def name() -> str:
    """The id of an article of the test's own."""
    return uuid4().hex


def test_a_new_article_is_indexed_claimed_and_matched(desk: Desk, name: str) -> None:
    article = tagged(
        name, author=["A. Writer"], country="OR", published=NOVEMBER - 60_000, external_id="7", lang_from="given"
    )
    desk.deliver(article)
    document = desk.document(name)
    assert document["_index"] == desk.index("articles-2026.11")
    assert document["_version"] == document_version(NOVEMBER, 1)
    assert {key: document[key] for key in ("id", "title", "text", "source", "domain", "author", "country", "lang")} == {
        "id": name, "title": article.title, "text": article.text, "source": "Daily", "domain": "daily.example",
        "author": ["A. Writer"], "country": "OR", "lang": "en",
    }  # fmt: skip
    assert (document["@timestamp"], document["fetched"], document["first_seen"]) == (
        NOVEMBER - 60_000,
        NOVEMBER,
        NOVEMBER,
    )
    assert (document["seq"], document["words"], document["generation"]) == (NOVEMBER, 12, 1)
    assert (document["topic"], document["score"], document["tags"]) == (["agriculture"], {"agriculture": 0.9}, [TAG])
    (rule,) = document["rules"]
    assert document["rule"] == ["wheat"] == [rule["id"]]
    (event,) = desk.events(name)
    assert event.id == match_id("wheat", name, NOVEMBER, rule["version"])
    assert (event.kind, event.rule.name, event.rule.severity, event.rule.notify) == (
        "matched",
        "Wheat",
        "high",
        ["slack:grain-desk"],
    )
    assert (event.article.index, event.article.url, event.article.tags[0].topic) == (
        document["_index"], article.url, "agriculture",
    )  # fmt: skip
    fields = {"title": article.title, "text": article.text}
    assert [(entry.leaf, entry.field, entry.quote) for entry in event.receipt] == [
        ("wheat", "title", "Wheat"),
        ("wheat", "text", "wheat"),
    ]
    assert all(fields[entry.field][entry.start : entry.end] == entry.quote for entry in event.receipt)
    identity = desk.identity(name)
    assert (identity.first_seen, identity.index, identity.rules) == (
        NOVEMBER,
        document["_index"],
        {"wheat": rule["version"]},
    )
    assert not identity.unsettled


def test_the_matchers_own_tokens_are_searchable_and_not_stored(desk: Desk, name: str) -> None:
    desk.deliver(tagged(name, title="L'État d'Orsal", text="Putin’s café in 東京", lang="fr"))
    assert "tok" not in desk.document(name)
    for field, phrase in (("title", "etat orsal"), ("text", "putin cafe in 東 京")):
        query = {"bool": {"must": [{"match_phrase": {f"tok.{field}": phrase}}, {"ids": {"values": [name]}}]}}
        assert len(desk.search("articles", query)) == 1, phrase


def test_two_sources_and_a_turn_of_the_month_are_one_document(desk: Desk, name: str) -> None:
    desk.deliver(tagged(name, fetched=OCTOBER_END))
    desk.deliver(tagged(name, fetched=LATER, source="Wire", url=f"https://www.daily.example/{name}?utm_source=wire"))
    document = desk.document(name)
    assert document["_index"] == desk.index("articles-2026.10")
    assert (document["source"], document["seq"]) == ("Daily", OCTOBER_END)
    desk.deliver(tagged(name, fetched=LATER + 1, source="Wire", text="The mills of Orsal have wheat for twelve days."))
    document = desk.document(name)
    assert document["_index"] == desk.index("articles-2026.10")
    assert (document["source"], document["seq"], document["first_seen"]) == ("Daily", LATER + 1, OCTOBER_END)
    assert "twelve" in document["text"]


def test_a_correction_replaces_the_wording_keeps_the_old_one_and_tells_what_changed(desk: Desk, name: str) -> None:
    first = tagged(name, tags=[TAG, TAG | {"topic": "health"}])
    second = tagged(name, fetched=LATER, title="Barley and wheat are short", source="Wire")
    desk.deliver(first)
    desk.deliver(second)
    document = desk.document(name)
    assert (document["title"], document["seq"], document["source"]) == (second.title, LATER, "Daily")
    assert document["_version"] == document_version(LATER, 1)
    assert document["rule"] == ["barley", "wheat"]
    (revision,) = desk.revisions(name)
    assert (revision["title"], revision["seq"], revision["rule"]) == (first.title, NOVEMBER, ["health", "wheat"])
    assert revision["id"] == revision_id(name, NOVEMBER, Wording(first.title, first.text).hash)
    assert sorted(desk.kinds(name)) == [
        ("barley", "matched", LATER),
        ("health", "matched", NOVEMBER),
        ("health", "withdrawn", LATER),
        ("wheat", "changed", LATER),
        ("wheat", "matched", NOVEMBER),
    ]
    ids = [event.id for event in desk.events(name)]
    assert len(set(ids)) == len(ids)


def test_a_wording_that_returns_is_a_revision_again(desk: Desk, name: str) -> None:
    for fetched, title in ((NOVEMBER, "Wheat is short"), (LATER, "Wheat is dear"), (LATER + 1, "Wheat is short")):
        desk.deliver(tagged(name, fetched=fetched, title=title))
    assert desk.document(name)["seq"] == LATER + 1
    assert [revision["seq"] for revision in desk.revisions(name)] == [NOVEMBER, LATER]


def test_an_excerpt_never_replaces_the_full_text_and_the_full_text_replaces_it(desk: Desk, name: str) -> None:
    other = uuid4().hex
    text = "The mills of Orsal have wheat for ten days. Bakers in the capital already ration flour and ask for imports."
    full, excerpt = {"text": text}, {"text": text[:43] + " ..."}
    desk.deliver(tagged(name, **full), tagged(other, **excerpt))
    desk.deliver(tagged(name, fetched=LATER, **excerpt), tagged(other, fetched=NOVEMBER - 1000, **full))
    assert desk.document(name)["text"] == desk.document(other)["text"] == text
    assert desk.document(name)["seq"] == NOVEMBER
    assert desk.revisions(name) == []
    assert [revision["text"] for revision in desk.revisions(other)] == [excerpt["text"]]


def test_an_older_message_goes_to_the_revisions_and_announces_nothing(desk: Desk, name: str) -> None:
    desk.deliver(tagged(name, fetched=LATER))
    desk.deliver(tagged(name, fetched=NOVEMBER, title="Barley is short"))
    assert desk.document(name)["title"] == "Wheat is short"
    (revision,) = desk.revisions(name)
    assert (revision["title"], revision["seq"], revision["topic"]) == ("Barley is short", NOVEMBER, ["agriculture"])
    assert desk.kinds(name) == [("wheat", "matched", LATER)]


def test_all_messages_of_one_article_in_one_batch_are_dealt_with_in_their_order(desk: Desk, name: str) -> None:
    other = uuid4().hex
    titles = ["Wheat is short", "Wheat is dear", "Barley is dear"]
    batch = [tagged(name, fetched=NOVEMBER + at, title=title, text="So it is.") for at, title in enumerate(titles)]
    desk.deliver(batch[0], tagged(other), batch[1], batch[2])
    assert desk.document(name)["title"] == "Barley is dear"
    assert [revision["title"] for revision in desk.revisions(name)] == titles[:2]
    assert desk.kinds(other) == [("wheat", "matched", NOVEMBER)]
    by_rule = sorted(desk.kinds(name), key=lambda kind: (kind[0], kind[2]))
    assert by_rule == [
        ("barley", "matched", NOVEMBER + 2),
        ("wheat", "matched", NOVEMBER),
        ("wheat", "changed", NOVEMBER + 1),
        ("wheat", "withdrawn", NOVEMBER + 2),
    ]


def test_a_batch_that_comes_again_has_the_same_ids_and_versions_and_nothing_twice(desk: Desk, name: str) -> None:
    batch = [tagged(name), tagged(name, fetched=LATER, title="Wheat and barley are short")]
    desk.deliver(*batch)
    before, ids = desk.written(name), [event.id for event in desk.events(name)]
    desk.deliver(*batch)
    desk.deliver(batch[1])
    assert desk.written(name) == before
    assert {event.id for event in desk.events(name)} == set(ids)
    assert len(ids) == 3


def test_an_edit_of_the_rules_takes_effect_when_the_article_comes_again(desk: Desk, name: str) -> None:
    desk.deliver(tagged(name))
    version = desk.document(name)["rules"][0]["version"]
    edited = GRAIN.replace("query: wheat", "query: 'wheat AND mills'") + "- {id: mills, name: Mills, query: mill*}\n"
    desk.deliver(tagged(name, fetched=LATER), rules=edited)
    document = desk.document(name)
    assert document["rule"] == ["mills", "wheat"]
    assert document["_version"] == document_version(NOVEMBER, 1)
    assert desk.identity(name).rules == {rule["id"]: rule["version"] for rule in document["rules"]}
    desk.deliver(tagged(name, fetched=LATER + 1), rules="- {id: barley, name: Barley, query: barley}\n")
    assert desk.document(name)["rule"] == []
    events = {(event.rule.id, event.kind): event for event in desk.events(name)}
    assert set(events) == {
        ("wheat", "matched"), ("wheat", "changed"), ("wheat", "withdrawn"), ("mills", "matched"), ("mills", "withdrawn"),
    }  # fmt: skip
    assert events["wheat", "matched"].rule.version == version != events["wheat", "changed"].rule.version
    assert len({event.id for event in events.values()}) == len(events)


def test_a_rule_that_expires_while_the_indexer_runs_matches_no_more(desk: Desk) -> None:
    rules = desk.ruleset("- {id: wheat, name: Wheat, query: wheat, expires: 2099-01-01}\n")
    document = Document.of({"text": "wheat"})
    rules.retire(date(2099, 1, 1))
    assert [match.id for match in rules.match(document)] == ["wheat"]
    rules.retire(date(2099, 1, 2))
    assert rules.match(document) == []


def test_a_later_roll_out_of_packs_renews_the_tags_and_their_matches(desk: Desk, name: str) -> None:
    desk.deliver(tagged(name))
    desk.deliver(tagged(name, generation=2, tags=[TAG | {"topic": "health", "pack": "b" * 12}], source="Wire"))
    document = desk.document(name)
    assert (document["topic"], document["generation"], document["source"]) == (["health"], 2, "Daily")
    assert document["_version"] == document_version(NOVEMBER, 2)
    assert sorted(desk.kinds(name)) == [("health", "matched", NOVEMBER), ("wheat", "matched", NOVEMBER)]
    desk.deliver(tagged(name, fetched=LATER, generation=1))
    assert desk.document(name)["topic"] == ["health"]


def test_a_document_that_was_deleted_is_restored_when_the_article_comes_again(desk: Desk, name: str) -> None:
    other = uuid4().hex
    long_ago = NOVEMBER - 400 * 24 * 3_600_000
    desk.deliver(tagged(name), tagged(other, fetched=long_ago))
    desk.forget(name)
    desk.drop_index("articles-2025.10")
    again = [tagged(name, fetched=LATER), tagged(other, fetched=LATER)]
    with pytest.raises(RetryableError, match="deleted; it is made again"):
        desk.deliver(*again)
    desk.deliver(*again)
    assert desk.document(name)["seq"] == NOVEMBER
    assert desk.document(other)["_index"] == desk.index("articles-2025.10")
    mapping = desk.client.indices.get_mapping(index=desk.index("articles-2025.10")).body
    assert mapping[desk.index("articles-2025.10")]["mappings"]["dynamic"] == "strict"
    assert desk.kinds(name) == [("wheat", "matched", NOVEMBER)]


# What cannot be processed.


def test_poison_goes_to_the_dead_letters_and_the_rest_of_the_batch_is_indexed(desk: Desk, name: str) -> None:
    before = len(desk.dead_letters())
    poison: dict[str, bytes] = {
        "not_json": b"no json",
        "empty": b"",
        "wrong_schema": b'{"schema": "article.raw"}',
        "invalid": tagged(name, fetched=now_ms() + 2 * 3_600_000).encode(),
    }
    # Both cannot be: a field is a number or an object. Intake cannot know, Elasticsearch does.
    refused = tagged(uuid4().hex, tags=[TAG | {"topic": "a"}, TAG | {"topic": "a.b"}])
    desk.deliver(poison["not_json"], poison["empty"], tagged(name), poison["wrong_schema"], refused, poison["invalid"])
    letters = desk.dead_letters()[before:]
    reasons = {headers["presswatch.reason"]: (value, headers["presswatch.detail"]) for value, headers in letters}
    assert set(reasons) == {*poison, "document_rejected"}
    assert {reason: reasons[reason][0] or b"" for reason in poison} == poison
    assert reasons["document_rejected"][0] == refused.encode()
    assert "document_parsing_exception" in reasons["document_rejected"][1]
    assert desk.document(name)["seq"] == NOVEMBER
    assert desk.events(refused.id) == []
    assert desk.identity(refused.id).known is None
    # Mended, it is an article like any other.
    desk.deliver(refused.model_copy(update={"tags": []}))
    assert desk.document(refused.id)["topic"] == []
    assert desk.kinds(refused.id) == [("wheat", "matched", NOVEMBER)]


def test_a_document_above_the_limit_is_a_dead_letter_before_anything_is_written(desk: Desk, name: str) -> None:
    before = len(desk.dead_letters())
    desk.deliver(tagged(name, text="wheat " * 1000), max_document_bytes=5000)
    (value, headers), *_ = desk.dead_letters()[before:]
    assert headers["presswatch.reason"] == "too_large"
    assert value == tagged(name, text="wheat " * 1000).encode()
    assert desk.store().identities([name]) == {}
    assert desk.events(name) == []


def test_a_match_event_that_would_be_too_large_is_shortened_not_lost(desk: Desk, name: str) -> None:
    title = "wheat " + "x" * 1_500_000
    desk.deliver(tagged(name, title=title))
    (event,) = desk.events(name)
    assert (event.receipt, event.article.title[:6], event.article.title[-1]) == ([], "wheat ", "…")
    assert desk.document(name)["title"] == title


def test_a_field_that_the_mapping_does_not_have_stops_the_stage(engines: Engines, tmp_path: Path, name: str) -> None:
    sandbox = Sandbox(engines, tmp_path, f"indexer-{uuid4().hex[:8]}-", {})
    provision(sandbox.settings)
    desk = Desk(sandbox.settings, tmp_path)
    old = desk.index("articles-2026.10")
    desk.client.indices.delete_index_template(name=desk.index(ARTICLES))
    old_mapping = {"dynamic": "strict", "_meta": {"mapping_version": 99}, "properties": {"id": {"type": "keyword"}}}
    desk.client.indices.create(index=old, mappings=old_mapping, aliases={f"{old}-write": {}, desk.index(ARTICLES): {}})
    with pytest.raises(FatalError, match="presswatch setup"):
        desk.deliver(tagged(name, fetched=OCTOBER_END))
    assert desk.dead_letters() == []
    assert desk.events() == []
    desk.close()


def test_the_indexer_refuses_to_start_on_older_mappings_or_none(engines: Engines, tmp_path: Path) -> None:
    sandbox = Sandbox(engines, tmp_path, f"indexer-{uuid4().hex[:8]}-", {})
    assert "has no index" in failing(sandbox, 2)
    provision(sandbox.settings)
    desk = Desk(sandbox.settings, tmp_path)
    desk.client.indices.put_mapping(index=desk.index(ARTICLE_IDS), meta={"mapping_version": 0})
    assert "older than version" in failing(sandbox, 2)
    desk.close()


def failing(sandbox: Sandbox, code: int) -> str:
    with sandbox.service("indexer") as process:
        assert process.process.wait(60) == code
        return process.log.read_text()


# What is left when it dies between two writes.


class DyingBulk(Bulk):
    """Fails once, before or after its n-th request reached Elasticsearch."""

    def __init__(self, desk: Desk, request: int, moment: str) -> None:
        super().__init__(desk.client, "indexer", lambda _: False)
        self._left = request
        self._moment = moment

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        self._left -= 1
        if self._left == 0 and self._moment == "before":
            raise RetryableError("the connection broke")
        outcomes = super().write(writes)
        if self._left == 0:
            raise RetryableError("the answer was lost")
        return outcomes


class DyingPublisher(Publisher):
    """Publishes everything and then fails."""

    def publish(self, records: Iterable[Outgoing]) -> list[tuple[Outgoing, BadMessageError]]:
        super().publish(records)
        raise RetryableError("no acknowledgement")


DEATHS = [("claim", 1, "other rules"), ("document", 2, "same rules"), ("settle", 3, "other rules")]
"""The step, which of the writes it is, and under which rules the message comes again. All of them: test_indexer of tests/property."""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("step", "request_number", "again"), DEATHS)
def test_whichever_write_is_the_last_before_it_dies_nothing_is_lost(
    desk: Desk, name: str, step: str, request_number: int, again: str, moment: str
) -> None:
    desk.deliver(tagged(name, tags=[TAG, TAG | {"topic": "health"}]))
    second = tagged(name, fetched=LATER, title="Barley and wheat are short")
    dying = Store(desk.client, desk.settings.elasticsearch, DyingBulk(desk, request_number, moment))
    with pytest.raises(RetryableError):
        desk.deliver(second, store=dying)
    rules = GRAIN if again == "same rules" else "- {id: wheat, name: Wheat, query: wheat}\n"
    desk.deliver(second, rules=rules)
    assert_settled(desk, name, second, {"wheat", "barley"} if again == "same rules" else {"wheat"})


@pytest.mark.parametrize("again", ["same rules", "other rules"])
def test_a_crash_after_the_announcement_repeats_it_or_takes_it_back(desk: Desk, name: str, again: str) -> None:
    desk.deliver(tagged(name))
    second = tagged(name, fetched=LATER, title="Barley and wheat are short")
    with pytest.raises(RetryableError):
        desk.deliver(second, publisher=DyingPublisher(desk.settings.kafka))
    assert ("barley", "matched", LATER) in desk.kinds(name)
    rules = GRAIN if again == "same rules" else "- {id: wheat, name: Wheat, query: wheat}\n"
    desk.deliver(second, rules=rules)
    assert_settled(desk, name, second, {"wheat", "barley"} if again == "same rules" else {"wheat"})
    taken_back = ("barley", "withdrawn", LATER) in desk.kinds(name)
    assert taken_back == (again == "other rules")


def assert_settled(desk: Desk, name: str, last: TaggedArticle, rules: set[str]) -> None:
    """Document, record, revisions and announcements agree, and agree with the last message."""
    document, identity = desk.document(name), desk.identity(name)
    assert identity.known is not None
    assert (document["title"], document["seq"]) == (last.title, last.fetched)
    assert (identity.known.seq, identity.known.hash) == (document["seq"], document["hash"])
    assert set(document["rule"]) == rules == set(identity.rules)
    assert not identity.unsettled
    assert [revision["seq"] for revision in desk.revisions(name)] == [NOVEMBER]
    events = desk.events(name)
    standing = {event.rule.id: event.kind for event in sorted(events, key=lambda event: event.article.seq)}
    assert {rule for rule, kind in standing.items() if kind != "withdrawn"} == rules
    first = {event.rule.id: event.kind for event in reversed(events)}
    assert "changed" not in first.values()


class MeddledStore(Store):
    """Before the n-th write of this indexer, another one handles another message of the same article."""

    def __init__(self, desk: Desk, before_write: int, meddle: Callable[[], None]) -> None:
        super().__init__(desk.client, desk.settings.elasticsearch, Bulk(desk.client, "indexer", lambda _: False))
        self._left = before_write
        self._meddle = meddle

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        self._left -= 1
        if self._left == 0:
            self._meddle()
        return super().write(writes)


@pytest.mark.parametrize("before_write", [1, 2, 3])
@pytest.mark.parametrize("order", ["older first", "newer first"])
def test_two_writers_of_one_article_leave_what_one_would(desk: Desk, name: str, before_write: int, order: str) -> None:
    older = tagged(name, fetched=NOVEMBER, title="Wheat is short")
    newer = tagged(name, fetched=LATER, title="Barley is short", text="Bread is dear.", source="Wire")
    mine, theirs = (older, newer) if order == "older first" else (newer, older)
    store = MeddledStore(desk, before_write, lambda: desk.deliver(theirs))
    desk.deliver(mine, store=store)
    assert_settled(desk, name, newer, {"barley"})
    identity: Identity = desk.identity(name)
    assert identity.index == desk.index("articles-2026.11")
    # Announced only by a writer that did not know of the newer wording yet.
    unaware = (order, before_write) in {("older first", 3), ("newer first", 1)}
    assert (("wheat", "matched", NOVEMBER) in desk.kinds(name)) == unaware


def test_a_dead_letter_is_sent_once_although_the_batch_is_repeated(desk: Desk, name: str) -> None:
    before = len(desk.dead_letters())
    batch: list[TaggedArticle | bytes] = [b"poison", tagged(name)]
    dying = Store(desk.client, desk.settings.elasticsearch, DyingBulk(desk, 2, "after"))
    with pytest.raises(RetryableError):
        desk.deliver(*batch, store=dying)
    desk.deliver(*batch)
    assert len(desk.dead_letters()) == before + 1


def test_a_flood_of_dead_letters_stops_the_stage(desk: Desk) -> None:
    before = len(desk.dead_letters())
    for _ in range(2):  # the process is started again, and reads the same
        with pytest.raises(FatalError, match="something is wrong with this stage"):
            desk.indexer().handle(records(*[b"poison"] * 30))
    assert len(desk.dead_letters()) == before
