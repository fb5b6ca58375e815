"""What stands in a file of a topic pack, as a model that is checked and published as a JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from presswatch.core.learned import Learned
from presswatch.core.packs import Pack, Pattern

MAX_WEIGHT = 10.0

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Lang = Annotated[str, Field(pattern=r"^[a-z]{2,3}$", description="Primary language subtag of BCP 47, such as en.")]
ListName = Annotated[str, Field(pattern=r"^[\w-]+$")]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _one_or_more(value: object) -> str | None:
    return "<text>" if isinstance(value, str) else "<list>" if isinstance(value, list | tuple) else None


def _text_or_article(value: object) -> str | None:
    return "<text>" if isinstance(value, str) else "<article>" if isinstance(value, dict | ExampleSpec) else None


UNION_TAGS = frozenset({"<text>", "<list>", "<article>"})
"""Names of union branches: pydantic puts them into the way to an error."""


class IdeaSpec(_Spec):
    """One idea: its wordings, and what they say for the topic."""

    match: Annotated[
        Annotated[Text, Tag("<text>")] | Annotated[list[Text], Field(min_length=1), Tag("<list>")],
        Discriminator(_one_or_more),
    ] = Field(
        description="A pattern in the rule language, or several that mean the same: their repeats count together."
    )
    weight: float = Field(
        ge=-MAX_WEIGHT,
        le=MAX_WEIGHT,
        description="1 is enough in a headline; negative counts against the topic; 0 and below voids what it covers.",
    )

    @property
    def wordings(self) -> tuple[str, ...]:
        """The patterns, each once."""
        return tuple(dict.fromkeys([self.match] if isinstance(self.match, str) else self.match))


class ExampleSpec(_Spec):
    """An article by way of example."""

    title: str = ""
    text: str = ""


Example = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[ExampleSpec, Tag("<article>")], Discriminator(_text_or_article)
]


class PackSpec(_Spec):
    """A topic pack."""

    topic: str = Field(
        pattern=r"^[a-z][a-z0-9-]*$", max_length=64, description="Name of the topic, as in topic:health."
    )
    threshold: float = Field(0.5, gt=0, le=1, description="Least score of a tag.")
    lists: dict[Lang, dict[ListName, Annotated[list[Text], Field(min_length=1)]]] = Field(
        {}, description="By language, named lists of terms for @name in its patterns."
    )
    patterns: Annotated[dict[Lang, Annotated[list[IdeaSpec], Field(min_length=1)]], Field(min_length=1)] = Field(
        description="By language, what to look for."
    )
    must_tag: dict[Lang, list[Example]] = Field({}, description="Texts or articles that must get the tag.")
    must_not_tag: dict[Lang, list[Example]] = Field({}, description="Texts or articles that must not get it.")


def pack_of(spec: PackSpec, learned: Learned | None = None) -> Pack:
    """Return the pack of a file whose patterns and lists have been found right, with its learned part."""
    patterns = {
        lang: tuple(Pattern(match, idea.weight, number) for number, idea in enumerate(ideas) for match in idea.wordings)
        for lang, ideas in spec.patterns.items()
    }
    return Pack(spec.topic, spec.threshold, patterns, spec.lists, learned)


def article_of(example: str | ExampleSpec, lang: str) -> dict[str, Any]:
    """Return an example as an article; a bare text is one without a title."""
    if isinstance(example, str):
        return {"title": "", "text": example, "lang": lang}
    return {"title": example.title, "text": example.text, "lang": lang}


def pack_file_schema() -> dict[str, Any]:
    """Return the JSON Schema of a topic pack's file."""
    schema = PackSpec.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Presswatch topic pack",
        "description": "One topic: weighted patterns by language, a threshold, examples.",
    }
