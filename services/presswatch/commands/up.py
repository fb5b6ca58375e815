"""`presswatch up`: the whole system on this machine, to stay."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from presswatch.commands import config_option

ENGINES_NAME = "up"
RUN_FOLDER = Path(".run/up")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

run_option = click.option(
    "--run",
    type=click.Path(file_okay=False, path_type=Path),
    default=RUN_FOLDER,
    show_default=True,
    help="Folder of its logs and state.",
)


@click.command("up")
@config_option
@run_option
@click.option("--engines-name", default=ENGINES_NAME, show_default=True, help="Instance of the local engines.")
@click.option("--engines/--no-engines", default=None, help="Start engines here; by default if both are on loopback.")
def command(config: Path | None, run: Path, engines_name: str, engines: bool | None) -> None:
    """Start engines, services and a supervisor that restarts what dies; print where everything is."""
    import os
    import subprocess

    from presswatch import engines as local
    from presswatch.commands.rules_apply import objects_in, publish_rules
    from presswatch.engines.progress import Display
    from presswatch.local import system
    from presswatch.local.supervisor import Supervisor
    from presswatch.settings import CONFIG_VARIABLE, load

    settings = load(config).settings
    supervisor = Supervisor(run)
    environ = dict(os.environ)
    if config is not None:
        environ[CONFIG_VARIABLE] = str(config.resolve())
    # A mistake in a rule ends it here, before anything has started.
    rules = None if settings.rules is None else objects_in(settings.rules)
    running = supervisor.running()
    if not running:
        kafka_host, _, kafka_port = settings.kafka.bootstrap.partition(",")[0].rpartition(":")
        url = urlsplit(settings.elasticsearch.url)
        here = kafka_host in _LOOPBACK and url.hostname in _LOOPBACK if engines is None else engines
        programs = system.service_programs("up", {"ingest": ["--watch"]})
        if here:
            with Display() as display:
                wish = local.PortWish(int(kafka_port), url.port or 80)
                local.start(engines_name, wish=wish, home=settings.engines_home, display=display)
            programs.insert(0, system.engines_program(engines_name, run))
        subprocess.run([sys.executable, "-m", "presswatch", "setup"], env=environ, check=True)
    if rules is not None:
        for line in publish_rules(settings, rules):
            click.echo(line)
    if not running:
        supervisor.start(programs, environ)
        if here:
            supervisor.launch(system.ENGINES_PROGRAM)
    no_slack = settings.slack.token is None and settings.slack.webhook is None
    system.launch_services(
        supervisor,
        settings,
        lambda text: click.echo(f"waiting for {text}"),
        lambda name, _: no_slack and name == "alerter",
    )
    click.echo(f"Kafka            {settings.kafka.bootstrap}")
    click.echo(f"Elasticsearch    {settings.elasticsearch.url}")
    for name in system.SERVICES:
        click.echo(f"{name:<16} {system.base_url(settings, name)}/metrics")
    if no_slack:
        click.echo("\nNo Slack yet: alerts wait in Kafka until slack.token or slack.webhook is set (docs/slack.md).")
    click.echo(f"logs             {supervisor.logs}")
    click.echo(
        "\nPut articles in:  presswatch ingest FILE.jsonl     Search:  presswatch search 'QUERY'     Stop:  presswatch down"
    )
