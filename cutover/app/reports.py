"""The report of a run: its journal and its quarantine made into one document, and the document into one page."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from cutover import durable
from cutover.app import proving
from cutover.app.workspace import Workspace
from cutover.errors import WrongInput
from cutover.evidence.quarantine import AMENDED_SHOWN, SHOWN, Aside, Kept
from cutover.evidence.report import document, render
from cutover.model.event import Event

#: What the page is called in the run's folder.
PAGE = "report.html"


def as_data(workspace: Workspace, run: str) -> dict[str, Any]:
    """Everything that is known of the run as plain JSON values (docs/report.md); WrongInput for an unknown run."""
    events = workspace.journal.events(run)
    return document(
        events,
        chain_problems=workspace.journal.verify_chain(run),
        kept=_kept(workspace, run, events),
        generated_at=workspace.clock.now(),
        proofs=proving.proofs(workspace, run, events),
    )


def write(workspace: Workspace, run: str, output: Path | None = None) -> Path:
    """
    Write the page and return where it is: `output`, or the run's folder in the project's state.

    The file is the old page or the new one, never a part; its owner only can read it, because samples
    of rows stand in it. WrongInput for an unknown run, or when `output` cannot be written.
    """
    page = render(as_data(workspace, run)).encode()
    file = output or workspace.project.state / "runs" / run / PAGE
    # Named after this process: an attempt that ends and a person who asks may write the same page at once.
    made = durable.beside(file, str(os.getpid()))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        durable.write(made, page)
        durable.put_in_place(made, file)
    except OSError as exc:
        with suppress(OSError):
            made.unlink(missing_ok=True)
        raise WrongInput(
            f"report '{file}' cannot be written: {exc.strerror or exc}", hint="name another file with --output"
        ) from exc
    return file


def _kept(workspace: Workspace, run: str, events: tuple[Event, ...]) -> Kept:
    """What the quarantine holds of the run, step by step in running order."""
    store = workspace.quarantine
    tables = store.tables(run)
    copies = [str(step["id"]) for step in events[0].data.get("steps", ()) if step.get("kind") == "copy"]
    return Kept(
        aside=[
            Aside(table=table, step=step, total=total, rows=store.rows(run, table, step=step, limit=SHOWN))
            for step in copies
            for table in tables
            if (total := store.count(run, table, step=step))
        ],
        amended={table: store.amended(run, table, limit=AMENDED_SHOWN) for table in tables},
    )
