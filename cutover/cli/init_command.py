"""`cutover init`: write a project to begin with."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--empty", is_flag=True, help="Only the skeleton of one: one table, with a comment on everything.")
def command(folder: Path, empty: bool) -> None:
    """Write the reference project into FOLDER: five tables that go live, to be edited into your own."""
    from cutover.app.files import init
    from cutover.words import counted

    written = init(folder, empty=empty)
    click.echo(f"wrote {counted(len(written), 'file')} into {folder}")
    for path in written:
        click.echo(f"  {path}")
    runbook = "go.yaml" if empty else "one_shot.yaml"
    click.echo(f"\nnext: cd {folder} && cutover lint && cutover read runbooks/{runbook}")
