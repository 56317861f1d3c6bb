"""`cutover reset`: settle a stuck step by hand, on the record."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable, print_json


@click.command("reset")
@click.argument("run")
@click.argument("step")
@click.option(
    "--to",
    "to",
    type=click.Choice(["done", "ready", "skipped", "undone"]),
    required=True,
    help="done: it was done by hand; ready: try it again; skipped: it will not be done; undone: taken back by hand.",
)
@click.option("--reason", required=True, help="What you saw and did; it stands in the journal and in the report.")
@click.option("--evidence", default="", help="What proves it: a ticket, a query and its answer.")
@machine_readable
@click.pass_obj
def command(  # noqa: PLR0913 — one parameter per option, as Click calls it
    settings: Settings, run: str, step: str, to: str, reason: str, evidence: str, machine: bool
) -> None:
    """
    Say how the stuck STEP of RUN stands, because you have looked. Nothing in the world is touched.

    A run with such a step never counts as a rehearsal. A rollback is still proved by fingerprints.
    """
    from cutover.app import control
    from cutover.cli import asking
    from cutover.engine.by_hand import Settled
    from cutover.engine.results import ways_on

    workspace = asking.workspace_of(settings)
    state = control.settle(workspace, run, step, Settled(to), reason=reason, evidence=evidence)
    status, then = state.step(step).status, ways_on(state)
    if machine:
        stands = {"run": run, "step": step, "status": str(status), "run_status": str(state.status)}
        print_json({**stands, "next": list(then)})
        return
    click.echo(f"{run}: step {step!r} is {status.replace('_', ' ')}, by hand: {reason}")
    for line in then:
        click.echo(f"  next: {line}")
