"""`cutover rollback`: bring the old world back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cutover.cli.options import Settings, machine_readable, print_json

if TYPE_CHECKING:
    from cutover.app.control import BackPlan


@click.command("rollback")
@click.argument("run")
@click.option("--reason", help="Why; it stands in the journal and in the report.")
@click.option("--plan", "only_plan", is_flag=True, help="Only say what it would do, how long, and what would be lost.")
@click.option(
    "--accept-differences",
    is_flag=True,
    help="End it although the world is not as before: you have looked, and answer for it. The report says so.",
)
@click.option("--no-wait", is_flag=True, help="When another process carries the run: ask it, and do not wait.")
@machine_readable
@click.pass_obj
def command(  # noqa: PLR0913 — one parameter per option, as Click calls it
    settings: Settings,
    run: str,
    reason: str | None,
    only_plan: bool,
    accept_differences: bool,
    no_wait: bool,
    machine: bool,
) -> int:
    """
    Undo everything RUN did, in reverse order, and prove by fingerprints that the state before it is back.

    A run that is under way is asked to turn round at its next safe point. Refused past the point of no return. A
    finished rehearsal can be rolled back too, to free its environment.
    """
    from cutover.app import control
    from cutover.cli import asking
    from cutover.cli.running import roll_back
    from cutover.engine.halting import Wish

    if only_plan:
        return _show(control.plan_back(asking.workspace_of(settings), run), machine=machine)
    if not reason:
        raise click.UsageError("Missing option '--reason': why is the run taken back? (`--plan` only looks)")
    workspace = asking.workspace_of(settings)
    asked = None if accept_differences else control.ask(workspace, run, Wish.ROLLBACK, reason)
    if asked is not None:
        return asking.follow(workspace, asked, wait=not no_wait, machine=machine)
    return roll_back(settings, run, reason, accept_differences=accept_differences, machine=machine)


def _show(plan: BackPlan, *, machine: bool) -> int:
    from cutover.errors import ExitStatus
    from cutover.evidence.words import duration

    status = ExitStatus.WRONG_INPUT if plan.refused else ExitStatus.DONE
    if machine:
        print_json(
            {
                "run": plan.run,
                "status": str(plan.status),
                "refused": plan.refused,
                "steps": [
                    {"step": one.step, "kind": one.kind, "says": one.says, "undoable": one.undoable, "ms": one.ms}
                    for one in plan.steps
                ],
                "total_ms": plan.total_ms,
                "loses": list(plan.loses),
            }
        )
        return int(status)
    if plan.refused:
        click.secho(f"{plan.run} cannot be rolled back: it is {plan.refused}", fg="red")
    elif not plan.steps:
        click.echo(f"{plan.run}: nothing to undo")
    else:
        click.secho(f"{plan.run}: a rollback would now undo, in this order", bold=True)
    width = max((len(one.step) for one in plan.steps), default=0)
    for one in plan.steps:
        took = duration(one.ms) if one.ms is not None else "not rehearsed"
        mark = "↩" if one.undoable else "✗"
        click.echo(f"  {mark} {one.step:<{width}}  {took:>13}  {one.says}")
    if plan.steps:
        click.echo(f"  {plan.says_how_long}")
    for loss in plan.loses:
        click.echo(f"  lost: {loss}")
    return int(status)
