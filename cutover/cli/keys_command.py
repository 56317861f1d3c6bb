"""`cutover keys`: whose signatures are believed, and who of the people that are asked has no key."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable, print_json


@click.command("keys")
@machine_readable
@click.pass_obj
def command(settings: Settings, machine: bool) -> None:
    """The project's list of signers, and the people of each environment who could not sign. Reads files only."""
    from cutover.app.signers import listed
    from cutover.app.workspace import find_root
    from cutover.project import load_project

    document = listed(load_project(find_root(settings.project)))
    if machine:
        print_json(document)
        return
    from cutover.cli.people_tables import show_keys

    show_keys(document)
