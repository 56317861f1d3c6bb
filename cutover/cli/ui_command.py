"""`cutover ui`: Prefect's pages of this project's runs."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable, print_json


@click.command("ui")
@click.option("--stop", is_flag=True, help="Stop the project's Prefect server instead.")
@click.option("--browser/--no-browser", default=True, help="Open the page, or only print its address.")
@machine_readable
@click.pass_obj
def command(settings: Settings, stop: bool, browser: bool, machine: bool) -> None:
    """Start the project's own Prefect server when it is not running, and open its page."""
    from cutover.app.workspace import find_root
    from cutover.project import load_project

    project = load_project(find_root(settings.project))
    server = settings.server()
    if stop:
        stopped = server.stop_server(project.state)
        if machine:
            print_json({"stopped": stopped})
        else:
            click.echo("stopped the Prefect server" if stopped else "no Prefect server of this project is running")
        return
    url = server.open_ui(project.state, project.prefect_port)
    if machine:
        print_json({"url": url})
        return
    click.echo(url)
    if browser:
        click.launch(url)
