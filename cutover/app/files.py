"""What can be said of a project by reading its files only: lint, read aloud, schema, init."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cutover import project as files
from cutover.app.workspace import find_root
from cutover.errors import WrongInput
from cutover.kinds import KINDS
from cutover.model.project import Environment, Project
from cutover.model.runbook import Runbook
from cutover.project import Problem


def lint(start: Path | None) -> list[Problem]:
    """Every problem of every file of the project, errors and warnings, in file order."""
    return files.lint(files.load_project(find_root(start)), KINDS)


def as_plain(problem: Problem) -> dict[str, Any]:
    """A problem as JSON."""
    return {
        "where": problem.where,
        "severity": problem.severity,
        "says": problem.says,
        "hint": problem.hint,
    }


def runbook_of(project: Project, path: Path, environment: Environment | None = None) -> Runbook:
    """
    The runbook at `path` (relative to the working folder or to the project), as it is in `environment`.

    WrongInput when there is none.
    """
    for candidate in (path if path.is_absolute() else Path.cwd() / path, project.content / path):
        if candidate.is_file():
            return files.load_runbook(project, candidate, KINDS, environment)
    there = sorted(str(found.relative_to(project.content)) for found in (project.content / "runbooks").glob("*.yaml"))
    raise WrongInput(
        f"runbook {str(path)!r} is not there", hint="runbooks of this project: " + (", ".join(there) or "none")
    )


def read_aloud(start: Path | None, runbook: Path, environment: str = "") -> list[str]:
    """The runbook as sentences, as it is written or as it is in an environment; WrongInput when that is not there."""
    project = files.load_project(find_root(start))
    where = project.environments.get(environment)
    if environment and where is None:
        raise WrongInput(
            f"environment {environment!r} is not in cutover.yaml", hint=f"known: {', '.join(project.environments)}"
        )
    return files.read_aloud(runbook_of(project, runbook, where), KINDS, where)


def schema(what: str) -> dict[str, Any]:
    """The JSON Schema of one kind of file (`runbook`, `snippet`, `project`, `migration`), for editors."""
    return files.json_schema(KINDS, what=what)


def init(folder: Path, *, empty: bool = False) -> list[Path]:
    """Write the reference project, or only the skeleton of one, into `folder`; nothing is overwritten."""
    return files.init(folder, empty=empty)
