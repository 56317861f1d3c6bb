"""`cutover read`: a runbook read aloud."""

from __future__ import annotations

from pathlib import Path

import click

from cutover.cli.options import Settings, machine_readable, print_json


@click.command("read")
@click.argument("runbook", type=click.Path(path_type=Path))
@click.option(
    "--env", "environment", default="", help="Say it as it is in that environment: its variables and overrides."
)
@machine_readable
@click.pass_obj
def command(settings: Settings, runbook: Path, environment: str, machine: bool) -> None:
    """Say RUNBOOK as sentences, as a meeting would read the plan. Reads files only."""
    from cutover.app import files

    sentences = files.read_aloud(settings.project, runbook, environment)
    if machine:
        print_json({"runbook": str(runbook), "environment": environment, "sentences": sentences})
        return
    for sentence in sentences:
        click.echo(sentence)
