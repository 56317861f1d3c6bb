"""`cutover rehearse`: run a runbook outside production, and keep what was learnt."""

from __future__ import annotations

from pathlib import Path

import click

from cutover.cli.options import Settings, in_environment, machine_readable
from cutover.cli.running import start


@click.command("rehearse")
@click.argument("runbook", type=click.Path(path_type=Path))
@in_environment
@click.option("--drill", is_flag=True, help="Rollback drill: up to the point of no return, and all the way back.")
@click.option(
    "--inject",
    multiple=True,
    metavar="FAULT@STEP",
    help="Put it through a fault, once: kill, fail, lose (the answer), lock, deny (a gate), slow:3x. Repeatable.",
)
@machine_readable
@click.pass_obj
def command(
    settings: Settings, runbook: Path, environment: str, drill: bool, inject: tuple[str, ...], machine: bool
) -> int:
    """Rehearse RUNBOOK in an environment; the ledger keeps timings, findings and the digest that was rehearsed."""
    return start(settings, runbook, environment, entry="rehearse", drill=drill, inject=inject, machine=machine)
