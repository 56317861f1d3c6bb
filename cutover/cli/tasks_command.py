"""`cutover tasks`: what waits for whom, since when, and what to type."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable, print_json


@click.command("tasks")
@click.option("--role", default="", help="Only what waits for people of this role.")
@click.option("--env", "environment", default="", metavar="NAME", help="Only in this environment.")
@click.option(
    "--remind", is_flag=True, help="Send the reminders, escalations and SLA warnings that are due, each once."
)
@machine_readable
@click.pass_obj
def command(settings: Settings, role: str, environment: str, remind: bool, machine: bool) -> None:
    """
    Gates, manual steps, runs that need attention and reviews that wait for people, the oldest first.

    With --remind (from cron, every few minutes) people are told whatever is due. What was sent stands in the journal.
    """
    from cutover.app import tasks
    from cutover.app.workspace import open_workspace

    workspace = open_workspace(settings.project)
    sent = tasks.remind(workspace) if remind else []
    now = workspace.clock.now()
    rows = [task.plain(now) for task in tasks.waiting_tasks(workspace, role=role, environment=environment)]
    if machine:
        print_json({"tasks": rows, "sent": sent})
        return
    from cutover.cli.people_tables import show_tasks

    for line in sent:
        click.echo(f"sent: {line}")
    show_tasks(rows)
