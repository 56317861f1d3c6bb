"""`cutover status`: where runs stand, from the journal alone."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable, print_json


@click.command("status")
@click.argument("run", required=False)
@machine_readable
@click.pass_obj
def command(settings: Settings, run: str | None, machine: bool) -> None:
    """Where RUN stands, or all runs of the project without one. Touches no database but the journal."""
    from cutover.app.status import all_runs, one_run
    from cutover.app.workspace import open_workspace

    workspace = open_workspace(settings.project)
    if run is None:
        rows = all_runs(workspace)
        if machine:
            print_json({"runs": rows})
            return
        from cutover.cli.tables import show_runs

        show_runs(rows)
        return
    document = one_run(workspace, run)
    if machine:
        print_json(document)
        return
    from cutover.cli.tables import show_run

    show_run(document)
