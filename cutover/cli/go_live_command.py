"""`cutover go-live`: the real thing."""

from __future__ import annotations

from pathlib import Path

import click

from cutover.cli.options import Settings, in_environment, machine_readable
from cutover.cli.running import start


@click.command("go-live")
@click.argument("runbook", type=click.Path(path_type=Path))
@in_environment
@machine_readable
@click.pass_obj
def command(settings: Settings, runbook: Path, environment: str, machine: bool) -> int:
    """
    Run RUNBOOK live. Refused (status 4) until the rehearsals that cutover.yaml asks for exist with the same digest.

    A step that fails before the point of no return rolls everything back by itself (status 8).
    """
    return start(settings, runbook, environment, entry="go_live", drill=False, machine=machine)
