"""`cutover plan`: what a run would do now, and whether it may."""

from __future__ import annotations

from pathlib import Path

import click

from cutover.cli.options import Settings, in_environment, machine_readable, print_json


@click.command("plan")
@click.argument("runbook", type=click.Path(path_type=Path))
@in_environment
@machine_readable
@click.pass_obj
def command(settings: Settings, runbook: Path, environment: str, machine: bool) -> None:
    """Ask every step of RUNBOOK what it would do now in an environment. Reads only."""
    from cutover.app.planning import plan
    from cutover.app.workspace import open_workspace

    planned = plan(open_workspace(settings.project), runbook, environment)
    if machine:
        print_json(planned.plain())
        return
    from cutover.cli.tables import show_plan

    show_plan(planned)
