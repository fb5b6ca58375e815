"""`presswatch demo`: the whole system once, on articles made for it."""

from __future__ import annotations

import sys

import click


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave engines and services running at the end, and say where.")
def command(keep: bool) -> None:
    """Run the whole system once on real engines and compare what comes out with what must.

    Ends with 0 only if each expected tag, alert and dead letter is there and nothing else.
    """
    from rich.console import Console

    from presswatch.demo.run import Demo

    console = Console(width=None if sys.stdout.isatty() else 140)
    demo = Demo(console, keep=keep)
    try:
        wrong = demo.run()
    except BaseException:
        console.print(f"the logs are in {demo.folder}")
        raise
    demo.close(remove=not keep and not wrong)
    if wrong:
        console.print("[bold red]Not as expected:[/]")
        for line in wrong:
            console.print(f"  {line}", markup=False)
        console.print(f"the logs are in {demo.folder}")
    else:
        console.print("[bold green]All as expected:[/] every tag, alert and dead letter, and nothing else.")
    if keep:
        console.print("\nStill running:")
        for what, where in demo.addresses():
            console.print(f"  {what:<16} {where}", markup=False, highlight=False)
        console.print(f"stop it with: presswatch down --run {demo.folder}")
    sys.exit(1 if wrong else 0)
