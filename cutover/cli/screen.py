"""
The terminal of a run: one line per thing that has happened, bars with a rate for what goes on.

Draws events that are already in the journal, and progress values; it decides nothing. On a
terminal the bars live below the lines; in a log file they become one line every few seconds.
"""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from cutover.evidence.brief import brief
from cutover.evidence.data_sections import StepFacts
from cutover.model.event import Event
from cutover.model.outcome import Progress as Stand
from cutover.model.status import EventKind
from cutover.redact import redact

#: Seconds between two progress lines of the same work where there is no terminal.
QUIET_SECONDS = 5.0

_MARKS: Mapping[EventKind, tuple[str, str]] = {
    EventKind.STEP_DONE: ("✓", "green"),
    EventKind.STEP_FAILED: ("✗", "bold red"),
    EventKind.STEP_UNKNOWN: ("?", "bold magenta"),
    EventKind.STEP_WAITING: ("…", "yellow"),
    EventKind.STEP_RETRYING: ("↻", "yellow"),
    EventKind.STEP_HALTED: ("‖", "yellow"),
    EventKind.SETTLED_DONE: ("✍", "yellow"),
    EventKind.SETTLED_READY: ("✍", "yellow"),
    EventKind.SETTLED_SKIPPED: ("✍", "yellow"),
    EventKind.SETTLED_UNDONE: ("✍", "yellow"),
    EventKind.STEP_SKIPPED: ("–", "dim"),
    EventKind.UNDO_DONE: ("↩", "cyan"),
    EventKind.UNDO_SKIPPED: ("·", "dim"),
    EventKind.UNDO_FAILED: ("✗", "bold red"),
    EventKind.DECIDED: ("◆", "bold"),
    EventKind.FOUND: ("!", "red"),
}


#: What happens in a moment, or on the way: how long the step has been at work says nothing beside it.
_TAKE_NO_TIME = frozenset(
    {EventKind.FOUND, EventKind.DECIDED, EventKind.UNDO_SKIPPED, EventKind.STEP_SKIPPED, EventKind.STEP_WAITING}
)
#: Columns for step names, unless the run has longer ones; and the least that is left for what a line says beside them.
_NAMES, _LONGEST_NAMES, _LEAST_BESIDE = 26, 40, 30


class RateColumn(ProgressColumn):
    """Rows per second, once there is a rate to speak of."""

    def render(self, task: Task) -> Text:
        """The measured speed, or blanks while nothing was measured."""
        if not task.speed:
            return Text("")
        return Text(f"{task.speed:,.0f} {task.fields.get('unit', 'rows')}/s", style="dim")


class Screen:
    """A `Watcher` that draws on the terminal; use it as a context manager around an attempt."""

    def __init__(self, console: Console | None = None, *, kinds: Mapping[str, str] | None = None) -> None:
        self._kinds = kinds or {}  # step -> its kind
        self._names = max(_NAMES, min(_LONGEST_NAMES, max(map(len, self._kinds), default=0)))
        self._back = False
        self.console = console or Console(highlight=False)
        self._bars = Progress(
            SpinnerColumn(style="cyan"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[counted]}"),
            RateColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self._tasks: dict[tuple[str, str], Any] = {}
        self._said_at: dict[tuple[str, str], float] = {}
        self._started: dict[str, float] = {}
        self._lock = threading.RLock()  # steps side by side report from threads of their own

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    # -- Watcher -------------------------------------------------------------------------------------

    def event(self, event: Event) -> None:
        """One line for an event that a person wants to see."""
        with self._lock:
            self._event(event)

    def _event(self, event: Event) -> None:
        if event.kind in (EventKind.STEP_STARTED, EventKind.UNDO_STARTED):
            self._started[event.step] = event.at.timestamp()
            return
        self._back = self._back or event.kind is EventKind.ROLLBACK_STARTED
        if event.kind is EventKind.DECIDED and not self._back:
            return  # the end of the step, the next line, says it
        if event.kind in _MARKS:
            self._clear(event.step)
            self._line(event)
            return
        said = _said_of_run(event)
        if said:
            self.console.print(said, soft_wrap=not self.console.is_terminal)

    def progress(self, progress: Stand) -> None:
        """Move a bar, or say a line when there is no terminal."""
        with self._lock:
            self._progress(progress)

    def _progress(self, progress: Stand) -> None:
        key = (progress.step, progress.what)
        if self.console.is_terminal:
            self._move_bar(key, progress)
            return
        now = time.monotonic()
        if now - self._said_at.setdefault(key, now) < QUIET_SECONDS:
            return
        self._said_at[key] = now
        self.console.print(f"    {escape(progress.what)}: {_counted(progress)}", style="dim", soft_wrap=True)

    # -- drawing ---------------------------------------------------------------------------------------

    def _move_bar(self, key: tuple[str, str], progress: Stand) -> None:
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(
                f"{escape(progress.step)} {escape(progress.what)}",
                total=progress.total,
                counted="",
                unit=progress.unit,
            )
        self._bars.update(self._tasks[key], completed=progress.done, total=progress.total, counted=_counted(progress))

    def _clear(self, step: str) -> None:
        for key in [key for key in self._tasks if key[0] == step]:
            self._bars.remove_task(self._tasks.pop(key))

    def _line(self, event: Event) -> None:
        mark, style = _MARKS[event.kind]
        took = ""
        if event.step in self._started and event.kind not in _TAKE_NO_TIME:
            took = f"{event.at.timestamp() - self._started[event.step]:7.1f} s"
        detail = redact(detail_of(event, kind=self._kinds.get(event.step, "")))
        line = Text.assemble("  ", (mark, style), f" {event.step:<{self._names}}", (f"{took:>10}", "dim"))
        line.append(self._beside(detail, line.cell_len + 2), style="dim" if style == "dim" else "")
        self.console.print(line, soft_wrap=True)

    def _beside(self, detail: str, column: int) -> str:
        """What a line says beside the step: in one piece in a log file, and under itself on a terminal."""
        if not detail or not self.console.is_terminal:
            return f"  {detail}" if detail else ""
        room = self.console.width - column
        if room < _LEAST_BESIDE:
            wrapped = textwrap.wrap(detail, max(_LEAST_BESIDE, self.console.width - 6))
            return "".join(f"\n      {part}" for part in wrapped)
        return "  " + f"\n{' ' * column}".join(textwrap.wrap(detail, room))


def detail_of(event: Event, *, kind: str) -> str:
    """What one line of the screen says beside the step's name; `kind` is the step's."""
    data = event.data
    if event.kind is EventKind.STEP_DONE:
        return brief(StepFacts(step=event.step, kind=kind, facts=data.get("facts") or {}))
    if event.kind is EventKind.FOUND:
        finding = data.get("finding", data)
        return f"{finding.get('check', '')}: {finding.get('says', '')}"
    if event.kind is EventKind.DECIDED:
        return f"decision: {data.get('decision', '')}"
    if event.kind is EventKind.UNDO_DONE:
        return str(data.get("detail") or "undone")
    return str(data.get("detail") or data.get("reason") or "")


def _counted(progress: Stand) -> str:
    if progress.waiting_for:
        return f"waiting: {progress.waiting_for}"
    if progress.total is None:
        return f"{progress.done:,} {progress.unit}"
    return f"{progress.done:,} of {progress.total:,} {progress.unit}"


def _said_of_run(event: Event) -> str:
    said: Mapping[EventKind, str] = {
        EventKind.ROLLBACK_STARTED: "[bold cyan]rolling back[/]",
        EventKind.POINT_OF_NO_RETURN: "[bold yellow]past the point of no return[/]",
        EventKind.ROLLED_BACK: "[bold cyan]rolled back[/]",
        EventKind.ROLLBACK_STUCK: "[bold red]rollback stuck[/]",
    }
    line = said.get(event.kind, "")
    if event.kind is EventKind.REQUESTED:
        again = "; a second Ctrl-C leaves at once" if event.data.get("signal") else ""
        line = f"[yellow]{escape(str(event.data.get('what', '')))} was asked for[/]{again}"
    if event.kind is EventKind.PROOF:
        moment = event.data.get("moment", "")
        count = len(event.data.get("world", event.data.get("fingerprints", {})) or {})
        line = f"  [dim]◦ fingerprints of the world {moment}: {count}[/]"
    reason = event.data.get("reason")
    if line and reason:
        line += f": {escape(redact(str(reason)))}"
    return line
