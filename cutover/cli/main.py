"""
The `cutover` group and the one door where an error becomes words and an exit status.

Commands import what they need inside their functions: `cutover --help` must answer at once,
and the data libraries and Prefect take seconds to import.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from cutover import __version__
from cutover.cli.options import Server, Settings, as_json_wanted
from cutover.cli.streams import outlive_readers
from cutover.errors import CutoverError, ExitStatus
from cutover.redact import redact

_STATUSES = """\b
Exit status: 0 done · 1 a defect of ours · 2 project, runbook or arguments are wrong
             3 a step or check failed · 4 a gate is closed · 5 waiting for a person
             6 another run holds the lease · 7 an outcome is unknown
             8 failed and rolled back · 9 rollback stuck
             130 interrupted while no attempt was under way; in one, Ctrl-C pauses the run
"""

#: Ctrl-C while no attempt is under way, as shells say it. Inside of one the engine pauses the run, which is status 5.
INTERRUPTED = 130


class Commands(click.Group):
    """Lists the commands in the order a go-live uses them; a module is imported when its command is asked for."""

    ORDER = (
        *("init", "lint", "read", "plan", "rehearse", "go-live"),
        *("status", "tasks", "approve", "review", "keys"),
        *("pause", "resume", "stop", "rollback", "reset", "report", "ui"),
    )

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the night."""
        return list(self.ORDER)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None when there is none."""
        if cmd_name not in self.ORDER:
            return None
        module = __import__(f"cutover.cli.{cmd_name.replace('-', '_')}_command", fromlist=["command"])
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As Click does it, and a mistyped verb gets the nearest one suggested."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as exc:
            import difflib

            near = difflib.get_close_matches(args[0], self.ORDER, n=1)
            raise click.UsageError(f"{exc.message}" + (f" Did you mean '{near[0]}'?" if near else "")) from exc


@click.group(
    cls=Commands,
    epilog=_STATUSES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="cutover")
@click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CUTOVER_PROJECT",
    show_envvar=True,
    default=None,
    help="Folder with cutover.yaml; default: this folder or the nearest one above it.",
)
@click.pass_context
def cutover(ctx: click.Context, project: Path | None) -> None:
    """Move data from an old system to a new one, rehearse it, take it live, and come back when something fails."""
    ctx.obj = Settings(project=project, server=ctx.obj)


def run(arguments: Sequence[str] | None = None, *, server: Callable[[], Server]) -> int:
    """
    Run one command and return its exit status; every declared error is told with its next step.

    `server` gives the module that manages the project's Prefect server, imported when asked for.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    outlive_readers()
    try:
        result = cutover.main(args=words, prog_name="cutover", standalone_mode=False, obj=server)
        return int(result) if isinstance(result, int) else int(ExitStatus.DONE)
    except CutoverError as exc:
        _say_error(exc, machine=as_json_wanted(words))
        return int(exc.exit_status)
    except click.ClickException as exc:
        exc.show()
        return int(ExitStatus.WRONG_INPUT)
    except (click.Abort, KeyboardInterrupt):
        _say_interrupted(machine=as_json_wanted(words))
        return INTERRUPTED
    except Exception as exc:  # noqa: BLE001 — a defect: say so, with the trace, and without any secret
        click.echo(redact("".join(traceback.format_exception(exc))), err=True)
        click.echo("CUT-000: this is a defect of cutover, not of your project", err=True)
        click.echo("  next: `cutover status` shows where the run stands; please report the lines above", err=True)
        return int(ExitStatus.DEFECT)


def _say_interrupted(*, machine: bool) -> None:
    says, hint = "interrupted; nothing was undone", "`cutover status` shows whether a run was made and where it stands"
    if machine:
        problem = {"code": "", "message": says, "hint": hint, "exit_status": INTERRUPTED}
        click.echo(json.dumps({"error": problem}, ensure_ascii=False))
        return
    click.echo(f"{says}\n  next: {hint}", err=True)


def _say_error(exc: CutoverError, *, machine: bool) -> None:
    if machine:
        problem = {
            "code": exc.code,
            "message": redact(str(exc)),
            "hint": redact(exc.hint),
            "exit_status": int(exc.exit_status),
        }
        click.echo(json.dumps({"error": problem}, ensure_ascii=False))
        return
    click.secho(f"{exc.code}: ", fg="red", bold=True, nl=False, err=True)
    click.echo(redact(str(exc)), err=True)
    if exc.hint:
        click.echo(f"  next: {redact(exc.hint)}", err=True)
