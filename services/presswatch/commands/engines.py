"""`presswatch engines`: start, stop and look at the Kafka and Elasticsearch of this machine."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.engines import DEFAULT_NAME, EngineName, PortWish, control
from presswatch.engines.home import HOME_VARIABLE
from presswatch.engines.progress import Display
from presswatch.engines.state import ENGINES

name_option = click.option("--name", default=DEFAULT_NAME, show_default=True, help="Which instance.")
only_option = click.option("--only", type=click.Choice(ENGINES), help="One engine instead of both.")
home_option = click.option(
    "--home",
    envvar=HOME_VARIABLE,
    type=click.Path(path_type=Path),
    help=f"Folder for programs, data and logs (also by {HOME_VARIABLE}).",
)
port = click.IntRange(1, 65535)


@click.group()
def command() -> None:
    """Start and stop Kafka and Elasticsearch on this machine (loopback only, no Docker)."""


@command.command()
@name_option
@only_option
@click.option("--kafka-port", type=port, help="Kafka's port [default: 9092, or that of the last start].")
@click.option("--elasticsearch-port", type=port, help="Elasticsearch's port [default: 9200, or that of the last start].")
@click.option("--free-ports", is_flag=True, help="Any ports that are free.")
@click.option("--timeout", default=control.START_SECONDS, show_default=True, help="Seconds for each to become ready.")
@home_option
def start(
    name: str,
    only: EngineName | None,
    kafka_port: int | None,
    elasticsearch_port: int | None,
    free_ports: bool,
    timeout: float,
    home: Path | None,
) -> None:
    """Start the engines and wait until they are ready."""
    wish = PortWish(kafka_port, elasticsearch_port, free_ports)
    with Display() as display:
        engines = control.start(name, only=only, wish=wish, timeout=timeout, home=home, display=display)
    if only != "elasticsearch":
        click.echo(f"Kafka          {engines.bootstrap}")
    if only != "kafka":
        click.echo(f"Elasticsearch  {engines.url}")


@command.command()
@name_option
@only_option
@click.option("--delete-data", is_flag=True, help="Delete what they store as well.")
@home_option
def stop(name: str, only: EngineName | None, delete_data: bool, home: Path | None) -> None:
    """Stop the engines; ports and data stay for the next start."""
    ended = control.stop(name, only=only, delete_data=delete_data, home=home)
    for engine in ended:
        how = "stopped" if engine.clean else "did not end in time and was killed"
        click.echo(f"{engine.title} {how} (process {engine.pids[0]})")
    if not ended:
        click.echo(f"nothing runs in instance {name!r}")
