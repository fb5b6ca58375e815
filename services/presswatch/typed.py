"""A query that somebody types at a prompt, beside a folder of named lists."""

from __future__ import annotations

from pathlib import Path

from presswatch.core.errors import ConfigError
from presswatch.core.rules.model import Node
from presswatch.core.rules.picture import explain
from presswatch.core.rules.syntax import parse_all
from presswatch.rulefiles import load_lists


def parse_typed(query: str, folder: Path | None) -> Node:
    """Return the query's tree.

    Args:
        query: in the rule language.
        folder: of rule files, or one such file, whose lists (``@name``) the query may use.

    Raises:
        ConfigError: it is wrong; the text shows each mistake with a caret and a mend.
        RuleFileError: a list is wrong.
    """
    if any("\ud800" <= ch <= "\udfff" for ch in query):
        raise ConfigError("the query is not UTF-8 text; check the encoding of your terminal")
    lists = load_lists(folder if folder.is_dir() else folder.parent) if folder and "@" in query else {}
    node, errors = parse_all(query, lists)
    if errors or node is None:
        raise ConfigError("\n".join(f"query, {explain(query, error)}" for error in errors))
    return node
