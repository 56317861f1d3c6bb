"""`cutover resume`: go on where the journal says the run stands."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable
from cutover.cli.running import go_on


@click.command("resume")
@click.argument("run")
@click.option("--past-deadline", metavar="REASON", help="Go on although a rollback would not end in time any more.")
@machine_readable
@click.pass_obj
def command(settings: Settings, run: str, past_deadline: str | None, machine: bool) -> int:
    """Go on with RUN from the first step that the journal does not show as done; a rollback goes on as a rollback."""
    if past_deadline:
        from cutover.app import runs
        from cutover.app.workspace import open_workspace

        runs.waive_deadline(open_workspace(settings.project), run, past_deadline)
    return go_on(settings, run, machine=machine)
