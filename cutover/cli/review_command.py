"""`cutover review`: another person looks at a gate that somebody opened alone, by break-glass."""

from __future__ import annotations

from pathlib import Path

import click

from cutover.cli.options import Settings, machine_readable, print_json


@click.command("review")
@click.argument("run")
@click.argument("step")
@click.option("--reason", required=True, help="What you looked at and found; it stands in the journal and the report.")
@click.option("--as", "person", default=None, help="Review under this name: believed where it is signed, or declared.")
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False), default=None, help="SSH key to sign with.")
@machine_readable
@click.pass_obj
def command(  # noqa: PLR0913 — one parameter per option, as Click calls it
    settings: Settings, run: str, step: str, reason: str, person: str | None, key: Path | None, machine: bool
) -> None:
    """
    Review the gate STEP of RUN, which one person opened alone. Until then nobody goes live in its environment again.

    It must be another person, from another account unless names are declared.
    """
    from cutover.app.glass import Review, review
    from cutover.app.workspace import open_workspace

    says = review(
        open_workspace(settings.project), run, Review(step=step, reason=reason, person=person, key=key)
    )  # fmt: skip
    if machine:
        print_json({"run": run, "step": step, "says": says})
        return
    click.echo(says)
