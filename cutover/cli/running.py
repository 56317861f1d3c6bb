"""How the commands that carry out a run do it: prepare, call the project's flow, draw, and say how it ended."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from cutover.cli.options import Settings, print_json
from cutover.errors import ExitStatus, WrongInput


def start(settings: Settings, runbook: Path, environment: str, *, entry: str, drill: bool, machine: bool) -> int:
    """Prepare a new run and carry it out; `entry` is the file in `flows/` without its ending."""
    from cutover.app import runs
    from cutover.app.workspace import open_workspace
    from cutover.model.project import Mode

    workspace = open_workspace(settings.project)
    mode = Mode.LIVE if entry == "go_live" else Mode.REHEARSAL
    prepared = runs.prepare(workspace, runbook, environment, mode=mode, drill=drill)
    if not machine:
        click.echo(prepared.says)
    return _carry(workspace.project.root, prepared.run, entry, machine=machine)


def go_on(settings: Settings, run: str, *, machine: bool) -> int:
    """Resume a run with the flow that belongs to it."""
    from cutover.app import runs
    from cutover.app.workspace import open_workspace

    workspace = open_workspace(settings.project)
    entry = runs.entry_of(workspace, run)
    return _carry(workspace.project.root, run, entry, machine=machine)


def roll_back(settings: Settings, run: str, reason: str, *, machine: bool) -> int:
    """Roll a run back."""
    from cutover.app import runs
    from cutover.app.workspace import open_workspace

    workspace = open_workspace(settings.project)
    runs.may_roll_back(workspace, run)
    return _carry(workspace.project.root, run, "roll_back", machine=machine, reason=reason)


def _carry(root: Path, run: str, entry: str, *, machine: bool, **more: Any) -> int:
    flow = load_flow(root, entry)
    if machine:
        result = flow.main(root, run, None, **more)
        print_json(
            {
                "run": result.run,
                "status": str(result.status),
                "exit_status": int(result.exit_status),
                "says": result.says,
                "next": list(result.next),
            }
        )
        return int(result.exit_status)
    from cutover.app.standing import kinds_of
    from cutover.app.workspace import open_workspace
    from cutover.cli.screen import Screen

    with Screen(kinds=kinds_of(open_workspace(root), run)) as screen:
        result = flow.main(root, run, screen, **more)
    colour = "green" if result.exit_status == ExitStatus.DONE else "yellow" if result.exit_status in _WAITS else "red"
    click.secho(f"{result.run}: {result.status.replace('_', ' ')}", fg=colour, bold=True, nl=False)
    click.echo(f" — {result.says}")
    for line in result.next:
        click.echo(f"  next: {line}")
    return int(result.exit_status)


_WAITS = frozenset({ExitStatus.WAITING_FOR_PERSON, ExitStatus.GATE_CLOSED, ExitStatus.ROLLED_BACK})


def load_flow(root: Path, entry: str) -> ModuleType:
    """The project's own flow file, imported by path; WrongInput when it is missing or does not import."""
    path = root / "flows" / f"{entry}.py"
    if not path.is_file():
        raise WrongInput(
            f"flows/{entry}.py is not in project {str(root)!r}",
            hint="copy it from a fresh project (`cutover init FOLDER`)",
        )
    spec = importlib.util.spec_from_file_location(f"cutover_project_flows_{entry}", path)
    if spec is None or spec.loader is None:
        raise WrongInput(f"flows/{entry}.py cannot be imported", hint="it must be a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError) as exc:
        raise WrongInput(
            f"flows/{entry}.py does not import: {type(exc).__name__}: {exc}", hint="mend the file, or copy a fresh one"
        ) from exc
    return module
