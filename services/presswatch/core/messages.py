"""The messages on Kafka, as typed models; `make schemas` writes their JSON Schemas to schemas/messages/.

Times are integers, milliseconds since 1970 in UTC. Readers ignore fields that they do not know, so an older
reader takes a newer message; a field added later has a default, so a newer reader takes an older one. What a stage
does not know it does not hand on. A change of a message raises its `schema_version` (docs/decisions/0017).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from presswatch.core.errors import BadMessageError

Millis = Annotated[int, Field(ge=0, lt=2**43, description="Milliseconds since 1970-01-01 in UTC.")]
Id = Annotated[str, Field(min_length=1, max_length=256)]
Origin = Literal["live", "backfill", "replay"]

ANNOUNCE = "presswatch.announce"
"""Header of a tagged article that was sent again so that its matches are announced anew, though nothing changed."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Message(_Part):
    """A value on a Kafka topic: names its schema and version, knows how to become bytes and back."""

    schema_name: str = Field(alias="schema")
    schema_version: int = Field(default=1, ge=1)
    SCHEMA: ClassVar[str]

    def encode(self) -> bytes:
        """Return the message as JSON in UTF-8."""
        return orjson.dumps(self.model_dump(mode="json", by_alias=True))

    @classmethod
    def decode(cls, data: bytes | None) -> Self:
        """Read a message.

        Raises:
            BadMessageError: reason ``empty``, ``not_json``, ``wrong_schema`` or ``invalid``.
        """
        if not data:
            raise BadMessageError("empty", "the record has no value")
        try:
            value: Any = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise BadMessageError("not_json", str(error)) from error
        if not isinstance(value, dict) or value.get("schema") != cls.SCHEMA:
            found = value.get("schema") if isinstance(value, dict) else type(value).__name__
            raise BadMessageError("wrong_schema", f"expected a message of schema {cls.SCHEMA!r}, found {found!r}")
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BadMessageError("invalid", f"{where}: {first['msg']} ({error.error_count()} in all)") from error


class Evidence(_Part):
    """One occurrence of a topic pattern: why a tag is there. Offsets are code points, end exclusive."""

    pattern: str
    field: Literal["title", "text"]
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    quote: str
    weight: float


class Tag(_Part):
    """A topic that an article is about, with its score and the evidence for it."""

    topic: str
    score: float = Field(ge=0, le=1)
    threshold: float = Field(ge=0, le=1)
    pack: str = Field(description="Version of the topic pack: 12 hex digits.")
    evidence: list[Evidence] = []


class _ArticleBody(Message):
    id: Id
    title: str = ""
    text: str = ""
    url: str | None = Field(default=None, description="The address as it came; the id is made of its canonical form.")
    source: str | None = Field(default=None, description="The outlet or feed that brought the article.")
    external_id: str | None = None
    country: str | None = None
    author: list[str] = []
    lang: str | None = Field(default=None, description="BCP 47 tag, such as en or pt-BR.")
    lang_from: Literal["given", "detected", "unknown"] = "unknown"
    published: Millis | None = None
    published_precision: Literal["instant", "zone_assumed", "date"] | None = None
    published_raw: str | None = None
    fetched: Millis
    origin: Origin = "live"


class RawArticle(_ArticleBody):
    """An article as ingest found it. Topic articles.raw, key: the article id."""

    SCHEMA: ClassVar[str] = "article.raw"
    schema_name: Literal["article.raw"] = Field(default="article.raw", alias="schema")


class TaggedArticle(_ArticleBody):
    """An article with its tags. Topic articles.tagged, key: the article id."""

    SCHEMA: ClassVar[str] = "article.tagged"
    schema_name: Literal["article.tagged"] = Field(default="article.tagged", alias="schema")
    schema_version: int = Field(default=2, ge=1)
    tagged: Millis
    generation: int = Field(default=0, ge=0, lt=2**20, description="Roll-outs of topic packs and stories so far.")
    tags: list[Tag] = []
    unsupported: list[str] = Field(
        default=[], description="Topics that have neither patterns nor learned words in its language: nobody looked."
    )


class ReceiptEntry(_Part):
    """One occurrence of a leaf of a rule. Metadata leaves have no start and end."""

    leaf: str
    field: str
    start: int | None = None
    end: int | None = None
    quote: str | None = None


class RuleRef(_Part):
    """The rule that matched, as it was when it matched."""

    id: Id
    version: str
    name: str
    severity: str
    notify: list[str] = []
    late: Literal["alert", "record"] = "record"


class TagRef(_Part):
    """A tag without its evidence."""

    topic: str
    score: float


class ArticleRef(_Part):
    """What an alert tells of the article."""

    id: Id
    seq: Millis = Field(description="`fetched` of the message that brought this wording.")
    index: str = Field(description="The Elasticsearch index that holds the article.")
    title: str
    url: str | None = None
    source: str | None = None
    country: str | None = None
    lang: str | None = None
    published: Millis | None = None
    fetched: Millis
    tagged: Millis
    origin: Origin = "live"
    tags: list[TagRef] = []


class MatchEvent(Message):
    """A rule began to match an article, matches it differently, or no longer. Topic matches, key: the rule id."""

    SCHEMA: ClassVar[str] = "match"
    schema_name: Literal["match"] = Field(default="match", alias="schema")
    id: Id
    kind: Literal["matched", "changed", "withdrawn"]
    rule: RuleRef
    article: ArticleRef
    receipt: list[ReceiptEntry] = []
    matched: Millis


class Notification(Message):
    """An alert on its way to one receiver. Topic notifications, key: the receiver."""

    SCHEMA: ClassVar[str] = "notification"
    schema_name: Literal["notification"] = Field(default="notification", alias="schema")
    id: Id = Field(description="Hash of alert id and receiver: the same notification is delivered once.")
    alert: Id
    receiver: str = Field(description="Kind and name, such as slack:grain-desk.")
    label: Literal["late"] | None = None
    decided: Millis
    match: MatchEvent


class LetterSettled(Message):
    """What somebody did about a dead letter. Topic dead.settled, key: the letter's id, such as indexer/17."""

    SCHEMA: ClassVar[str] = "dead-letter.settled"
    schema_name: Literal["dead-letter.settled"] = Field(default="dead-letter.settled", alias="schema")
    letter: str = Field(description="STAGE/OFFSET of the dead letter.")
    failed: Millis = Field(description="When it failed: tells it from one of the same id in a topic made anew.")
    action: Literal["retried", "dropped"]
    because: str = Field(description="Why it was dropped, or where it was sent.")
    by: str = Field(description="User and machine.")
    at: Millis


class Forgotten(Message):
    """An article that must not be kept. Topic forgotten, key: the article id; without a value it may be kept again."""

    SCHEMA: ClassVar[str] = "forgotten"
    schema_name: Literal["forgotten"] = Field(default="forgotten", alias="schema")
    id: Id
    asked: Millis = Field(description="When it was asked for.")
    because: str = Field(description="Why, without anything of what the article says.")
    by: str = Field(description="User and machine.")


MESSAGES: tuple[type[Message], ...] = (RawArticle, TaggedArticle, MatchEvent, Notification, LetterSettled, Forgotten)
