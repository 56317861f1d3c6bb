"""`cutover stop`: end a run without going back."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable


@click.command("stop")
@click.argument("run")
@click.option("--reason", required=True, help="Why; it stands in the journal and in the report.")
@click.option("--no-wait", is_flag=True, help="Ask, and do not wait until it has stopped.")
@machine_readable
@click.pass_obj
def command(settings: Settings, run: str, reason: str, no_wait: bool, machine: bool) -> int:
    """
    End RUN for good, undo nothing, and list what it leaves in place. Wins from every state.

    A run that is under way stops at its next safe point. To get the old world back use `cutover rollback` instead.
    """
    from cutover.app import control
    from cutover.cli import asking
    from cutover.engine.halting import Wish

    workspace = asking.workspace_of(settings)
    asked = control.ask(workspace, run, Wish.STOP, reason)
    if asked is None:
        return asking.say(control.stop(workspace, run, reason), machine=machine)
    return asking.follow(workspace, asked, wait=not no_wait, machine=machine)
