"""How the commands that ask something of a run under way do it: ask, watch what comes of it, and say how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cutover.cli.options import Settings, print_json
from cutover.errors import ExitStatus

if TYPE_CHECKING:
    from cutover.app.control import Answer, Asked
    from cutover.app.workspace import Workspace


def follow(workspace: Workspace, asked: Asked, *, wait: bool, machine: bool) -> int:
    """Wait for the answer unless nobody wants to, and print it."""
    from cutover.app import control

    if not machine:
        click.echo(asked.says)
    if not wait:
        if machine:
            print_json({"run": asked.run, "asked": str(asked.wish), "says": asked.says})
        return int(ExitStatus.DONE)
    if machine:
        return say(control.follow(workspace, asked, lambda _: None), machine=True)
    from cutover.app.standing import kinds_of
    from cutover.cli.screen import Screen

    with Screen(kinds=kinds_of(workspace, asked.run)) as screen:
        answer = control.follow(workspace, asked, screen.event)
    return say(answer, machine=False)


def say(answer: Answer, *, machine: bool) -> int:
    """Print what came of it."""
    if machine:
        print_json(
            {
                "run": answer.run,
                "status": str(answer.status),
                "exit_status": int(answer.exit_status),
                "says": answer.says,
                "in_place": list(answer.in_place),
            }
        )
        return int(answer.exit_status)
    colour = "green" if answer.exit_status == ExitStatus.DONE else "yellow"
    click.secho(f"{answer.run}: {answer.status.replace('_', ' ')}", fg=colour, bold=True, nl=False)
    click.echo(f" — {answer.says}")
    for step in answer.in_place:
        click.echo(f"  in place: {step}")
    return int(answer.exit_status)


def workspace_of(settings: Settings) -> Workspace:
    """The project, opened."""
    from cutover.app.workspace import open_workspace

    return open_workspace(settings.project)
