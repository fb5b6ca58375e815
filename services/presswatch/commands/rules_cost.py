"""`presswatch rules cost`: which rules the matcher looks at often in the stream of the last days, and for which words."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from presswatch import matching
from presswatch.commands import config_option, period, sample_option
from presswatch.core.errors import BadMessageError
from presswatch.core.plaintext import plain
from presswatch.core.rules.cost import Cost, Meter
from presswatch.core.rules.match import Expression
from presswatch.jsonlines import write
from presswatch.rulefiles import load_rules
from presswatch.settings import load

if TYPE_CHECKING:
    from presswatch.sample import Sample

SAMPLE = 2000

MAX_CLAUSE = 60


@click.command(
    epilog="""
    \b
    presswatch rules cost rules
    presswatch rules cost rules --since 24h --sample 10000 --json

    \b
    LOOKS  per 1,000 articles, how often words occur for which the matcher must look at the rule
    HITS   per 1,000 articles, how often the rule then matches
    SHARE  LOOKS as a share of the setting indexer.look_budget
    FOR    the words that call most often, and per 1,000 articles in how many they occur

    \b
    --json: {"rule", "guards", "looks", "hits", "share", "clause", "clause_looks"}, one object a rule,
            then {"rules", "looks", "share", "budget", "articles_read", "articles", "sample"}

    Disabled and expired rules cost nothing and are left out. Exit code: 0; 2 if a rule is wrong or Elasticsearch is away.
    """
)
@click.argument("path", metavar="DIR|FILE", type=click.Path(exists=True, path_type=Path))
@click.option("--since", metavar="TIME", default="7d", show_default=True, help="Only articles from then on.")
@click.option("--until", metavar="TIME", help="Only articles before then; of a day, to its end.")
@sample_option(SAMPLE)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the N dearest rules.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
def command(
    path: Path, since: str, until: str | None, size: int, limit: int | None, as_json: bool, config: Path | None
) -> None:
    """Tell what rules cost: how often the words occur for which the matcher looks at each, the dearest first."""
    settings = load(config).settings
    first, end = period(since, until, time.time_ns() // 1_000_000)
    today = datetime.now(UTC).date()
    meter = Meter(Expression(rule.id, rule.version, rule.node) for rule in load_rules(path) if rule.in_force(today))
    from presswatch.adapters.elasticsearch import connect
    from presswatch.sample import Sample

    with connect(settings.elasticsearch) as client:
        sample = Sample(client, settings.elasticsearch, first, end, size)
        _read(meter, sample)
    costs = meter.costs()
    budget = settings.indexer.look_budget
    lines = _json(costs, limit, meter, sample, budget) if as_json else _table(costs, limit, meter, sample, budget)
    for line in lines:
        write(sys.stdout.buffer, f"{line}\n".encode("utf-8", "replace"))
    if not meter.articles:
        click.echo("presswatch: no article of that time is indexed, so nothing is known of what rules cost", err=True)


def _read(meter: Meter, sample: Sample) -> None:
    """Read the sample twice: the matcher of a service that has run for long knows how often words occur."""
    for turn in (meter.learn, meter.measure):
        for article in sample:
            try:
                turn(matching.document(article))
            except BadMessageError as error:
                if turn == meter.measure:
                    click.echo(f"presswatch: article {article.get('id')} could not be read: {error.detail}", err=True)
        meter.settle()


def _json(costs: list[Cost], limit: int | None, meter: Meter, sample: Sample, budget: int) -> list[str]:
    looks = sum(cost.looks for cost in costs)
    rows = [_rounded({**asdict(cost), "share": cost.looks / budget}) for cost in costs[:limit]]
    total = {
        "rules": len(costs), "looks": looks, "share": looks / budget, "budget": budget, "articles_read": meter.articles,
        "articles": sample.total, "sample": not sample.whole,
    }  # fmt: skip
    return [json.dumps(row, ensure_ascii=False) for row in [*rows, _rounded(total)]]


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}


def _table(costs: list[Cost], limit: int | None, meter: Meter, sample: Sample, budget: int) -> list[str]:
    looks, hits = sum(cost.looks for cost in costs), sum(cost.hits for cost in costs)
    cells = [("RULE", "LOOKS", "HITS", "SHARE", "FOR")]
    cells += [
        (cost.rule, f"{cost.looks:,.1f}", f"{cost.hits:,.1f}", f"{cost.looks / budget:.1%}", _for(cost))
        for cost in costs[:limit]
    ]
    cells.append(("all rules", f"{looks:,.1f}", f"{hits:,.1f}", f"{looks / budget:.1%}", ""))
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    rows = [
        "  ".join([row[0].ljust(widths[0]), *(row[at].rjust(widths[at]) for at in (1, 2, 3)), row[4]]).rstrip()
        for row in cells
    ]
    read = f"{meter.articles:,} articles read: {sample}" if not sample.whole else f"{sample} read"
    rows.append(f"per 1,000 articles; {read}; {len(costs):,} rule{'s' * (len(costs) != 1)}; budget {budget:,} looks")
    return rows


def _for(cost: Cost) -> str:
    return f"{plain(cost.clause, MAX_CLAUSE)} ({cost.clause_looks:,.1f})"
