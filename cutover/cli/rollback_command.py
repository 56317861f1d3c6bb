"""`cutover rollback`: bring the old world back."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable
from cutover.cli.running import roll_back


@click.command("rollback")
@click.argument("run")
@click.option("--reason", required=True, help="Why; it stands in the journal and in the report.")
@click.option(
    "--accept-differences",
    is_flag=True,
    help="End it although the world is not as before: you have looked, and answer for it. The report says so.",
)
@machine_readable
@click.pass_obj
def command(settings: Settings, run: str, reason: str, accept_differences: bool, machine: bool) -> int:
    """
    Undo everything RUN did, in reverse order, and prove by fingerprints that the state before it is back.

    Refused past the point of no return. A finished rehearsal can be rolled back too, to free its environment.
    """
    return roll_back(settings, run, reason, accept_differences=accept_differences, machine=machine)
