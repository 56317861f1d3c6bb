"""Everything that is wrong in a project's files, in one pass; never raises for what stands in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from cutover.model.outcome import Severity
from cutover.model.project import Environment, Project
from cutover.project import places, python_meaning
from cutover.project.including import snippet_head
from cutover.project.loading_migration import ReadMigrations, read_migrations
from cutover.project.loading_project import FILE, environment_line, read_project
from cutover.project.loading_runbook import ReadRunbook, read_runbook
from cutover.project.problems import Problem, WrongFile, in_order, nearest
from cutover.project.step_kinds import Kinds
from cutover.project.variables import unknown_variables

#: Name of a file in `flows/` -> the command that cannot do without it.
_FLOWS = {"rehearse": "cutover rehearse", "go_live": "cutover go-live", "roll_back": "cutover rollback"}


def lint(project: Project, kinds: Kinds) -> list[Problem]:
    """Every problem and warning of `cutover.yaml`, migrations, their Python files and runbooks, by file and line."""
    _, problems = read_project(project.root, os.environ)
    migrations = read_migrations(project)
    problems += migrations.problems
    runbooks = {
        path: read_runbook(project, path, kinds, migrations)
        for path in places.yaml_files(project.content, places.RUNBOOKS)
    }
    for path, found in runbooks.items():
        problems += found.problems
        problems += _in_environments(project, path, kinds, migrations, found)
    problems += unknown_variables(project, [found.variables for found in runbooks.values()])
    problems += _snippets_alone(project, runbooks.values())
    problems += _missing_databases(project, migrations, runbooks)
    problems += _broken_python(project)
    problems += _wrong_flows(project)
    problems += _missing_names(project, migrations)
    problems += _overlooked(project)
    return in_order(problems)


def _in_environments(
    project: Project, path: Path, kinds: Kinds, migrations: ReadMigrations, found: ReadRunbook
) -> Iterator[Problem]:
    """What is wrong in some environment only, with its variables and overrides in place."""
    if not found.varies:
        return
    for environment in project.environments.values():
        for problem in read_runbook(project, path, kinds, migrations, environment).problems:
            if problem in found.problems:
                continue
            # What is wrong in one place keeps the runbook from no other: loading it for that place refuses it.
            says = problem.says if environment.name in problem.says else f"{problem.says} (in {environment.name!r})"
            yield replace(problem, says=says, severity=_there(problem, environment))


def _there(problem: Problem, environment: Environment) -> Severity:
    return problem.severity if environment.live else Severity.WARNING


def _snippets_alone(project: Project, runbooks: Iterable[ReadRunbook]) -> Iterator[Problem]:
    """Snippets that no runbook includes: looked at as far as that goes without values for their parameters."""
    used = frozenset().union(*(found.snippets for found in runbooks))
    for path in places.files_below(project.content, places.SNIPPETS, ".yaml"):
        shown = places.shown(project.content, path)
        if shown in used:
            continue
        says = "no runbook includes this snippet"
        yield Problem(file=shown, line=1, says=says, hint="include it or take it away", severity=Severity.WARNING)
        try:
            wrong = snippet_head(path, shown)[2]
        except WrongFile as error:
            wrong = list(error.problems)
        yield from (replace(problem, severity=Severity.WARNING) for problem in wrong)


def _missing_databases(
    project: Project, migrations: ReadMigrations, runbooks: Mapping[Path, ReadRunbook]
) -> Iterator[Problem]:
    """Databases that runbooks or migrations use and an environment lacks: what uses them cannot run there."""
    users: dict[str, str] = {}
    for migration in migrations.migrations:
        for name in (migration.source, migration.target):
            users.setdefault(name, places.shown(project.content, migration.path))
    for path, found in runbooks.items():
        for name in sorted(found.databases):
            users.setdefault(name, places.shown(project.content, path))
    known = {name for environment in project.environments.values() for name in environment.databases}
    for environment in project.environments.values():
        for name in sorted(users.keys() & known - environment.databases.keys()):
            yield Problem(
                file=FILE,
                line=environment_line(project.root, environment.name),
                says=f"environments.{environment.name}: database {name!r} is missing, which {users[name]} uses",
                hint="nothing that uses it can run in this environment",
                severity=Severity.WARNING,
            )


def _broken_python(project: Project) -> Iterator[Problem]:
    for root, folder in (
        (project.content, places.MIGRATIONS),
        (project.content, places.VALIDATORS),
        (project.root, places.FLOWS),
    ):
        for path in places.files_below(root, folder, ".py"):
            shown = places.shown(root, path)
            try:
                python_meaning.parsed(path.read_bytes())
            except SyntaxError as error:
                says = f"not Python: {error.msg}"
                yield Problem(file=shown, line=error.lineno or 1, says=says, hint=f"try it: python {shown}")
            except (OSError, ValueError, RecursionError, MemoryError) as error:
                yield Problem(file=shown, line=1, says=f"the file cannot be read: {error}")


def _wrong_flows(project: Project) -> Iterator[Problem]:
    """Flow files that a command goes through and that are not there, or lack what it calls."""
    hint = "copy it from a fresh project: `cutover init --empty FOLDER` writes one"
    for name, command in _FLOWS.items():
        file = f"{places.FLOWS}/{name}.py"
        if places.not_a_file(project.root, places.FLOWS, f"{name}.py"):
            yield Problem(
                file=file, line=1, says=f"file {file!r} is not there, and `{command}` goes through it", hint=hint
            )
            continue
        there = _names_in(project.root / file)
        if there is not None and "main" not in there:
            yield Problem(file=file, line=1, says=f"the file defines no 'main', which `{command}` calls", hint=hint)


def _missing_names(project: Project, migrations: ReadMigrations) -> Iterator[Problem]:
    """Functions and classes that a mapping names and their file does not define."""
    for migration in migrations.migrations:
        shown = places.shown(project.content, migration.path)
        for table in migration.tables:
            named = [(places.MIGRATIONS, column.python, column.line) for column in table.columns if column.python]
            if table.validator:
                named.append((places.VALIDATORS, table.validator, table.line))
            for folder, code, line in named:
                file, _, name = code.partition(":")
                there = _names_in(project.content / folder / file)
                if there is not None and name not in there:
                    near = nearest(name, there)
                    says = f"tables.{table.table}: file {folder}/{file} defines no {name!r}"
                    yield Problem(file=shown, line=line, says=says, hint=f"did you mean {near!r}?" if near else "")


def _names_in(path: Path) -> frozenset[str] | None:
    try:
        return python_meaning.names_in(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _overlooked(project: Project) -> Iterator[Problem]:
    """What somebody put where it is not read."""
    for folder in (places.RUNBOOKS, places.SNIPPETS, places.MIGRATIONS):
        for path in places.files_below(project.content, folder, ".yml"):
            yield _not_read(project, path, "is not read: its name must end in .yaml")
        for path in places.files_below(project.content, folder, ".yaml") if folder != places.SNIPPETS else ():
            if path.parent != project.content / folder:
                yield _not_read(project, path, f"is not read: it must stand directly in {folder}/")
    if not places.yaml_files(project.content, places.RUNBOOKS):
        says = f"the project has no runbook: no {places.RUNBOOKS}/*.yaml"
        yield Problem(file=FILE, line=1, says=says, hint="docs/runbooks.md", severity=Severity.WARNING)


def _not_read(project: Project, path: Path, why: str) -> Problem:
    shown = places.shown(project.content, path)
    return Problem(file=shown, line=1, says=f"this file {why}", hint="rename or move it", severity=Severity.WARNING)
