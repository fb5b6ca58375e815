"""`presswatch engines`: start, stop and look at the Kafka and Elasticsearch of this machine."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import click

from presswatch.commands import config_option
from presswatch.engines import DEFAULT_NAME, EngineError, Engines, PortWish, control
from presswatch.engines import status as engine_status
from presswatch.engines.home import Home
from presswatch.engines.limits import MB
from presswatch.engines.progress import Display
from presswatch.engines.state import ENGINES, EngineName, folder
from presswatch.engines.watch import Watcher
from presswatch.settings import load

name_option = click.option("--name", default=DEFAULT_NAME, show_default=True, help="Which instance.")
only_option = click.option("--only", type=click.Choice(ENGINES), help="One engine instead of both.")
port = click.IntRange(1, 65535)
kafka_port_option = click.option("--kafka-port", type=port, help="[default: 9092, or that of the last start]")
elasticsearch_port_option = click.option(
    "--elasticsearch-port", type=port, help="[default: 9200, or that of the last start]"
)
free_ports_option = click.option("--free-ports", is_flag=True, help="Any ports that are free.")
timeout_option = click.option(
    "--timeout", default=control.START_SECONDS, show_default=True, help="Seconds for each to become ready."
)


@click.group()
def command() -> None:
    """Start and stop Kafka and Elasticsearch on this machine (loopback only, no Docker).

    Programs, data and logs lie in the folder of the setting engines_home (PRESSWATCH_ENGINES_HOME).
    """


@command.command()
@name_option
@only_option
@kafka_port_option
@elasticsearch_port_option
@free_ports_option
@timeout_option
@config_option
def start(
    *,
    name: str,
    only: EngineName | None,
    kafka_port: int | None,
    elasticsearch_port: int | None,
    free_ports: bool,
    timeout: float,
    config: Path | None,
) -> None:
    """Start the engines and wait until they are ready."""
    wish = PortWish(kafka_port, elasticsearch_port, free_ports)
    with _sigterm_interrupts(), Display() as display:
        engines = control.start(name, only=only, wish=wish, timeout=timeout, home=_home(config), display=display)
    _print_addresses(engines, only)


@command.command()
@name_option
@only_option
@click.option("--delete-data", is_flag=True, help="Delete what they store as well.")
@config_option
def stop(*, name: str, only: EngineName | None, delete_data: bool, config: Path | None) -> None:
    """Stop the engines; ports and data stay for the next start."""
    _stop(name, only, _home(config), delete_data=delete_data)


@command.command()
@name_option
@only_option
@kafka_port_option
@elasticsearch_port_option
@free_ports_option
@timeout_option
@config_option
def run(
    *,
    name: str,
    only: EngineName | None,
    kafka_port: int | None,
    elasticsearch_port: int | None,
    free_ports: bool,
    timeout: float,
    config: Path | None,
) -> None:
    """Start the engines, stay, start again what ends unasked; SIGTERM or Ctrl-C stops them.

    Ends by itself, with exit code 0, once `presswatch engines stop` has stopped them all.
    """
    home = _home(config)
    wish = PortWish(kafka_port, elasticsearch_port, free_ports)
    try:
        with _sigterm_interrupts():
            with Display() as display:
                engines = control.start(name, only=only, wish=wish, timeout=timeout, home=home, display=display)
            _print_addresses(engines, only)
            Watcher(name, home, lambda text: click.echo(text, err=True), timeout).watch()
            click.echo("the engines were stopped by another command")
    except KeyboardInterrupt:
        # A second signal must not leave engines behind.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _stop(name, only, home)


@command.command()
@click.option("--name", help="Only this instance; exit code 1 unless all its engines are ready.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@config_option
def status(*, name: str | None, as_json: bool, config: Path | None) -> None:
    """Show all instances: addresses, processes, memory."""
    instances = engine_status.status(_home(config), name)
    if as_json:
        click.echo(json.dumps([asdict(instance) for instance in instances], default=str, indent=2))
    elif not instances:
        click.echo("no instance" if name is None else f"no instance {name!r}")
    else:
        for instance in instances:
            click.echo(f"{instance.name}{' (temporary)' if instance.temporary else ''}  {instance.folder}")
            for engine in instance.engines:
                pids = ", ".join(map(str, engine.pids))
                running = f"  process {pids}  {engine.memory // MB} MB" if pids else ""
                click.echo(f"  {engine.title:<14} {engine.state:<9} {engine.address}{running}")
    if name is not None and not (instances and all(engine.state == "ready" for engine in instances[0].engines)):
        sys.exit(1)


@command.command()
@click.argument("engine", type=click.Choice(ENGINES), required=False)
@name_option
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are added.")
@click.option(
    "-n", "--lines", default=100, show_default=True, type=click.IntRange(0), help="How many of the last lines."
)
@config_option
def logs(*, engine: EngineName | None, name: str, follow: bool, lines: int, config: Path | None) -> None:
    """Show the logs of the engines, or of one."""
    instance = folder(Home.open(_home(config)), name)
    files = [str(instance / f"{one}.log") for one in ENGINES if engine in (None, one)]
    there = [file for file in files if Path(file).exists()]
    if not there:
        raise EngineError(f"instance {name!r} has no logs yet", f"presswatch engines start --name {name}")
    # tail opens the next log by itself when an engine is started again (-F).
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), "--", *there])  # noqa: S606  # no shell is wanted


def _home(config: Path | None) -> Path | None:
    return load(config).settings.engines_home


def _print_addresses(engines: Engines, only: EngineName | None) -> None:
    if only != "elasticsearch":
        click.echo(f"Kafka          {engines.bootstrap}")
    if only != "kafka":
        click.echo(f"Elasticsearch  {engines.url}")
    sys.stdout.flush()


def _stop(name: str, only: EngineName | None, home: Path | None, *, delete_data: bool = False) -> None:
    ended = control.stop(name, only=only, delete_data=delete_data, home=home)
    for engine in ended:
        how = "stopped" if engine.clean else "did not end in time and was killed"
        click.echo(f"{engine.title} {how} (process {engine.pids[0]})")
    if not ended:
        click.echo(f"nothing runs in instance {name!r}")


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Have SIGTERM do what Ctrl-C does: what was begun is cleared up instead of left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
