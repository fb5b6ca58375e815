"""Topic packs as objects of the control plane, there and back, and how the tagger puts a set of them into force."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from presswatch.core.control import BrokenSetError, Object, ObjectSet
from presswatch.core.control_packs import object_of, packs_of
from presswatch.core.learned import ANY, Calibration, Learned, decoded, encoded
from presswatch.core.messages import RawArticle, TaggedArticle
from presswatch.core.packspec import PackSpec, pack_of
from presswatch.core.rules.match import PYTHON
from presswatch.core.topics import Tagger
from presswatch.packfiles import BUILT_IN, load_files, load_packs
from presswatch.tagger.packs import PackBuilder, PackUpdate
from presswatch.tagger.service import Tagging

_PLAIN = Calibration(1.0, 0.0, 0.0)
LEARNED = decoded(
    encoded(
        Learned(
            topic="weather",
            weights={"en": {"rain": 1.5, "heavy rain": 0.5}},
            bias={"en": -1.0},
            shared={},
            model=_PLAIN,
            patterns=_PLAIN,
            reach={"en": 100.0},
            thresholds={ANY: 0.5},
        )
    )
)


def spec(**patterns: str) -> PackSpec:
    return PackSpec.model_validate(
        {"topic": "weather", "patterns": {lang: [{"match": match, "weight": 1}] for lang, match in patterns.items()}}
    )


def applied(generation: int, *objects: Object) -> ObjectSet:
    return ObjectSet(generation, generation, "files", {str(each.key): each.value for each in objects})


def topics(update: PackUpdate, title: str, lang: str = "en") -> list[str]:
    return [tag["topic"] for tag in update.tagger.tag({"title": title, "text": "", "lang": lang})]


def test_every_pack_that_comes_with_presswatch_comes_back_as_it_was() -> None:
    objects = [object_of(file.spec, file.learned) for file in load_files(BUILT_IN)]
    assert packs_of(applied(1, *objects).objects) == load_packs()


def test_a_learned_part_comes_back_with_its_version() -> None:
    (pack,) = packs_of(applied(1, object_of(spec(en="storm*"), LEARNED)).objects)
    assert pack == pack_of(spec(en="storm*"), LEARNED)
    assert pack.learned == LEARNED


@pytest.mark.parametrize("value", [{"spec": {"topic": "x"}}, {"learned": "rubbish"}])
def test_an_object_that_cannot_be_read_refuses_the_set(value: dict[str, object]) -> None:
    whole = orjson.loads(object_of(spec(en="storm*"), LEARNED).value)
    with pytest.raises(BrokenSetError, match="cannot be read") as error:
        packs_of(applied(1, Object.of("pack", "weather", orjson.dumps(whole | value))).objects)
    assert error.value.reason == "unreadable_object"


def test_where_none_is_applied_the_taggers_own_packs_are_in_force() -> None:
    build = PackBuilder([pack_of(spec(en="storm*"))], PYTHON)
    assert topics(build(ObjectSet(), lambda: None), "Storms") == ["weather"]
    other = build(applied(1, object_of(spec(en="rain*"), None)), lambda: None)
    assert (topics(other, "Storms"), topics(other, "Rains"), other.generation) == ([], ["weather"], 1)
    back = build(ObjectSet(2, 2, "files"), lambda: None)
    assert (topics(back, "Storms"), back.generation) == (["weather"], 2)


def test_a_pattern_that_this_version_cannot_read_refuses_the_set() -> None:
    build = PackBuilder([], PYTHON)
    with pytest.raises(BrokenSetError, match="a pattern has a mistake"):
        build(applied(1, object_of(spec(en="storm AND"), None)), lambda: None)


def test_what_does_not_differ_is_taken_over_from_the_set_before() -> None:
    build = PackBuilder([], PYTHON)
    first = build(applied(1, object_of(spec(en="storm*", de="Sturm*"), None)), lambda: None)
    second = build(applied(2, object_of(spec(en="rain*", de="Sturm*"), None)), lambda: None)
    assert isinstance(first.tagger, Tagger)
    assert isinstance(second.tagger, Tagger)
    assert second.tagger.ready()["de"][1] is first.tagger.ready()["de"][1]
    assert (topics(second, "Sturm", "de"), topics(second, "Storm"), topics(second, "Rain")) == (
        ["weather"],
        [],
        ["weather"],
    )


def test_each_article_carries_the_generation_that_tagged_it() -> None:
    build = PackBuilder([pack_of(spec(en="storm*"))], PYTHON)
    tagging = Tagging(build(ObjectSet(), lambda: None).tagger)
    value = RawArticle(id="a", title="Storm", lang="en", fetched=1).encode()
    assert TaggedArticle.decode(tagging.process(value).value).generation == 0
    update = build(applied(7, object_of(spec(en="storm*"), None)), lambda: None)
    tagging.take(update.tagger, update.generation)
    tagged = TaggedArticle.decode(tagging.process(value).value)
    assert (tagged.generation, [tag.topic for tag in tagged.tags]) == (7, ["weather"])


def test_the_folder_of_a_desk_may_hold_a_learned_part(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "weather.yaml").write_text("topic: weather\npatterns: {en: [{match: 'storm*', weight: 1}]}\n")
    (tmp_path / "weather.model.gz").write_bytes(gzip.compress(encoded(LEARNED)))
    (file,) = load_files(tmp_path)
    assert packs_of(applied(1, object_of(file.spec, file.learned)).objects) == [pack_of(file.spec, LEARNED)]
