"""Tables of the terminal: plans, lists of runs, one run. Values come ready; nothing is worked out here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cutover.redact import redact

if TYPE_CHECKING:
    from cutover.app.planning import Plan

_COLOURS: Mapping[str, str] = {
    "completed": "green",
    "done": "green",
    "running": "cyan",
    "verifying": "cyan",
    "rolling_back": "cyan",
    "undoing": "cyan",
    "rolled_back": "yellow",
    "undone": "yellow",
    "paused": "yellow",
    "ready": "yellow",
    "attention": "bold red",
    "interrupted": "bold red",
    "failed": "bold red",
    "unknown": "bold magenta",
    "undo_failed": "bold red",
    "rollback_stuck": "bold red",
}


def console() -> Console:
    """The terminal, without guessing at numbers and paths."""
    return Console(highlight=False, soft_wrap=False)


def show_plan(plan: Plan) -> None:
    """What each step would do, its undo and its planned time; then whether the run may start."""
    out = console()
    out.print(f"[bold]{escape(plan.runbook)}[/] in [bold]{escape(plan.environment)}[/]  [dim]{plan.digest[:19]}[/]")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading, style in (("step", "bold"), ("would do", ""), ("undo", "dim"), ("planned", "dim")):
        table.add_column(heading, style=style, justify="right" if heading == "planned" else "left", overflow="fold")
    for step in plan.steps:
        says = [escape(action.says) for action in step.actions]
        says = says or [f"[dim]{escape(step.not_yet or 'nothing to do')}[/]"]
        undo = [escape(action.undo) for action in step.actions if action.undo]
        name = escape(step.step) + (" [yellow](point of no return)[/]" if step.point_of_no_return else "")
        table.add_row(name, "\n".join(says), "\n".join(undo), step.planned)
    out.print(table)
    for line in plan.verdict:
        out.print(escape(line))


def show_runs(rows: Sequence[Mapping[str, Any]]) -> None:
    """Every run of the project, newest last."""
    out = console()
    if not rows:
        out.print("no run yet; `cutover rehearse RUNBOOK --env NAME` makes the first")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("run", "status", "runbook", "environment", "mode", "began", "steps"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            escape(row["run"]),
            _coloured(row["status"]),
            escape(row["runbook"]),
            escape(row["environment"]),
            row["mode"],
            row["began"],
            row["steps"],
        )
    out.print(table)


def show_run(document: Mapping[str, Any]) -> None:
    """One run: its word, its steps, what it waits for and what to type next."""
    out = console()
    out.print(
        f"[bold]{escape(document['run'])}[/] {_coloured(document['status'])}  "
        f"{escape(document['runbook'])} in {escape(document['environment'])}, {document['mode']}"
        + ("  [yellow]past the point of no return[/]" if document["past_point_of_no_return"] else "")
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("step", "status", "attempts", "took", ""):
        table.add_column(heading, overflow="fold", justify="right" if heading in ("attempts", "took") else "left")
    for step in document["steps"]:
        table.add_row(
            escape(step["step"]),
            _coloured(step["status"]),
            str(step["attempts"]),
            step["took"],
            escape(redact(step["detail"])),
        )
    out.print(table)
    for line in document["next"]:
        out.print(f"  next: {escape(line)}")


def _coloured(status: str) -> str:
    style = _COLOURS.get(status, "dim")
    return f"[{style}]{status.replace('_', ' ')}[/]"
