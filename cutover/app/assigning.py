"""From files and the journal to what the engine carries out: steps, databases, and the digests that bind them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from cutover import durable, points
from cutover import project as files
from cutover.app.standing import as_made
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
    The run of that state and the migrations it uses, carried out from the copy of the files that it keeps.

    What runs is what was digested: an edit while an attempt is under way reaches nothing. The way forward is refused
    (WrongInput, naming what differs) when the project's files no longer mean what they meant when the run was made;
    the way back never depends on what somebody edited since.
    """
    folder = folder_of(workspace, state.run)
    path, kept = Path(str(state.created["path"])), folder / "files"
    where = as_made(state, workspace.environment(state.environment))
    if not (back and _is_the_runs(state, _at(workspace.project, kept), path, where)):
        keep_again(state, workspace.project, path, kept, where)
    project = _at(workspace.project, kept)
    runbook = files.load_runbook(project, path, KINDS, where)
    refuse_changes(state, files.digests(project, runbook, KINDS))
    assignment = Assignment(
        run=state.run,
        project=project,
        environment=where,
        runbook=runbook,
        steps=build_all(runbook),
        workdir=folder,
    )
    return assignment, files.load_migrations(project)


def keep_again(state: RunState, project: Project, path: Path, kept: Path, where: Environment) -> None:
    """Hold the project's files against the run, and keep a copy of them unless there is a right one already."""
    refuse_changes(state, files.digests(project, files.load_runbook(project, path, KINDS, where), KINDS))
    if _is_the_runs(state, _at(project, kept), path, where):
        return
    shutil.rmtree(kept, ignore_errors=True)  # of a run of the same name in a journal that is gone
    keep(project, files.digests(project, files.load_runbook(project, path, KINDS, where), KINDS), kept)


def keep(project: Project, digests: Digests, folder: Path) -> None:
    """Copy everything that runs into `folder`, which is there wholly or not at all."""
    coming = durable.beside(folder, "keeping")
    shutil.rmtree(coming, ignore_errors=True)
    for name in digests.files:
        place = coming / name
        place.parent.mkdir(parents=True, exist_ok=True)
        durable.copy(project.content / name, place)
        durable.sync(place)
    points.reach("run.files_copied")
    durable.put_in_place(coming, folder)


def _at(project: Project, kept: Path) -> Project:
    return replace(project, kept=kept)


def _is_the_runs(state: RunState, project: Project, path: Path, where: Environment) -> bool:
    """Whether the copy is there and means what the run was made of."""
    try:
        digests = files.digests(project, files.load_runbook(project, path, KINDS, where), KINDS)
    except WrongInput:
        return False
    return bool(digests.semantic == state.created["digests"]["semantic"])


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
        names |= dict.fromkeys(step.references().databases)
        for migration in _moved(spec, step, known):
            names |= {migration.source: None, migration.target: None}
    return tuple(names)


def written_by(steps: Iterable[tuple[StepSpec, Step]], migrations: Iterable[Migration]) -> tuple[str, ...]:
    """The names of the databases that the steps change; every other one is only read."""
    known = tuple(migrations)
    names: dict[str, None] = {}
    for spec, step in steps:
        names |= dict.fromkeys(step.references().writes)
        if step.effects:
            names |= dict.fromkeys(migration.target for migration in _moved(spec, step, known))
    return tuple(names)


def _moved(spec: StepSpec, step: Step, migrations: tuple[Migration, ...]) -> list[Migration]:
    """The migrations that a step works on through its tables."""
    tables = step.references().tables
    if spec.kind in _ALL_TABLES_BY_DEFAULT and not tables:
        return list(migrations)
    return [one for one in migrations if any(table.table in tables for table in one.tables)]


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


def identities(workspace: Workspace, environment: Environment, names: Iterable[str]) -> dict[str, str]:
    """
    Which databases, and which connection file, a run works on: {"new": "shop (database 16384 of system 7…)"}.

    Asked before anything is journalled, so it raises what connecting raises and leaves nothing behind.
    """
    found = {name: workspace.database(environment, name).identity() for name in names}
    if environment.application is not None:
        found["application"] = str(environment.application.resolve())
    return found


def refuse_other_places(state: RunState, now: Mapping[str, str]) -> None:
    """Raise WrongInput when the environment leads to other databases than those that the run was made for."""
    for name, before in state.created["places"].items():
        if now.get(name) != before:
            raise WrongInput(
                f"run {state.run!r} was made for {name!r} = {before}, and that is now {now.get(name, 'not there')}",
                hint="point cutover.yaml and its variables at where they pointed; the run touches nothing else",
            )
