"""`cutover pause`: let what is under way come to a safe point, and begin nothing new."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable


@click.command("pause")
@click.argument("run")
@click.option("--reason", default="somebody asked for a pause", show_default=True, help="Why, for the journal.")
@click.option("--no-wait", is_flag=True, help="Ask, and do not wait until it is paused.")
@machine_readable
@click.pass_obj
def command(settings: Settings, run: str, reason: str, no_wait: bool, machine: bool) -> int:
    """Ask the process that carries RUN to pause; `cutover resume RUN` goes on. Nothing is undone."""
    from cutover.app import control
    from cutover.cli import asking
    from cutover.engine.halting import Wish
    from cutover.errors import WrongInput

    workspace = asking.workspace_of(settings)
    asked = control.ask(workspace, run, Wish.PAUSE, reason)
    if asked is None:
        raise WrongInput(
            f"run {run!r} is not under way: no process carries it", hint=f"`cutover status {run}` shows where it stands"
        )
    return asking.follow(workspace, asked, wait=not no_wait, machine=machine)
