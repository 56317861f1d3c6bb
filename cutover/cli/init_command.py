"""`cutover init`: write a project to begin with."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def command(folder: Path) -> None:
    """Write the reference project into FOLDER: five tables that go live, to be edited into your own."""
    from cutover.app.files import init

    written = init(folder)
    click.echo(f"wrote {len(written)} files into {folder}")
    for path in written:
        click.echo(f"  {path}")
    click.echo(f"\nnext: cd {folder} && cutover lint && cutover read runbooks/one_shot.yaml")
