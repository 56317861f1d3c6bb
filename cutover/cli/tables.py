"""Tables of the terminal: plans, lists of runs, one run. Values come ready; nothing is worked out here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table

from cutover.evidence.words import minute
from cutover.redact import redact
from cutover.words import counted

if TYPE_CHECKING:
    from cutover.app.planning import Plan, PlannedMoves

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
    "asks_a_person": "yellow",
    "attention": "bold red",
    "interrupted": "bold red",
    "failed": "bold red",
    "unknown": "bold magenta",
    "undo_failed": "bold red",
    "rollback_stuck": "bold red",
}

#: The least room for sentences beside the columns that stay in one piece; with less there is no table.
_SENTENCES = 24


def console() -> Console:
    """The terminal, without guessing at numbers and paths."""
    return Console(highlight=False, soft_wrap=False)


def show_plan(plan: Plan, out: Console | None = None) -> None:
    """What each step would do, its undo and its planned time; then whether the run may start."""
    out = out or console()
    out.print(f"[bold]{escape(plan.runbook)}[/] in [bold]{escape(plan.environment)}[/]  [dim]{plan.digest[:19]}[/]")
    table = _table("step", "would do (↩ takes it back)", "planned", wrapping=(1,))
    table.columns[1].min_width, table.columns[2].justify = _SENTENCES, "right"
    for step in plan.steps:
        name = escape(step.step) + ("\n[yellow]point of no return[/]" if step.point_of_no_return else "")
        table.add_row(name, "\n".join(_would_do(step)), f"[dim]{escape(step.planned)}[/]")
    if not _fits(table, out):
        table.columns[2].no_wrap = False
        table.columns[1].min_width = table.columns[2].min_width = None
    out.print(table)
    if plan.outlook:
        from cutover.cli.forecast_tables import show_outlook

        show_outlook(plan.outlook, plan.last_starts, out)
    for line in plan.verdict:
        out.print(escape(line))


def show_runs(rows: Sequence[Mapping[str, Any]], out: Console | None = None, *, latest: int | None = None) -> None:
    """The runs of the project, or the latest of them, newest last; a run's name begins with its environment."""
    out = out or console()
    if latest is not None and len(rows) > latest:
        earlier = counted(len(rows) - latest, "earlier run")
        out.print(f"[dim]{earlier} left out: cutover status --all[/]")
        rows = rows[-latest:]
    if not rows:
        out.print("no run yet; `cutover rehearse RUNBOOK --env NAME` makes the first")
        return
    table = _table("run", "status", "runbook", "mode", "began (UTC)", "steps", wrapping=(2, 3))
    for row in rows:
        run, status, began = escape(row["run"]), _coloured(row["status"]), minute(row["began"])
        table.add_row(run, status, escape(row["runbook"]), row["mode"], began, row["steps"])
    if _fits(table, out):
        out.print(table)
        return
    for row in rows:
        out.print(f"[bold]{escape(row['run'])}[/]  {_coloured(row['status'])}, {row['steps']} steps")
        out.print(f"  {escape(row['runbook'])}\n  {row['mode']}, {minute(row['began'])}")


def show_run(document: Mapping[str, Any], out: Console | None = None) -> None:
    """One run: its word, its steps, what it waits for and what to type next."""
    out = out or console()
    out.print(
        f"[bold]{escape(document['run'])}[/] {_coloured(document['status'])}  "
        f"{escape(document['runbook'])} in {escape(document['environment'])}, {document['mode']}"
        + ("  [yellow]past the point of no return[/]" if document["past_point_of_no_return"] else "")
    )
    _show_steps(document["steps"], out)
    if document.get("forecast"):
        from cutover.cli.forecast_tables import show_live

        show_live(document["forecast"], out)
    for line in document.get("alarms", ()):
        out.print(f"  [bold red]{escape(line)}[/]", soft_wrap=True)
    for line in document["next"]:
        out.print(f"  next: {escape(line)}", soft_wrap=True)


def _show_steps(steps: Sequence[Mapping[str, Any]], out: Console) -> None:
    table = _table("step", "status", "attempts", "took", "", wrapping=(4,))
    table.columns[2].justify = table.columns[3].justify = "right"
    if any(step["detail"] for step in steps):
        table.columns[4].min_width = _SENTENCES
    for step in steps:
        name, status, detail = escape(step["step"]), _status_of(step), escape(redact(step["detail"]))
        table.add_row(name, status, str(step["attempts"]), step["took"], detail)
    if _fits(table, out):
        out.print(table)
        return
    for step in steps:
        took = f", {step['took']}" if step["took"] else ""
        out.print(f"  [bold]{escape(step['step'])}[/]  {_status_of(step)}{took}")
        if step["detail"]:
            out.print(Padding(escape(redact(step["detail"])), (0, 0, 0, 4)))


def _status_of(step: Mapping[str, Any]) -> str:
    return _coloured("asks_a_person" if step["waiting"] else step["status"])


def _would_do(step: PlannedMoves) -> list[str]:
    if not step.actions:
        return [f"[dim]{escape(step.not_yet or 'nothing to do')}[/]"]
    lines: list[str] = []
    for action in step.actions:
        lines.append(escape(action.says))
        lines += [f"[dim]↩ {escape(action.undo)}[/]"] if action.undo else []
    return lines


def _table(*headings: str, wrapping: Sequence[int]) -> Table:
    """A table whose columns stay in one piece, except those that may wrap between words."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number not in wrapping, overflow="fold")
    return table


def _fits(table: Table, out: Console) -> bool:
    """Whether no column would have to fold what should stay in one piece."""
    room = out.options.update(max_width=1_000)
    for column in table.columns:
        if column.no_wrap:
            cells = [column.header, *column.cells]
            column.min_width = max(Measurement.get(out, room, cell).maximum for cell in cells)
    return Measurement.get(out, room, table).minimum <= out.width


def _coloured(status: str) -> str:
    style = _COLOURS.get(status, "dim")
    return f"[{style}]{status.replace('_', ' ')}[/]"
