"""Every command that a page tells people to type exists, with these options: `presswatch ...` and `make ...`, in code of all pages."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from presswatch.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])
SPAN = re.compile(r"`(?:[A-Z_]+=\S+ )*((?:presswatch|make) [^`]+)`")
TYPED = re.compile(r"^(?:    |\t)?(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?((?:presswatch|make)(?: .*)?)$")
ENDS = {"|", "<", ">", ">>", "2>", "&&", ";", "&"}
PLACEHOLDER = re.compile(r"[A-Z][A-Z_/]*")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
VARIABLES = set(re.findall(r"^([A-Z]+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE)) | {"KEEP", "QUICK"}


def typed(page: str) -> Iterator[str]:
    """Yield the commands of a page: in spans of code, and in lines that are code (indented or fenced)."""
    fenced = False
    text = re.sub(r"\\\n\s+", " ", page)
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        if (found := TYPED.match(line)) and (fenced or line.startswith(("    ", "\t"))):
            yield found[1]
            continue
        yield from SPAN.findall(line)


def words_of(command: str) -> list[list[str]]:
    """Return the words of a command without its comment, redirections and brackets; one list for each of `a|b`."""
    lexer = shlex.shlex(command.replace("\\|", "|"), posix=True, punctuation_chars="<>&;")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word in ENDS:
            break
        bare = word.strip("[]")
        is_value = words and words[-1].startswith("--")
        if bare.strip(".") and not bare.endswith("-..."):
            words.append(bare)
        elif bare and is_value:
            words.append("TEXT")
    forms: list[list[str]] = [[]]
    for word in words:
        parts = word.split("|") if re.fullmatch(r"[a-z]+(\|[a-z]+)+", word) else [word]
        forms = [[*form, part] for form in forms for part in parts]
    return forms


def fault(words: list[str]) -> str | None:
    """Return what is wrong with `presswatch WORDS`; None if the command line takes it."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"there is no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, parent=context, **command.context_settings)
    try:
        if type(command).parse_args not in {click.Command.parse_args, click.Group.parse_args}:
            command.make_context(command.name, list(words), parent=context.parent)
            return None
        values, left, _ = command.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        return error.format_message()
    if left and not isinstance(command, click.Group):
        return f"nothing takes {' '.join(left)}"
    for parameter in command.params:
        value: Any = values.get(str(parameter.name))
        if isinstance(parameter.type, click.Choice) and isinstance(value, str) and not PLACEHOLDER.fullmatch(value):
            try:
                parameter.type.convert(value, parameter, context)
            except click.UsageError as error:
                return error.format_message()
    return None


def made(words: list[str]) -> str | None:
    """Return what is wrong with `make WORDS`."""
    for word in words:
        name, equals, _ = word.partition("=")
        if equals and name not in VARIABLES | {"PYTHON"}:
            return f"the Makefile has no variable {name}"
        if not equals and name not in TARGETS:
            return f"the Makefile has no target {name}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_a_page_exist(page: Path) -> None:
    faults = []
    for command in typed(page.read_text()):
        for program, *words in words_of(command):
            if why := fault(words) if program == "presswatch" else made(words):
                faults.append(f"{command}: {why}")
    assert not faults


def test_commands_of_deployments_exist() -> None:
    deploy = ROOT / "deploy"
    containers = [
        part
        for path in (deploy / "kubernetes").glob("*.yaml")
        for part in re.findall(r"^ *args: (\[.*\])$", path.read_text(), re.MULTILINE)
    ]
    services = yaml.safe_load((deploy / "compose.yaml").read_text())["services"].values()
    commands = [yaml.safe_load(part) for part in containers]
    commands += [one["command"] for one in services if one["image"].startswith("presswatch:")]
    assert len(commands) > 12
    assert [why for words in commands if (why := fault(words))] == []


def test_commands_are_found() -> None:
    found = [command for page in PAGES for command in typed(page.read_text())]
    assert len([one for one in found if one.startswith("presswatch")]) > 120
    assert len([one for one in found if one.startswith("make")]) > 20


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("presswatch serve", "there is no command serve"),
        ("presswatch dlq purge", "there is no command purge"),
        ("presswatch dlq list|purge", "there is no command purge"),
        ("presswatch audit --sinse 24h", "No such option: --sinse"),
        ("presswatch audit --since", "Option '--since' requires an argument"),
        ("presswatch trace a b", "nothing takes b"),
        ("presswatch replay --from disk", "Invalid value for '--from': 'disk'"),
        ("presswatch topics mark 17 +health --tag", "No such option: --tag"),
        ("make all", "the Makefile has no target all"),
        ("make up CONF=x", "the Makefile has no variable CONF"),
    ],
)
def test_a_mistake_on_a_page_is_named(command: str, why: str) -> None:
    faults = [fault(words) if program == "presswatch" else made(words) for program, *words in words_of(command)]
    assert any(one is not None and one.startswith(why) for one in faults), faults
