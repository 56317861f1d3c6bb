"""From files and the journal to what the engine carries out: steps, databases, and the digests that bind them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cutover import durable
from cutover import project as files
from cutover.app.workspace import Workspace
from cutover.contract import Step
from cutover.engine import Assignment
from cutover.errors import StepFailed, WrongInput
from cutover.kinds import KINDS, build_all
from cutover.model.migration import Migration
from cutover.model.project import Environment, Project
from cutover.model.run import RunState
from cutover.model.runbook import Runbook, StepSpec
from cutover.project import Digests


def assign(workspace: Workspace, state: RunState, *, back: bool) -> tuple[Assignment, tuple[Migration, ...]]:
    """
    The run of that state and the migrations it uses, from the files as they are now.

    The way forward is refused (WrongInput, naming what differs) when they no longer mean what they meant when the run
    was made. The way back never depends on what somebody edited since: it uses the copy that the run's first attempt
    has kept.
    """
    project, folder = workspace.project, folder_of(workspace, state.run)
    kept = folder / "files"
    if back and kept.is_dir():
        project = replace(project, kept=kept)
    runbook = files.load_runbook(project, Path(str(state.created["path"])), KINDS)
    digests = files.digests(project, runbook, KINDS)
    refuse_changes(state, digests)
    if not kept.is_dir():
        keep(project, digests, kept)
    assignment = Assignment(
        run=state.run,
        project=project,
        environment=workspace.environment(state.environment),
        runbook=runbook,
        steps=build_all(runbook),
        workdir=folder,
    )
    return assignment, files.load_migrations(project)


def keep(project: Project, digests: Digests, folder: Path) -> None:
    """Copy everything that runs into `folder`, which is there wholly or not at all."""
    coming = durable.beside(folder, "keeping")
    shutil.rmtree(coming, ignore_errors=True)
    for name in digests.files:
        place = coming / name
        place.parent.mkdir(parents=True, exist_ok=True)
        durable.copy(project.content / name, place)
        durable.sync(place)
    durable.put_in_place(coming, folder)


def folder_of(workspace: Workspace, run: str) -> Path:
    """Where a run keeps its files; made when it is not there yet, for its owner only."""
    folder = workspace.project.state / "runs" / run
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def refuse_changes(state: RunState, now: Digests) -> None:
    """Raise WrongInput when what would run now means something else than what the run was made of."""
    before = state.created["digests"]
    if before["semantic"] == now.semantic:
        return  # a changed comment is not a change
    known = {path: str(pair[1]) for path, pair in before["files"].items()}
    there = {path: semantic for path, (_, semantic) in now.files.items()}
    changed = sorted(path for path in {*known, *there} if known.get(path) != there.get(path))
    raise WrongInput(
        f"run {state.run!r} was made of other files: {', '.join(changed) or 'their order'} changed since",
        hint="put them back as they were and resume; to change the plan, roll back and make a new run",
    )


def databases_of(steps: Iterable[tuple[StepSpec, Step]], migrations: Iterable[Migration]) -> tuple[str, ...]:
    """The names of all databases that the steps touch, by name or through the tables they move."""
    known = tuple(migrations)
    names: dict[str, None] = {}
    for spec, step in steps:
        told = step.references()
        names |= dict.fromkeys(told.databases)
        moves = [one for one in known if any(table.table in told.tables for table in one.tables)]
        if spec.kind in _ALL_TABLES_BY_DEFAULT and not told.tables:
            moves = list(known)
        for migration in moves:
            names |= {migration.source: None, migration.target: None}
    return tuple(names)


#: Kinds that take all tables of the project when they name none.
_ALL_TABLES_BY_DEFAULT = frozenset({"copy", "reconcile"})


def migration_of(migrations: Iterable[Migration], table: str) -> Migration:
    """The migration that fills that target table; StepFailed when there is none."""
    for migration in migrations:
        if any(one.table == table for one in migration.tables):
            return migration
    raise StepFailed(f"no migration fills table {table!r}", hint="add it to a file in migrations/")


def refuse_missing_databases(environment: Environment, names: Iterable[str]) -> None:
    """Raise WrongInput when the environment does not have every database that the runbook needs."""
    missing = [name for name in names if name not in environment.databases]
    if missing:
        listed = ", ".join(repr(name) for name in missing)
        raise WrongInput(
            f"environment {environment.name!r} has no database {listed}, which the runbook needs",
            hint=f"add it to cutover.yaml under environments: {environment.name}: databases:",
        )


def candidate_path(workspace: Workspace, runbook: Runbook) -> str:
    """The runbook as a person types it: relative to the project."""
    root = workspace.project.root
    return str(runbook.path.relative_to(root) if runbook.path.is_relative_to(root) else runbook.path)
