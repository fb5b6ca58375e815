"""All settings, typed. The only reader of the environment.

Defaults suit the engines that `make up` starts; a YAML file overrides them, environment variables override the
file. A wrong key or value is a `ConfigError` that names it and where it stands.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from presswatch.core.errors import ConfigError

ENV_PREFIX = "PRESSWATCH_"
CONFIG_VARIABLE = "PRESSWATCH_CONFIG"


def _no_slash(value: str) -> str:
    return value.rstrip("/")


Port = Annotated[int, Field(ge=0, le=65535)]
Url = Annotated[str, Field(pattern=r"^https?://\S+$"), AfterValidator(_no_slash)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)]
Prefix = Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9._-]*)?$", max_length=60)]


EngineChoice = Literal["auto", "native", "python"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(_Section):
    """Where Kafka is and how topics are named and laid out."""

    bootstrap: str = Field(
        "127.0.0.1:9092", pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$", description="host:port[,host:port...]"
    )
    prefix: Prefix = Field(
        "", description="Put before every topic and consumer group, so that systems share a cluster."
    )
    partitions: int = Field(3, ge=1, le=1000, description="Partitions of the article and match topics.")
    replication: int = Field(1, ge=1, le=10, description="Replication factor of every topic; 3 in production.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the brokers' certificates.")


class ElasticsearchSettings(_Section):
    """Where Elasticsearch is."""

    url: Url = "http://127.0.0.1:9200"
    prefix: Prefix = Field("", description="Put before every index, alias and template.")
    api_key: SecretStr | None = Field(None, description="The `encoded` form of an API key.")
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the server's certificate.")
    timeout_s: float = Field(30.0, gt=0, description="Seconds to wait for an answer.")
    replicas: int = Field(0, ge=0, le=10, description="Replicas of every index; 1 or more in production.")
    shards: int = Field(1, ge=1, le=100, description="Primary shards of each articles index.")
    keep_months: int | None = Field(
        None,
        ge=0,
        le=1200,
        description="Months of articles and earlier wordings that `presswatch retention` keeps besides the present one; all if unset.",
    )
    keep_alert_months: int | None = Field(
        None,
        ge=0,
        le=1200,
        description="The same for alerts. Without its alert, an article that comes again alerts again.",
    )


class IngestSettings(_Section):
    """What ingest reads when it runs as a service."""

    feeds: list[str] = Field([], description="Addresses or files of RSS and Atom feeds.")
    interval_s: float = Field(600.0, ge=1, description="Seconds between two polls of a feed.")
    state: Path = Field(
        Path(".run/ingest.sqlite"), description="Poll state. A cache: deleting it costs fetches, never duplicates."
    )
    user_agent: str = Field(
        "Presswatch/0.1 (self-hosted media monitoring)",
        min_length=1,
        description="Name yourself and a way to reach you.",
    )
    timeout_s: float = Field(30.0, gt=0, description="Seconds for one fetch in all.")
    max_article_bytes: int = Field(1_000_000, ge=1000, description="A larger article goes to the dead letters.")
    allow_private: bool = Field(
        False, description="Fetch feeds from private addresses and other ports too, such as an intranet's."
    )


class TaggerSettings(_Section):
    """How articles are tagged."""

    packs: Path | None = Field(
        None,
        description="Folder of topic packs, used while none is applied; the packs that come with Presswatch if unset.",
    )
    marks: Path = Field(
        Path("topic-marks.jsonl"), description="The desk's own evaluation set, written by `presswatch topics mark`."
    )


class IndexerSettings(_Section):
    """How articles are matched and indexed."""

    batch: int = Field(300, ge=1, le=5000, description="Articles at most in one bulk request.")
    look_budget: int = Field(
        50_000,
        ge=1,
        description="Looks at rules per 1,000 articles that all rules together may cost; `rules cost` shows each rule's share.",
    )


class SlackSettings(_Section):
    """Where alerts go. A bot token (chat.postMessage) or a webhook address; with neither, alerts wait undelivered."""

    token: SecretStr | None = Field(
        None, description="Bot token with chat:write and, for exact delivery, channels:history."
    )
    webhook: SecretStr | None = Field(None, description="Incoming-webhook address; posts to its own channel only.")
    api_url: Url = Field("https://slack.com/api", description="Base of Slack's Web API.")
    channel: str = Field(
        "#presswatch", description="Channel of rules that name none and of receivers not listed below."
    )
    channels: dict[str, str] = Field({}, description="Channel by receiver name: {grain-desk: C0123ABC}.")
    per_channel_s: float = Field(
        1.0, ge=0, description="Seconds between two messages to a channel (Slack allows one a second)."
    )


class KibanaSettings(_Section):
    """Where Kibana is: for the links beside each alert, and for `presswatch setup kibana`."""

    url: Url | None = Field(
        None, description="Kibana's address as browsers reach it, such as https://kibana.example.org."
    )
    space: str | None = Field(None, pattern=r"^[a-z0-9_-]+$", description="Kibana's space; the default one if unset.")
    api_key: SecretStr | None = Field(
        None, description="The `encoded` form of an API key that may manage saved objects."
    )
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed Kibana's certificate.")
    timeout_s: float = Field(60.0, gt=0, description="Seconds to wait for an answer.")


class CanarySettings(_Section):
    """The synthetic article that ingest sends through all stages, unseen by analysts; the same for all processes."""

    interval_s: float = Field(
        60.0, ge=0, le=600, description="Seconds between two canaries of an ingest that stays; 0 sends none."
    )


class HttpSettings(_Section):
    """Where each service serves /metrics, /healthz and /readyz. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    ingest: Port = 9181
    tagger: Port = 9182
    indexer: Port = 9183
    alerter: Port = 9184


class LogSettings(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: console on a terminal, JSON elsewhere."
    )


class Settings(_Section):
    """All settings of one system."""

    kafka: KafkaSettings = KafkaSettings()
    elasticsearch: ElasticsearchSettings = ElasticsearchSettings()
    ingest: IngestSettings = IngestSettings()
    tagger: TaggerSettings = TaggerSettings()
    indexer: IndexerSettings = IndexerSettings()
    slack: SlackSettings = SlackSettings()
    kibana: KibanaSettings = KibanaSettings()
    canary: CanarySettings = CanarySettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    rules: Path | None = Field(
        None,
        description="Folder of rules that `presswatch rules apply` applies if none is named, and `up` at its start.",
    )
    engine: EngineChoice = Field(
        "auto",
        description="Matching engine. auto: the native core where it is installed, else the Python one, which finds the same.",
    )
    instance: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]+$",
        description="Name of this replica, unique and the same after a restart: it then has its partitions back at once.",
    )
    engines_home: Path | None = Field(None, description="Folder of the local engines; chosen by itself if unset.")
    shared: Path = Field(
        Path("../shared"), description="Development data of tests, training and benchmarks; relative to the repository."
    )


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and for each leaf (dotted path) where its value comes from: default, FILE:LINE or a variable."""

    settings: Settings
    origins: Mapping[str, str]


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Loaded:
    """Read the settings.

    Args:
        config: a YAML file; if None, the file that PRESSWATCH_CONFIG names, or none.
        environ: the environment; the process's own if None.

    Raises:
        ConfigError: a key or value is wrong; the text names each of them.
    """
    environ = os.environ if environ is None else environ
    leaves = dict(_leaves(Settings))
    if config is None and environ.get(CONFIG_VARIABLE):
        config = Path(environ[CONFIG_VARIABLE])
    tree: dict[str, Any] = {}
    origins = dict.fromkeys(leaves, "default")
    problems: list[str] = []
    if config is not None:
        problems += _read_file(config, leaves, tree, origins)
    problems += _read_environment(environ, leaves, tree, origins)
    if problems:
        raise ConfigError("\n".join(problems))
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(
            "\n".join(_explain(problem, origins) for problem in error.errors(include_url=False))
        ) from None
    return Loaded(settings, origins)


def variable(path: str) -> str:
    """Return the environment variable of a setting: kafka.bootstrap is PRESSWATCH_KAFKA_BOOTSTRAP."""
    return ENV_PREFIX + path.replace(".", "_").upper()


def _leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, info in model.model_fields.items():
        annotation = info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _leaves(annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, annotation


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *sections, leaf = path.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
    tree[leaf] = value


def _suggest(word: str, known: Iterator[str] | list[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _read_file(config: Path, leaves: Mapping[str, Any], tree: dict[str, Any], origins: dict[str, str]) -> list[str]:
    try:
        text = config.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        return [f"{config}: cannot be read: {error.strerror}"]
    except UnicodeDecodeError:
        return [f"{config}: is not UTF-8 text; save it as UTF-8"]
    except yaml.YAMLError as error:
        return [f"{config}: is not YAML: {' '.join(str(error).split())}"]
    problems: list[str] = []

    def walk(node: yaml.Node, prefix: str) -> None:
        if not isinstance(node, yaml.MappingNode):
            where = f"section {prefix[:-1]!r}" if prefix else "the file"
            problems.append(f"{config}:{node.start_mark.line + 1}: {where} must hold keys and values (key: value)")
            return
        seen: set[str] = set()
        for key_node, value_node in node.value:
            path = prefix + str(key_node.value)
            line = f"{config}:{key_node.start_mark.line + 1}"
            if path in seen:
                problems.append(f"{line}: {path!r} is given twice; keep one")
            seen.add(path)
            if path in leaves:
                value = yaml.safe_load(yaml.serialize(value_node))
                base = config.parent
                _put(tree, path, _anchor(value, leaves[path], base))
                origins[path] = line
            elif any(leaf.startswith(path + ".") for leaf in leaves):
                walk(value_node, path + ".")
            else:
                siblings = sorted({leaf[len(prefix) :].split(".")[0] for leaf in leaves if leaf.startswith(prefix)})
                problems.append(f"{line}: there is no setting {path!r}{_suggest(str(key_node.value), siblings)}")

    if node is not None:
        walk(node, "")
    return problems


def _anchor(value: Any, annotation: Any, base: Path) -> Any:
    """Paths in a settings file are relative to that file, wherever the command is typed."""
    is_path = annotation is Path or Path in get_args(annotation)
    return str(base / value) if is_path and isinstance(value, str) else value


def _read_environment(
    environ: Mapping[str, str], leaves: Mapping[str, Any], tree: dict[str, Any], origins: dict[str, str]
) -> list[str]:
    by_variable = {variable(path): path for path in leaves}
    secrets = {name for name, path in by_variable.items() if _is_secret(leaves[path])}
    problems: list[str] = []
    for name in sorted(environ):
        if not name.startswith(ENV_PREFIX) or name == CONFIG_VARIABLE:
            continue
        value: Any = environ[name]
        path = by_variable.get(name)
        if path is None and name.endswith("_FILE") and name.removesuffix("_FILE") in secrets:
            path = by_variable[name.removesuffix("_FILE")]
            if name.removesuffix("_FILE") in environ:
                problems.append(f"{name} and {name.removesuffix('_FILE')} are both set; unset one")
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{name}: {environ[name]!r} cannot be read: {error}")
                continue
        if path is None:
            problems.append(f"{name}: there is no such setting{_suggest(name, list(by_variable))}")
            continue
        if _is_structured(leaves[path]):
            try:
                value = yaml.safe_load(value)
            except yaml.YAMLError:
                problems.append(f"{name}: is neither JSON nor YAML; write it like [a, b] or {{name: value}}")
                continue
        elif value == "":
            continue
        _put(tree, path, value)
        origins[path] = name
    return problems


def _is_structured(annotation: Any) -> bool:
    return get_origin(annotation) in (list, dict)


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _explain(problem: Any, origins: Mapping[str, str]) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    known = next((leaf for leaf in origins if path == leaf or path.startswith(leaf + ".")), path)
    shown = "" if known.endswith(("token", "webhook", "password", "api_key")) else f" (it is {problem['input']!r})"
    return f"{origins.get(known, 'settings')}: {path}: {problem['msg'][:1].lower()}{problem['msg'][1:]}{shown}"
