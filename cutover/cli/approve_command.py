"""`cutover approve`: a person's word at a gate or on a manual step."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable, print_json


@click.command("approve")
@click.argument("run")
@click.argument("step")
@click.option("--go/--no-go", "go", type=bool, default=None, help="The vote, obligatory. One no-go closes the gate.")
@click.option("--reason", required=True, help="Why; it stands in the journal and in the report.")
@click.option("--as", "person", default=None, help="Vote under this name (only where the environment believes names).")
@click.option("--role", default=None, help="The role you vote in, when you hold several.")
@click.option("--evidence", default="", help="What proves it: a ticket, a file, a sentence (manual steps).")
@machine_readable
@click.pass_obj
def command(  # noqa: PLR0913 — one parameter per option, as Click calls it
    settings: Settings,
    run: str,
    step: str,
    go: bool | None,
    reason: str,
    person: str | None,
    role: str | None,
    evidence: str,
    machine: bool,
) -> None:
    """Vote on STEP of RUN: a gate, or a manual step that you have done. Votes never change."""
    if go is None:  # Click takes the absence of both for a no, and votes never change
        raise click.UsageError("say --go or --no-go: a vote is never guessed")
    from cutover.app.approval import Ballot, approve
    from cutover.app.workspace import open_workspace

    ballot = Ballot(step=step, go=go, reason=reason, person=person, role=role, evidence=evidence)
    result = approve(open_workspace(settings.project), run, ballot)
    if machine:
        print_json(result.plain())
        return
    click.echo(result.says)
    for line in result.next:
        click.echo(f"  next: {line}")
