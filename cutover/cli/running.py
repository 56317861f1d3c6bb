"""How the commands that carry out a run do it: prepare, call the project's flow, draw, and say how it ended."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from cutover.cli.options import Settings, print_json
from cutover.errors import ExitStatus, WrongInput


def start(  # noqa: PLR0913 — what the two commands that begin a run can be asked for
    settings: Settings,
    runbook: Path,
    environment: str,
    *,
    entry: str,
    drill: bool,
    machine: bool,
    inject: Sequence[str] = (),
) -> int:
    """Prepare a new run and carry it out; `entry` is the file in `flows/` without its ending."""
    from cutover.app import runs
    from cutover.app.workspace import open_workspace
    from cutover.model.project import Mode

    workspace = open_workspace(settings.project)
    mode = Mode.LIVE if entry == "go_live" else Mode.REHEARSAL
    flow = load_flow(workspace.project.root, entry)  # first: a run that nothing can carry must not be made
    prepared = runs.prepare(workspace, runbook, environment, mode=mode, drill=drill, inject=inject)
    if not machine:
        click.echo(prepared.says)
    return _carry(flow, workspace.project.root, prepared.run, machine=machine)


def go_on(settings: Settings, run: str, *, machine: bool) -> int:
    """Resume a run with the flow that belongs to it."""
    from cutover.app import runs
    from cutover.app.workspace import open_workspace

    workspace = open_workspace(settings.project)
    entry = runs.entry_of(workspace, run)
    return _carry(load_flow(workspace.project.root, entry), workspace.project.root, run, machine=machine)


def roll_back(settings: Settings, run: str, reason: str, *, accept_differences: bool, machine: bool) -> int:
    """Roll a run back."""
    from cutover.app import runs
    from cutover.app.workspace import open_workspace

    workspace = open_workspace(settings.project)
    runs.may_roll_back(workspace, run)
    more = {"reason": reason, "accept_differences": accept_differences}
    return _carry(load_flow(workspace.project.root, "roll_back"), workspace.project.root, run, machine=machine, **more)


def _carry(flow: ModuleType, root: Path, run: str, *, machine: bool, **more: Any) -> int:
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


_INIT = "`cutover init --empty FOLDER` writes one"
_FRESH = f"mend the file, or copy it from a fresh project: {_INIT}"


def load_flow(root: Path, entry: str) -> ModuleType:
    """The project's own flow file, imported by path; WrongInput when it is missing, does not import or lacks `main`."""
    path = root / "flows" / f"{entry}.py"
    if not path.is_file():
        raise WrongInput(
            f"flows/{entry}.py is not in project {str(root)!r}",
            hint=f"copy it from a fresh project: {_INIT}",
        )
    spec = importlib.util.spec_from_file_location(f"cutover_project_flows_{entry}", path)
    if spec is None or spec.loader is None:
        raise WrongInput(f"flows/{entry}.py cannot be imported", hint="it must be a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as exc:  # whatever it is, it is the project's file that raised it
        raise WrongInput(f"flows/{entry}.py does not import: {type(exc).__name__}: {exc}", hint=_FRESH) from exc
    if not callable(getattr(module, "main", None)):
        raise WrongInput(f"flows/{entry}.py defines no function 'main', which this command calls", hint=_FRESH)
    return module
