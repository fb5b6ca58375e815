"""Engines of the session taken away and brought back, wherever the setting engines_home puts them."""

from __future__ import annotations

from presswatch import engines as local
from presswatch.engines import EngineName, Engines
from presswatch.settings import load


def stop(engines: Engines, only: EngineName) -> None:
    """Stop an engine as an operator would."""
    assert local.stop(engines.name, only=only, home=load().settings.engines_home), f"{only} did not run"


def kill(engines: Engines, only: EngineName) -> None:
    """End an engine as a crash would."""
    assert local.kill(engines.name, only=only, home=load().settings.engines_home), f"{only} did not run"


def start(engines: Engines, only: EngineName) -> None:
    """Bring an engine back, on its port and with its data."""
    local.start(engines.name, only=only, home=load().settings.engines_home)
