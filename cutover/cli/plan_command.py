"""`cutover plan`: what a run would do now, how long it would take, and whether it may."""

from __future__ import annotations

from pathlib import Path

import click

from cutover.cli.options import Settings, in_environment, machine_readable, print_json


@click.command("plan")
@click.argument("runbook", type=click.Path(path_type=Path))
@in_environment
@click.option("--begin", default="", metavar="MOMENT", help="Forecast a start then, as in 2026-11-28T22:00+01:00.")
@click.option(
    "--hard-stop", default="", metavar="MOMENT", help="By when all must be over: such a moment, or '05:00 ZONE'."
)
@machine_readable
@click.pass_obj
def command(settings: Settings, runbook: Path, environment: str, begin: str, hard_stop: str, machine: bool) -> None:
    """
    Ask every step of RUNBOOK what it would do now in an environment, and forecast when it ends. Reads only.

    The forecast is made from the rehearsals: half of the runs end before the P50, nine of ten before the P90. With a
    hard stop it says the chance of making it, and until when each step may begin so that the way back still fits.
    """
    from cutover.app.forecasting import Asked
    from cutover.app.planning import plan
    from cutover.app.workspace import open_workspace

    asked = Asked(begin=begin, hard_stop=hard_stop)
    planned = plan(open_workspace(settings.project), runbook, environment, asked)
    if machine:
        print_json(planned.plain())
        return
    from cutover.cli.tables import show_plan

    show_plan(planned)
