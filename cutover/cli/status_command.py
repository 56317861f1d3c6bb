"""`cutover status`: where runs stand, from the journal alone."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable, print_json

#: Runs in the list on a terminal: a screen full. `--json` lists all.
LATEST = 40


@click.command("status")
@click.argument("run", required=False)
@click.option("--watch", is_flag=True, help="Draw it anew every second until the run has ended; Ctrl-C stops looking.")
@click.option("--all", "everything", is_flag=True, help="Without RUN: every run, and not only the latest.")
@machine_readable
@click.pass_obj
def command(settings: Settings, run: str | None, watch: bool, everything: bool, machine: bool) -> None:
    """
    Where RUN stands, or all runs of the project without one. Touches no database but the journal.

    Of a run under way it tells when it will end (P50, P90), the chance of making the hard stop, and how long the way
    back still fits.
    """
    if watch and (run is None or machine):
        raise click.UsageError("--watch draws one RUN on a terminal: name it, and leave out --json")
    from cutover.app.workspace import open_workspace

    workspace = open_workspace(settings.project)
    if run is None:
        from cutover.app.overview import all_runs

        rows = all_runs(workspace)
        if machine:
            print_json({"runs": rows})
            return
        from cutover.cli.tables import show_runs

        show_runs(rows, latest=None if everything else LATEST)
        return
    from cutover.app.status import one_run

    if watch:
        from cutover.cli.watching import follow

        follow(lambda: one_run(workspace, run))
        return
    document = one_run(workspace, run)
    if machine:
        print_json(document)
        return
    from cutover.cli.tables import show_run

    show_run(document)
