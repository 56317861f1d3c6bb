"""`cutover resume`: go on where the journal says the run stands."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable
from cutover.cli.running import go_on


@click.command("resume")
@click.argument("run")
@machine_readable
@click.pass_obj
def command(settings: Settings, run: str, machine: bool) -> int:
    """Go on with RUN from the first step that the journal does not show as done; a rollback goes on as a rollback."""
    return go_on(settings, run, machine=machine)
