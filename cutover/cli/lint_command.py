"""`cutover lint`: everything that is wrong in the project's files, without touching a database."""

from __future__ import annotations

import click

from cutover.cli.options import Settings, machine_readable, print_json
from cutover.errors import ExitStatus


@click.command("lint")
@click.option(
    "--schema",
    type=click.Choice(["runbook", "snippet", "project", "migration"]),
    help="Print the JSON Schema of that kind of file for your editor, and nothing else.",
)
@machine_readable
@click.pass_obj
def command(settings: Settings, schema: str | None, machine: bool) -> int:
    """Check cutover.yaml, runbooks, snippets, migrations and validators. Reads files only.

    \b
    Exit status: 0 nothing wrong (warnings allowed) · 2 something is
    """
    from cutover.app import files
    from cutover.words import counted

    if schema:
        print_json(files.schema(schema))
        return int(ExitStatus.DONE)
    problems = files.lint(settings.project)
    wrong = [problem for problem in problems if problem.severity == "error"]
    if machine:
        print_json({"problems": [files.as_plain(problem) for problem in problems], "errors": len(wrong)})
        return int(ExitStatus.WRONG_INPUT if wrong else ExitStatus.DONE)
    for problem in problems:
        click.secho(f"{problem.where}: ", nl=False, bold=True)
        click.secho(f"{problem.severity}: ", nl=False, fg="red" if problem.severity == "error" else "yellow")
        click.echo(problem.says)
        if problem.hint:
            click.echo(f"  next: {problem.hint}")
    warnings = len(problems) - len(wrong)
    click.echo(f"{counted(len(wrong), 'error')}, {counted(warnings, 'warning')}" if problems else "nothing wrong")
    return int(ExitStatus.WRONG_INPUT if wrong else ExitStatus.DONE)
