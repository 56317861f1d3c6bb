"""`cutover report`: the evidence of one run as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from cutover.cli.options import Settings, machine_readable, print_json


@click.command("report")
@click.argument("run")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; default: in the run's folder.",
)
@machine_readable
@click.pass_obj
def command(settings: Settings, run: str, output: Path | None, machine: bool) -> None:
    """Write the report of RUN: one HTML file without any request to anywhere. With --json: the same as data."""
    from cutover.app.reports import as_data, write
    from cutover.app.workspace import open_workspace

    workspace = open_workspace(settings.project)
    if machine:
        print_json(as_data(workspace, run))
        return
    click.echo(str(write(workspace, run, output)))
