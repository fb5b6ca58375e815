"""`presswatch setup`: create or update Kafka topics and Elasticsearch indices; `setup kibana`: what analysts look at."""

from __future__ import annotations

from pathlib import Path

import click

from presswatch.commands import config_option


@click.group("setup", invoke_without_command=True)
@config_option
@click.pass_context
def command(context: click.Context, config: Path | None) -> None:
    """Create the Kafka topics and the Elasticsearch templates and indices, or bring them up to date.

    It can be run at any time, also while services run: it adds and raises, and takes nothing away. Run it before a new
    version of a service starts.
    """
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    from presswatch import provision
    from presswatch.adapters.elasticsearch import connect
    from presswatch.runtime import configure_logs, now_ms
    from presswatch.settings import load

    settings = load(config).settings
    configure_logs(settings.log.model_copy(update={"level": "error"}), "setup")
    client = connect(settings.elasticsearch)
    provision.run(settings.kafka, client, settings.elasticsearch, now_ms(), click.echo)


@command.command("kibana")
@click.option("--url", help="Kibana's address; the setting kibana.url if not given.")
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the objects into this file (NDJSON, for Kibana's own import page) and ask no Kibana.",
)
@config_option
@click.pass_obj
def kibana(config_of_setup: Path | None, config: Path | None, url: str | None, write: Path | None) -> None:
    """Import data views, a search per topic and the overview dashboard into Kibana, or renew them.

    It replaces what it imported before and touches nothing else: copy an object before you change it.
    """
    from presswatch.core.errors import ConfigError
    from presswatch.kibana.importer import import_objects
    from presswatch.kibana.objects import ndjson, saved_objects
    from presswatch.packfiles import BUILT_IN, load_specs
    from presswatch.settings import KibanaSettings, load

    settings = load(config or config_of_setup).settings
    topics = sorted({spec.topic for spec in load_specs(settings.tagger.packs or BUILT_IN)})
    objects = saved_objects(settings.elasticsearch.prefix, topics)
    if write is not None:
        write.write_text(ndjson(objects), encoding="utf-8")
        click.echo(f"wrote {len(objects)} objects to {write}: in Kibana, Stack Management > Saved Objects > Import")
        return
    if url is not None and not url.startswith(("http://", "https://")):
        raise ConfigError(f"--url {url}: give it whole, such as http://127.0.0.1:5601")
    where = settings.kibana if url is None else KibanaSettings(**{**settings.kibana.model_dump(), "url": url})
    for kind, number in sorted(import_objects(where, ndjson(objects)).items()):
        click.echo(f"imported {number} of type {kind}")
